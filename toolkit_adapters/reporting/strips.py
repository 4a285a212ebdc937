"""Frame strips: truth, baseline and variant around the first difference and at the worst frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import HitTrackersError
from toolkit_adapters.datasets.base import Sequence
from toolkit_adapters.datasets.videos import VideoFrame
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.divergence import furthest, pair, straying
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.tracking.views import TRUTH, as_jpeg, colour_of, view

#: Width and height of a panel, and the size of its words.
PANEL, _SCALE = (300, 210), 0.5


@dataclass(frozen=True)
class Strip:
    """A row of frames as JPEG, with what it shows in words."""

    name: str
    caption: str
    alt: str
    jpeg: bytes
    section: Section = Section.PARTING


def build_strips(collection: Collection) -> list[Strip]:
    """One strip for each variant that strays, where the frames are at hand."""
    strips = []
    for tracker in straying(collection):
        dataset, comparison = furthest(collection, tracker)[0]
        sequence = _load(collection, dataset, comparison.sequence)
        if sequence is None:
            continue
        baseline, variant = pair(collection, tracker, dataset, comparison.sequence)
        distance = np.abs(baseline.boxes - variant.boxes).max(axis=1)
        if not np.isfinite(distance).all():
            continue  # what is not a number cannot be drawn
        first, worst = comparison.first_divergent or 0, int(distance.argmax())
        frames = sorted({max(0, first - 1), first, (first + worst) // 2, worst})
        known = sequence.truth.boxes
        panels, words = [], []
        for frame in frames:
            image = _read(sequence.frames[frame])
            if image is None:
                break
            boxes = [(known[frame], TRUTH)] if frame < len(known) else []
            boxes += [(baseline.boxes[frame], colour_of(0)), (variant.boxes[frame], colour_of(1))]
            panels.append(view(image, boxes, PANEL, f"frame {frame}", _SCALE))
            words.append(f"frame {frame}: {distance[frame]:.3g} px apart")
        if len(panels) < len(frames):
            continue
        white = "white truth, " if len(known) > 1 else ""
        strips.append(
            Strip(
                name=f"frames_{tracker}",
                caption=f"{collection.label(tracker)} on {comparison.sequence} ({dataset}), the "
                f"sequence on which it strays furthest: before and at the first difference "
                f"(frame {first}), between, and at the largest (frame {worst}). Boxes: "
                f"{white}blue baseline, orange variant. {'; '.join(words)}.",
                alt=f"{len(panels)} frames of {comparison.sequence} with boxes; "
                f"{'; '.join(words)}.",
                jpeg=as_jpeg(np.asarray(np.hstack(panels), np.uint8)),
            )
        )
    return strips


def _load(collection: Collection, dataset: str, sequence: str) -> Sequence | None:
    known = collection.accuracy.datasets[dataset].dataset
    try:
        return known.load(sequence) if known is not None else None
    except HitTrackersError:
        return None


def _read(frame: Path | VideoFrame) -> NDArray[np.uint8] | None:
    from toolkit_adapters.datasets.decoding import decode

    try:
        return decode(frame, tolerate_damage=True).image
    except HitTrackersError:
        return None
