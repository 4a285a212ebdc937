"""Is it the same tracker? The records of two, compared frame by frame, unrounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.variants import Evidence
from toolkit_adapters.records import Flag, Record, Results
from toolkit_adapters.scoring.geometry import iou
from toolkit_adapters.verdict.comparable import (
    IncomparableError,
    first_true,
    not_finite,
    require_comparable,
)
from toolkit_adapters.verdict.decisions import Flips, compare_decisions
from toolkit_adapters.verdict.levels import (
    BOUND_PX,
    Agreement,
    Boxes,
    Entries,
    Printed,
    agreement,
    weakest,
)

#: Numbers further apart than this cannot print the same in a result file (`%.3f`).
_FILE_STEP = 0.001

#: What a record holds that was never fed a baseline's input.
_NOT_OPENED: dict[str, Any] = {
    "open_index": np.zeros(0, np.int64),
    "open_outputs": np.zeros((0, 4), np.float32),
    "open_ranges": np.zeros((0, 0), np.float32),
    "open_digests": np.zeros(0, np.uint64),
}

#: `scores(dataset, {sequence: boxes})`: what a table prints of them; None where it has no truth.
Scores = Callable[[str, Mapping[str, NDArray[np.float64]]], Entries | None]


@dataclass(frozen=True)
class SequenceComparison:
    """One sequence, candidate against reference."""

    sequence: str
    boxes: Boxes
    scores: Agreement  # as a table prints those of this sequence alone
    frames: int
    identical: int  # frames whose four float64 are equal bit for bit
    first_divergent: int | None  # index of the first frame that is not
    largest_px: float  # largest |difference| of a coordinate
    smallest_iou: float  # between the two boxes of one frame
    first_other_score: int | None  # first frame whose scores are not equal bit for bit
    scores_apart: float  # largest difference of scores up to the first divergent frame
    first_invalid: int | None  # first frame on which only one of the two gave a box
    not_finite: str  # where a number is NaN or infinite, or no box was given at all; else empty
    open_frames: int  # frames compared open loop; 0 where there are none
    open_ulps: int  # largest open-loop difference of all outputs, ulps of float32
    open_px: float  # the same of the boxes, in pixels of the search region
    open_equal: bool  # every bit of all outputs
    open_relative: float | None  # of an output, over its tensor's range; None where boxes are known
    paired: bool  # measured together on the same decoded frames
    flips: tuple[Flips, ...] = ()  # by decision, where both trackers tell of some

    @property
    def evidence(self) -> Evidence:
        """What a claim is checked by."""
        return Evidence(
            boxes_equal=self.boxes is Boxes.BITWISE,
            scores_equal=self.first_other_score is None,
            scores_apart=self.scores_apart,
            invalid_equal=self.first_invalid is None,
            open_frames=self.open_frames,
            open_equal=self.open_equal,
            open_px=self.open_px,
            open_relative=self.open_relative,
            finite=not self.not_finite,
        )


@dataclass(frozen=True)
class DatasetComparison:
    """All sequences that both trackers have of one dataset."""

    dataset: str
    scores: Agreement  # of the table's entries: means over the sequences
    sequences: tuple[SequenceComparison, ...]
    incomparable: tuple[str, ...]  # sentences about the others

    @property
    def boxes(self) -> Boxes:
        """The weakest level of a sequence."""
        return weakest(s.boxes for s in self.sequences)

    @property
    def frames(self) -> int:
        """Number of frames compared."""
        return sum(s.frames for s in self.sequences)

    @property
    def identical_share(self) -> float:
        """Share of frames equal bit for bit, 0 to 1."""
        return sum(s.identical for s in self.sequences) / max(1, self.frames)


def ulps(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.int64]:
    """Distance in units in the last place of float32, elementwise; NaN is infinitely far.

    >>> ulps(np.float32([1.0, 0.0]), np.float32([1.0000001, -0.0]))
    array([1, 0])
    """

    def ordered(x: NDArray[np.float32]) -> NDArray[np.int64]:
        bits = np.ascontiguousarray(x, dtype=np.float32).view(np.int32).astype(np.int64)
        # Negative floats count downwards from zero.
        return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)

    distance = np.abs(ordered(a) - ordered(b))
    return np.where(np.isnan(a) ^ np.isnan(b), np.iinfo(np.int64).max, distance)


def result_file(boxes: NDArray[np.float64]) -> bytes:
    """A result file as GOT-10k's toolkit writes it: `%.3f`, comma, a line a frame."""
    return "".join(",".join(f"{v:.3f}" for v in row) + "\n" for row in boxes).encode()


def compare_records(
    name: str,
    dataset: str,
    reference: Record,
    candidate: Record,
    scores: Scores | None = None,
) -> SequenceComparison:
    """Compare two records of one sequence.

    Raises:
        IncomparableError: they are not of the same frames, start from different boxes, or their
            networks were not asked the same.
    """
    require_comparable(f"{dataset}/{name}", reference, candidate)
    a, b = reference.boxes, candidate.boxes
    same = (_bits(a) == _bits(b)).all(axis=1)
    equal = bool(same.all())
    first = None if equal else int(np.argmin(same))
    # What is not a number is infinitely far from everything, itself too.
    largest = 0.0 if equal else float(_far(np.abs(a - b)).max(initial=0.0))
    scores_apart = _scores_apart(reference, candidate)
    _, left, right = np.intersect1d(reference.open_index, candidate.open_index, return_indices=True)
    p, q = reference.open_outputs[left], candidate.open_outputs[right]
    if not len(left):
        p = q = np.zeros((0, 4), np.float32)
    side = reference.patch_size if reference.patch_size == candidate.patch_size else 0
    drift = np.abs(p.astype(np.float64) - q.astype(np.float64))
    relative = _relative(drift, reference, candidate, left)
    apart = int(ulps(p, q).max(initial=0))
    return SequenceComparison(
        sequence=name,
        boxes=_level(a, b, equal, largest),
        scores=_agreement(scores, dataset, {name: a}, {name: b}, equal),
        frames=len(a),
        identical=int(same.sum()),
        first_divergent=first,
        largest_px=largest,
        smallest_iou=1.0 if equal else float(iou(a, b, undefined=0.0).min(initial=1.0)),
        first_other_score=first_true(scores_apart != 0),
        scores_apart=float(scores_apart[: len(a) if first is None else first + 1].max(initial=0.0)),
        first_invalid=first_true((reference.flags ^ candidate.flags) & Flag.INVALID != 0),
        not_finite=not_finite(reference, candidate),
        open_frames=len(left),
        open_ulps=apart,
        # Without the side of the search region nothing is known in pixels.
        open_px=0.0
        if relative is not None
        else float(_far(drift[:, :4] * (side if side > 0 else np.nan)).max(initial=0.0)),
        open_equal=apart == 0 and _digests_equal(reference, candidate, left, right),
        open_relative=relative,
        paired=bool(reference.pairing) and reference.pairing == candidate.pairing,
        flips=compare_decisions(reference, candidate),
    )


def compare_datasets(
    results: Results, baseline: str, tracker: str, dataset: str, scores: Scores | None = None
) -> DatasetComparison:
    """Compare all sequences that both trackers have.

    Raises:
        RecordError: a record is damaged.
    """
    own = set(results.sequences(tracker, dataset))
    another = results.run(tracker, dataset).family != results.run(baseline, dataset).family
    compared = []
    incomparable = []
    boxes: tuple[dict[str, NDArray[np.float64]], dict[str, NDArray[np.float64]]] = ({}, {})
    for name in results.sequences(baseline, dataset):
        if name not in own:
            continue
        reference, candidate = (results.record(side, dataset, name) for side in (baseline, tracker))
        if another and not len(candidate.open_index):
            # Another network than its baseline's, which has no use for that one's input.
            reference = replace(reference, **_NOT_OPENED)
        try:
            compared.append(compare_records(name, dataset, reference, candidate, scores))
        except IncomparableError as error:
            incomparable.append(str(error))
            continue
        boxes[0][name], boxes[1][name] = reference.boxes, candidate.boxes
    equal = all(c.boxes is Boxes.BITWISE for c in compared)
    # A table has means: single sequences may differ where the printed mean does not.
    together = _agreement(scores, dataset, *boxes, equal) if compared else Agreement()
    return DatasetComparison(dataset, together, tuple(compared), tuple(incomparable))


def _relative(
    drift: NDArray[np.float64], reference: Record, candidate: Record, rows: NDArray[np.intp]
) -> float | None:
    """Largest difference over the range of the baseline's tensor; None where boxes are known."""
    known = [
        record.patch_size > 0 or not record.open_ranges.size for record in (reference, candidate)
    ]
    if any(known) or not len(rows):
        return None
    ranges = reference.open_ranges[rows]
    # A tensor of one number repeated has no range: then only equality is near.
    shares = np.where(drift == 0, 0.0, drift / np.where(ranges > 0, ranges, np.nan))
    return float(_far(shares).max(initial=0.0))


def _digests_equal(
    reference: Record, candidate: Record, left: NDArray[np.intp], right: NDArray[np.intp]
) -> bool:
    """Whether the digests over all outputs are; those of records that hold all outputs are none."""
    a, b = (record.open_digests for record in (reference, candidate))
    if not len(a) and not len(b):
        return True
    return (
        len(a) == len(reference.open_index)
        and len(b) == len(candidate.open_index)
        and bool(np.array_equal(a[left], b[right]))
    )


def _level(a: NDArray[np.float64], b: NDArray[np.float64], equal: bool, largest: float) -> Boxes:
    if equal:
        return Boxes.BITWISE
    if largest <= _FILE_STEP and result_file(a) == result_file(b):
        return Boxes.FILE_IDENTICAL
    return Boxes.WITHIN if largest <= BOUND_PX else Boxes.DIFFERENT


def _agreement(
    scores: Scores | None,
    dataset: str,
    reference: Mapping[str, NDArray[np.float64]],
    candidate: Mapping[str, NDArray[np.float64]],
    equal: bool,
) -> Agreement:
    """Whether tables print the same; where all boxes are `equal`, they do."""
    if scores is None:
        return Agreement()
    entries = scores(dataset, reference)
    if equal and entries is not None:
        return Agreement(Printed.EQUAL, entries.sequences)
    return agreement(entries, scores(dataset, candidate))


def _scores_apart(reference: Record, candidate: Record) -> NDArray[np.float64]:
    """|Difference| of scores (N,), 0 only where they are equal bit for bit; 0 at frame 0."""
    a, b = reference.scores, candidate.scores
    apart = _far(np.abs(a - b))
    equal = (_bits(a) == _bits(b)) | (np.isnan(a) & np.isnan(b))
    # Zeros of two signs are apart by nothing, and no equal bits.
    apart = np.where(equal, 0.0, np.maximum(apart, np.finfo(np.float64).tiny))
    apart[:1] = 0.0
    return apart


def _far(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isnan(distance), np.inf, distance)


def _bits(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    # Comparing floats would call 0.0 and -0.0 equal.
    return np.ascontiguousarray(numbers).view(np.int64)
