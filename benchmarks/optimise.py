"""Official trackers, not a line of them changed, beside themselves with `optimise`.

    python -m benchmarks.optimise /tmp/OSTrack --family ostrack
    python -m benchmarks.optimise /tmp/MixFormer --family mixformer --tracker mixformer_cvt \\
        --dataset got10k-val --root ~/data/got10k --frames 9

The official code is had as `benchmarks.official` says. Both sides have the same seeded weights and
see the same frames in turn. Of times only ratios of medians are printed: on the wall, and of the
CPU time of the process, which a busy machine disturbs less. "caught" is `optimise` with every
attention caught and yet computed as written: what it costs that the code is not changed. Of whole
frames that is lost in what a shared machine does to them, so every method that is caught is also
called by itself, as written and caught in turn and with the same weights: the fastest calls count.
"""

from __future__ import annotations

import argparse
import importlib
import math
import statistics
import sys
import time
from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils._pytree import tree_map

from benchmarks.official import FAMILIES
from benchmarks.officials import footage
from benchmarks.officials.footage import Footage
from hit_trackers.optimise import OPERATORS, Account, optimise
from hit_trackers.optimise.networks import networks_of
from toolkit_adapters.running.activations import peak_activations
from toolkit_adapters.running.turns import in_turn
from toolkit_adapters.scoring.statistics import ratio_of_sums


class Side:
    """A tracker, the boxes that it gave, and the seconds that it took."""

    def __init__(self, make: Callable[[], object], operator: str | None) -> None:
        self.tracker = make()
        self.account: Account | None = None
        if operator is not None:
            self.account = optimise(self.tracker, operator)
        self.boxes: list[np.ndarray] = []
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def start(self, clip: Footage) -> None:
        self.tracker.initialize(clip.frames[0], {"init_bbox": clip.box})

    def step(self, frame: np.ndarray, timed: bool) -> None:
        start, start_cpu = time.perf_counter(), time.process_time()
        box = self.tracker.track(frame)["target_bbox"]
        if timed:
            self.wall.append(time.perf_counter() - start)
            self.cpu.append(time.process_time() - start_cpu)
        self.boxes.append(np.array(box, np.float64))

    def peak(self, frame: np.ndarray) -> float:
        """MiB that one frame allocates at most."""
        return peak_activations(lambda: self.tracker.track(frame), "cpu").bytes / 2**20


def called_in(tracker: object, path: str, frame: np.ndarray) -> list[tuple[Any, Any]]:
    """Copies of what a method, given by its path, is called with during a frame."""
    owner, name = _owner(tracker, path)
    original, calls = getattr(owner, name), []

    def method(*args: Any, **kwargs: Any) -> Any:
        calls.append(tree_map(_copy, (args, kwargs)))
        return original(*args, **kwargs)

    setattr(owner, name, method)
    try:
        tracker.track(frame)
    finally:
        delattr(owner, name)
    return calls


def catching(plain: Side, caught: Side, frame: np.ndarray, repeats: int) -> tuple[int, float]:
    """How many methods of a frame are caught, and how many seconds that takes them in all."""
    for one, other in zip(_parameters(plain), _parameters(caught), strict=True):
        one.data = other.data  # where weights lie in memory changes how fast they are read
    paths = dict.fromkeys(site.name.rpartition("[")[0] for site in caught.account.sites)
    calls, seconds = 0, 0.0
    for path in paths:
        methods = [getattr(*_owner(side.tracker, path)) for side in (plain, caught)]
        for args, kwargs in called_in(plain.tracker, path, frame.copy()):
            fastest = [math.inf, math.inf]
            for number in range(repeats):
                for side in in_turn((0, 1), number):
                    start = time.perf_counter()
                    methods[side](*args, **kwargs)
                    fastest[side] = min(fastest[side], time.perf_counter() - start)
            calls, seconds = calls + 1, seconds + fastest[1] - fastest[0]
    return calls, seconds


def _owner(tracker: object, path: str) -> tuple[Any, str]:
    where, _, name = path.rpartition(".")
    return attrgetter(where)(tracker), name


def _parameters(side: Side) -> list[torch.nn.Parameter]:
    return [one for network in networks_of(side.tracker).values() for one in network.parameters()]


def _copy(leaf: Any) -> Any:
    return leaf.clone() if isinstance(leaf, torch.Tensor) else leaf


def compare(
    make: Callable[[], object], operator: str, clips: list[Footage], repeats: int
) -> tuple[str, bool]:
    """A line about one tracker, and whether all boxes are equal bit for bit."""
    plain, swapped, caught = Side(make, None), Side(make, operator), Side(make, operator)
    sides = [plain, swapped, caught]
    with torch.no_grad():
        for clip in clips:
            for side in sides:
                side.start(clip)
            for number, frame in enumerate(clip.frames[1:]):
                for side in in_turn(sides, number):
                    # A copy: some official trackers draw on what they are given.
                    side.step(frame.copy(), timed=number > 0)
                # After the first frames all are planned.
                for site in caught.account.sites:
                    site.as_written = True
        last = clips[-1].frames[-1]
        before, after = plain.peak(last), swapped.peak(last)
        calls, seconds = catching(plain, caught, last, repeats)
    account = swapped.account
    same = [a.tobytes() == b.tobytes() for a, b in zip(plain.boxes, swapped.boxes, strict=True)]
    apart = max(np.abs(a - b).max() for a, b in zip(plain.boxes, swapped.boxes, strict=True))
    wall = {side: statistics.median(side.wall) for side in sides}
    cpu = {side: statistics.median(side.cpu) for side in sides}
    called = [site for site in account.sites if site.calls]
    # Frame by frame, for a machine's mood changes from minute to minute.
    cost = ratio_of_sums(np.array(caught.cpu), np.array(plain.cpu), in_order=True)
    for method, reason in caught.account.not_written.items():
        print(f"{method} is not written down: {reason}", file=sys.stderr)
    return (
        f"{len(account.sites):3d} attentions, {len(called):2d} swapped; "
        f"{sum(same)} of {len(same)} frames bitwise, at most {apart:.2g} px; "
        f"{wall[plain] / wall[swapped]:.3f} x update, "
        f"{cpu[plain] / cpu[swapped]:.3f} x its CPU time; "
        f"caught {cost.value - 1:+.1%} ({cost.interval.low - 1:+.1%} to "
        f"{cost.interval.high - 1:+.1%}) CPU time, its {calls} calls {seconds * 1e6:+.0f} us or "
        f"{seconds / min(plain.wall):+.2%}; "
        f"activations {before:.1f} -> {after:.1f} MiB ({after / before - 1:+.0%})",
        all(same),
    )


def main() -> int:
    """Print a line a tracker; 1 where `exact` is not the official tracker bit for bit."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path, help="folder of the official repository")
    parser.add_argument("--family", choices=FAMILIES, required=True)
    parser.add_argument("--tracker", action="append", help="only this baseline; repeat")
    parser.add_argument("--operator", choices=OPERATORS, default="exact")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=100, help="of a method that is caught")
    footage.add_arguments(parser, frames=16, sequences=0)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    makers = importlib.import_module(f"benchmarks.officials.{args.family}").trackers(
        args.checkout.resolve()
    )
    clips = footage.load(args)
    print(
        f"{args.operator}, {len(clips)} sequences of {args.frames} frames, "
        f"{args.threads} threads, PyTorch {torch.__version__}"
    )
    broken = 0
    for baseline in args.tracker or makers:
        line, same = compare(makers[baseline], args.operator, clips, args.repeats)
        print(f"{baseline:20s} {line}", flush=True)
        broken += not same and args.operator == "exact"
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
