"""Each linear that `exact` may compute in another way on a CPU: its time both ways, its bits.

    python -m benchmarks.products [--tracker hit_base] [--threads 2] [--repeats 50]

The linears take turns, as in a frame, so that weights come from memory and not from a cache. Times
are the fastest of the repeats, in microseconds of the process's CPU time, which a busy machine
disturbs less, averaged over linears of one shape.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from functools import partial
from typing import Any

import numpy as np
import torch
from tabulate import tabulate
from torch import Tensor

from hit_trackers import load_tracker
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.hit.network.products import PackedLinear, SwappedLinear
from hit_trackers.layers.products import LaidOutLinear, RearrangedLinear, Way

#: Of the ways, in words.
NAMES = {PackedLinear: "packed", SwappedLinear: "swapped", LaidOutLinear: "laid out"}


def linears(name: str) -> tuple[list[tuple[RearrangedLinear, Tensor]], float]:
    """Those of a tracker that has seen a frame, each with tokens as it gets them.

    And the seconds of its first update, in which the ways are tried.
    """
    tracker: Any = load_tracker(f"{name}_exact", "seeded")
    image = np.zeros((256, 256, 3), np.uint8)
    tracker.init(image, (60, 60, 60, 60))
    start = time.perf_counter()
    tracker.update(image)
    seconds = time.perf_counter() - start
    assert isinstance(tracker.engine, EagerEngine)
    modules = tracker.engine.program.network.modules()
    found = [module for module in modules if isinstance(module, RearrangedLinear)]
    pairs = [(m, torch.randn(1, next(iter(m.found))[0], m.in_features)) for m in found if m.found]
    return pairs, seconds


def two_ways(linear: RearrangedLinear) -> tuple[str, Way, Way]:
    """The name of the way that is taken; the usual way, and the one taken."""
    usual = partial(torch.nn.functional.linear, weight=linear.weight, bias=linear.bias)
    taken = next(iter(linear.found.values()))
    if taken is None:
        return "usual", usual, usual
    return NAMES[type(linear)], usual, taken


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracker", default="hit_base", help="a baseline")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=50)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pairs, first_update = linears(args.tracker)
    names, *ways = zip(*(two_ways(linear) for linear, _ in pairs), strict=True)
    fastest = np.full((2, len(pairs)), np.inf)
    shapes = defaultdict(list)
    with torch.inference_mode():
        for _ in range(args.repeats):
            for column, times in zip(ways, fastest, strict=True):
                for number, (way, (_, tokens)) in enumerate(zip(column, pairs, strict=True)):
                    start = time.process_time()
                    way(tokens)
                    times[number] = min(times[number], time.process_time() - start)
        for number, (linear, tokens) in enumerate(pairs):
            same = torch.equal(*(column[number](tokens) for column in ways))
            shape = (tokens.shape[1], linear.in_features, linear.out_features, names[number])
            shapes[shape].append((*fastest[:, number] * 1e6, same))
    rows = []
    for shape, values in shapes.items():
        usual, taken, same = (np.array(column) for column in zip(*values, strict=True))
        bits = "stay" if same.all() else "change"
        rows.append([*shape, len(values), f"{usual.mean():.0f}", f"{taken.mean():.0f}", bits])
    headers = ["tokens", "from", "to", "way taken", "linears", "usual us", "taken us", "bits"]
    print(tabulate(rows, headers, tablefmt="github"))
    print(f"\nall of them: {fastest[0].sum() * 1e3:.2f} and {fastest[1].sum() * 1e3:.2f} ms")
    packed = sum(linear.packed_bytes for linear, _ in pairs)
    print(f"first update: {first_update:.2f} s; in both layouts: {packed / 1e6:.1f} MB of weights")


if __name__ == "__main__":
    main()
