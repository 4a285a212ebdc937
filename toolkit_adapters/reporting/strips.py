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

PANEL_WIDTH, PANEL_HEIGHT = 300, 210
# Red, green, blue; wide to narrow, so that boxes which coincide still show all three.
TRUTH, BASELINE, VARIANT = (255, 255, 255), (0, 114, 178), (230, 159, 0)


@dataclass(frozen=True)
class Strip:
    """A row of frames as JPEG, with what it shows in words."""

    name: str
    caption: str
    alt: str
    jpeg: bytes
    section: Section = Section.EQUIVALENCE


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
            truth = known[frame] if frame < len(known) else None
            boxes = (truth, baseline.boxes[frame], variant.boxes[frame])
            panels.append(_panel(image, boxes, f"frame {frame}"))
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
                jpeg=_encode(np.hstack(panels)),
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


def _panel(
    image: NDArray[np.uint8], boxes: tuple[NDArray[np.float64] | None, ...], label: str
) -> NDArray[np.uint8]:
    """A view around the boxes, 1.6 to 4 times as large as they are, with the boxes drawn on."""
    import cv2

    known = [box for box in boxes if box is not None]
    low = np.min([box[:2] for box in known], axis=0)
    high = np.max([box[:2] + np.maximum(box[2:], 1) for box in known], axis=0)
    aspect = PANEL_WIDTH / PANEL_HEIGHT
    width = max((high - low)[0], (high - low)[1] * aspect) * 2.2
    width = float(np.clip(width, 60, image.shape[1]))
    scale = PANEL_WIDTH / width
    corner = (low + high) / 2 - np.array([PANEL_WIDTH, PANEL_HEIGHT]) / scale / 2
    matrix = np.array([[scale, 0, -corner[0] * scale], [0, scale, -corner[1] * scale]])
    size = (PANEL_WIDTH, PANEL_HEIGHT)
    view = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_AREA, borderValue=(90, 90, 90))
    view = np.ascontiguousarray(view)
    for box, colour, thickness in zip(boxes, (TRUTH, BASELINE, VARIANT), (7, 4, 2), strict=True):
        if box is not None:
            a = np.round((box[:2] - corner) * scale * 16).astype(int)
            b = np.round((box[:2] + box[2:] - corner) * scale * 16).astype(int)
            limit = np.array(size) * 16 * 4
            a, b = np.clip(a, -limit, limit), np.clip(b, -limit, limit)
            cv2.rectangle(view, a.tolist(), b.tolist(), colour, thickness, cv2.LINE_AA, shift=4)
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        place = (8, PANEL_HEIGHT - 10)
        cv2.putText(
            view, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, thickness, cv2.LINE_AA
        )
    view[:, -3:] = 255
    return np.asarray(view, np.uint8)


def _encode(image: NDArray[np.uint8]) -> bytes:
    import cv2

    done, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
    assert done
    return bytes(data)
