"""MixViT: a plain ViT with mixed attention (official `lib/models/mixformer_vit`)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from hit_trackers.attention import Site
from hit_trackers.layers import Mlp
from hit_trackers.mixformer.config import MixFormerConfig
from hit_trackers.mixformer.network.sites import to_maps


class Attention(nn.Module):
    """Mixed attention: templates attend to templates, the search region to everything."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.site = Site((width // heads) ** -0.5)

    def project(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> queries, keys, values (3, B, H, N, C / H), views of one buffer."""
        batch, count, width = tokens.shape
        qkv: Tensor = self.qkv(tokens).reshape(batch, count, 3, self.heads, width // self.heads)
        return qkv.permute(2, 0, 3, 1, 4)

    def forward(self, tokens: Tensor, templates: int) -> Tensor:
        """All tokens, and how many of them are templates': (B, N, C) -> (B, N, C)."""
        return self._mix(self.project(tokens), templates)

    def keep(self, tokens: Tensor, templates: int) -> tuple[Tensor, Tensor]:
        """As `forward`, and queries, keys and values of the templates."""
        qkv = self.project(tokens)
        kept = qkv[:, :, :, :templates].clone()
        return self._mix(qkv, templates), kept

    def _mix(self, qkv: Tensor, templates: int) -> Tensor:
        q, k, v = qkv.unbind(0)
        del qkv
        own, region = q[:, :, :templates], q[:, :, templates:]
        attended = self.site(own, k[:, :, :templates], v[:, :, :templates])
        joined = _joined(attended)
        if region.shape[2]:
            attended = self.site(region, k, v)
            del q, k, v, own, region
            joined = torch.cat([joined, _joined(attended)], dim=1)
        projected: Tensor = self.proj(joined)
        return projected

    def search(self, tokens: Tensor, kept: Tensor) -> Tensor:
        """The search region alone, with what `keep` gave."""
        own = self.project(tokens)
        q = own[0]
        _, k, v = torch.cat([kept, own], dim=3).unbind(0)
        projected: Tensor = self.proj(_joined(self.site(q, k, v)))
        return projected


def _joined(attended: Tensor) -> Tensor:
    batch, heads, count, width = attended.shape
    return attended.transpose(1, 2).reshape(batch, count, heads * width)


class Block(nn.Module):
    """Attention and MLP, each with a norm before and a residual sum."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width, 4 * width, nn.GELU())
        self.in_place = False

    def _add(self, tokens: Tensor, branch: Tensor) -> Tensor:
        return branch.add_(tokens) if self.in_place else tokens + branch

    def _close(self, tokens: Tensor, attended: Tensor) -> Tensor:
        tokens = self._add(tokens, attended)
        del attended
        return self._add(tokens, self.mlp(self.norm2(tokens)))

    def forward(self, tokens: Tensor, templates: int) -> Tensor:
        """See `Attention.forward`."""
        return self._close(tokens, self.attn(self.norm1(tokens), templates))

    def keep(self, tokens: Tensor, templates: int) -> tuple[Tensor, Tensor]:
        """See `Attention.keep`."""
        attended, kept = self.attn.keep(self.norm1(tokens), templates)
        return self._close(tokens, attended), kept

    def search(self, tokens: Tensor, kept: Tensor) -> Tensor:
        """See `Attention.search`."""
        return self._close(tokens, self.attn.search(self.norm1(tokens), kept))


class PatchEmbedding(nn.Module):
    """A token per 16 x 16 pixels: (B, 3, S, S) -> (B, (S / 16)^2, C), contiguous."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, 16, 16)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, (S / 16)^2, C)."""
        tokens: Tensor = self.proj(image).flatten(2).transpose(1, 2).contiguous()
        return tokens


class MixViT(nn.Module):
    """The backbone. `cls_token`, `pos_embed`, `norm` and `head` are never read."""

    def __init__(self, config: MixFormerConfig) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 197, width))
        for name, side in (("s", config.feature_side), ("t", config.template_side)):
            table = nn.Parameter(torch.empty(1, side**2, width), requires_grad=False)
            table.copy_(torch.from_numpy(sine_cosine(width, side)))
            self.register_parameter(f"pos_embed_{name}", table)
        self.patch_embed = PatchEmbedding(width)
        self.blocks = nn.ModuleList(Block(width, config.heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, 1000)
        #: Whether `keep` and `search` give the bits of `forward`; officially they have their own.
        self.keeps_bits = False

    def forward(self, template: Tensor, online: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        """Images -> features of the template and of the search region, (B, C, H, W)."""
        tokens = [
            self.patch_embed(template) + self.pos_embed_t,
            self.patch_embed(online) + self.pos_embed_t,
            self.patch_embed(search) + self.pos_embed_s,
        ]
        count = tokens[0].shape[1]
        x = torch.cat(tokens, dim=1)
        del tokens
        for block in self.blocks:
            x = block(x, 2 * count)
        sides = (self.config.template_side, self.config.feature_side)
        first, region = (
            piece.transpose(1, 2).reshape(x.shape[0], x.shape[2], side, side)
            for piece, side in zip((x[:, :count], x[:, 2 * count :]), sides, strict=True)
        )
        return first, region

    def keep(self, template: Tensor, online: Tensor) -> tuple[Tensor, ...]:
        """Images of the templates -> features of the first, and what each block keeps of all."""
        first = self.patch_embed(template) + self.pos_embed_t
        others = self.patch_embed(online) + self.pos_embed_t
        count = first.shape[1]
        x = torch.cat([first, others.reshape(1, -1, others.shape[-1])], dim=1)
        templates = x.shape[1]
        if self.keeps_bits:
            # In calls of the same shapes, for a library chooses by them how it adds.
            x = F.pad(x, (0, 0, 0, self.config.feature_side**2))
        kept = []
        for block in self.blocks:
            assert isinstance(block, Block)
            x, found = block.keep(x, templates)
            kept.append(found)
        return (self._maps(x[:, :count], self.config.template_side), *kept)

    def search(self, search: Tensor, kept: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Image of the search region -> as of `forward`."""
        x = self.patch_embed(search) + self.pos_embed_s
        for block, found in zip(self.blocks, kept[1:], strict=True):
            assert isinstance(block, Block)
            x = block.search(x, found)
        return kept[0], self._maps(x, self.config.feature_side)

    def _maps(self, tokens: Tensor, side: int) -> Tensor:
        width = tokens.shape[-1]
        if self.keeps_bits:
            # The strides that `forward` leaves: kernels of the heads depend on them.
            return tokens.as_strided((1, width, side, side), (width, 1, side * width, width))
        return to_maps(tokens, side)


def sine_cosine(width: int, side: int) -> NDArray[np.float64]:
    """The fixed position table of a side x side grid, (side * side, width).

    The first half of a row encodes the column, the second the row; each half holds sines, then
    cosines, of the position times 10000^(-2 i / (width / 2)). As in MAE.
    """
    positions = np.arange(side, dtype=np.float32)
    columns, rows = np.meshgrid(positions, positions)
    rates = 1.0 / 10000 ** (np.arange(width // 4, dtype=np.float64) / (width / 4.0))
    angles = [np.einsum("m,d->md", axis.reshape(-1), rates) for axis in (columns, rows)]
    halves = [np.concatenate([np.sin(a), np.cos(a)], axis=1) for a in angles]
    return np.concatenate(halves, axis=1)
