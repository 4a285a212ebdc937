"""Check every variant's claim, and the controls that show that the check works.

A variant that claims to be bitwise must be so on every frame; one that claims a tolerance must
keep it open loop, both networks fed the baseline's search regions; the baseline run again must be
bitwise, and a bfloat16 one must not; and each must have executed what its name says. Exits 1 and
names tracker, sequence and frame where one is broken, and where a part of what was planned is
missing: pass --partial for a verdict on what is there.

examples:
  hit-trackers verify results/demo --json certificate.json
  hit-trackers verify results/unfinished --partial
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit_adapters.datasets.catalogue import add_root_option, split_roots

if TYPE_CHECKING:
    from toolkit_adapters.verdict.verification import Verification

HELP = "is each variant still the same tracker? exits 1 where a claim is broken"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder that `run` wrote")
    parser.add_argument(
        "--partial", action="store_true", help="a part of what was planned is enough"
    )
    add_root_option(parser, "where a dataset is now, if not where the run found it")
    parser.add_argument("--truth", type=Path, metavar="DIR", help="full TrackingNet annotations")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the certificates here")


def run(args: argparse.Namespace) -> int:
    """Verify; 0 when every claim and control holds, on all that was planned."""
    import toolkit_adapters as harness

    results = harness.open_results(args.results)
    roots = split_roots(args.root, results.datasets)
    verification = harness.verify(results, roots, args.truth, partial=args.partial)
    if args.json:
        verification.write(args.json)
    return show(verification)


def show(verification: Verification) -> int:
    """Print a verification; returns the exit status."""
    from tabulate import tabulate

    rows = [
        (
            c.tracker,
            c.claim,
            c.verdict,
            str(c.scores),
            f"{c.identical_share:.2%}",
            f"{c.largest_px:.3g}",
            f"{c.smallest_iou:.4f}",
            f"{c.open_ulps} / {c.open_far}" if c.open_frames else "-",
            c.kept,
        )
        for c in verification.certificates
    ]
    headers = [
        "tracker",
        "claims",
        "is",
        "scores",
        "identical frames",
        "largest px",
        "smallest IoU",
    ]
    headers += ["open loop: ulps / largest", "holds"]
    if rows:
        print(tabulate(rows, headers=headers, disable_numparse=True))
        print()
    for control in verification.controls:
        print(f"{'ok  ' if control.passed else 'FAIL'} control: {control.message}")
    for failure in verification.broken:
        print(f"broken: {failure}")
    for gap in verification.gaps:
        print(f"incomplete: {gap}")
    return 1 if verification.failures else 0
