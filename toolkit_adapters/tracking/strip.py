"""Below the picture: how far a variant is from its baseline, where they parted, and the worst."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from toolkit_adapters.tracking.follow import Step
from toolkit_adapters.tracking.history import Parting
from toolkit_adapters.tracking.views import WHITE, Colour, Image, draw_text, text_size, view

_GROUND = (24, 25, 29)
_GRID = (70, 72, 80)


class Strip:
    """Draws the strip of one pair after the other; keeps the two views until they change.

    Args:
        width, height: its size in pixels.
        scale: of its words.
        colours: of the trackers, by name.
    """

    def __init__(
        self, width: int, height: int, scale: float, colours: Mapping[str, Colour]
    ) -> None:
        self._width, self._height, self._scale = width, height, scale
        self._colours = colours
        self._views: dict[str, tuple[Step, str, Image]] = {}

    def draw(self, parting: Parting, frames: int | None) -> Image:
        """The strip of a pair up to now; `frames` is the length of the curve's axis, if known."""
        strip = np.empty((self._height, self._width, 3), np.uint8)
        strip[:] = _GROUND
        side = min(self._width // 4, round(self._height * 1.4))
        self._curve(strip[:, : self._width - 2 * side], parting, frames)
        for place, (kind, step) in enumerate(
            (("parted", parting.parted), ("furthest", parting.worst))
        ):
            left = self._width - (2 - place) * side
            if step is not None:
                strip[:, left + 2 : left + side] = self._view(kind, step, parting, side - 2)
        return strip

    def _view(self, kind: str, step: Step, parting: Parting, width: int) -> Image:
        known = self._views.get(kind)
        if known is None or known[0] is not step or known[1] != parting.variant:
            boxes = [
                (step.answers[name].box, self._colours[name])
                for name in (parting.baseline, parting.variant)
            ]
            label = f"{kind}: frame {step.index}"
            shown = view(step.image, boxes, (width, self._height), label, self._scale)
            self._views[kind] = known = (step, parting.variant, shown)
        return known[2]

    def _curve(self, area: NDArray[np.uint8], parting: Parting, frames: int | None) -> None:
        height, width = area.shape[:2]
        scale = self._scale
        line = text_size("Xg", scale)[1] + round(6 * scale)
        margin = round(8 * scale)
        apart = parting.parted is not None
        found = f"at most {parting.largest:.3g} px apart" if apart else "bit for bit equal so far"
        for place, words in enumerate((f"{parting.variant} and {parting.baseline}", found)):
            fitting = scale * min(1.0, (width - 2 * margin) / max(1, text_size(words, scale)[0]))
            colour = self._colours[parting.variant] if place else WHITE
            draw_text(area, words, (margin, line * (place + 1)), fitting, colour)
        top, bottom = 2 * line + margin, height - margin
        left, right = margin, width - margin
        cv2.line(area, (left, bottom), (right, bottom), _GRID, 1)
        values = parting.distances
        if parting.largest <= 0 or bottom - top < 4 or right - left < 4 or len(values) < 2:
            return
        total = max(frames or 0, len(values))
        # The largest of each column, so that thinning hides no peak.
        columns = (np.arange(len(values)) * (right - left) // max(1, total - 1)) + left
        starts = np.flatnonzero(np.diff(columns, prepend=-1))
        peaks = np.maximum.reduceat(values, starts)
        heights = bottom - np.round((bottom - top) * peaks / parting.largest)
        points = np.stack([columns[starts], heights], axis=1).astype(np.int32)
        colour = self._colours[parting.variant]
        cv2.polylines(area, [points], False, colour, max(1, round(1.5 * scale)), cv2.LINE_AA)
