"""A block of the ViT, with and without candidate elimination (official `attn_blocks.py`)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from hit_trackers.attention import EAGER, Site, trial
from hit_trackers.layers import Mlp

#: Queries at a time where only one row of the map is read: with fewer than four, a BLAS takes
#: another path, and the row has other bits. More are for a BLAS that does so with eight.
ROWS = (8, 32, 128)


class Kept(NamedTuple):
    """What one elimination decided.

    Attributes:
        tokens: (B, kept) the search tokens that stay, as indices into the search region's grid,
            in descending order of attention.
        removed: (B, removed) the others, in the same order.
        boundary: (B, 2) attention of the last that stays and of the first that goes.
    """

    tokens: Tensor
    removed: Tensor
    boundary: Tensor


class MapSite(Site):
    """Attention that gives its map, too, where the official expression runs."""

    def weighed(self, q: Tensor, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor | None]:
        """As `Site.forward`, and the map (B, H, Nq, Nk); None where it is never stored."""
        found: tuple[Tensor, Tensor | None] = self(q, k, v)
        return found

    def forward(  # type: ignore[override]
        self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """See `weighed`."""
        if self.operator is not EAGER:
            return super().forward(q, k, v, bias), None
        weights = ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1)
        return weights @ v, weights


class Attention(nn.Module):
    """Multi-head self-attention over all tokens: (B, N, C) -> (B, N, C)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.site = MapSite((width // heads) ** -0.5)
        self._rows: dict[tuple[torch.Size, int], int] = {}

    def project(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, N, C) -> queries, keys, values (B, H, N, C / H), views of one buffer."""
        batch, count, width = tokens.shape
        qkv = self.qkv(tokens).reshape(batch, count, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
        return q, k, v

    def row(self, q: Tensor, k: Tensor, index: int) -> Tensor:
        """One row of the map that was never stored: (B, H, N) of query `index`.

        Bit for bit as in the whole map: computed with as many neighbours as were found to do.
        """
        key = (q.shape, torch.get_num_threads())
        if key not in self._rows:
            self._rows[key] = self._fewest_rows(q, k, index)
        return self._row(q, k, index, self._rows[key])

    def _fewest_rows(self, q: Tensor, k: Tensor, index: int) -> int:
        if not trial.is_possible(q):
            return ROWS[0]
        some, others = trial.stand_ins(q, k)
        whole = self._row(some, others, index, q.shape[-2])
        same = (n for n in ROWS if torch.equal(self._row(some, others, index, n), whole))
        return next(same, q.shape[-2])

    def _row(self, q: Tensor, k: Tensor, index: int, count: int) -> Tensor:
        first = min(index // count * count, q.shape[-2] - count)
        rows = q[..., first : first + count, :]
        weights = ((rows @ k.transpose(-2, -1)) * self.site.scale).softmax(dim=-1)
        return weights[..., index - first, :]

    def forward(
        self, tokens: Tensor, index: int | None = None, first: int = 0
    ) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """(B, N, C) -> of the tokens from `first` on.

        And the map where it was stored; the row `index` where it was not.
        """
        q, k, v = self.project(tokens)
        out, weights = self.site.weighed(q[:, :, first:], k, v)
        row = self.row(q, k, index) if index is not None and weights is None else None
        del q, k, v
        out = out.transpose(1, 2).flatten(start_dim=2)
        return self.proj(out), weights, row


class Block(nn.Module):
    """Attention, then elimination where it has a share to keep, then the MLP."""

    def __init__(
        self, width: int, heads: int, keep_ratio: float = 1.0, centre: int | None = None
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width, 4 * width, nn.GELU())
        self.keep_ratio = keep_ratio
        self.centre = centre
        self.in_place = False
        #: Whether what the template becomes is left out, where nobody reads it: in the last block.
        self.drops_template = False
        #: Whether the row is picked out of the map by a mask, as the official code does it.
        self.picks_by_mask = False

    def forward(
        self, tokens: Tensor, template: int, positions: Tensor
    ) -> tuple[Tensor, Tensor, Kept | None, Tensor | None]:
        """Tokens (B, N, C), how many are the template's, and grid positions of the others.

        Returns:
            tokens, positions of those that stay, what was decided, and the map of attention
            where it was stored.
        """
        first = template if self.drops_template else 0
        attended, weights, row = self.attn(
            self.norm1(tokens), self.centre if self.keep_ratio < 1 else None, first
        )
        tokens = tokens[:, first:] if first else tokens
        tokens = attended.add_(tokens) if self.in_place else tokens + attended
        del attended
        kept = None
        if self.keep_ratio < 1:
            scores = self._scores(weights, row, template)
            tokens, kept = self._eliminate(tokens, scores, template, positions)
            positions = kept.tokens
        hidden = self.mlp(self.norm2(tokens))
        tokens = tokens.add_(hidden) if self.in_place else tokens + hidden
        return tokens, positions, kept, weights

    def _scores(self, weights: Tensor | None, row: Tensor | None, template: int) -> Tensor:
        """How much the template's centre attends to each search token: (B, search)."""
        if weights is None:
            assert row is not None
            return row[..., template:].mean(dim=1)
        assert self.centre is not None
        if not self.picks_by_mask:
            return weights[:, :, self.centre, template:].contiguous().mean(dim=1)
        batch, heads, _, count = weights.shape
        mask = torch.zeros(batch, template, dtype=torch.bool, device=weights.device)
        mask[:, self.centre] = True
        region = weights[:, :, :template, template:]
        rows = region[mask[:, None, :, None].expand(-1, heads, -1, count - template)]
        return rows.view(batch, heads, -1, count - template).mean(dim=2).mean(dim=1)

    def _eliminate(
        self, tokens: Tensor, scores: Tensor, template: int, positions: Tensor
    ) -> tuple[Tensor, Kept]:
        keep = math.ceil(self.keep_ratio * scores.shape[1])
        ordered, order = torch.sort(scores, dim=1, descending=True)
        stay, go = order[:, :keep], order[:, keep:]
        kept = Kept(
            positions.gather(1, stay), positions.gather(1, go), ordered[:, keep - 1 : keep + 1]
        )
        index = stay.unsqueeze(-1).expand(-1, -1, tokens.shape[-1])
        chosen = tokens[:, template:].gather(1, index)
        return torch.cat([tokens[:, :template], chosen], dim=1), kept
