"""The corner head: two score maps and their soft-argmax (official `Corner_Predictor`)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from hit_trackers.hit.network.config import HiTConfig


def _tower_layer(channels_in: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class CornerHead(nn.Module):
    """Expected position of the top-left and of the bottom-right corner."""

    coordinates: Tensor

    def __init__(self, config: HiTConfig) -> None:
        super().__init__()
        self.side = config.search_side
        self.size = config.search_size
        widths = [config.hidden, *(config.head_channels // divisor for divisor in (1, 2, 4, 8))]
        for corner in ("tl", "br"):
            for number, pair in enumerate(itertools.pairwise(widths), start=1):
                self.add_module(f"conv{number}_{corner}", _tower_layer(*pair))
            self.add_module(f"conv5_{corner}", nn.Conv2d(widths[-1], 1, 1))
        # Left edges of the cells, in pixels of the search region: not their centres, as official.
        edges = torch.arange(self.side) * config.patch
        y, x = torch.meshgrid(edges, edges, indexing="ij")
        coordinates = torch.stack((x.flatten(), y.flatten())).float()
        self.register_buffer("coordinates", coordinates, persistent=False)

    def score_map(self, features: Tensor, corner: str) -> Tensor:
        """Features (B, C, 16, 16) -> scores before softmax (B, 1, 16, 16) for "tl" or "br"."""
        for number in range(1, 6):
            features = self.get_submodule(f"conv{number}_{corner}")(features)
        return features

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, C, 16, 16) -> corners and where they come from.

        Returns:
            corners (B, 4): x1, y1, x2, y2 as fractions of the search region; and the probability
            maps (B, 256) of the top-left and bottom-right corner.
        """
        maps = [self.score_map(features, corner) for corner in ("tl", "br")]
        vectors = [scores.view(-1, self.side**2).softmax(dim=1) for scores in maps]
        expected = [
            torch.sum(axis * vector, dim=1) for vector in vectors for axis in self.coordinates
        ]
        return torch.stack(expected, dim=1) / self.size, vectors[0], vectors[1]
