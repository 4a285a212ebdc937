"""Tables of equivalence: each variant against its baseline, and each sequence."""

from __future__ import annotations

from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import Mark, Table, number, text
from toolkit_adapters.reporting.tables.cells import control_notes, kept_mark
from toolkit_adapters.verdict.levels import BOUND_PX, Boxes

LEVEL_NOTES = (
    "is: how far apart the boxes are, from strongest to weakest: bitwise (every bit of every box), "
    "file-identical (the same result files), within so many px (no coordinate is further apart, at "
    f"most {BOUND_PX:g} px), different.",
    "scores: whether every entry of a table of scores prints the same, and on how many sequences. "
    "Two trackers may score the same and follow different targets, so it says nothing about boxes.",
)


def equivalence_table(collection: Collection) -> Table:
    """Each variant against its baseline, all datasets, controls included."""
    rows = []
    for c in collection.verification.certificates:
        first = next((s for s in c.sequences if s.first_divergent is not None), None)
        rows.append(
            (
                text(collection.label(c.tracker)),
                text(c.claim),
                text(c.verdict, Mark.GOOD if c.boxes is Boxes.BITWISE else Mark.NONE),
                text(c.scores),
                text(c.kept, kept_mark(c)),
                number(c.frames, "d"),
                number(c.identical_share, ".2%"),
                text(f"{first.sequence}, frame {first.first_divergent}" if first else "none"),
                number(c.largest_px, ".3g"),
                number(c.smallest_iou, ".6f"),
                number(c.open_ulps if c.open_frames else None, "d"),
                number(c.open_px, ".2g")
                if c.open_frames and c.open_relative is None
                else text(c.open_far),
            )
        )
    return Table(
        name="equivalence",
        section=Section.EQUIVALENCE,
        printed=True,
        title="Is it the same tracker? Unrounded boxes against the baseline's",
        headings=(
            *("tracker", "claims", "is", "scores", "claim holds", "frames", "identical frames"),
            *("first difference", "largest px", "smallest IoU"),
            *("open loop, ulps", "open loop, px"),
        ),
        rows=tuple(rows),
        notes=(
            *LEVEL_NOTES,
            "Closed loop: each tracker follows its own boxes. Open loop: both networks are fed the "
            "baseline's search regions; ulps are units in the last place of float32, over all "
            "outputs. Where nobody knows which outputs are the box, the largest difference of any "
            "output is over the range of its tensor.",
            *control_notes(collection),
            *(f"Control: {control.message}." for control in collection.verification.controls),
        ),
    )


def sequence_table(collection: Collection) -> Table:
    """Each variant on each sequence."""
    rows = [
        (
            text(c.tracker),
            text(dataset.dataset),
            text(s.sequence),
            text(s.boxes.said(s.largest_px)),
            text(s.scores),
            number(s.frames, "d"),
            number(s.identical / s.frames, ".2%"),
            number(s.first_divergent, "d"),
            number(s.largest_px, ".3g"),
            number(s.smallest_iou, ".6f"),
            number(s.open_ulps if s.open_frames else None, "d"),
        )
        for c in collection.verification.certificates
        for dataset in c.datasets
        for s in dataset.sequences
    ]
    return Table(
        name="sequences",
        section=Section.EQUIVALENCE,
        title="Equivalence by sequence",
        headings=(
            *("tracker", "dataset", "sequence", "is", "scores", "frames", "identical frames"),
            *("first different frame", "largest px", "smallest IoU", "open loop, ulps"),
        ),
        rows=tuple(rows),
        notes=("Frames count from 0, the frame of initialisation.",),
    )
