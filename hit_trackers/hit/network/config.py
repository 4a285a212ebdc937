"""Sizes of HiT. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HiTConfig:
    """The numbers that define a HiT network.

    Attributes:
        dims: channels of the three LeViT stages.
        key_dim: width of a query and of a key; values are 2 (MHA) or 4 (SA) times as wide.
        heads: attention heads of the three stages.
        depths: attention + MLP pairs of the three stages.
        hidden: channels between bridge and head (official `MODEL.HIDDEN_DIM`).
        head_channels: channels of the corner head's first layer.
    """

    dims: tuple[int, int, int]
    key_dim: int
    heads: tuple[int, int, int]
    depths: tuple[int, int, int]
    hidden: int = 256
    head_channels: int = 256

    search_size = 256
    template_size = 128
    search_factor = 4.0
    template_factor = 2.0
    patch = 16

    @property
    def search_side(self) -> int:
        """Search tokens along a side in the first stage: 16."""
        return self.search_size // self.patch

    @property
    def template_side(self) -> int:
        """Template tokens along a side in the first stage: 8."""
        return self.template_size // self.patch


# Base, Small and Tiny: experiments/HiT/HiT_*.yaml of the official code (LeViT-384, -128, -128S).
# Nano is ours, of the same family, small enough to come with the package.
CONFIGS = {
    "base": HiTConfig((384, 512, 768), 32, (6, 9, 12), (4, 4, 4)),
    "small": HiTConfig((128, 256, 384), 16, (4, 8, 12), (4, 4, 4)),
    "tiny": HiTConfig((128, 256, 384), 16, (4, 6, 8), (2, 3, 4)),
    "nano": HiTConfig((64, 112, 128), 16, (3, 4, 4), (2, 2, 1), hidden=64, head_channels=64),
}
OFFICIAL_NAMES = {"base": "HiT_Base", "small": "HiT_Small", "tiny": "HiT_Tiny"}
