"""MixFormer: backbone, corner head, score branch."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hit_trackers.layers import CornerHead, FrozenBatchNorm2d, GeluInPlace, centred, tower_layer
from hit_trackers.mixformer.config import CONFIGS, MixFormerConfig
from hit_trackers.mixformer.network import vit
from hit_trackers.mixformer.network.cvt import Block, FixedNorm, MixCvT, QuickGelu
from hit_trackers.mixformer.network.score import ScoreBranch


class Output(NamedTuple):
    """What the network says of a search region.

    Attributes:
        boxes: (B, 4) centre x, centre y, width, height, as fractions of the search region.
        scores: (B,) before sigmoid.
    """

    boxes: Tensor
    scores: Tensor


def _frozen_layers(channels: list[int]) -> nn.Sequential:
    layers = [
        tower_layer(before, after, FrozenBatchNorm2d)
        for before, after in itertools.pairwise(channels)
    ]
    return nn.Sequential(*layers)


class PyramidHead(CornerHead):
    """Corner maps of a quarter of the resolution (official `Pyramid_Corner_Predictor`).

    The tower is doubled in resolution twice; features and what layers found before are added.
    """

    def add_corner(self, corner: str, channels_in: int, channels: int, norm: object) -> None:
        """As of `CornerHead`."""
        super().add_corner(corner, channels_in, channels, FrozenBatchNorm2d)
        half, quarter, eighth = (channels // divisor for divisor in (2, 4, 8))
        for name, layer in {
            "adjust1": tower_layer(channels_in, half, FrozenBatchNorm2d),
            "adjust2": tower_layer(channels_in, quarter, FrozenBatchNorm2d),
            "adjust3": _frozen_layers([half, quarter, eighth, 1]),
            "adjust4": _frozen_layers([quarter, eighth, 1]),
        }.items():
            self.add_module(f"{name}_{corner}", layer)

    def score_map(self, features: Tensor, corner: str) -> Tensor:
        """Features (B, C, F, F) -> scores before softmax (B, 1, 4 F, 4 F)."""

        def layer(name: str, x: Tensor) -> Tensor:
            made: Tensor = self.get_submodule(f"{name}_{corner}")(x)
            return made

        def enlarged(x: Tensor, times: int) -> Tensor:
            return F.interpolate(x, scale_factor=times)

        second = layer("conv2", layer("conv1", features))
        added = enlarged(layer("adjust1", features), 2)
        third = layer("conv3", added + enlarged(second, 2))
        added = enlarged(layer("adjust2", features), 4)
        fourth = layer("conv4", added + enlarged(third, 2))
        return (
            layer("conv5", fourth)
            + enlarged(layer("adjust3", second), 4)
            + enlarged(layer("adjust4", third), 2)
        )


class MixFormer(nn.Module):
    """The network. Images are float32 (B, 3, S, S), normalised with ImageNet mean and deviation."""

    def __init__(self, config: MixFormerConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = MixCvT(config) if config.stages else vit.MixViT(config)
        head = CornerHead if config.stages else PyramidHead
        side = config.search_size // config.cell
        self.box_head = head(
            config.width, config.channels, side, config.cell, norm=FrozenBatchNorm2d
        )
        self.score_branch = ScoreBranch(config.width)

    def predict(self, template: Tensor, search: Tensor) -> Output:
        """Features of the first template and of the search region -> a box and its score."""
        boxes = centred(self.box_head(search)[0])
        cx, cy, width, height = boxes.unbind(-1)
        halves = (0.5 * width, 0.5 * height)
        corners = (cx - halves[0], cy - halves[1], cx + halves[0], cy + halves[1])
        return Output(boxes, self.score_branch(search, template, torch.stack(corners, dim=-1)))

    def forward(self, template: Tensor, online: Tensor, search: Tensor) -> Output:
        """Images of both templates and of the search region, all in every frame."""
        return self.predict(*self.backbone(template, online, search))

    def keep(self, template: Tensor, online: Tensor) -> tuple[Tensor, ...]:
        """What stays of templates, (1, 3, T, T) and (n, 3, T, T), until they change."""
        return self.backbone.keep(template, online)

    def search(self, search: Tensor, kept: tuple[Tensor, ...]) -> Output:
        """The search region with what `keep` gave."""
        return self.predict(*self.backbone.search(search, kept))

    def work_in_place(self) -> MixFormer:
        """Let sums and activations overwrite what is not read again: the same bits.

        Call when the weights are loaded and on their device: norms keep their scale and shift.
        """
        for module in self.modules():
            if isinstance(module, (Block, vit.Block, QuickGelu)):
                module.in_place = True
            if isinstance(module, vit.Block):
                module.mlp.act = GeluInPlace()
            if isinstance(module, FixedNorm):
                module.keep()
        return self


def build(size: str) -> MixFormer:
    """An untrained network of one of `CONFIGS`, in training mode."""
    return MixFormer(CONFIGS[size])
