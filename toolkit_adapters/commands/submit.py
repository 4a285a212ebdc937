"""Make the zip that a server wants, from records, and validate it before it is written.

    submit trackingnet results --tracker hit_base --root /data/TrackingNet --out hit_base.zip
    submit got10k results --tracker hit_base --root /data/GOT-10k --out hit_base.zip

The same records always give the same bytes. Records are only read, never changed. TrackingNet
boxes are written so that they read back exactly; GOT-10k ones as its toolkit writes them (%.3f).

Try it without any dataset (a part of what the servers want, hence --partial):

    run --tracker hit --dataset demo --results results
    submit trackingnet results --tracker hit_nano --dataset demo-trackingnet --partial --out t.zip
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit_adapters.datasets.catalogue import add_root_option, split_roots

if TYPE_CHECKING:
    from collections.abc import Iterator

    from toolkit_adapters.records import Record, Results
    from toolkit_adapters.servers import Expected

HELP = "make and validate a TrackingNet or GOT-10k submission"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("benchmark", choices=("trackingnet", "got10k"), help="whose server")
    parser.add_argument("results", type=Path, help="folder that `run` wrote")
    parser.add_argument("--tracker", required=True, help="resolved name, such as hit_base_memeff")
    add_root_option(parser, "where the dataset is (default: as configured)")
    parser.add_argument(
        "--dataset",
        help="dataset of the records (default: trackingnet, or got10k-test); "
        "demo-trackingnet or demo-got10k for a rehearsal",
    )
    parser.add_argument("--out", type=Path, required=True, help="zip to write")
    parser.add_argument(
        "--round",
        choices=("float", "int"),
        default="float",
        help="TrackingNet only: boxes as they are (default), or rounded half to even",
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="zip the sequences that have records, for a rehearsal; its name will say so",
    )


def run(args: argparse.Namespace) -> int:
    """Write the zip; 0, or an error that says what the server would reject."""
    from hit_trackers.errors import SubmissionError
    from toolkit_adapters.datasets import open_datasets
    from toolkit_adapters.records import Flag, open_results
    from toolkit_adapters.servers import (
        TEST_SETS,
        got10k_files,
        of_dataset,
        trackingnet_files,
        write_submission,
    )

    if args.benchmark == "got10k" and args.round == "int":
        raise SubmissionError("--round is for TrackingNet; GOT-10k wants three decimals")
    name = args.dataset or TEST_SETS[args.benchmark]
    results = open_results(args.results)
    root = split_roots(args.root, [name]).get(name)
    expected = of_dataset(args.benchmark, open_datasets(name, root)[0])
    expected, out = _select(args, results, name, expected)

    lines = invalid = 0

    def records() -> Iterator[tuple[str, Record]]:
        nonlocal lines, invalid
        for sequence in expected.frames:
            record = results.record(args.tracker, name, sequence)
            lines += len(record)
            invalid += int(((record.flags & Flag.INVALID) != 0).sum())
            yield sequence, record

    if args.benchmark == "trackingnet":
        files = trackingnet_files(records(), args.round)
    else:
        files = got10k_files(records())
    digest = write_submission(out, files, expected)

    provenance = results.run(args.tracker, name)
    print(f"{out}: {len(expected.frames)} sequences, {lines} boxes, valid; SHA-256 {digest}")
    print(f"tracker {args.tracker}, weights {provenance.weights_sha256}")
    if invalid:
        print(
            f"{invalid} predictions were no boxes; the previous one stands there", file=sys.stderr
        )
    if args.round == "int":
        print(
            "boxes are rounded to integers, half to even, as the server itself does: the score "
            "stays, but the file no longer shows differences below a pixel. Truncating instead "
            "(astype(int), as some trackers' code does) would cost 0.2 to 0.5 points of success",
            file=sys.stderr,
        )
    return 0


def _select(
    args: argparse.Namespace, results: Results, dataset: str, expected: Expected
) -> tuple[Expected, Path]:
    """What to zip, and under which name: everything the server wants, or a part on request."""
    from hit_trackers.errors import SubmissionError
    from toolkit_adapters.servers import Expected, official

    run_again = f"run --tracker {args.tracker} --dataset {dataset} --results {args.results}"
    if not results.has_run(args.tracker, dataset):
        known = ", ".join(t for t in results.trackers if results.has_run(t, dataset)) or "nobody"
        raise SubmissionError(
            f"{args.results}: no records of {args.tracker} on {dataset}; {known} has some. "
            f"Make them: hit-trackers {run_again}"
        )
    recorded = [s for s in expected.frames if s in results.sequences(args.tracker, dataset)]
    if args.partial:
        if not recorded:
            raise SubmissionError(f"{args.results}: {args.tracker} has no sequence of {dataset}")
        part = Expected(expected.kind, {s: expected.frames[s] for s in recorded}, expected.first)
        out: Path = args.out
        named_so = (
            out if "partial" in out.stem else out.with_name(f"{out.stem}-partial{out.suffix}")
        )
        return part, named_so
    if not expected.complete:
        wanted = len(official(expected.kind).frames)
        raise SubmissionError(
            f"{dataset} holds {len(expected.frames)} sequences, the server wants its {wanted}. "
            "Complete the root, or pass --partial for a zip of what there is (a rehearsal)"
        )
    missing = sorted(set(expected.frames) - set(recorded))
    if missing:
        raise SubmissionError(
            f"{args.results}: {len(missing)} of {len(expected.frames)} sequences have no record "
            f"({', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}). "
            f"Finish the run: hit-trackers {run_again}"
        )
    return expected, args.out
