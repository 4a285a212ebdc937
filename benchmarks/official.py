"""Is the baseline HiT, bit for bit? The official code beside ours, closed loop, on one machine.

    git clone https://github.com/kangben258/HiT /tmp/HiT
    pip install pyyaml easydict
    python -m benchmarks.official /tmp/HiT

Needs nothing else of the official code's requirements: what it imports and does not use here (timm,
torchvision, its PVT backbone) is replaced by stand-ins, and `.cuda()` by nothing, so it runs on a
CPU. Both sides get the same seeded weights and the same rendered sequence of the demo.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
import torch

from hit_trackers import load_tracker
from hit_trackers.hit.network import seeded
from hit_trackers.hit.network.config import CONFIGS, OFFICIAL_NAMES
from hit_trackers.hit.network.hit import build
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.decoding import decode_ahead

VARIANTS = ("", "_exact", "_memeff")


def stand_in(name: str, **attributes: object) -> None:
    """Register an importable module, and its parents, holding `attributes`."""
    parts = name.split(".")
    for depth in range(1, len(parts)):
        sys.modules.setdefault(".".join(parts[:depth]), types.ModuleType(parts[depth - 1]))
    module = types.ModuleType(name)
    vars(module).update(attributes)
    sys.modules[name] = module


def prepare_imports(checkout: Path) -> None:
    """Make the official modules importable on a machine without a GPU."""
    sys.path.insert(0, str(checkout))
    stand_in("timm.models.vision_transformer", trunc_normal_=torch.nn.init.trunc_normal_)
    stand_in("timm.models.registry", register_model=lambda function: function)
    stand_in("torchvision", __version__="0.20")
    stand_in("torchvision.ops.boxes", box_area=None)
    sys.modules["lib.models.HiT.pvt"] = types.ModuleType("lib.models.HiT.pvt")
    for holder in (torch.Tensor, torch.nn.Module):
        holder.cuda = lambda self, *_, **__: self  # type: ignore[assignment,method-assign]


def official_track(checkout: Path, size: str, frames: list[np.ndarray], box: list[float]):
    """Boxes of the official tracker, float64 (N - 1, 4)."""
    import lib.models.HiT.backbone as backbone
    from lib.config.HiT.config import cfg, update_config_from_file
    from lib.test.tracker.HiT import HiT

    backbone.is_main_process = lambda: False  # it would download ImageNet weights
    update_config_from_file(str(checkout / f"experiments/HiT/{OFFICIAL_NAMES[size]}.yaml"))
    network = build(size)
    seeded.fill(network)
    with tempfile.NamedTemporaryFile(suffix=".pth") as file:
        torch.save({"net": network.state_dict()}, file.name)
        config = CONFIGS[size]
        params = types.SimpleNamespace(
            cfg=cfg,
            checkpoint=file.name,
            template_factor=config.template_factor,
            template_size=config.template_size,
            search_factor=config.search_factor,
            search_size=config.search_size,
            save_all_boxes=False,
            debug=0,
        )
        with contextlib.redirect_stdout(io.StringIO()):
            tracker = HiT(params, "demo")
    tracker.initialize(frames[0], {"init_bbox": box})
    return np.array([tracker.track(frame)["target_bbox"] for frame in frames[1:]], np.float64)


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
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--frames", type=int, default=16)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    prepare_imports(args.checkout)
    sequence = next(iter(open_datasets("demo")[0]))
    frames = [frame.image for frame in decode_ahead(sequence.frames[: args.frames], 0)]
    box = sequence.first_box.tolist()
    broken = 0
    for size in OFFICIAL_NAMES:
        official = official_track(args.checkout, size, frames, box)
        for variant in VARIANTS:
            name = f"hit_{size}{variant}"
            ours = our_track(name, frames, box)
            same = np.array_equal(ours, official)
            largest = np.abs(ours - official).max()
            print(f"{name:18s} bitwise official: {same!s:5s}  largest difference {largest:.2g} px")
            broken += not same and variant != "_memeff"
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
