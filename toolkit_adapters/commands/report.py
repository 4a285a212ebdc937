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

HELP = "tables, figures and a page from a results folder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder that `run` wrote")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default: reports/<name of RESULTS>"
    )
    parser.add_argument(
        "--root",
        action="append",
        default=[],
        metavar="DATASET=DIR",
        help="where a dataset is now, if not where the run found it",
    )
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
    from toolkit_adapters.report import snapshot
    from toolkit_adapters.report.collect import collect
    from toolkit_adapters.report.tables.changes import changes
    from toolkit_adapters.report.write import summary, write_report

    collection = collect(
        open_results(args.results),
        roots={name: Path(folder) for name, folder in _pairs(args.root, "--root")},
        conventions=dict(_pairs(args.convention, "--convention")),
        truth=args.truth,
        progress=True,
        shared_times=args.timing == "shared",
    )
    out = args.out or Path("reports") / args.results.resolve().name
    extra = []
    if args.against:
        earlier = snapshot.load(args.against)
        extra = changes(earlier, snapshot.take(collection), ("earlier", "now"))
    tables = write_report(collection, out, extra=extra)
    for table in tables:
        if table.printed:
            print(f"{table.title}\n\n{table.to_text()}")
            print("".join(f"  {note}\n" for note in table.notes))
    print(summary(collection))
    print(f"report: {out}/report.html, {out}/report.md")
    return 0


def _pairs(values: list[str], option: str) -> list[tuple[str, str]]:
    from hit_trackers.errors import HitTrackersError

    pairs = []
    for value in values:
        name, equals, rest = value.partition("=")
        if not (name and equals and rest):
            raise HitTrackersError(f"{option} {value}: expected DATASET=VALUE, such as lasot=...")
        pairs.append((name, rest))
    return pairs
