"""Is it the same tracker? Two trackers' records compared, frame by frame, from unrounded boxes.

From strongest to weakest: **bitwise** (every frame's bits), **file-identical** (the result files
are byte-equal), **score-identical** (every table entry prints the same), **bounded** (no
coordinate moves by more than `BOUND_PX`), **different**.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import RecordError
from toolkit_adapters.records import Record, Results
from toolkit_adapters.scoring.geometry import iou

LEVELS = ("bitwise", "file-identical", "score-identical", "bounded", "different")
#: One pixel is what official annotations resolve.
BOUND_PX = 1.0

#: Numbers further apart than this cannot print the same in a result file (`%.3f`).
_FILE_STEP = 0.001

#: `scores(dataset, {sequence: boxes}) -> printed table entries`, in a fixed order.
Scores = Callable[[str, Mapping[str, NDArray[np.float64]]], tuple[str, ...]]


@dataclass(frozen=True)
class SequenceComparison:
    """One sequence, candidate against reference."""

    sequence: str
    level: str
    frames: int
    identical: int  # frames whose four float64 are equal bit for bit
    first_divergent: int | None  # index of the first frame that is not
    largest_px: float  # largest |difference| of a coordinate
    smallest_iou: float  # between the two boxes of one frame
    open_frames: int  # frames compared open loop; 0 where there are none
    open_ulps: int  # largest open-loop difference, units in the last place of float32
    open_px: float  # the same in pixels of the search region
    paired: bool  # measured together on the same decoded frames


@dataclass(frozen=True)
class DatasetComparison:
    """All sequences that both trackers have of one dataset."""

    dataset: str
    level: str
    sequences: tuple[SequenceComparison, ...]
    missing: tuple[str, ...]  # recorded for one of the two only

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
        RecordError: their numbers of frames differ.
    """
    a, b = reference.boxes, candidate.boxes
    if len(a) != len(b):
        raise RecordError(
            f"{dataset}/{name}: {len(a)} frames on one side and {len(b)} on the other; "
            "delete the shorter record and run the same command again"
        )
    same = (_bits(a) == _bits(b)).all(axis=1)
    largest = float(np.abs(a - b).max(initial=0.0))
    if same.all():
        level = "bitwise"
    elif largest <= _FILE_STEP and result_file(a) == result_file(b):
        level = "file-identical"
    elif scores is not None and scores(dataset, {name: a}) == scores(dataset, {name: b}):
        level = "score-identical"
    else:
        level = "bounded" if largest <= BOUND_PX else "different"
    _, left, right = np.intersect1d(reference.open_index, candidate.open_index, return_indices=True)
    p, q = reference.open_outputs[left], candidate.open_outputs[right]
    if p.shape != q.shape:
        raise RecordError(
            f"{dataset}/{name}: the networks have {p.shape[1]} and {q.shape[1]} outputs; a variant "
            "and its baseline must be of one architecture"
        )
    drift = np.abs(p[:, :4].astype(np.float64) - q[:, :4].astype(np.float64))
    drift *= reference.patch_size
    return SequenceComparison(
        sequence=name,
        level=level,
        frames=len(a),
        identical=int(same.sum()),
        first_divergent=None if same.all() else int(np.argmin(same)),
        largest_px=largest,
        smallest_iou=float(iou(a, b, undefined=0.0).min(initial=1.0)) if not same.all() else 1.0,
        open_frames=len(left),
        open_ulps=int(ulps(p, q).max(initial=0)),
        open_px=float(np.where(np.isnan(drift), np.inf, drift).max(initial=0.0)),
        paired=bool(reference.pairing) and reference.pairing == candidate.pairing,
    )


def weakest(levels: Iterable[str]) -> str:
    """The weakest of some levels; `different` for none at all."""
    return max(levels, key=LEVELS.index, default="different")


def compare_datasets(
    results: Results, baseline: str, tracker: str, dataset: str, scores: Scores | None = None
) -> DatasetComparison:
    """Compare all sequences that both trackers have.

    Raises:
        RecordError: a record is damaged, or the two ran on different data.
    """
    sides = {name: results.run(name, dataset) for name in (baseline, tracker)}
    for key in ("dataset_fingerprint", "max_frames"):
        if sides[baseline].identity.get(key) != sides[tracker].identity.get(key):
            raise RecordError(
                f"{dataset}: {baseline} and {tracker} were not run on the same data "
                f"({key} differs); run both again in a new results folder"
            )
    names = [results.sequences(name, dataset) for name in (baseline, tracker)]
    common = [name for name in names[0] if name in set(names[1])]
    pairs = {
        name: tuple(results.record(side, dataset, name) for side in (baseline, tracker))
        for name in common
    }
    compared = tuple(compare_records(n, dataset, a, b, scores) for n, (a, b) in pairs.items())
    level = weakest(c.level for c in compared)
    if scores is not None and LEVELS.index(level) > LEVELS.index("score-identical") and pairs:
        # A table has means: single sequences may differ where the printed mean does not.
        entries = [scores(dataset, {n: p[side].boxes for n, p in pairs.items()}) for side in (0, 1)]
        level = "score-identical" if entries[0] == entries[1] else level
    missing = tuple(sorted(set(names[0]) ^ set(names[1])))
    return DatasetComparison(dataset, level, compared, missing)


def _bits(boxes: NDArray[np.float64]) -> NDArray[np.int64]:
    # Comparing floats would call 0.0 and -0.0 equal.
    return np.ascontiguousarray(boxes).view(np.int64)
