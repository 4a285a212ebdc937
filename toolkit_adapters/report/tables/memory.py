"""The table of peak memory."""

from __future__ import annotations

from toolkit_adapters.report import paper
from toolkit_adapters.report.collect import Collection
from toolkit_adapters.report.table import Cell, Table, megabytes, number, text


def memory_table(collection: Collection) -> Table:
    """Peak memory, with the change against the baseline."""
    rows = []
    for name in collection.subjects:
        values = collection.memory.get(name)
        if values is None:
            continue
        peaks = [values.get(f"{kind}_bytes") for kind in ("weights", "activations_peak")]
        rows.append(
            (
                text(name),
                *map(megabytes, peaks),
                memory_change(collection, name, "activations_peak_bytes"),
                megabytes(values.get("allocated_peak_bytes")),
                memory_change(collection, name, "allocated_peak_bytes"),
                megabytes(values.get("reserved_peak_bytes")),
                megabytes(values.get("rss_peak_bytes")),
                text(values.get("device", "")),
            )
        )
    if not rows:
        return Table("memory", "Peak memory", (), ())
    change = number(paper.MEMORY_CHANGE, "+.1%", "paper")
    note = text("paper: + memory-efficient attention", "paper")
    blank = [number(None)] * 3
    rows.append((note, *blank, number(None), change, *blank[:2], text("NVIDIA L40S", "paper")))
    methods = sorted({str(values.get("method")) for values in collection.memory.values()})
    return Table(
        name="memory",
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
            "The paper does not say whether its −28.4 % includes the weights.",
        ),
    )


def memory_change(collection: Collection, tracker: str, field: str) -> Cell:
    """Change against the baseline as a share: −0.284 prints as −28.4%."""
    baseline = collection.run(tracker).baseline
    mine, theirs = ((collection.memory.get(name) or {}).get(field) for name in (tracker, baseline))
    if not mine or not theirs or tracker == baseline:
        return number(None)
    return number(mine / theirs - 1, "+.1%")
