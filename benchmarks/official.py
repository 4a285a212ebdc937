"""Is a baseline the official tracker, bit for bit? Both closed loop, side by side, on one machine.

    git clone https://github.com/kangben258/HiT /tmp/HiT
    git clone https://github.com/botaoye/OSTrack /tmp/OSTrack
    pip install pyyaml easydict
    python -m benchmarks.official /tmp/HiT --family hit
    python -m benchmarks.official /tmp/OSTrack --family ostrack
    python -m benchmarks.official /tmp/OSTrack --family ostrack --tracker ostrack_256 \\
        --dataset got10k-val --root ~/data/got10k --sequences 0 --frames 6

Needs nothing else of the official code's requirements: what it imports and does not use here (timm,
torchvision, what trains) is replaced by stand-ins, and `.cuda()` by nothing, so it runs on a CPU.
Both sides get the same seeded weights and the same frames: those of the demo, if no dataset is
named.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks import officials
from benchmarks.officials import footage
from benchmarks.officials.footage import Footage
from benchmarks.officials.stand_ins import follow
from hit_trackers import load_tracker
from hit_trackers.protocol import Tracker

TOKENS = ("", "_exact", "_memeff")
NO_FAMILIES = {"footage", "stand_ins"}
FAMILIES = [m.name for m in pkgutil.iter_modules(officials.__path__) if m.name not in NO_FAMILIES]


def our_track(tracker: Tracker, clip: Footage) -> np.ndarray:
    """Boxes of one of our trackers, float64 (N - 1, 4)."""
    tracker.init(clip.frames[0], clip.box)
    return np.array([tracker.update(frame).box for frame in clip.frames[1:]])


def compare(name: str, clips: list[Footage], official: list[np.ndarray]) -> bool:
    """Print a line about one of our trackers; whether its boxes are the official ones' bits."""
    tracker = load_tracker(name, "seeded")
    ours = [our_track(tracker, clip) for clip in clips]
    apart = [np.abs(a - b).max(axis=1) for a, b in zip(ours, official, strict=True)]
    same = all(np.array_equal(a, b) for a, b in zip(ours, official, strict=True))
    first = "" if same else next(
        f" from frame {np.flatnonzero(found)[0] + 1} of {clip.name} on"
        for clip, found in zip(clips, apart, strict=True) if found.any()
    )  # fmt: skip
    print(
        f"{name:30s} bitwise official: {same!s:5s}  "
        f"largest difference {max(found.max() for found in apart):.2g} px{first}",
        flush=True,
    )
    return same


def main() -> int:
    """Print a line a tracker; 1 where a baseline or `exact` is not the official code's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path, help="folder of the official repository")
    parser.add_argument("--family", choices=FAMILIES, default="hit")
    parser.add_argument("--tracker", action="append", help="only this baseline of ours; repeat")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    footage.add_arguments(parser, frames=31, sequences=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    module = importlib.import_module(f"benchmarks.officials.{args.family}")
    makers = module.trackers(args.checkout.resolve())
    clips = footage.load(args)
    counted = sum(len(clip.frames) - 1 for clip in clips)
    print(
        f"{len(clips)} sequences, {counted} frames after their first, {args.threads} threads, "
        f"PyTorch {torch.__version__}"
    )
    broken = 0
    for baseline in args.tracker or makers:
        official = [follow(makers[baseline](), clip.frames, clip.box) for clip in clips]
        for token in TOKENS:
            same = compare(f"{baseline}{token}", clips, official)
            broken += not same and token != "_memeff"
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
