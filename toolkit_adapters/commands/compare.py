"""What changed between two results folders: boxes, accuracy, speed, memory, with intervals.

A and B are folders that `run` wrote, or reports (folders with a report.json). Trackers are compared
with themselves by name. Accuracy is tested over the sequences that both have. Speed is compared
only on the same device with as many threads.

example:
  hit-trackers compare results/before results/after --out reports/change
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit_adapters.datasets.catalogue import add_root_option, split_roots

if TYPE_CHECKING:
    from toolkit_adapters.reporting.table import Table

HELP = "what changed between two results folders or reports"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("before", type=Path, metavar="A", help="results or report, the earlier")
    parser.add_argument("after", type=Path, metavar="B", help="results or report, the later")
    add_root_option(parser, "where a dataset is now, if not where the runs found it")
    parser.add_argument("--truth", type=Path, metavar="DIR", help="full TrackingNet annotations")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write the tables here, too")


def run(args: argparse.Namespace) -> int:
    """Compare and print; 0."""
    from toolkit_adapters.reporting.tables.changes import changes

    names = tuple(_names(args.before, args.after))
    before, after = (_read(folder, args) for folder in (args.before, args.after))
    tables = changes(before, after, (names[0], names[1]))
    for table in tables:
        print(f"{table.title}\n\n{table.to_text()}")
        print("".join(f"  {note}\n" for note in table.notes))
    if args.out:
        _write(args.out, tables)
        print(f"written: {args.out}/changes.md")
    return 0


def _names(*folders: Path) -> list[str]:
    """The folders' own names, or whole paths where those are the same."""
    short = [folder.resolve().name for folder in folders]
    return short if len(set(short)) == len(short) else [str(folder) for folder in folders]


def _read(folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    from toolkit_adapters.records import open_results
    from toolkit_adapters.reporting import snapshot
    from toolkit_adapters.reporting.collect import collect

    if folder.is_file() or (folder / snapshot.FILE).is_file():
        return snapshot.load(folder)
    results = open_results(folder)
    roots = split_roots(args.root, results.datasets)
    return snapshot.take(collect(results, roots=roots, truth=args.truth, progress=True))


def _write(out: Path, tables: list[Table]) -> None:
    from toolkit_adapters.records.files import write_atomically
    from toolkit_adapters.reporting.write import write_tables

    write_tables(out / "tables", tables)
    text = "\n".join(table.to_markdown() for table in tables)
    write_atomically(out / "changes.md", f"# Changes\n\n{text}".encode())
