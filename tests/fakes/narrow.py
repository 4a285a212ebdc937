"""Configurations of the families with few channels, and mostly fewer tokens."""

from __future__ import annotations

import dataclasses

from hit_trackers.mixformer.config import MixFormerConfig, Stage
from hit_trackers.ostrack import config as ostrack_config
from hit_trackers.stark import config as stark_config
from hit_trackers.transt.network import config as transt_config

#: Of all sizes and settings: narrow features.
OSTRACK = {
    which: dataclasses.replace(official, width=48, heads=3, channels=16)
    for which, official in ostrack_config.CONFIGS.items()
}

_CVT = MixFormerConfig(
    "mixformer_cvt_online_22k{got}",
    128,
    64,
    64,
    (Stage(64, 1, 1, 7, 4, 2), Stage(64, 1, 1, 3, 2, 1), Stage(64, 2, 1, 3, 2, 1)),
)
_VIT = MixFormerConfig("mixformer_vit_base_online{got}", 96, 64, 64, depth=2, heads=1, cell=4)
#: Fewer tokens, too.
MIXFORMER = {"cvt": _CVT, "cvtl": _CVT, "vit": _VIT, "vitl": _VIT}

#: Few blocks, narrow tokens and less of them.
STARK = {
    name: dataclasses.replace(
        official,
        blocks=(1, 1, 2) if official.blocks else (),
        width=64,
        hidden=96,
        layers=2,
        search_size=160,
        template_size=64,
    )
    for name, official in stark_config.CONFIGS.items()
}

#: Narrow tokens, and a quarter of them; the backbone is the official one.
TRANST = {
    name: dataclasses.replace(
        official, width=64, heads=4, hidden=96, search_size=128, template_size=64
    )
    for name, official in transt_config.CONFIGS.items()
}
