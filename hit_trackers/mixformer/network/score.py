"""The score branch: is the target in the predicted box? (official `score_decoder.py`)"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hit_trackers.mixformer.network.sites import EinsumSite, join_heads, split_heads, to_tokens

#: Bins along a side of a pooled box.
BINS = 4


def precise_roi_pool(features: Tensor, boxes: Tensor, bins: int = BINS) -> Tensor:
    """Mean over each bin of the bilinear interpolation of features, zero outside of them.

    The integral is separable: the weight of a row in a bin is the integral of its hat function over
    the bin's rows. Jiang et al., "Acquisition of Localization Confidence" (ECCV 2018), equation 4.
    The official code calls a CUDA extension for it, of which there is no version for a CPU, so no
    official run exists there whose bits this could equal.

    Args:
        features: (B, C, H, W); cell i has its centre at i.
        boxes: (B, 4) x0, y0, x1, y1 in cells, one for each of the batch.
        bins: along each side.

    Returns:
        (B, C, bins, bins); zero where a side is not positive.
    """
    x0, y0, x1, y1 = boxes.unbind(-1)
    across = _bin_weights(x0, x1, bins, features.shape[3])
    down = _bin_weights(y0, y1, bins, features.shape[2])
    sums = torch.einsum("nph,nchw,nqw->ncpq", [down, features, across])
    area = ((x1 - x0).clamp(min=0) * (y1 - y0).clamp(min=0) / bins**2)[:, None, None, None]
    return torch.where(area > 0, sums / area.clamp(min=1e-30), torch.zeros_like(sums))


def _bin_weights(start: Tensor, end: Tensor, bins: int, length: int) -> Tensor:
    """(B, bins, length): the integral of each cell's hat function over each bin."""
    steps = torch.arange(bins + 1, dtype=start.dtype, device=start.device)
    cells = torch.arange(length, dtype=start.dtype, device=start.device)
    edges = start[:, None] + (end - start)[:, None] / bins * steps
    t = (edges[:, :, None] - cells).clamp(-1, 1)
    # Antiderivative of the hat max(0, 1 - |t|), from -1 on.
    area = torch.where(t < 0, 0.5 * (t + 1) ** 2, 1 - 0.5 * (1 - t) ** 2)
    return area[:, 1:] - area[:, :-1]


class Perceptron(nn.Module):
    """Linears with ReLU between them."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        outputs = [width] * (depth - 1) + [1]
        self.layers = nn.ModuleList(nn.Linear(width, out) for out in outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) -> (..., 1)."""
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        scored: Tensor = self.layers[-1](x)
        return scored


class ScoreBranch(nn.Module):
    """A learned token attends to the pooled box, then to the first template."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // 64
        self.score_token = nn.Parameter(torch.zeros(1, 1, width))
        self.score_head = Perceptron(width, 3)
        for name in ("proj_q", "proj_k", "proj_v", "proj"):
            setattr(self, name, nn.ModuleList(nn.Linear(width, width) for _ in range(2)))
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.sites = nn.ModuleList(EinsumSite(width**-0.5) for _ in range(2))

    def forward(self, search: Tensor, template: Tensor, boxes: Tensor) -> Tensor:
        """Features (B, C, H, W), corners (B, 4) as fractions -> scores before sigmoid (B,)."""
        # The pooling's sums of squares need float32's range.
        pooled = precise_roi_pool(search.float(), boxes.float() * search.shape[-1])
        memories = [to_tokens(pooled.to(search.dtype)), to_tokens(template)]
        x = self.norm1(self.score_token.expand(search.shape[0], -1, -1))
        for number, memory in enumerate(memories):
            q, k, v = (
                split_heads(self.get_submodule(f"{name}.{number}")(tokens), self.heads)
                for name, tokens in (("proj_q", x), ("proj_k", memory), ("proj_v", memory))
            )
            x = join_heads(self.sites[number](q, k, v))
            x = self.norm2[number](self.get_submodule(f"proj.{number}")(x))
        scores: Tensor = self.score_head(x).view(-1)
        return scores
