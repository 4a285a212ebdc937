"""HiT's official code."""

from __future__ import annotations

import sys
import types
from functools import partial
from pathlib import Path

import torch

from benchmarks.officials.stand_ins import (
    Make,
    checkpoint,
    quiet,
    stand_in,
    without_cuda,
)
from hit_trackers.hit.network import seeded
from hit_trackers.hit.network.config import CONFIGS, OFFICIAL_NAMES
from hit_trackers.hit.network.hit import build


def trackers(checkout: Path) -> dict[str, Make]:
    """By our name of the baseline."""
    sys.path.insert(0, str(checkout))
    stand_in("timm.models.vision_transformer", trunc_normal_=torch.nn.init.trunc_normal_)
    stand_in("timm.models.registry", register_model=lambda function: function)
    stand_in("torchvision", __version__="0.20")
    stand_in("torchvision.ops.boxes", box_area=None)
    sys.modules["lib.models.HiT.pvt"] = types.ModuleType("lib.models.HiT.pvt")
    without_cuda()
    return {f"hit_{size}": partial(_make, checkout, size) for size in OFFICIAL_NAMES}


def _make(checkout: Path, size: str) -> object:
    import lib.models.HiT.backbone as backbone
    from lib.config.HiT.config import cfg, update_config_from_file
    from lib.test.tracker.HiT import HiT

    backbone.is_main_process = lambda: False  # it would download ImageNet weights
    update_config_from_file(str(checkout / f"experiments/HiT/{OFFICIAL_NAMES[size]}.yaml"))
    network = build(size)
    seeded.fill(network)
    config = CONFIGS[size]
    with checkpoint(network) as file, quiet():
        params = types.SimpleNamespace(
            cfg=cfg,
            checkpoint=file,
            template_factor=config.template_factor,
            template_size=config.template_size,
            search_factor=config.search_factor,
            search_size=config.search_size,
            save_all_boxes=False,
            debug=0,
        )
        return HiT(params, "demo")
