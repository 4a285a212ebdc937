"""Check every variant's claim, and the controls that show that the check works.

A variant that claims to be bitwise must be so on every frame; one that claims a tolerance must
keep it open loop, both networks fed the baseline's search regions; the baseline run again must be
bitwise, and a bfloat16 one must not. Exits 1 and names tracker, sequence and frame where one is
broken.

example:
  hit-trackers verify results/demo --json certificate.json
"""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "is each variant still the same tracker? exits 1 where a claim is broken"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("results", type=Path, metavar="RESULTS", help="folder that `run` wrote")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the certificates here")


def run(args: argparse.Namespace) -> int:
    """Verify; 0 when every claim and control holds."""
    from tabulate import tabulate

    from toolkit_adapters.records import open_results
    from toolkit_adapters.report.accuracy import open_accuracy
    from toolkit_adapters.verdict.certificates import verify

    results = open_results(args.results)
    verification = verify(results, open_accuracy(results, {}, {}, None).printed)
    rows = [
        (
            c.tracker,
            c.claim,
            c.level,
            f"{c.identical_share:.2%}",
            f"{c.largest_px:.3g}",
            f"{c.smallest_iou:.4f}",
            f"{c.open_ulps} / {c.open_px:.2g}" if c.open_frames else "-",
            "yes" if c.holds else "NO",
        )
        for c in verification.certificates
    ]
    headers = ["tracker", "claims", "is", "identical frames", "largest px", "smallest IoU"]
    headers += ["open loop: ulps / px", "holds"]
    if rows:
        print(tabulate(rows, headers=headers, disable_numparse=True))
        print()
    for control in verification.controls:
        print(f"{'ok  ' if control.passed else 'FAIL'} control: {control.message}")
    if args.json:
        verification.write(args.json)
    for failure in verification.failures:
        print(f"broken: {failure}")
    return 1 if verification.failures else 0
