"""Two frames of two targets, made up: what a variant of an own tracker is tried on when it is made.

What compiles, exports or plans does it there, so that no frame of a run pays for it, and what does
not fit the tracker is known at once.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hit_trackers.errors import EngineError, HitTrackersError
from hit_trackers.own.engines import OwnEngine
from hit_trackers.own.room import Room
from hit_trackers.protocol import Tracker

HEIGHT, WIDTH = 240, 320
#: How many times as long as in a run a call may take.
PATIENCE = 20
BOX = (130.0, 100.0, 56.0, 40.0)


def attempt(tracker: Tracker, engine: OwnEngine, room: Room) -> None:
    """Start twice, on other images, and update three times each.

    Raises:
        EngineError: whatever went wrong, in words.
    """
    name = tracker.variant.name
    engine.proving = True
    # A compiler takes minutes where a call takes milliseconds.
    room.seconds *= PATIENCE
    try:
        with _random_numbers_kept():
            for seed in (0, 1):
                tracker.init(image(seed, 0), BOX)
                for step in (1, 2, 3):
                    tracker.update(image(seed, step))
    except HitTrackersError as error:
        text = str(error)
        raise EngineError(text if text.startswith(f"{name}:") else f"{name}: {text}") from error
    except Exception as error:
        reason = (str(error).splitlines() or [""])[0][:300]
        raise EngineError(
            f"{name}: {type(error).__name__} when it was tried on images that were made up: "
            f"{reason}"
        ) from error
    finally:
        engine.proving = False
        room.seconds /= PATIENCE
    engine.tried()


def image(seed: int, step: int) -> NDArray[np.uint8]:
    """RGB (240, 320, 3): blocks of colours, which move by two pixels a step, under noise."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 200, (HEIGHT // 20, WIDTH // 20, 3), dtype=np.uint8)
    noise = rng.integers(0, 55, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    whole = blocks.repeat(20, axis=0).repeat(20, axis=1) + noise
    return np.ascontiguousarray(np.roll(whole, 2 * step, axis=1))


@contextlib.contextmanager
def _random_numbers_kept() -> Iterator[None]:
    """Leave the generators of the process as they are: its baseline is not tried."""
    states: tuple[Any, ...] = (random.getstate(), np.random.get_state())  # noqa: NPY002
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
