"""Read thousands of broken files of every kind.

    python -m tests.fuzz [--cases 10000] [--target NAME ...] [--seed N] [--jobs N]

Every case must end in a result or in an exception of ours; prints how many did, and exits 1 with
the smallest example of anything else.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from .targets import TARGETS, read


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cases", type=int, default=10_000, help="of each target")
    parser.add_argument("--target", action="append", choices=TARGETS)
    parser.add_argument("--seed", type=int)
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="at once"
    )
    args = parser.parse_args()
    names = args.target or list(TARGETS)
    with ProcessPoolExecutor(args.jobs, multiprocessing.get_context("spawn")) as pool:
        failed = False
        for text, is_well in pool.map(read, names, repeat(args.cases), repeat(args.seed)):
            print(text, flush=True)
            failed = failed or not is_well
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
