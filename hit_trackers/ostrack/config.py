"""Sizes of OSTrack. Imports nothing heavy."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class OSTrackConfig:
    """The numbers that define a network, as in `experiments/ostrack/*.yaml` of the official code.

    Attributes:
        name: of the official configuration.
        search_size, template_size: sides of the patches, in pixels.
        search_factor: side of the search region over sqrt(w * h) of the box.
        eliminates: whether three blocks drop search tokens (candidate elimination, CE).
        width, depth, heads: of the ViT.
        channels: of the head's first layers.
    """

    name: str
    search_size: int
    template_size: int
    search_factor: float
    eliminates: bool
    width: int = 768
    depth: int = 12
    heads: int = 12
    channels: int = 256

    template_factor = 2.0
    patch = 16
    #: Blocks that drop tokens, and the share that each keeps.
    locations = (3, 6, 9)
    keep_ratio = 0.7

    @property
    def search_side(self) -> int:
        """Search tokens along a side: 16 or 24."""
        return self.search_size // self.patch

    @property
    def template_side(self) -> int:
        """Template tokens along a side: 8 or 12."""
        return self.template_size // self.patch

    @property
    def centre_token(self) -> int:
        """The template token whose attention decides (official `CTR_POINT`): 27 of 64, 65 of 144.

        Row and column (side - 1) // 2: of the four cells at the centre, the top-left one.
        """
        middle = (self.template_side - 1) // 2
        return middle * self.template_side + middle

    @property
    def kept(self) -> tuple[int, ...]:
        """Search tokens that are left after each elimination; empty where there is none."""
        left, found = self.search_side**2, []
        for _ in self.locations if self.eliminates else ():
            left = math.ceil(self.keep_ratio * left)
            found.append(left)
        return tuple(found)


_SIZES = {"256": (256, 128, 4.0), "384": (384, 192, 5.0)}
#: By size and setting ("" or "noce").
CONFIGS = {
    (size, setting): OSTrackConfig(
        f"vitb_{size}_mae_{'' if setting else 'ce_'}32x4_ep300", *numbers, eliminates=not setting
    )
    for size, numbers in _SIZES.items()
    for setting in ("", "noce")
}
