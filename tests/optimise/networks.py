"""Small networks that write attention in the ways that trackers do."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

TOKENS, WIDTH, HEADS = 400, 64, 8


class Attention(nn.Module):
    """`how` names the way; `read` the rows of the weights that are read afterwards."""

    def __init__(self, how: str, read: slice | None = None) -> None:
        super().__init__()
        self.how, self.read = how, read
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)
        self.drop = nn.Dropout(0.1)
        self.bias = nn.Parameter(torch.randn(HEADS, TOKENS, TOKENS))

    def forward(self, x: Tensor) -> Tensor:
        split = self.qkv(x).reshape(1, -1, 3, HEADS, WIDTH // HEADS)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)
        weights = self.drop(getattr(self, f"_{self.how}")(q, k))
        if self.how == "einsum":
            out = torch.einsum("bhlt,bhtv->bhlv", [weights, v])
        elif self.how == "baddbmm":
            out = torch.bmm(weights, v[0])[None]
        else:
            out = torch.matmul(weights, v)
        out = self.proj(out.transpose(1, 2).flatten(2))
        return out if self.read is None else out + weights[:, :, self.read, 8:].mean()

    def _plain(self, q: Tensor, k: Tensor) -> Tensor:
        return ((q @ k.transpose(-2, -1)) * 0.35).softmax(dim=-1)

    def _einsum(self, q: Tensor, k: Tensor) -> Tensor:
        return F.softmax(torch.einsum("bhlk,bhtk->bhlt", [q, k]) * 0.35, dim=-1)

    def _biased(self, q: Tensor, k: Tensor) -> Tensor:
        scores = torch.matmul(q, k.transpose(-2, -1)) / 3
        scores += self.bias
        return torch.softmax(scores, -1)

    def _masked(self, q: Tensor, k: Tensor) -> Tensor:
        scores = (q @ k.transpose(-2, -1)).mul_(0.35)
        return scores.masked_fill(self.bias[None] > 2, float("-inf")).softmax(-1).type_as(q)

    def _baddbmm(self, q: Tensor, k: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, q[0], k[0].transpose(1, 2)).softmax(-1)

    def _whole_map_read(self, q: Tensor, k: Tensor) -> Tensor:
        weights = self._plain(q, k)
        return weights / weights.sum(dim=-1, keepdim=True)

    def _overwritten(self, q: Tensor, k: Tensor) -> Tensor:
        scores = q @ k.transpose(-2, -1)
        q.zero_()
        return scores.softmax(-1)


class MultiHead(nn.Module):
    """`nn.MultiheadAttention` as STARK and TransT call it: weights asked for, and dropped."""

    def __init__(self, masked: bool = False) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, HEADS)
        self.masked = masked

    def forward(self, x: Tensor) -> Tensor:
        mask = torch.zeros(1, x.shape[1], dtype=torch.bool)
        mask[:, : 100 * self.masked] = True
        y = x.transpose(0, 1)
        return self.attention(y, y, y, key_padding_mask=mask)[0].transpose(0, 1)


class Network(nn.Module):
    def __init__(self, *parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.kept: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = x + part(x)
        return x

    def set_template(self, x: Tensor) -> Tensor:
        self.kept = self.forward(x)
        return self.kept

    def track(self, x: Tensor) -> Tensor:
        assert self.kept is not None
        return self.forward(x) + self.kept


def make(*parts: nn.Module, seed: int = 0) -> Network:
    torch.manual_seed(seed)
    for part in parts:
        for parameter in part.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    return Network(*parts).eval()


def tokens(seed: int) -> Tensor:
    return torch.randn(1, TOKENS, WIDTH, generator=torch.Generator().manual_seed(seed))
