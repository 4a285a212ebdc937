"""Trackers over pictures, step by step: what `track` draws and a Python loop gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hit_trackers.errors import HitTrackersError, PredictionError
from hit_trackers.geometry import check_first_box, is_box
from toolkit_adapters.running.entrant import Entrant
from toolkit_adapters.running.timing import clock
from toolkit_adapters.running.turns import in_turn


@dataclass(frozen=True, eq=False)
class Answer:
    """What a tracker says of one picture.

    Attributes:
        box: float64 (4,) x, y, w, h in pixels; the one before where it gave none.
        score: its confidence; NaN for the first picture, and where it has none.
        seconds: its update took, image in memory to box; the first picture's is its start.
        valid: it gave a box.
        started: it was started here, and not asked.
    """

    box: NDArray[np.float64]
    score: float
    seconds: float
    valid: bool = True
    started: bool = False


@dataclass(frozen=True, eq=False)
class Step:
    """One picture and all answers to it.

    Attributes:
        index: number of the picture, from 0.
        image: RGB uint8 (H, W, 3).
        time: seconds since the first picture.
        answers: by tracker; empty before one is started.
        truth: the true box, where it is known.
        dropped: pictures of a camera that were left out so far.
    """

    index: int
    image: NDArray[np.uint8]
    time: Fraction
    answers: Mapping[str, Answer]
    truth: NDArray[np.float64] | None = None
    dropped: int = 0


class Follower:
    """Trackers that follow one target together, each in its own way.

    Their order changes from picture to picture, as in a run.
    """

    def __init__(self, entrants: Sequence[Entrant]) -> None:
        self._entrants = list(entrants)
        self._boxes: dict[str, NDArray[np.float64]] = {}
        self._turn = 0

    @property
    def names(self) -> tuple[str, ...]:
        """The trackers, in the order given."""
        return tuple(entrant.name for entrant in self._entrants)

    def start(self, image: NDArray[np.uint8], box: ArrayLike) -> dict[str, Answer]:
        """Start all of them on a target, for the first time or anew.

        Raises:
            BoxError: the box is none, or lies outside the image.
        """
        first = np.array(check_first_box(np.asarray(box, np.float64), *image.shape[:2]))
        self._turn = 0
        return self._ask(image, first)

    def step(self, image: NDArray[np.uint8]) -> dict[str, Answer]:
        """Let all of them find the target.

        Raises:
            PredictionError: a tracker failed; it is named.
        """
        self._turn += 1
        return self._ask(image, None)

    def _ask(
        self, image: NDArray[np.uint8], first: NDArray[np.float64] | None
    ) -> dict[str, Answer]:
        found = {
            entrant.name: self._answer(entrant, image, first)
            for entrant in in_turn(self._entrants, self._turn)
        }
        self._boxes = {name: answer.box for name, answer in found.items()}
        return {name: found[name] for name in self.names}

    def _answer(
        self, entrant: Entrant, image: NDArray[np.uint8], first: NDArray[np.float64] | None
    ) -> Answer:
        tracker = entrant.tracker
        # Strangers may draw on what they are given, and the others see the same picture.
        given = image.copy() if getattr(tracker, "writes_on_images", False) else image
        start = clock()
        try:
            if first is not None:
                tracker.init(given, first.copy())
                return Answer(first.copy(), np.nan, clock() - start, started=True)
            box, score = tracker.update(given)
        except PredictionError:
            box, score = np.full(4, np.nan), np.nan
        except HitTrackersError:
            raise
        except Exception as error:  # of somebody else's tracker
            raise PredictionError(f"{entrant.name}: {type(error).__name__}: {error}") from error
        seconds = clock() - start
        found = np.array(box, dtype=np.float64)
        if found.shape == (4,) and is_box(found):
            return Answer(found, float(score), seconds)
        return Answer(self._boxes[entrant.name], float(score), seconds, valid=False)
