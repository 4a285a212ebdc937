"""Tables, figures and a page from a results folder.

Answers first: is it the same tracker, how much faster, how much smaller; published figures stand
beside, labelled as such. Writes report.md, report.html (one file, works offline), tables (.csv and
.tex), figures (.svg and .png) and certificate.json, and prints the main tables.

Accuracy is scored against the truth of the dataset where the run found it; --root says where it is
now. Every score names its convention.

examples:
  hit-trackers report results/demo --out reports/demo
  hit-trackers report results/lasot --convention lasot=official --against reports/last-week
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit_adapters.datasets.catalogue import add_root_option, split_pairs, split_roots

if TYPE_CHECKING:
    from toolkit_adapters.records import Results

HELP = "tables, figures and a page from a results folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder that `run` wrote")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default: reports/<name of RESULTS>"
    )
    add_root_option(parser, "where a dataset is now, if not where the run found it")
    parser.add_argument("--truth", type=Path, metavar="DIR", help="full TrackingNet annotations")
    parser.add_argument(
        "--timing",
        choices=("alone", "shared"),
        default="alone",
        help="which frames count in times: those that had their device alone, or also those that "
        "ran beside other workers (default: %(default)s)",
    )
    parser.add_argument(
        "--against", type=Path, metavar="REPORT", help="an earlier report: show what changed"
    )
    parser.add_argument(
        "--convention",
        action="append",
        default=[],
        metavar="DATASET=NAME",
        help="who scores, such as lasot=official (`evaluate --help` lists them)",
    )


def run(args: argparse.Namespace) -> int:
    """Write and print a report; 0, also where a claim is broken (`verify` exits 1 then)."""
    from toolkit_adapters.records import open_results

    results = open_results(args.results)
    write(
        results,
        args.out or Path("reports") / args.results.resolve().name,
        args.against,
        roots=split_roots(args.root, results.datasets),
        conventions=split_pairs(args.convention, "--convention"),
        truth=args.truth,
        shared_times=args.timing == "shared",
    )
    return 0


def write(results: Results, out: Path, against: Path | None = None, **settings: Any) -> None:
    """Write a report and print its main tables; settings as of `report.collect.collect`."""
    from toolkit_adapters.reporting import snapshot
    from toolkit_adapters.reporting.collect import collect
    from toolkit_adapters.reporting.tables.changes import changes
    from toolkit_adapters.reporting.write import summary, write_report

    collection = collect(results, progress=True, **settings)
    extra = []
    if against:
        extra = changes(snapshot.load(against), snapshot.take(collection), ("earlier", "now"))
    for table in write_report(collection, out, extra=extra):
        if table.printed:
            print(f"{table.title}\n\n{table.to_text()}")
            print("".join(f"  {note}\n" for note in table.notes))
    print(summary(collection))
    print(f"report: {out}/report.html, {out}/report.md")
