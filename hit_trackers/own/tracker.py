"""An own tracker with the harness's protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.own.room import Room
from hit_trackers.own.styles import as_box, as_score, require_convention, speak
from hit_trackers.protocol import Prediction, check_image
from hit_trackers.variants import Variant

if TYPE_CHECKING:
    from hit_trackers.own.probe import OwnProbe


class OwnTracker:
    """Calls somebody's tracker in its room, in its own style.

    Attributes:
        variant: what it is.
        probe: a look at its networks; None where it holds none, and their columns stay empty.
        writes_on_images: the harness gives it a copy of each image, outside all timed regions.
    """

    writes_on_images = True

    def __init__(
        self, tracker: Any, room: Room, variant: Variant, probe: OwnProbe | None = None
    ) -> None:
        self.variant = variant
        self.probe = probe
        self._room = room
        self._declaration = room.declaration
        self._first: NDArray[np.float64] | None = None
        self._start, self._find = speak(tracker, room.declaration)

    @property
    def name(self) -> str:
        """`variant.name`."""
        return self.variant.name

    def init(self, image: NDArray[np.uint8], box: Any) -> None:
        """As `Tracker.init`; it begins in its root, wherever it went before."""
        check_image(image)
        self._room.directory = self._room.root
        self._first = np.array(box, dtype=np.float64)
        if self.probe is not None:
            self.probe.engine.starting = True
        try:
            with self._room.entered():
                self._start(self._coloured(image), np.array(box, dtype=np.float64))
        finally:
            if self.probe is not None:
                self.probe.engine.starting = False

    def update(self, image: NDArray[np.uint8]) -> Prediction:
        """As `Tracker.update`.

        Raises:
            FamilyError: its answer is not four numbers, or it took too long, or it exits.
        """
        check_image(image)
        if self.probe is not None:
            self.probe.watch.begin()
        with self._room.entered():
            answer, score = self._find(self._coloured(image))
        box = as_box(answer, self._declaration.box)
        if self._first is not None:
            require_convention(self.name, self._first, answer, self._declaration.box)
            self._first = None
        return Prediction(box, as_score(score))

    def _coloured(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        if self._declaration.colour == "rgb":
            return image
        return np.ascontiguousarray(image[..., ::-1])
