"""Each linear that `exact` may compute in another way on a CPU: its time both ways, its bits.

    python -m benchmarks.products [--size base] [--threads 2] [--repeats 50]

The linears take turns, as in a frame, so that weights come from memory and not from a cache. Times
are the fastest of the repeats, in microseconds, averaged over linears of one shape.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict

import numpy as np
import torch
from tabulate import tabulate
from torch import Tensor

from hit_trackers import load_tracker
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.network.products import PackedLinear, RearrangedLinear, Way
from hit_trackers.zoo import SIZES


def linears(size: str) -> list[tuple[RearrangedLinear, Tensor]]:
    """The linears of a tracker that has seen a frame, each with tokens as it gets them."""
    tracker = load_tracker(f"hit_{size}_exact", "seeded")
    image = np.zeros((256, 256, 3), np.uint8)
    tracker.init(image, (60, 60, 60, 60))
    tracker.update(image)
    assert isinstance(tracker.engine, EagerEngine)
    modules = tracker.engine.network.modules()
    found = [module for module in modules if isinstance(module, RearrangedLinear)]
    return [(m, torch.randn(1, next(iter(m.found))[0], m.in_features)) for m in found]


def _usual(linear: RearrangedLinear, tokens: Tensor) -> Tensor:
    return torch.nn.functional.linear(tokens, linear.weight, linear.bias)


def _taken(linear: RearrangedLinear) -> tuple[str, Way]:
    """The name of the way that is taken, and the way."""
    way = next(iter(linear.found.values()))
    if way is None:
        return "usual", lambda tokens: _usual(linear, tokens)
    return "packed" if isinstance(linear, PackedLinear) else "swapped", way


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, default="base")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=50)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    shapes = defaultdict(list)
    with torch.inference_mode():
        pairs = linears(args.size)
        fastest = np.full((2, len(pairs)), np.inf)
        for _ in range(args.repeats):
            for column in range(2):
                for number, (linear, tokens) in enumerate(pairs):
                    way = _taken(linear)[1] if column else None
                    start = time.perf_counter()
                    _usual(linear, tokens) if way is None else way(tokens)
                    seconds = time.perf_counter() - start
                    fastest[column, number] = min(fastest[column, number], seconds)
        for number, (linear, tokens) in enumerate(pairs):
            name, way = _taken(linear)
            same = torch.equal(_usual(linear, tokens), way(tokens))
            shape = (tokens.shape[1], linear.in_features, linear.out_features, name)
            shapes[shape].append((*fastest[:, number] * 1e6, same))
    rows = []
    for shape, values in shapes.items():
        usual, taken, same = (np.array(column) for column in zip(*values, strict=True))
        bits = "stay" if same.all() else "change"
        rows.append([*shape, len(values), f"{usual.mean():.0f}", f"{taken.mean():.0f}", bits])
    headers = ["tokens", "from", "to", "way taken", "linears", "usual us", "taken us", "bits"]
    print(tabulate(rows, headers, tablefmt="github"))
    print(f"\nall of them: {fastest[0].sum() * 1e3:.2f} and {fastest[1].sum() * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
