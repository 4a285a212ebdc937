"""How the difference between a variant and its baseline grows, from the records themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toolkit_adapters.records import Record
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.verdict.equivalence import SequenceComparison
from toolkit_adapters.verdict.levels import Boxes

#: Sequences drawn for each variant: those that stray furthest.
MAX_SEQUENCES = 6
MAX_OPEN_SEQUENCES = 40


def straying(collection: Collection) -> list[str]:
    """Trackers that differ from their baseline anywhere: variants, then the lossy controls."""
    lossy = tuple(n for n in collection.trackers if n in collection.controls)
    certificates = ((name, collection.certificate(name)) for name in collection.variants + lossy)
    return [
        name
        for name, c in certificates
        if c is not None and c.boxes is not Boxes.BITWISE and c.frames
    ]


def furthest(collection: Collection, tracker: str) -> list[tuple[str, SequenceComparison]]:
    """(dataset, comparison) of the sequences that differ, the furthest first."""
    certificate = collection.certificate(tracker)
    found = [
        (dataset.dataset, s)
        for dataset in (certificate.datasets if certificate else ())
        for s in dataset.sequences
        if s.first_divergent is not None
    ]
    return sorted(found, key=lambda item: -item[1].largest_px)


def pair(
    collection: Collection, tracker: str, dataset: str, sequence: str
) -> tuple[Record, Record]:
    """The records of the baseline and of a variant on one sequence."""
    baseline = collection.run(tracker).baseline
    results = collection.results
    return (
        results.record(baseline, dataset, sequence),
        results.record(tracker, dataset, sequence),
    )


def closed_loop(
    collection: Collection, tracker: str
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """(frames, largest |difference| of a coordinate in px) from the first difference on."""
    lines = []
    for dataset, s in furthest(collection, tracker)[:MAX_SEQUENCES]:
        baseline, variant = pair(collection, tracker, dataset, s.sequence)
        pixels = np.abs(baseline.boxes - variant.boxes).max(axis=1)
        start = s.first_divergent or 0
        frames = np.arange(start, len(pixels))
        step = -(-len(frames) // 400)
        # The largest of each stretch, so that thinning hides no peak.
        largest = np.maximum.reduceat(pixels[start:], np.arange(0, len(frames), step))
        lines.append((frames[::step], largest))
    return lines


def open_loop(
    collection: Collection, tracker: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(frames, largest |difference| in px of the search region), all sequences together."""
    certificate = collection.certificate(tracker)
    frames, pixels = [], []
    compared = [
        (dataset.dataset, s)
        for dataset in (certificate.datasets if certificate else ())
        for s in dataset.sequences
        if s.open_frames and s.open_relative is None  # in pixels, where they are known
    ]
    compared.sort(key=lambda item: -item[1].open_px)
    for dataset, s in compared[:MAX_OPEN_SEQUENCES]:
        baseline, variant = pair(collection, tracker, dataset, s.sequence)
        index, left, right = np.intersect1d(
            baseline.open_index, variant.open_index, return_indices=True
        )
        drift = baseline.open_boxes[left].astype(np.float64) - variant.open_boxes[right]
        frames.append(index)
        pixels.append(np.abs(drift).max(axis=1) * baseline.patch_size)
    if not frames:
        return np.zeros(0, np.int64), np.zeros(0)
    return np.concatenate(frames), np.concatenate(pixels)
