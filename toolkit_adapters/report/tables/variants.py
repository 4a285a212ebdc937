"""The table that holds a variant's cost, memory, accuracy and verdict side by side."""

from __future__ import annotations

from toolkit_adapters.report.collect import Collection
from toolkit_adapters.report.table import Table, number, text
from toolkit_adapters.report.tables.accuracy import score_cell
from toolkit_adapters.report.tables.latency import network_scope, ratio_cell
from toolkit_adapters.report.tables.memory import memory_change


def waterfall_table(collection: Collection) -> Table:
    """One row a variant: cost, memory, accuracy, verdict."""
    rows = []
    for name in collection.subjects:
        run = collection.run(name)
        latency = collection.latency(name, scope := network_scope(collection, name))
        certificate = collection.certificate(name)
        verdict = text("baseline")
        if certificate is not None:
            kept = "claim holds" if certificate.holds else "CLAIM BROKEN"
            kind = "good" if certificate.holds else "bad"
            verdict = text(f"{certificate.level}; {kept}", kind)
        rows.append(
            (
                text(name),
                text(" / ".join(run.spec[part] for part in ("attention", "engine", "precision"))),
                number(latency.mean if latency else None, ".2f", scale=1e3),
                ratio_cell(collection.ratio(name, scope)),
                memory_change(collection, name, "activations_peak_bytes"),
                memory_change(collection, name, "allocated_peak_bytes"),
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
        title="Every variant: cost, memory, accuracy, verdict",
        headings=(
            *("tracker", "attention / engine / precision", f"network ms ({clock})", "×"),
            *("activations", "allocated", *scores, "verdict"),
        ),
        rows=tuple(rows),
    )
