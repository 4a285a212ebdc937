"""Sizes of TransT. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TransTConfig:
    """The numbers that define a TransT network and its tracker.

    Attributes:
        layers: feature fusion layers.
        width, heads, hidden: channels of tokens and of feed-forward networks, attention heads.
        search_size, template_size: sides of the patches, in pixels.
    """

    layers: int
    width: int = 256
    heads: int = 8
    hidden: int = 2048
    search_size: int = 256
    template_size: int = 128

    stride = 8
    window_penalty = 0.49  # share of the Hann window in the score that decides

    @property
    def search_side(self) -> int:
        """Search tokens along a side: 32."""
        return self.search_size // self.stride


#: TransT-N4, the published network, and TransT-N2.
CONFIGS = {"transt": TransTConfig(4), "transt_n2": TransTConfig(2)}
