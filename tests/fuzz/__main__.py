"""Read thousands of broken files of every kind.

    python -m tests.fuzz [--cases 10000] [--target NAME ...] [--seed N]

Every case must end in a result or in an exception of ours; prints how many did, and exits 1 with
the smallest example of anything else.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback

from .harness import fuzz
from .targets import TARGETS


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cases", type=int, default=10_000, help="of each target")
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--seed", type=int)
    args = parser.parse_args()
    failed = False
    for name in args.target or TARGETS:
        begin = time.monotonic()
        try:
            counts = fuzz(TARGETS[name], args.cases, args.seed)
        except Exception:
            failed = True
            print(f"FAILED {name}")
            traceback.print_exc()
            continue
        ends = ", ".join(f"{count} {end}" for end, count in counts.most_common())
        seconds = time.monotonic() - begin
        print(f"{counts.total():6} {name}: {ends} ({seconds:.0f} s)", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
