"""STARK's transformer: an encoder over templates and search region, a decoder of one query."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hit_trackers.layers.multihead import MultiheadAttention
from hit_trackers.layers.transformer import Sublayers
from hit_trackers.stark.config import StarkConfig


class Encoding(Sublayers):
    """What an encoder layer holds: self-attention and a feed-forward network."""

    def __init__(self, config: StarkConfig) -> None:
        super().__init__()
        width, hidden = config.width, config.hidden
        self.self_attn = MultiheadAttention(width, config.heads)
        self.linear1 = nn.Linear(width, hidden)
        self.linear2 = nn.Linear(hidden, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)


class EncoderLayer(Encoding):
    """(N, 1, C) -> (N, 1, C)."""

    def forward(self, tokens: Tensor, position: Tensor, padding: Tensor | None) -> Tensor:
        """Tokens, their positions, and which of them are padding."""
        placed = tokens + position
        attended = self.self_attn(placed, placed, tokens, padding)
        tokens = self.norm1(self.add(tokens, attended))
        fed = self.feed(tokens, self.linear1, self.linear2)
        normed: Tensor = self.norm2(self.add(tokens, fed))
        return normed


class DecoderLayer(Sublayers):
    """Self-attention of the query, attention to the memory, a feed-forward network."""

    def __init__(self, config: StarkConfig) -> None:
        super().__init__()
        width, hidden = config.width, config.hidden
        self.self_attn = MultiheadAttention(width, config.heads)
        self.multihead_attn = MultiheadAttention(width, config.heads)
        self.linear1 = nn.Linear(width, hidden)
        self.linear2 = nn.Linear(hidden, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)

    def forward(
        self, target: Tensor, query: Tensor, memory: Tensor, placed: Tensor, padding: Tensor | None
    ) -> Tensor:
        """Target and query (1, 1, C), memory without and with positions (N, 1, C)."""
        asked = target + query
        attended = self.self_attn(asked, asked, target)
        target = self.norm1(self.add(target, attended))
        attended = self.multihead_attn(target + query, placed, memory, padding)
        target = self.norm2(self.add(target, attended))
        fed = self.feed(target, self.linear1, self.linear2)
        normed: Tensor = self.norm3(self.add(target, fed))
        return normed


class _Encoder(nn.Module):
    def __init__(self, config: StarkConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.layers))


class _Decoder(nn.Module):
    def __init__(self, config: StarkConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)


class Transformer(nn.Module):
    """Keys of the state dict as the official one's.

    Attributes:
        places_once: the memory gets its positions once, and not anew in every layer of the decoder.
    """

    places_once = False

    def __init__(self, config: StarkConfig) -> None:
        super().__init__()
        self.encoder = _Encoder(config)
        self.decoder = _Decoder(config)

    def encode(self, tokens: Tensor, position: Tensor, padding: Tensor | None) -> Tensor:
        """Tokens (N, 1, C), positions (N, 1, C), padding (1, N) -> memory (N, 1, C)."""
        for layer in self.encoder.layers:
            tokens = layer(tokens, position, padding)
        return tokens

    def decode(
        self, query: Tensor, memory: Tensor, position: Tensor, padding: Tensor | None
    ) -> Tensor:
        """A query (1, C) and the memory -> what the query found, (1, 1, C)."""
        query = query.unsqueeze(1).repeat(1, memory.shape[1], 1)
        target = torch.zeros_like(query)
        placed = memory + position
        for number, layer in enumerate(self.decoder.layers):
            if number > 0 and not self.places_once:
                placed = memory + position
            target = layer(target, query, memory, placed, padding)
        found: Tensor = self.decoder.norm(target)
        return found
