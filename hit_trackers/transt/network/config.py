"""Sizes of TransT. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TransTConfig:
    """The numbers that define a TransT network and its tracker.

    Attributes:
        layers: feature fusion layers.
    """

    layers: int

    width = 256
    heads = 8
    hidden = 2048
    search_size = 256
    template_size = 128
    stride = 8
    window_penalty = 0.49

    @property
    def search_side(self) -> int:
        """Search tokens along a side: 32."""
        return self.search_size // self.stride


#: TransT-N4, the published network, and TransT-N2.
CONFIGS = {"transt": TransTConfig(4), "transt_n2": TransTConfig(2)}
