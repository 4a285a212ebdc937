"""Decisions that a last bit can flip: how many did, the first, and how near the others were.

Some trackers choose: which tokens to drop, which cell has the highest response, whether a frame
becomes a template. Rounding moves what they choose by, so another choice is rare, and then it
changes all that follows. Closed loop, a flip may also follow from boxes that differed before; open
loop, both networks have the baseline's input, so a flip is the variant's own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit_adapters.records import Record


@dataclass(frozen=True)
class Flips:
    """One decision on one sequence, candidate against reference.

    Attributes:
        name: of the decision.
        frames: on which both decided.
        flips: of these, on how many they chose otherwise; closed loop.
        first: the first of them; None: none.
        first_margin: the reference's margin there; NaN: none.
        open_frames, open_flips: the same open loop.
        open_first, open_margin: the first of those flips, and the reference's margin there.
        smallest: smallest margin of the reference on this sequence.
    """

    name: str
    frames: int
    flips: int
    first: int | None
    first_margin: float
    open_frames: int
    open_flips: int
    open_first: int | None
    open_margin: float
    smallest: float


def compare_decisions(reference: Record, candidate: Record) -> tuple[Flips, ...]:
    """The decisions that both records have."""
    return tuple(
        _compare(reference, candidate, name)
        for name in reference.decision_names
        if name in candidate.decision_names
    )


def _compare(reference: Record, candidate: Record, name: str) -> Flips:
    left, right = (r.decision_names.index(name) for r in (reference, candidate))
    margins = reference.margins[:, left]
    ours, theirs = candidate.decisions[:, right], reference.decisions[:, left]
    decided = np.flatnonzero((ours >= 0) & (theirs >= 0))
    flipped = decided[ours[decided] != theirs[decided]]
    _, i, j = np.intersect1d(reference.open_index, candidate.open_index, return_indices=True)
    open_ours, open_theirs = candidate.open_decisions[j, right], reference.open_decisions[i, left]
    both = (open_ours >= 0) & (open_theirs >= 0)
    open_flipped = reference.open_index[i][both & (open_ours != open_theirs)]
    finite = margins[np.isfinite(margins)]
    return Flips(
        name=name,
        frames=len(decided),
        flips=len(flipped),
        first=int(flipped[0]) if len(flipped) else None,
        first_margin=float(margins[flipped[0]]) if len(flipped) else float("nan"),
        open_frames=int(both.sum()),
        open_flips=len(open_flipped),
        open_first=int(open_flipped[0]) if len(open_flipped) else None,
        open_margin=float(margins[open_flipped[0]]) if len(open_flipped) else float("nan"),
        smallest=float(finite.min()) if len(finite) else float("nan"),
    )
