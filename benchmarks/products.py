"""Each linear that `exact` may multiply the other way round on a CPU: its time both ways, its bits.

    python -m benchmarks.products [--size base] [--threads 2] [--repeats 50]

The linears take turns, as in a frame, so that weights come from memory and not from a cache. Times
are the fastest of the repeats, in microseconds, averaged over linears of one shape.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable

import numpy as np
import torch
from tabulate import tabulate
from torch import Tensor

from hit_trackers import load_tracker
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.network.layers import SwappedLinear
from hit_trackers.zoo import SIZES


def linears(size: str) -> list[tuple[SwappedLinear, Tensor]]:
    """The linears of a tracker that has seen a frame, each with tokens as it gets them."""
    tracker = load_tracker(f"hit_{size}_exact", "seeded")
    image = np.zeros((256, 256, 3), np.uint8)
    tracker.init(image, (60, 60, 60, 60))
    tracker.update(image)
    assert isinstance(tracker.engine, EagerEngine)
    modules = tracker.engine.network.modules()
    found = [module for module in modules if isinstance(module, SwappedLinear)]
    return [(m, torch.randn(1, next(iter(m.swaps))[0], m.in_features)) for m in found]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, default="base")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=50)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pairs = linears(args.size)
    ways: list[Callable[[SwappedLinear, Tensor], Tensor]] = [
        lambda linear, tokens: torch.nn.functional.linear(tokens, linear.weight, linear.bias),
        SwappedLinear._swapped,
    ]
    fastest = np.full((2, len(pairs)), np.inf)
    with torch.inference_mode():
        for _ in range(args.repeats):
            for way, times in zip(ways, fastest, strict=True):
                for number, (linear, tokens) in enumerate(pairs):
                    start = time.perf_counter()
                    way(linear, tokens)
                    times[number] = min(times[number], time.perf_counter() - start)
        shapes = defaultdict(list)
        for number, (linear, tokens) in enumerate(pairs):
            same = torch.equal(*(way(linear, tokens) for way in ways))
            shape = (tokens.shape[1], linear.in_features, linear.out_features)
            shapes[shape].append((*fastest[:, number] * 1e6, same))
    rows = []
    for shape, values in shapes.items():
        usual, swapped, same = (np.array(column) for column in zip(*values, strict=True))
        bits = "stay" if same.all() else "change"
        rows.append([*shape, len(values), f"{usual.mean():.0f}", f"{swapped.mean():.0f}", bits])
    headers = ["tokens", "from", "to", "linears", "x W^T us", "(W x^T)^T us", "bits"]
    print(tabulate(rows, headers, tablefmt="github"))
    print(f"\nall of them: {fastest[0].sum() * 1e3:.2f} and {fastest[1].sum() * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
