"""Whether one record can be the measure of another, and whether all numbers of both are any."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import RecordError
from toolkit_adapters.records import Flag, Record


class IncomparableError(RecordError):
    """Two records of one sequence of which one cannot be the measure of the other."""


def require_comparable(where: str, reference: Record, candidate: Record) -> None:
    """Raise unless two records are of the same frames, asked the same of their networks.

    Raises:
        IncomparableError: naming the sequence, what differs, and what to do.
    """
    pair = (reference, candidate)
    frames = [len(record) for record in pair]
    if frames[0] != frames[1]:
        raise IncomparableError(
            f"{where}: {frames[0]} frames on one side and {frames[1]} on the other; "
            "delete the shorter record and run the same command again"
        )
    paired = bool(reference.pairing) and reference.pairing == candidate.pairing
    known = [len(record.files) > 0 for record in pair]
    if all(known):
        other = first_true(reference.files != candidate.files)
        if other is not None:
            raise IncomparableError(
                f"{where}: the data differ, not the trackers: frame {other} is another file for "
                "the baseline than for the variant; run both again together"
            )
    elif paired and any(known):
        raise IncomparableError(f"{where}: which files were read is known for one side only")
    if not np.array_equal(reference.boxes[:1], candidate.boxes[:1]):
        raise IncomparableError(f"{where}: the two start from different boxes; run both again")
    outputs = [record.open_outputs.shape[1] for record in pair if len(record.open_index)]
    if len(set(outputs)) > 1:
        raise IncomparableError(
            f"{where}: the networks have {outputs[0]} and {outputs[1]} outputs; a variant "
            "and its baseline must be of one architecture"
        )
    if paired and not np.array_equal(reference.open_index, candidate.open_index):
        raise IncomparableError(
            f"{where}: {len(reference.open_index)} open-loop frames on one side and "
            f"{len(candidate.open_index)} on the other, or other ones; run both again together"
        )


def not_finite(reference: Record, candidate: Record) -> str:
    """Where a number is NaN or infinite, or a record without any box; empty where all is well.

    Scores that are NaN throughout, on both sides, are those of a tracker without scores.
    """
    pair = {"baseline": reference, "variant": candidate}
    scoreless = all(np.isnan(record.scores[1:]).all() for record in pair.values())
    for side, record in pair.items():
        columns = {"boxes": record.boxes, "scores": record.scores[:, None]}
        for what, values in columns.items():
            wrong = ~np.isfinite(values).all(axis=1)
            wrong[: 1 if what == "scores" else 0] = False
            frame = None if what == "scores" and scoreless else first_true(wrong)
            if frame is not None:
                return f"the {side}'s {what} are not finite in frame {frame}"
        wrong = ~np.isfinite(record.open_outputs).all(axis=1)
        if wrong.any():
            return (
                f"the {side}'s network gives what is not finite, open loop, in frame "
                f"{record.open_index[np.argmax(wrong)]}"
            )
        if len(record) > 1 and (record.flags[1:] & Flag.INVALID).all():
            return f"the {side} gives no box on any frame"
    return ""


def first_true(where: NDArray[np.bool_]) -> int | None:
    """Index of the first true entry; None where there is none."""
    return int(np.argmax(where)) if where.any() else None
