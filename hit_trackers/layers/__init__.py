"""Layers that several families have alike. Keys of state dicts are the official ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn


class FrozenBatchNorm2d(nn.Module):
    """Batch norm of fixed statistics: (B, C, H, W) -> the same. Four buffers, no parameter.

    The official operations in their order: scale and shift are computed anew in every call.
    """

    kept: tuple[Tensor, Tensor] | None = None

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        for name, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            self.register_buffer(name, torch.full((channels,), float(value)))

    def affine(self) -> tuple[Tensor, Tensor]:
        """Scale and shift, (1, C, 1, 1) each."""
        weight, bias, mean, variance = (
            buffer.reshape(1, -1, 1, 1)
            for buffer in (self.weight, self.bias, self.running_mean, self.running_var)
        )
        scale = weight * (variance + 1e-5).rsqrt()
        return scale, bias - mean * scale

    @torch.no_grad()
    def keep(self) -> None:
        """Compute scale and shift now, and overwrite the input from now on: the same bits."""
        self.kept = self.affine()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        if self.kept is not None:
            scale, shift = self.kept
            return x.mul_(scale).add_(shift)
        scale, shift = self.affine()
        return x * scale + shift


class GeluInPlace(nn.Module):
    """`nn.GELU` on its input's memory."""

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> (...)."""
        activated: Tensor = torch.ops.aten.gelu_(x)
        return activated


class Mlp(nn.Module):
    """Two linears with an activation between: (B, N, C) -> (B, N, C)."""

    def __init__(self, width: int, hidden: int, activation: nn.Module) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.act = activation
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, C)."""
        projected: Tensor = self.fc2(self.act(self.fc1(tokens)))
        return projected


def tower_layer(
    channels_in: int, channels_out: int, norm: Callable[[int], nn.Module] = nn.BatchNorm2d
) -> nn.Sequential:
    """A layer of a head: 3 x 3 convolution, norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        norm(channels_out),
        nn.ReLU(inplace=True),
    )


class Tower(nn.Module):
    """Base of heads whose branches are named `conv1_<branch>` to `conv5_<branch>`."""

    def add_branch(
        self,
        name: str,
        channels_in: int,
        channels: int,
        channels_out: int = 1,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    ) -> None:
        """Four layers, halved in width from each to the next, and a 1 x 1 convolution."""
        widths = [channels_in, *(channels // divisor for divisor in (1, 2, 4, 8))]
        for number, (before, after) in enumerate(itertools.pairwise(widths), start=1):
            self.add_module(f"conv{number}_{name}", tower_layer(before, after, norm))
        self.add_module(f"conv5_{name}", nn.Conv2d(widths[-1], channels_out, 1))

    def branch(self, features: Tensor, name: str) -> Tensor:
        """Features (B, C, F, F) -> what a branch makes of them, (B, channels_out, F, F)."""
        for number in range(1, 6):
            features = self.get_submodule(f"conv{number}_{name}")(features)
        return features


class CornerHead(Tower):
    """Expected position of the top-left and of the bottom-right corner.

    Two score maps and their soft-argmax; official `Corner_Predictor` of STARK, HiT and MixFormer.

    Args:
        channels_in: of the features.
        channels: of the first layer.
        side: cells along a side.
        stride: pixels of the search region per cell.
        norm: of the layers.
    """

    coordinates: Tensor

    def __init__(
        self,
        channels_in: int,
        channels: int,
        side: int,
        stride: int,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        self.side = side
        self.size = side * stride
        for corner in ("tl", "br"):
            self.add_corner(corner, channels_in, channels, norm)
        # Left edges of the cells, in pixels of the search region: not their centres, as official.
        edges = torch.arange(side) * stride
        y, x = torch.meshgrid(edges, edges, indexing="ij")
        coordinates = torch.stack((x.flatten(), y.flatten())).float()
        self.register_buffer("coordinates", coordinates, persistent=False)

    def add_corner(
        self, corner: str, channels_in: int, channels: int, norm: Callable[[int], nn.Module]
    ) -> None:
        """Make the layers of "tl" or "br"."""
        self.add_branch(corner, channels_in, channels, norm=norm)

    def score_map(self, features: Tensor, corner: str) -> Tensor:
        """Features (B, C, F, F) -> scores before softmax (B, 1, F, F) for "tl" or "br"."""
        return self.branch(features, corner)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, C, F, F) -> corners and where they come from.

        Returns:
            corners (B, 4): x1, y1, x2, y2 as fractions of the search region; and the probability
            maps (B, F * F) of the top-left and bottom-right corner.
        """
        maps = [self.score_map(features, corner) for corner in ("tl", "br")]
        vectors = [scores.view(-1, self.side**2).softmax(dim=1) for scores in maps]
        expected = [
            torch.sum(axis * vector, dim=1) for vector in vectors for axis in self.coordinates
        ]
        return torch.stack(expected, dim=1) / self.size, vectors[0], vectors[1]


def centred(corners: Tensor) -> Tensor:
    """x1, y1, x2, y2 -> centre x, centre y, width, height; (..., 4), official `box_ops`."""
    x1, y1, x2, y2 = corners.unbind(-1)
    return torch.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], dim=-1)
