"""The table of peak memory."""

from __future__ import annotations

from toolkit_adapters.reporting.checks import references_for
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.memory import Peak, peak
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import Cell, Mark, Table, megabytes, number, text
from toolkit_adapters.reporting.tables.cells import memory_cell


def memory_table(collection: Collection) -> Table | None:
    """Peak memory, with the change against the baseline; None where none was measured."""
    rows: list[tuple[Cell, ...]] = []
    for name in collection.subjects:
        values = collection.memory.get(name)
        if values is None:
            continue
        rows.append(
            (
                text(name),
                megabytes(values.get("weights_bytes")),
                megabytes(peak(collection, name, Peak.ACTIVATIONS)),
                memory_cell(collection, name, Peak.ACTIVATIONS),
                megabytes(peak(collection, name, Peak.ALLOCATED)),
                memory_cell(collection, name, Peak.ALLOCATED),
                megabytes(peak(collection, name, Peak.RESERVED)),
                megabytes(peak(collection, name, Peak.RESIDENT)),
                text(values.get("device", "")),
            )
        )
    if not rows:
        return None
    references = [r for r in references_for(collection.families) if r.memory_change is not None]
    nothing = number(None)
    for reference in references:
        change = number(reference.memory_change, "+.1%", Mark.PUBLISHED)
        label = text(f"{reference.label}: + {reference.variant.title}", Mark.PUBLISHED)
        device = text(reference.device, Mark.PUBLISHED)
        rows.append((label, *[nothing] * 4, change, nothing, nothing, device))
    methods = sorted({str(values.get("method")) for values in collection.memory.values()})
    return Table(
        name="memory",
        section=Section.MEMORY,
        printed=True,
        title="Peak memory, one tracker a process, in MB (10^6 bytes)",
        headings=(
            *("tracker", "weights", "activations", "change", "allocated", "change"),
            *("reserved (CUDA)", "resident set", "device"),
        ),
        rows=tuple(rows),
        notes=(
            "activations: peak beside the weights; allocated: peak with them; resident set: the "
            "whole process, libraries included.",
            *(f"Measured with {method}." for method in methods),
            *(reference.memory_note for reference in references if reference.memory_note),
        ),
    )
