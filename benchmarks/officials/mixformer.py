"""MixFormer's official code, with score branch.

Its Precise RoI pooling is a CUDA extension, of which there is no version for a CPU: ours stands in
for it on both sides.
"""

from __future__ import annotations

import copy
import importlib
import sys
import types
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from benchmarks.officials.stand_ins import (
    Make,
    checkpoint,
    package,
    quiet,
    stand_in,
    timm_layers,
    without_cuda,
)
from hit_trackers.mixformer.config import CONFIGS, SETTINGS, Setting, setting_of
from hit_trackers.mixformer.network import seeded
from hit_trackers.mixformer.network.mixformer import build
from hit_trackers.mixformer.network.score import precise_roi_pool

#: By our size: module and yaml of the official code.
OFFICIAL = {
    "cvt": ("mixformer_cvt_online", "baseline"),
    "cvtl": ("mixformer_cvt_online", "baseline_large"),
    "vit": ("mixformer_vit_online", "baseline"),
    "vitl": ("mixformer_vit_online", "baseline_large"),
}
#: Our name of a setting -> the official name of a data set.
DATASETS = {"got10k": "got10k_test"}


class Pooling(nn.Module):
    """`PrRoIPool2D` by our own function; one box an image."""

    def __init__(self, height: int, width: int, spatial_scale: float) -> None:
        super().__init__()
        assert (height, spatial_scale) == (width, 1)
        self.bins = height

    def forward(self, features: Tensor, boxes: Tensor) -> Tensor:
        return precise_roi_pool(features, boxes[:, 1:], self.bins)


class Inherited(nn.Module):
    """Of timm's ViT what official checkpoints hold, in its order."""

    def __init__(self, img_size, patch_size, num_classes, embed_dim, norm_layer, **_):
        super().__init__()
        import torch

        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        count = (img_size // patch_size) ** 2 + 1
        self.pos_embed = nn.Parameter(torch.zeros(1, count, embed_dim))
        self.patch_embed = self.blocks = None
        self.pos_drop = nn.Identity()
        self.norm = norm_layer(embed_dim)
        self.head = nn.Linear(embed_dim, num_classes)

    def init_weights(self, mode: str = "") -> None:
        """Weights are loaded afterwards."""


def trackers(checkout: Path) -> dict[str, Make]:
    """By our name of the baseline: every size as usual, and with each official setting."""
    sys.path.insert(0, str(checkout))
    timm_layers()
    stand_in("timm.models.vision_transformer", VisionTransformer=Inherited)
    stand_in("external.PreciseRoIPooling.pytorch.prroi_pool", PrRoIPool2D=Pooling)
    stand_in("matplotlib.pyplot")
    vars(np)["float"] = float  # the official position table uses the old name
    without_cuda()
    import lib  # noqa: F401

    package("lib.train", checkout / "lib/train")
    package("lib.train.data", checkout / "lib/train/data")
    return {
        "_".join(filter(None, ("mixformer", size, setting))): partial(
            _make, checkout, size, setting
        )
        for size in CONFIGS
        for setting in ("", *SETTINGS[size])
    }


def _build(checkout: Path, size: str, setting: Setting, dataset: str) -> Any:
    """The official tracker: search factor and decay by the test scripts, the rest by data set."""
    module, yaml = OFFICIAL[size]
    config = importlib.import_module(f"lib.config.{module}.config")
    config.cfg = cfg = copy.deepcopy(config.cfg)
    config.update_config_from_file(str(checkout / f"experiments/{module}/{yaml}.yaml"))
    cfg.MODEL.BACKBONE.PRETRAINED = False
    network = build(size)
    seeded.fill(network)
    with checkpoint(network) as file, quiet():
        params = types.SimpleNamespace(
            cfg=cfg,
            checkpoint=file,
            template_factor=cfg.TEST.TEMPLATE_FACTOR,
            template_size=cfg.TEST.TEMPLATE_SIZE,
            search_factor=setting.search_factor,
            max_score_decay=setting.decay,
            search_size=cfg.TEST.SEARCH_SIZE,
            save_all_boxes=False,
            debug=0,
        )
        tracker = importlib.import_module(f"lib.test.tracker.{module}").get_tracker_class()(
            params, dataset
        )
    return tracker


def _make(checkout: Path, size: str, name: str) -> object:
    setting = setting_of(size, name)
    dataset = DATASETS.get(name, name or "trackingnet")
    tracker = _build(checkout, size, setting, dataset)
    if name:
        # What the official code takes for this data set is what our table must hold.
        found = (tracker.update_interval, tracker.online_size)
        assert found == (setting.interval, setting.online), (size, name, found)
    else:
        tracker.update_interval, tracker.online_size = setting.interval, setting.online
    return tracker
