"""What official code imports and does not need here, replaced; and a machine without a GPU."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import torch
from torch import nn

Frames = list[np.ndarray]
#: Makes an official tracker with seeded weights: `initialize(image, info)`, `track(image)`.
Make = Callable[[], object]


def stand_in(name: str, **attributes: object) -> None:
    """Register an importable module, and its parents, holding `attributes`."""
    parent = None
    for depth, part in enumerate(parts := name.split("."), start=1):
        path = ".".join(parts[:depth])
        module = sys.modules.get(path) if depth < len(parts) else None
        if module is None:
            module = sys.modules[path] = types.ModuleType(part)
            module.__spec__ = ModuleSpec(path, None)  # some libraries ask whether others are there
        if parent is not None:
            setattr(parent, part, module)
        parent = module
    vars(module).update(attributes)


def package(name: str, folder: Path) -> None:
    """Register a package whose `__init__` is not run: it would import what trains."""
    stand_in(name, __path__=[str(folder)])


def without_cuda() -> None:
    """Let `.cuda()` do nothing."""
    for holder in (torch.Tensor, nn.Module):
        holder.cuda = lambda self, *_, **__: self  # type: ignore[assignment,method-assign]


class Perceptron(nn.Module):
    """timm's `Mlp` in evaluation mode."""

    def __init__(self, in_features, hidden_features=None, act_layer=nn.GELU, **_):
        super().__init__()
        hidden = hidden_features or in_features
        self.fc1, self.act = nn.Linear(in_features, hidden), act_layer()
        self.fc2 = nn.Linear(hidden, in_features)

    def forward(self, x):
        return self.fc2(self.act(self.fc1(x)))


def unused(*_: object, **__: object) -> None:
    """Something that is imported and never called here."""


def timm_layers() -> None:
    """timm's and torchvision's names that networks without training need."""
    stand_in("torchvision", __version__="0.9.0")  # official code reads three characters of it
    stand_in("torchvision.ops.boxes", box_area=unused)
    stand_in(
        "timm.models.layers",
        Mlp=Perceptron,
        DropPath=lambda *_: nn.Identity(),
        trunc_normal_=nn.init.trunc_normal_,
        lecun_normal_=unused,
        to_2tuple=lambda value: (value, value),
    )


@contextlib.contextmanager
def checkpoint(network: nn.Module) -> Iterator[str]:
    """A file of a network's weights in the official form."""
    with tempfile.NamedTemporaryFile(suffix=".pth.tar") as file:
        torch.save({"net": network.state_dict()}, file.name)
        yield file.name


def follow(tracker: object, frames: Frames, box: list[float]) -> np.ndarray:
    """Boxes of an official tracker object."""
    tracker.initialize(frames[0], {"init_bbox": box})
    return np.array([tracker.track(frame)["target_bbox"] for frame in frames[1:]], np.float64)


def quiet() -> contextlib.AbstractContextManager[object]:
    """Official code prints its settings."""
    return contextlib.redirect_stdout(io.StringIO())
