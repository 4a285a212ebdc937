"""Short videos of the worst moments, small enough to be part of the page."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from hit_trackers.errors import HitTrackersError, MissingDependencyError
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.moments import Moment, find_moments, states
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.tracking.overlay import Overlay
from toolkit_adapters.tracking.views import as_jpeg
from toolkit_adapters.video.writer import VideoWriter

#: Clips on a page, and what they may weigh together.
MOST, MOST_BYTES = 3, 2_000_000
_WIDTH = 480
#: Half as quick as most were filmed: people have to see it.
_RATE = Fraction(15)
#: Constant rate factors, tried until a clip is small enough.
_QUALITIES = (26, 32, 38)


@dataclass(frozen=True)
class Clip:
    """A video of H.264 in MP4, with what it shows in words."""

    name: str
    caption: str
    alt: str
    mp4: bytes
    poster: bytes  # JPEG, shown before it plays
    section: Section = Section.PARTING


def build_clips(collection: Collection) -> list[Clip]:
    """Clips of the moments that stray furthest, each of another tracker or sequence.

    None where PyAV is not installed, or the frames are not at hand: strips show the same.
    """
    clips: list[Clip] = []
    shown: set[tuple[str, str]] = set()
    moments = find_moments(collection.results, controls=True)
    for moment in moments:
        if len(clips) == MOST:
            break
        if (moment.dataset, moment.sequence) in shown:
            continue
        try:
            clip = _build(collection, moment)
        except MissingDependencyError:
            return []
        except HitTrackersError:
            continue
        if clip is not None:
            clips.append(clip)
            shown.add((moment.dataset, moment.sequence))
    return clips


def _build(collection: Collection, moment: Moment) -> Clip | None:
    dataset = collection.accuracy.datasets[moment.dataset].dataset
    if dataset is None:
        return None
    sequence = dataset.load(moment.sequence)
    baselines = {moment.baseline: moment.baseline, moment.tracker: moment.baseline}
    records = [
        collection.results.record(name, moment.dataset, moment.sequence) for name in baselines
    ]
    total = min(map(len, records))
    frames = moment.frames("worst", total)
    overlay = Overlay(baselines, total)
    images = [
        overlay.draw(state)
        for state in states(
            collection.results, moment.dataset, sequence, baselines, frames, width=_WIDTH
        )
    ]
    label = collection.label(moment.tracker)
    control = moment.tracker in collection.controls
    purpose = " It must part, to show that the comparison sees it." if control else ""
    for quality in _QUALITIES:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "clip.mp4"
            with VideoWriter(path, _RATE, quality=quality, preset="medium") as writer:
                for image in images:
                    writer.write(image)
            content = path.read_bytes()
        # In the page a byte takes a third more.
        if len(content) * 4 / 3 * MOST <= MOST_BYTES:
            return Clip(
                f"clip_{moment.tracker}_{moment.sequence}",
                f"{label} and {moment.baseline} on {moment.sequence} ({moment.dataset}), frames "
                f"{frames.start} to {frames.stop - 1}: they part at frame {moment.first} and are "
                f"furthest at frame {moment.worst}, {moment.largest:.3g} px.{purpose} 15 frames a "
                "second.",
                f"Video of {len(images)} frames of {moment.sequence} with the boxes of "
                f"{moment.baseline} and {label}, and below them how far apart they are.",
                content,
                as_jpeg(images[min(moment.worst - frames.start, len(images) - 1)]),
            )
    return None
