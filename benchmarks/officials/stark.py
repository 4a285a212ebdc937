"""STARK's official code."""

from __future__ import annotations

import importlib
import sys
import types
import warnings
from functools import partial
from pathlib import Path

from torch import nn

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
from hit_trackers.stark.config import CONFIGS, settings_of
from hit_trackers.stark.network import build, seeded


class _Bottleneck(nn.Module):
    """torchvision's residual block."""

    expansion = 4

    def __init__(
        self,
        inplanes,
        planes,
        stride=1,
        downsample=None,
        groups=1,
        base_width=64,
        dilation=1,
        norm_layer=None,
    ):
        super().__init__()
        self.conv1, self.bn1 = _convolution(1)(inplanes, planes), norm_layer(planes)
        self.conv2, self.bn2 = _convolution(3)(planes, planes, stride), norm_layer(planes)
        self.conv3, self.bn3 = _convolution(1)(planes, planes * 4), norm_layer(planes * 4)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class _Stages(nn.ModuleDict):
    """torchvision's `IntermediateLayerGetter` for a network's last stage."""

    def __init__(self, model, return_layers):
        (last,) = return_layers
        names = [name for name, _ in model.named_children()]
        super().__init__({n: model.get_submodule(n) for n in names[: names.index(last) + 1]})
        self.name = return_layers[last]

    def forward(self, x):
        for stage in self.values():
            x = stage(x)
        return {self.name: x}


def _convolution(size: int):
    return lambda planes, out, stride=1: nn.Conv2d(planes, out, size, stride, size // 2, bias=False)


def trackers(checkout: Path) -> dict[str, Make]:
    """By our name of the baseline."""
    sys.path.insert(0, str(checkout))
    timm_layers()
    stand_in("torchvision", __version__="0.9.0", _is_tracing=lambda: False)
    stand_in("torchvision.ops.boxes", box_area=unused)
    stand_in("torchvision.models.utils", load_state_dict_from_url=unused)
    stand_in("torchvision.models._utils", IntermediateLayerGetter=_Stages)
    stand_in(
        "torchvision.models.resnet",
        BasicBlock=type("BasicBlock", (nn.Module,), {"expansion": 1}),
        Bottleneck=_Bottleneck,
        conv1x1=_convolution(1),
        conv3x3=_convolution(3),
    )
    stand_in("yacs.config", CfgNode=type("CfgNode", (dict,), {"__setattr__": dict.__setitem__}))
    vars(sys.modules["yacs.config"])["CfgNode"].__getattr__ = dict.get
    stand_in("onnxruntime")
    without_cuda()
    import lib  # noqa: F401

    for name in ("lib.train", "lib.train.data"):
        package(name, checkout / name.replace(".", "/"))
    return {
        "_".join(filter(None, ("stark", size, setting))): partial(_make, checkout, size, setting)
        for size in CONFIGS
        for setting in ("", *settings_of(size))
    }


#: Our name of a setting is the official name of a data set, but for these.
_DATASETS = {"": "lasot", "got10k": "got10k_test"}
_CLASSES = {
    "stark_s": ("stark_s", "STARK_S"),
    "stark_st2": ("stark_st", "STARK_ST"),
    "stark_lightning_X_trt": ("stark_lightning_X_trt", "STARK_LightningXtrt"),
}


def _make(checkout: Path, size: str, setting: str) -> object:
    config = CONFIGS[size]
    with warnings.catch_warnings(), quiet():
        warnings.simplefilter("ignore", SyntaxWarning)
        module = importlib.import_module(f"lib.config.{config.script}.config")
        importlib.reload(module)  # settings of another size are not to stay
        name = f"experiments/{config.script}/{config.yaml}.yaml"
        module.update_config_from_file(str(checkout / name))
        for backbone in ("backbone", "backbone_X"):  # no weights of ImageNet are wanted
            found = importlib.import_module(f"lib.models.stark.{backbone}")
            found.is_main_process = lambda: False
        file, kind = _CLASSES[config.script]
        tracker_class = getattr(importlib.import_module(f"lib.test.tracker.{file}"), kind)
        network = build(size)
        seeded.fill(network, config.salt)
        with checkpoint(network) as weights:
            params = types.SimpleNamespace(
                cfg=module.cfg,
                checkpoint=weights,
                template_factor=module.cfg.TEST.TEMPLATE_FACTOR,
                template_size=module.cfg.TEST.TEMPLATE_SIZE,
                search_factor=module.cfg.TEST.SEARCH_FACTOR,
                search_size=module.cfg.TEST.SEARCH_SIZE,
                yaml_name=config.yaml,
                save_all_boxes=False,
                debug=0,
            )
            return tracker_class(params, _DATASETS.get(setting, setting))
