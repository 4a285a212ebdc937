"""OSTrack's official code."""

from __future__ import annotations

import sys
import types
from functools import partial
from pathlib import Path

from benchmarks.officials.stand_ins import (
    Make,
    checkpoint,
    package,
    quiet,
    stand_in,
    timm_layers,
    unused,
    without_cuda,
)
from hit_trackers.ostrack.config import CONFIGS
from hit_trackers.ostrack.network import seeded
from hit_trackers.ostrack.network.ostrack import build


def trackers(checkout: Path) -> dict[str, Make]:
    """By our name of the baseline."""
    sys.path.insert(0, str(checkout))
    timm_layers()
    names = ("MEAN", "STD")
    constants = {
        f"IMAGENET_{kind}_{name}": None for kind in ("DEFAULT", "INCEPTION") for name in names
    }
    stand_in("timm.data", **constants)
    helpers = ("build_model_with_cfg", "named_apply", "adapt_input_conv")
    stand_in("timm.models.helpers", **dict.fromkeys(helpers, unused))
    stand_in("timm.models.registry", register_model=lambda function: function)
    stand_in("timm.models.vision_transformer", resize_pos_embed=unused)
    without_cuda()
    import lib  # noqa: F401

    stand_in("lib.vis.visdom_cus", Visdom=None)
    package("lib.train", checkout / "lib/train")
    package("lib.train.data", checkout / "lib/train/data")
    return {
        "_".join(filter(None, ("ostrack", *which))): partial(_make, checkout, which)
        for which in CONFIGS
    }


def _make(checkout: Path, which: tuple[str, str]) -> object:
    import copy

    from lib.config.ostrack.config import cfg as shared
    from lib.config.ostrack.config import update_config_from_file
    from lib.test.tracker.ostrack import OSTrack

    config = CONFIGS[which]
    cfg = copy.deepcopy(shared)
    update_config_from_file(str(checkout / f"experiments/ostrack/{config.name}.yaml"), cfg)
    network = build(*which)
    seeded.fill(network)
    with checkpoint(network) as file, quiet():
        params = types.SimpleNamespace(
            cfg=cfg,
            checkpoint=file,
            template_factor=cfg.TEST.TEMPLATE_FACTOR,
            template_size=cfg.TEST.TEMPLATE_SIZE,
            search_factor=cfg.TEST.SEARCH_FACTOR,
            search_size=cfg.TEST.SEARCH_SIZE,
            yaml_name=config.name,
            save_all_boxes=False,
            debug=0,
        )
        return OSTrack(params, "demo")
