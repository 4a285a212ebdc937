"""Attention of DETR's descendants: `torch.nn.MultiheadAttention`, executed in different ways.

TransT and STARK call it with its defaults, and so with `need_weights=True`: PyTorch then takes no
fused kernel, and averages the weights over the heads for nobody to read.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hit_trackers.attention import EAGER, Site


class MultiheadAttention(Site):
    """Maps queries (N, 1, C), keys and values (M, 1, C) to (N, 1, C).

    Keys of the state dict as `torch.nn.MultiheadAttention`'s. Images come one at a time: the second
    axis is the batch, and it is 1.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(scale=1.0)  # of the scores; the queries are scaled before
        self.width, self.heads = width, heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None = None
    ) -> Tensor:
        """Attend.

        Args:
            query: (N, 1, C), its position added.
            key: (M, 1, C), their position added.
            value: (M, 1, C).
            padding: bool (1, M), true for keys to leave out; or what is added to their scores, of
                the queries' dtype; None where there are none.
        """
        if self.operator is EAGER:
            attended: Tensor = F.multi_head_attention_forward(
                query,
                key,
                value,
                self.width,
                self.heads,
                self.in_proj_weight,
                self.in_proj_bias,
                bias_k=None,
                bias_v=None,
                add_zero_attn=False,
                dropout_p=0.0,
                out_proj_weight=self.out_proj.weight,
                out_proj_bias=self.out_proj.bias,
                training=False,
                key_padding_mask=padding,
            )[0]
            return attended
        parts = zip(self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3), strict=True)
        q, k, v = (
            self._by_head(F.linear(tokens, weight, bias))
            for tokens, (weight, bias) in zip((query, key, value), parts, strict=True)
        )
        # PyTorch scales the queries, not the scores: another rounding.
        q = q * math.sqrt(1.0 / float(q.shape[-1]))
        heads = super().forward(q, k, v, _added(padding, q))
        attended = self.out_proj(heads[0].transpose(0, 1).reshape(-1, 1, self.width))
        return attended

    def _by_head(self, tokens: Tensor) -> Tensor:
        """(N, 1, C) -> (1, H, N, C / H)."""
        return tokens.view(tokens.shape[0], self.heads, -1).transpose(0, 1)[None]


def _added(padding: Tensor | None, like: Tensor) -> Tensor | None:
    """What is added to scores: 0 or minus infinity, (1, 1, M)."""
    if padding is None:
        return None
    if padding.is_floating_point():
        return padding[:, None]
    zeros = torch.zeros_like(padding, dtype=like.dtype)
    return zeros.masked_fill_(padding, -math.inf)[:, None]
