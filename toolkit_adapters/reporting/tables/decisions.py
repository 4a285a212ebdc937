"""The table of decisions: how many a variant took otherwise than its baseline."""

from __future__ import annotations

import math

from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import Cell, Mark, Table, number, text


def decision_table(collection: Collection) -> Table | None:
    """A row a variant and decision; None where no tracker tells of decisions."""
    rows: list[tuple[Cell, ...]] = []
    for c in collection.verification.certificates:
        names = dict.fromkeys(flips.name for s in c.sequences for flips in s.flips)
        for name in names:
            found = [(s.sequence, f) for s in c.sequences for f in s.flips if f.name == name]
            first = next((each for each in found if each[1].first is not None), None)
            frames = sum(f.frames for _, f in found)
            flips = sum(f.flips for _, f in found)
            open_frames = sum(f.open_frames for _, f in found)
            smallest = min(
                (f.smallest for _, f in found if not math.isnan(f.smallest)), default=None
            )
            rows.append(
                (
                    text(collection.label(c.tracker)),
                    text(name),
                    number(frames, "d"),
                    Cell(str(flips), flips, Mark.GOOD if flips == 0 else Mark.BAD),
                    text(f"{first[0]}, frame {first[1].first}" if first else "none"),
                    number(first[1].first_margin if first else None, ".2g"),
                    number(open_frames or None, "d"),
                    number(sum(f.open_flips for _, f in found) if open_frames else None, "d"),
                    number(smallest, ".2g"),
                )
            )
    if not rows:
        return None
    return Table(
        name="decisions",
        section=Section.EQUIVALENCE,
        printed=True,
        title="Decisions that a last bit can flip",
        headings=(
            *("tracker", "decision", "decided", "flips", "first flip", "its margin"),
            *("open loop, decided", "open loop, flips", "smallest margin"),
        ),
        rows=tuple(rows),
        notes=(
            "A flip: the variant chose otherwise than its baseline on the same frame. Closed loop "
            "that may follow from boxes that differed before; open loop both have the baseline's "
            "input, so it is the variant's own.",
            "margin: by how much the baseline chose as it did, here and everywhere; what each "
            "decision is, and the unit of its margin, is in docs/decisions.md.",
        ),
    )
