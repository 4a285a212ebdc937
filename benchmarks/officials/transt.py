"""TransT's official code."""

from __future__ import annotations

import os
import sys
import types
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.officials.stand_ins import Make, stand_in, unused, without_cuda
from hit_trackers.transt.network import seeded
from hit_trackers.transt.network.config import CONFIGS
from hit_trackers.transt.network.transt import build


def trackers(checkout: Path) -> dict[str, Make]:
    """By our name of the baseline."""
    sys.path.insert(0, str(checkout))
    stand_in("torchvision", __version__="0.9.0", _is_tracing=lambda: False)
    stand_in("torchvision.ops.boxes", box_area=unused)
    stand_in("torchvision.models.resnet", BasicBlock=None, model_urls={"resnet50": ""})
    stand_in("torchvision.transforms.functional", normalize=_normalise)
    without_cuda()
    return {name: partial(_make, name) for name in CONFIGS}


def _normalise(image: Tensor, mean: list[float], std: list[float], inplace: bool = False) -> Tensor:
    """torchvision's, of a float image (3, H, W)."""
    image = image if inplace else image.clone()
    mean, std = (torch.as_tensor(of, dtype=image.dtype).view(-1, 1, 1) for of in (mean, std))
    return image.sub_(mean).div_(std)


def _make(name: str) -> object:
    import ltr.models.backbone.resnet as resnet
    from ltr.admin.settings import Settings
    from ltr.models.tracking.transt import transt_resnet50
    from pysot_toolkit.trackers.net_wrappers import NetWithBackbone
    from pysot_toolkit.trackers.tracker import Tracker

    # No weights of ImageNet are downloaded; they are loaded with `strict=False`.
    resnet.model_zoo = types.SimpleNamespace(load_url=lambda *_: {})
    settings = Settings()
    # Of `ltr/train_settings/transt/transt.py`.
    settings.device = "cpu"
    settings.position_embedding = "sine"
    settings.hidden_dim, settings.nheads, settings.dim_feedforward = 256, 8, 2048
    settings.dropout = 0.1
    settings.featurefusion_layers = CONFIGS[name].layers
    official, network = transt_resnet50(settings), build(name)
    seeded.fill(network)
    official.load_state_dict(network.state_dict(), strict=True)
    net = NetWithBackbone(net_path=os.devnull, use_gpu=True)
    net.load_network = lambda: None  # it would read a file that holds code
    net.net = official.eval()
    tracker = Tracker(
        name="transt", net=net, window_penalty=0.49, exemplar_size=128, instance_size=256
    )
    return tracker
