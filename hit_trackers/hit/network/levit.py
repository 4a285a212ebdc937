"""LeViT over the concatenated tokens of search region and template (official `levit.py`)."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from hit_trackers.attention import EAGER, Operator
from hit_trackers.hit.network.config import HiTConfig
from hit_trackers.hit.network.layers import ConvBN, LinearBN
from hit_trackers.hit.network.position import bias_indices, token_positions
from hit_trackers.hit.network.products import PackedLinear, SwappedLinear
from hit_trackers.layers.products import rearrange


class BiasedAttention(nn.Module):
    """What both kinds of attention share: learned biases, any operator, the projection.

    `bias` is the table of biases spread over all pairs of tokens, laid out as the operator wants;
    it is made once, by `use`, for inference, and gathered anew in every training step.
    """

    attention_bias_idxs: Tensor
    bias: Tensor | None

    def __init__(self, heads: int, key_dim: int, indices: Tensor, biases: int) -> None:
        super().__init__()
        self.heads = heads
        self.key_dim = key_dim
        self.scale = key_dim**-0.5
        self.operator: Operator = EAGER
        self.register_buffer("bias", None, persistent=False)
        self.attention_biases = nn.Parameter(torch.zeros(heads, biases))
        self.register_buffer("attention_bias_idxs", indices)

    def use(self, operator: Operator) -> None:
        """Fix the operator and its bias, (heads, queries, keys), for inference."""
        self.operator = operator
        with torch.no_grad():
            bias = self.attention_biases[:, self.attention_bias_idxs]
            self.bias = operator.lay_out_bias(bias)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Queries, keys, values of (B, heads, tokens, width) -> (B, queries, heads * width)."""
        bias = self.bias
        if bias is None:
            bias = self.attention_biases[:, self.attention_bias_idxs]
        out = self.operator.attend(q, k, v, bias, self.scale)
        return out.transpose(1, 2).reshape(q.shape[0], q.shape[2], -1)


class Attention(BiasedAttention):
    """Multi-Head Attention: values twice as wide as keys. (B, N, C) -> (B, N, C)."""

    def __init__(self, dim: int, key_dim: int, heads: int, sides: tuple[int, int]) -> None:
        points = token_positions(*sides)
        super().__init__(heads, key_dim, *bias_indices(points, points))
        self.widths = [key_dim, key_dim, 2 * key_dim]
        self.qkv = LinearBN(dim, heads * sum(self.widths))
        self.proj = nn.Sequential(nn.Hardswish(), LinearBN(heads * 2 * key_dim, dim, gain=0))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, C)."""
        batch, count, _ = tokens.shape
        qkv = self.qkv(tokens).view(batch, count, self.heads, -1)
        q, k, v = (part.permute(0, 2, 1, 3) for part in qkv.split(self.widths, dim=3))
        projected: Tensor = self.proj(self.attend(q, k, v))
        return projected


class Subsample(nn.Module):
    """Every second token, in both directions, of search region and template."""

    def __init__(self, sides: tuple[int, int]) -> None:
        super().__init__()
        self.sides = sides

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, N / 4, C)."""
        batch, _, width = tokens.shape
        images = tokens.split([side**2 for side in self.sides], dim=1)
        kept = [
            image.view(batch, side, side, width)[:, ::2, ::2].reshape(batch, -1, width)
            for image, side in zip(images, self.sides, strict=True)
        ]
        return torch.cat(kept, dim=1)


class ShrinkAttention(BiasedAttention):
    """Shrink Attention between stages: a quarter of the queries, values four times as wide.

    (B, N, C) -> (B, N / 4, C'). Official `AttentionSubsample`.
    """

    def __init__(self, dims: tuple[int, int], key_dim: int, sides: tuple[int, int]) -> None:
        heads = dims[0] // key_dim
        queries = token_positions(sides[0] // 2, sides[1] // 2)
        indices = bias_indices(queries, token_positions(*sides), stride=2)
        super().__init__(heads, key_dim, *indices)
        self.widths = [key_dim, 4 * key_dim]
        self.kv = LinearBN(dims[0], heads * sum(self.widths))
        self.q = nn.Sequential(Subsample(sides), LinearBN(dims[0], heads * key_dim))
        self.proj = nn.Sequential(nn.Hardswish(), LinearBN(heads * 4 * key_dim, dims[1]))

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, N / 4, C')."""
        batch, count, _ = tokens.shape
        kv = self.kv(tokens).view(batch, count, self.heads, -1)
        k, v = (part.permute(0, 2, 1, 3) for part in kv.split(self.widths, dim=3))
        q = self.q(tokens).view(batch, -1, self.heads, self.key_dim).permute(0, 2, 1, 3)
        projected: Tensor = self.proj(self.attend(q, k, v))
        return projected


class Residual(nn.Module):
    """x + m(x)."""

    def __init__(self, m: nn.Module) -> None:
        super().__init__()
        self.m = m
        self.in_place = False

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, C)."""
        branch = self.m(tokens)
        # Into the branch and not into the tokens: the bridge still reads those of each stage.
        total: Tensor = branch.add_(tokens) if self.in_place else tokens + branch
        return total


def _mlp(dim: int) -> Residual:
    return Residual(
        nn.Sequential(LinearBN(dim, 2 * dim), nn.Hardswish(), LinearBN(2 * dim, dim, gain=0))
    )


class LeViT(nn.Module):
    """Three stages of 320, 80 and 20 tokens (256 + 64, 64 + 16, 16 + 4).

    Swapped products leave their result laid out feature by feature; what reads it must sum either
    layout alike. Linears see to that themselves (`products.RearrangedLinear`).
    """

    def __init__(self, config: HiTConfig) -> None:
        super().__init__()
        widths = [3, *(config.dims[0] // divisor for divisor in (8, 4, 2, 1))]
        stem: list[nn.Module] = []
        for channels_in, channels_out in itertools.pairwise(widths):
            stem += [ConvBN(channels_in, channels_out), nn.Hardswish()]
        self.patch_embed = nn.Sequential(*stem[:-1])

        sides = (config.search_side, config.template_side)
        blocks: list[nn.Module] = []
        self.starts: list[int] = []  # block at which each stage starts
        for stage, (dim, heads, depth) in enumerate(
            zip(config.dims, config.heads, config.depths, strict=True)
        ):
            self.starts.append(len(blocks))
            if stage > 0:
                blocks.append(ShrinkAttention((config.dims[stage - 1], dim), config.key_dim, sides))
                blocks.append(_mlp(dim))
                sides = (sides[0] // 2, sides[1] // 2)
            for _ in range(depth):
                blocks += [Residual(Attention(dim, config.key_dim, heads, sides)), _mlp(dim)]
        self.blocks = nn.Sequential(*blocks)

    def rearrange_products(self) -> None:
        """Multiply by the weights in another way where that is faster; float32 on a CPU, inference.

        Swapped from the first Shrink Attention to the second, nearly all products with 80 tokens;
        packed after it, with 20. With 320 nothing is gained. See `products`.
        """
        last_shrink = self.starts[2]
        rearrange(self.blocks[self.starts[1] : last_shrink + 1], SwappedLinear)
        rearrange(self.blocks[last_shrink + 1 :], PackedLinear)

    def embed(self, image: Tensor) -> Tensor:
        """Normalised image (B, 3, S, S) -> tokens (B, (S / 16)^2, C)."""
        tokens: Tensor = self.patch_embed(image).flatten(2).transpose(1, 2)
        return tokens

    def forward(self, search: Tensor, template: Tensor) -> list[Tensor]:
        """Tokens of both images -> tokens (B, N, C) after each of the three stages."""
        tokens = torch.cat((search, template), dim=1)
        stages = []
        for start, end in zip(self.starts, [*self.starts[1:], len(self.blocks)], strict=True):
            tokens = self.blocks[start:end](tokens)
            stages.append(tokens)
        return stages
