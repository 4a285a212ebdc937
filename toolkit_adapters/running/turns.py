"""In which order trackers take a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def in_turn(items: Sequence[Item], index: int) -> list[Item]:
    """The order of frame `index`, such that neither place nor predecessor favours anybody.

    A tracker that follows another finds caches full of the other's weights. Were the order only
    rotated, the same one would nearly always come before it: over n frames (2 n where n is odd)
    each item is here once (twice) in every place and once (twice) right after every other.

    Source: Williams 1949, balance for first residual effects.
    """
    count = len(items)
    zigzag = [step // 2 if step % 2 == 0 else count - 1 - step // 2 for step in range(count)]
    shift, mirrored = index % count, count % 2 == 1 and index // count % 2 == 1
    return [items[(place + shift) % count] for place in (zigzag[::-1] if mirrored else zigzag)]
