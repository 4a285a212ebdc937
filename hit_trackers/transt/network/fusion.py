"""Feature fusion: two streams of tokens that attend to themselves and to each other.

Official `ltr/models/neck/featurefusion_network.py`: ego-context augment (ECA) is self-attention,
cross-feature augment (CFA) attends from one stream to the other.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from hit_trackers.layers.multihead import MultiheadAttention
from hit_trackers.layers.transformer import Sublayers
from hit_trackers.transt.network.config import TransTConfig


class Stream(NamedTuple):
    """Tokens of one image.

    Attributes:
        tokens: (N, 1, C).
        position: (N, 1, C), added to queries and keys.
        padding: bool (1, N), all false: no token of TransT's lies outside; None to leave it out.
    """

    tokens: Tensor
    position: Tensor
    padding: Tensor | None

    @property
    def placed(self) -> Tensor:
        """Tokens with their position."""
        return self.tokens + self.position

    def replaced(self, tokens: Tensor) -> Stream:
        """The same places with other tokens."""
        return self._replace(tokens=tokens)


class FusionLayer(Sublayers):
    """ECA on both streams, CFA between them, a feed-forward network on each.

    Names end in 1 (1x) for the template's stream, in 2 (2x) for the search region's.
    """

    def __init__(self, config: TransTConfig) -> None:
        super().__init__()
        width, heads, hidden = config.width, config.heads, config.hidden
        self.self_attn1 = MultiheadAttention(width, heads)
        self.self_attn2 = MultiheadAttention(width, heads)
        self.multihead_attn1 = MultiheadAttention(width, heads)
        self.multihead_attn2 = MultiheadAttention(width, heads)
        self.linear11 = nn.Linear(width, hidden)
        self.linear12 = nn.Linear(hidden, width)
        self.linear21 = nn.Linear(width, hidden)
        self.linear22 = nn.Linear(hidden, width)
        for stream in (1, 2):
            for number in (1, 2, 3):
                self.add_module(f"norm{stream}{number}", nn.LayerNorm(width))

    def _norm(self, name: str, tokens: Tensor) -> Tensor:
        normed: Tensor = self.get_submodule(f"norm{name}")(tokens)
        return normed

    def augment_template(self, template: Stream) -> Stream:
        """ECA of the template: the part that depends on nothing else."""
        placed = template.placed
        attended = self.self_attn1(placed, placed, template.tokens, template.padding)
        return template.replaced(self._norm("11", self.add(template.tokens, attended)))

    def forward(self, template: Stream, search: Stream) -> tuple[Stream, Stream]:
        """The template after `augment_template`, and the search region; both after this layer."""
        placed = search.placed
        attended = self.self_attn2(placed, placed, search.tokens, search.padding)
        search = search.replaced(self._norm("21", self.add(search.tokens, attended)))

        to_template = self.multihead_attn1(
            template.placed, search.placed, search.tokens, search.padding
        )
        to_search = self.multihead_attn2(
            search.placed, template.placed, template.tokens, template.padding
        )
        tokens = self._norm("12", self.add(template.tokens, to_template))
        fed = self.feed(tokens, self.linear11, self.linear12)
        template = template.replaced(self._norm("13", self.add(tokens, fed)))

        tokens = self._norm("22", self.add(search.tokens, to_search))
        fed = self.feed(tokens, self.linear21, self.linear22)
        return template, search.replaced(self._norm("23", self.add(tokens, fed)))


class CrossLayer(Sublayers):
    """The last CFA: from the search region to the template."""

    def __init__(self, config: TransTConfig) -> None:
        super().__init__()
        width, hidden = config.width, config.hidden
        self.multihead_attn = MultiheadAttention(width, config.heads)
        self.linear1 = nn.Linear(width, hidden)
        self.linear2 = nn.Linear(hidden, width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, template: Stream, search: Stream) -> Tensor:
        """Both streams -> search tokens (N, 1, C)."""
        attended = self.multihead_attn(
            search.placed, template.placed, template.tokens, template.padding
        )
        tokens = self.norm1(self.add(search.tokens, attended))
        fed = self.feed(tokens, self.linear1, self.linear2)
        normed: Tensor = self.norm2(self.add(tokens, fed))
        return normed


class _Encoder(nn.Module):
    def __init__(self, config: TransTConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(FusionLayer(config) for _ in range(config.layers))


class _Decoder(nn.Module):
    def __init__(self, config: TransTConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList([CrossLayer(config)])
        self.norm = nn.LayerNorm(config.width)


class Fusion(nn.Module):
    """The whole network of feature fusion; keys of the state dict as the official one's."""

    def __init__(self, config: TransTConfig) -> None:
        super().__init__()
        self.encoder = _Encoder(config)
        self.decoder = _Decoder(config)

    def begin(self, template: Stream) -> Stream:
        """The first layer's ECA of the template: once per sequence is enough."""
        begun: Stream = self.encoder.layers[0].augment_template(template)  # type: ignore[operator]
        return begun

    def forward(self, template: Stream, search: Stream) -> Tensor:
        """The template after `begin`, and the search region -> search tokens (N, 1, C)."""
        for number, layer in enumerate(self.encoder.layers):
            if number > 0:
                template = layer.augment_template(template)  # type: ignore[operator]
            template, search = layer(template, search)
        fused: Tensor = self.decoder.norm(self.decoder.layers[0](template, search))
        return fused
