"""Attention of the families that the paper names: which tiles of the scores `exact` best takes.

    python -m benchmarks.tiles [--threads 2] [--repeats 20]

For every shape, in alternating order: the official expression; tiles of all heads and 160 queries;
tiles by heads, as `exact` makes them. The fastest of the repeats in the process's CPU time, which a
busy machine disturbs less than the wall's; threads that wait must not spin:
OMP_WAIT_POLICY=PASSIVE.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial

import torch
from tabulate import tabulate
from torch import Tensor

from hit_trackers.attention import EAGER, exact

#: Heads, queries, keys, width of a head, whether the scores are scaled.
SHAPES = {
    "TransT": (8, 1024, 1024, 32, False),
    "TransT, to the template": (8, 1024, 256, 32, False),
    "TransT, to the search region": (8, 256, 1024, 32, False),
    "STARK-S50": (8, 464, 464, 32, False),
    "OSTrack-384": (12, 720, 720, 64, True),
    "OSTrack-384, after block 6": (12, 427, 427, 64, True),
    "OSTrack-256": (12, 320, 320, 64, True),
    "MixViT-B": (12, 324, 452, 64, True),
    "MixCvT, stage 0": (1, 6400, 2112, 64, True),
    "MixCvT, stage 1": (3, 1600, 528, 64, True),
}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=30)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    generator = torch.Generator().manual_seed(0)
    rows = []
    for name, (heads, queries, keys, width, scaled) in SHAPES.items():
        scale = width**-0.5 if scaled else 1.0
        q, k, v = (
            torch.randn(1, count, heads, width, generator=generator).transpose(1, 2)
            for count in (queries, keys, keys)
        )
        arguments = (q, k, v, None, scale)
        ways: list[Callable[[], Tensor]] = [
            partial(EAGER.attend, *arguments),
            partial(exact.attend, *arguments),
            partial(exact.attend_by_heads, *arguments, heads=args.threads),
        ]
        times: list[list[float]] = [[] for _ in ways]
        with torch.inference_mode():
            same = all(torch.equal(way(), ways[0]()) for way in ways)
            for number in range(args.repeats):
                for which in range(len(ways))[:: 1 if number % 2 else -1]:
                    start = time.process_time()
                    ways[which]()
                    times[which].append(time.process_time() - start)
        official, all_heads, by_heads = (min(of) * 1e3 for of in times)
        taken = [f"{milliseconds:.1f}" for milliseconds in (official, all_heads, by_heads)]
        ratio, bits = f"{all_heads / by_heads:.2f}", "equal" if same else "DIFFER"
        rows.append((name, f"{heads} x {queries} x {keys}", *taken, ratio, bits))
    headings = ("attention of", "scores", "official ms", "all heads ms", "by heads ms", "x", "bits")
    print(f"{args.threads} threads, {args.repeats} repeats")
    print(tabulate(rows, headings, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
