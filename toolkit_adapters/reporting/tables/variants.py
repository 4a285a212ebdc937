"""The table that holds a variant's cost, memory, accuracy and verdict side by side."""

from __future__ import annotations

from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.memory import Peak
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import NOTHING, Table, number, text
from toolkit_adapters.reporting.tables.accuracy import score_cell
from toolkit_adapters.reporting.tables.cells import RATIO_NOTE, kept_mark, memory_cell, ratio_cell

#: Of a variant's name; a family may not have all of them.
PARTS = ("attention", "engine", "precision")


def waterfall_table(collection: Collection) -> Table:
    """One row a variant: cost, memory, accuracy, verdict."""
    rows = []
    for name in collection.subjects:
        run = collection.run(name)
        latency = collection.latency(name, scope := collection.network_scope(name))
        certificate = collection.certificate(name)
        verdict = text("baseline")
        if certificate is not None:
            kept = "claim holds" if certificate.holds else "CLAIM BROKEN"
            kept += "" if certificate.coverage.complete else f" {certificate.coverage}"
            verdict = text(f"{certificate.verdict}; {kept}", kept_mark(certificate))
        rows.append(
            (
                text(name),
                text(" / ".join(run.parts.get(part, NOTHING) for part in PARTS)),
                number(latency.mean if latency else None, ".2f", scale=1e3),
                ratio_cell(collection.ratio(name, scope)),
                memory_cell(collection, name, Peak.ACTIVATIONS),
                memory_cell(collection, name, Peak.ALLOCATED),
                *(score_cell(collection, name, dataset) for dataset in collection.datasets),
                verdict,
            )
        )
    scores = [
        f"{dataset} {collection.accuracy.datasets[dataset].convention.headline[0]}"
        for dataset in collection.datasets
    ]
    clock = "device" if collection.on_cuda else "wall"
    return Table(
        name="variants",
        section=Section.SPEED,
        title="Every variant: cost, memory, accuracy, verdict",
        headings=(
            *("tracker", " / ".join(PARTS), f"network ms ({clock})", "×"),
            *("activations", "allocated", *scores, "verdict"),
        ),
        rows=tuple(rows),
        notes=(RATIO_NOTE,),
    )
