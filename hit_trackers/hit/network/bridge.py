"""The bridge: search tokens of the three stages, upsampled and added (official `NECK_FB`)."""

from __future__ import annotations

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hit_trackers.hit.network.config import HiTConfig


class Bridge(nn.Module):
    """Brings deep features to the resolution of the first stage, and keeps a global vector."""

    def __init__(self, config: HiTConfig) -> None:
        super().__init__()
        self.search_side = config.search_side
        self.in_place = False
        deep_to_shallow = config.dims[::-1]
        self.layers = nn.ModuleList(
            nn.Sequential(nn.ConvTranspose2d(deep, shallow, 2, 2), nn.BatchNorm2d(shallow))
            for deep, shallow in itertools.pairwise(deep_to_shallow)
        )
        self.proj1 = nn.Linear(config.dims[0], config.hidden)
        self.proj2 = nn.Linear(config.dims[-1], config.hidden)

    def forward(self, stages: list[Tensor]) -> Tensor:
        """Tokens (B, N, C) after each stage -> (1 + 256, B, hidden): global vector, search."""
        mean = stages[-1].mean(1).unsqueeze(1)
        # The official code joins the mean to the deepest tokens and takes both out again; the copy
        # changes no bit, but it decides the memory layout of what follows.
        deepest = torch.cat((mean, stages[-1]), dim=1)
        maps = [
            _square(tokens, self.search_side >> stage)
            for stage, tokens in enumerate([*stages[:-1], deepest[:, 1:]])
        ]
        x = maps[-1]
        for depth, layer in enumerate(self.layers):
            x = layer(x)
            x = x.add_(maps[-2 - depth]) if self.in_place else x + maps[-2 - depth]
            if depth < len(self.layers) - 1:
                x = F.relu(x, inplace=self.in_place)
        x = self.proj1(x.view(*x.shape[:2], -1).permute(2, 0, 1))
        return torch.cat((self.proj2(deepest[:, 0:1].permute(1, 0, 2)), x), dim=0)


def _square(tokens: Tensor, side: int) -> Tensor:
    batch, _, width = tokens.shape
    return tokens[:, : side**2].permute(0, 2, 1).view(batch, width, side, side)
