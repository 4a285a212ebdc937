"""Is a baseline the official tracker, bit for bit? Both closed loop, side by side, on one machine.

    git clone https://github.com/kangben258/HiT /tmp/HiT
    git clone https://github.com/botaoye/OSTrack /tmp/OSTrack
    pip install pyyaml easydict
    python -m benchmarks.official /tmp/HiT --family hit
    python -m benchmarks.official /tmp/OSTrack --family ostrack

Needs nothing else of the official code's requirements: what it imports and does not use here (timm,
torchvision, what trains) is replaced by stand-ins, and `.cuda()` by nothing, so it runs on a CPU.
Both sides get the same seeded weights and the same rendered sequence of the demo.
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
from benchmarks.officials.stand_ins import follow
from hit_trackers import load_tracker
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.decoding import decode_ahead

TOKENS = ("", "_exact", "_memeff")
FAMILIES = [m.name for m in pkgutil.iter_modules(officials.__path__) if m.name != "stand_ins"]


def our_track(name: str, frames: list[np.ndarray], box: list[float]) -> np.ndarray:
    """Boxes of one of our trackers, float64 (N - 1, 4)."""
    tracker = load_tracker(name, "seeded")
    tracker.init(frames[0], box)
    return np.array([tracker.update(frame).box for frame in frames[1:]])


def main() -> int:
    """Print a line a tracker; 1 where a baseline or `exact` is not the official code's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", type=Path, help="folder of the official repository")
    parser.add_argument("--family", choices=FAMILIES, default="hit")
    parser.add_argument("--tracker", action="append", help="only this baseline of ours; repeat")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--frames", type=int, default=31)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    module = importlib.import_module(f"benchmarks.officials.{args.family}")
    makers = module.trackers(args.checkout.resolve())
    sequence = next(iter(open_datasets("demo")[0]))
    frames = [frame.image for frame in decode_ahead(sequence.frames[: args.frames], 0)]
    box = sequence.first_box.tolist()
    print(f"{len(frames) - 1} frames, {args.threads} threads, PyTorch {torch.__version__}")
    broken = 0
    for baseline in args.tracker or makers:
        official = follow(makers[baseline](), frames, box)
        for token in TOKENS:
            ours = our_track(f"{baseline}{token}", frames, box)
            same = np.array_equal(ours, official)
            apart = np.abs(ours - official).max(axis=1)
            first = "" if same else f" from frame {np.flatnonzero(apart)[0] + 1} on"
            print(
                f"{baseline + token:30s} bitwise official: {same!s:5s}  "
                f"largest difference {apart.max():.2g} px{first}",
                flush=True,
            )
            broken += not same and token != "_memeff"
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
