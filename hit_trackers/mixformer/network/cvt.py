"""MixCvT: three stages of mixed attention with convolutional projections.

Official `lib/models/mixformer_cvt/mixformer_online.py`. Tokens are ordered template, online
templates, search region. Templates never attend to the search region, so what they become can be
kept while they stay the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from hit_trackers.layers import FrozenBatchNorm2d, Mlp
from hit_trackers.mixformer.config import MixFormerConfig, Stage
from hit_trackers.mixformer.network.sites import (
    EinsumSite,
    join_heads,
    split_heads,
    to_maps,
    to_tokens,
)


class QuickGelu(nn.Module):
    """x * sigmoid(1.702 x)."""

    def __init__(self) -> None:
        super().__init__()
        self.in_place = False

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> (...)."""
        if self.in_place:
            return torch.sigmoid_(1.702 * x).mul_(x)
        return x * torch.sigmoid(1.702 * x)


class LayerNorm(nn.LayerNorm):
    """Layer norm in float32, whatever its input is."""

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> (...)."""
        if x.dtype == torch.float32:
            return super().forward(x)
        weight, bias = self.weight.float(), self.bias.float()
        normed = nn.functional.layer_norm(x.float(), self.normalized_shape, weight, bias, self.eps)
        return normed.to(x.dtype)


class FixedNorm(FrozenBatchNorm2d):
    """`FrozenBatchNorm2d` that may keep its scale and shift, and write over its input."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.kept: tuple[Tensor, Tensor] | None = None

    def keep(self) -> None:
        """Compute scale and shift once: the same bits."""
        with torch.no_grad():
            self.kept = self.affine()

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        if self.kept is None:
            return super().forward(x)
        scale, shift = self.kept
        return x.mul_(scale).add_(shift)


class ConvProjection(nn.Module):
    """Depthwise 3 x 3 convolution and norm: (B, C, H, W) -> tokens (B, N, C)."""

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride, 1, groups=width, bias=False)
        self.bn = FixedNorm(width)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, N, C), a view."""
        return to_tokens(self.bn(self.conv(maps)))


class Attention(nn.Module):
    """Mixed attention. Keys and values have a quarter of the tokens; the scale is the width's."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.conv_proj_q = ConvProjection(width, 1)
        self.conv_proj_k = ConvProjection(width, 2)
        self.conv_proj_v = ConvProjection(width, 2)
        self.proj_q, self.proj_k, self.proj_v, self.proj = (
            nn.Linear(width, width) for _ in range(4)
        )
        self.site = EinsumSite(width**-0.5)

    def _split(self, tokens: Tensor, projection: nn.Linear) -> Tensor:
        return split_heads(projection(tokens), self.heads).contiguous()

    def _convolve(self, tokens: Tensor, template: int, search: int) -> list[Tensor]:
        """Queries, keys and values before their linears; each image by itself."""
        counts = [template**2, template**2, search**2]
        pieces = [
            to_maps(piece, side).contiguous()
            for piece, side in zip(
                tokens.split(counts, dim=1), (template, template, search), strict=True
            )
        ]
        return [
            torch.cat([convolve(piece) for piece in pieces], dim=1)
            for convolve in (self.conv_proj_q, self.conv_proj_k, self.conv_proj_v)
        ]

    def forward(self, tokens: Tensor, template: int, search: int) -> Tensor:
        """Both templates and the search region; sides of their grids: (B, N, C) -> (B, N, C)."""
        q, k, v = self._convolve(tokens, template, search)
        q = self._split(q, self.proj_q)
        k, v = self._split(k, self.proj_k), self._split(v, self.proj_v)
        own = ((template + 1) // 2) ** 2 * 2
        q_templates, q_search = q.split([2 * template**2, search**2], dim=2)
        templates = join_heads(self.site(q_templates, k[:, :, :own], v[:, :, :own]))
        region = join_heads(self.site(q_search, k, v))
        projected: Tensor = self.proj(torch.cat([templates, region], dim=1))
        return projected

    def keep(self, tokens: Tensor, template: int) -> tuple[Tensor, Tensor, Tensor]:
        """Templates alone: what they become, and their key and value tokens (1, n, C)."""
        first = to_maps(tokens[:, : template**2], template).contiguous()
        others = tokens[:, template**2 :].reshape(-1, template**2, tokens.shape[-1])
        others = to_maps(others, template).contiguous()
        q, k, v = (
            torch.cat([convolve(first), convolve(others).flatten(end_dim=1).unsqueeze(0)], dim=1)
            for convolve in (self.conv_proj_q, self.conv_proj_k, self.conv_proj_v)
        )
        attended = self.site(
            self._split(q, self.proj_q), self._split(k, self.proj_k), self._split(v, self.proj_v)
        )
        return self.proj(join_heads(attended).contiguous()), k, v

    def search(self, tokens: Tensor, side: int, keys: Tensor, values: Tensor) -> Tensor:
        """The search region alone, with the templates' key and value tokens."""
        maps = to_maps(tokens, side).contiguous()
        q = self.conv_proj_q(maps)
        k = torch.cat([keys, self.conv_proj_k(maps)], dim=1)
        v = torch.cat([values, self.conv_proj_v(maps)], dim=1)
        attended = self.site(
            self._split(q, self.proj_q), self._split(k, self.proj_k), self._split(v, self.proj_v)
        )
        projected: Tensor = self.proj(join_heads(attended).contiguous())
        return projected


class Block(nn.Module):
    """Attention and MLP, each with a norm before and a residual sum."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = LayerNorm(width, eps=1e-5)
        self.attn = Attention(width, heads)
        self.norm2 = LayerNorm(width, eps=1e-5)
        self.mlp = Mlp(width, 4 * width, QuickGelu())
        self.in_place = False

    def _add(self, tokens: Tensor, branch: Tensor) -> Tensor:
        return branch.add_(tokens) if self.in_place else tokens + branch

    def _close(self, tokens: Tensor, attended: Tensor) -> Tensor:
        tokens = self._add(tokens, attended)
        del attended
        return self._add(tokens, self.mlp(self.norm2(tokens)))

    def forward(self, tokens: Tensor, template: int, search: int) -> Tensor:
        """See `Attention.forward`."""
        return self._close(tokens, self.attn(self.norm1(tokens), template, search))

    def keep(self, tokens: Tensor, template: int) -> tuple[Tensor, Tensor, Tensor]:
        """See `Attention.keep`."""
        attended, keys, values = self.attn.keep(self.norm1(tokens), template)
        return self._close(tokens, attended), keys, values

    def search(self, tokens: Tensor, side: int, keys: Tensor, values: Tensor) -> Tensor:
        """See `Attention.search`."""
        return self._close(tokens, self.attn.search(self.norm1(tokens), side, keys, values))


class Embedding(nn.Module):
    """Convolution and norm over channels: (B, C, H, W) -> (B, C', H', W')."""

    def __init__(self, channels_in: int, stage: Stage) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels_in, stage.width, stage.kernel, stage.stride, stage.padding)
        self.norm = LayerNorm(stage.width, eps=1e-5)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) -> tokens (B, H' * W', C'), contiguous."""
        tokens: Tensor = self.norm(to_tokens(self.proj(maps)).contiguous())
        return tokens


class MixStage(nn.Module):
    """Embedding, then blocks."""

    def __init__(self, channels_in: int, stage: Stage) -> None:
        super().__init__()
        self.patch_embed = Embedding(channels_in, stage)
        self.blocks = nn.ModuleList(Block(stage.width, stage.heads) for _ in range(stage.depth))

    def forward(
        self, template: Tensor, online: Tensor, search: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Maps of the three (B, C, H, W) -> the same of this stage."""
        tokens = [self.patch_embed(maps) for maps in (template, online, search)]
        counts = [piece.shape[1] for piece in tokens]
        sides = [_side(count) for count in counts]
        x = torch.cat(tokens, dim=1)
        del tokens, template, online, search
        for block in self.blocks:
            x = block(x, sides[0], sides[2])
        first, second, third = (
            to_maps(piece, side).contiguous()
            for piece, side in zip(x.split(counts, dim=1), sides, strict=True)
        )
        return first, second, third

    def keep(self, template: Tensor, online: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Maps (1, C, H, W) and (n, C, H, W) -> of this stage, and keys and values by block."""
        first, others = self.patch_embed(template), self.patch_embed(online)
        count, side = first.shape[1], _side(first.shape[1])
        x = torch.cat([first, others.reshape(1, -1, others.shape[-1])], dim=1)
        kept: list[Tensor] = []
        for block in self.blocks:
            assert isinstance(block, Block)
            x, keys, values = block.keep(x, side)
            kept += [keys, values]
        others = x[:, count:].reshape(-1, count, x.shape[-1])
        return to_maps(x[:, :count], side), to_maps(others, side), kept

    def search(self, search: Tensor, kept: Iterator[Tensor]) -> Tensor:
        """Maps of the search region -> the same of this stage."""
        x = self.patch_embed(search)
        side = _side(x.shape[1])
        for block in self.blocks:
            assert isinstance(block, Block)
            x = block.search(x, side, next(kept), next(kept))
        return to_maps(x, side)


def _side(count: int) -> int:
    return math.isqrt(count)


class MixCvT(nn.Module):
    """The backbone. `norm` and `head` are in checkpoints and never read."""

    def __init__(self, config: MixFormerConfig) -> None:
        super().__init__()
        channels = 3
        for number, stage in enumerate(config.stages):
            self.add_module(f"stage{number}", MixStage(channels, stage))
            channels = stage.width
        self.norm = LayerNorm(channels, eps=1e-5)
        self.head = nn.Linear(channels, 1000)
        self.count = len(config.stages)

    @property
    def stages(self) -> list[MixStage]:
        """In order."""
        found = [self.get_submodule(f"stage{number}") for number in range(self.count)]
        return [stage for stage in found if isinstance(stage, MixStage)]

    def forward(self, template: Tensor, online: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Images -> features of the template and of the search region, (B, C, H, W)."""
        for stage in self.stages:
            template, online, search = stage(template, online, search)
        return template, search

    def keep(self, template: Tensor, online: Tensor) -> tuple[Tensor, ...]:
        """Images of the templates -> features of the first, and keys and values of all."""
        kept: list[Tensor] = []
        for stage in self.stages:
            template, online, found = stage.keep(template, online)
            kept += found
        return (template, *kept)

    def search(self, search: Tensor, kept: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Image of the search region -> as of `forward`."""
        others = iter(kept[1:])
        for stage in self.stages:
            search = stage.search(search, others)
        return kept[0], search
