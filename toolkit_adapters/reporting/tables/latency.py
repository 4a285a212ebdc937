"""Tables of latency: Table 1, and every scope with percentiles."""

from __future__ import annotations

from collections.abc import Iterator

from hit_trackers.references import Other, Reference
from toolkit_adapters.reporting.checks import references_for
from toolkit_adapters.reporting.collect import SCOPES, Collection
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import Cell, Mark, Table, milliseconds, number, text
from toolkit_adapters.reporting.tables.cells import RATIO_NOTE, control_notes, ratio_cell

SCOPE_NAMES = {
    "device": "network, device",
    "network": "network, wall",
    "update": "update",
    "frame": "frame",
}
SCOPE_NOTES = (
    "network: patches on the device in, box out; update: image in memory in, box out; "
    "frame: file on disk in, box out. Update and frame are wall times everywhere.",
    "FPS is n / sum(t). Initialisation, warm-up frames and frames during which other work used the "
    "device are left out.",
)
NO_GPU = "No GPU was at hand: these are wall times on a CPU, and no device time was measured."


def table1(collection: Collection) -> list[Table]:
    """Table 1 of the paper, one for each device: latency, FPS, ratio."""
    tables: list[Table] = []
    references = [r for r in references_for(collection.families) if _rows_of(r)]
    for device in collection.devices:
        names = [name for name in collection.trackers if collection.device(name) == device]
        on_cuda = collection.run(names[0]).on_cuda
        clock = "device, CUDA events" if on_cuda else "wall"
        headings = ("tracker", f"network ms ({clock})", "network FPS", "network ×", "update ms")
        rows = []
        for name in names:
            row = [text(collection.label(name))]
            for scope in (collection.network_scope(name), "update"):
                latency = collection.latency(name, scope)
                row += [
                    milliseconds(latency.mean if latency else None),
                    number(latency.fps if latency else None, ".1f"),
                    ratio_cell(collection.ratio(name, scope)),
                ]
            whole = collection.latency(name, "frame")
            row.append(milliseconds(whole.mean if whole else None))
            rows.append((*row, number(whole.fps if whole else None, ".1f")))
        rows += [row for r in references for row in _rows_of(r)]
        tables.append(
            Table(
                name=f"table1{'' if len(collection.devices) == 1 else f'_{len(tables) + 1}'}",
                section=Section.SPEED,
                printed=True,
                title=f"Table 1. Latency on {device}, batch 1",
                headings=(*headings, "update FPS", "update ×", "frame ms", "frame FPS"),
                rows=tuple(rows),
                notes=(
                    *([] if on_cuda else [NO_GPU]),
                    *_sharing(collection),
                    *SCOPE_NOTES,
                    RATIO_NOTE,
                    *control_notes(collection),
                    *(note for r in references for note in _whose(r)),
                ),
            )
        )
    return tables


def latency_table(collection: Collection) -> Table:
    """Every scope of every tracker, with percentiles."""
    rows = []
    for name in collection.trackers:
        for scope in SCOPES:
            latency = collection.latency(name, scope)
            if latency is None:
                continue
            ratio = collection.ratio(name, scope)
            times = [getattr(latency, p) for p in ("mean", "p50", "p90", "p95", "p99", "max")]
            rows.append(
                (
                    text(collection.label(name)),
                    text(SCOPE_NAMES[scope]),
                    number(latency.n, "d"),
                    *map(milliseconds, times),
                    number(latency.fps, ".1f"),
                    ratio_cell(ratio),
                    number(ratio.median if ratio else None, ".3f"),
                )
            )
        launch = launch_overhead(collection, name)
        if launch is not None:
            blank = [number(None)] * 8
            label = text("launch overhead: wall − device")
            rows.append((text(name), label, number(None), milliseconds(launch), *blank))
    statistics = ("mean ms", "p50", "p90", "p95", "p99", "max")
    return Table(
        name="latency",
        section=Section.LATENCY,
        title="Latency in every scope",
        headings=("tracker", "scope", "n", *statistics, "FPS", "×", "median ratio"),
        rows=tuple(rows),
        notes=(
            *([] if collection.on_cuda else [NO_GPU]),
            *SCOPE_NOTES,
            RATIO_NOTE,
            "median ratio: of the ratios of single frames, which no slow frame can move.",
            *control_notes(collection),
            "Controls: the baseline run again is the same work, so its × is noise; a variant "
            "counts as faster or slower only beyond it.",
        ),
    )


def launch_overhead(collection: Collection, tracker: str) -> float | None:
    """Mean seconds by which the network's wall time exceeds its device time; None on a CPU."""
    wall, device = (collection.latency(tracker, scope) for scope in ("network", "device"))
    return wall.mean - device.mean if wall and device else None


def _rows_of(reference: Reference) -> list[tuple[Cell, ...]]:
    """The rows of a reference that states times: its own two, and those of other trackers."""
    place = "GPU" if reference.gpu else "CPU"
    prefix = f"{reference.label}, {place}: "
    first, second = reference.baseline, reference.variant
    rows = []
    if first.fps is not None:
        rows.append(_row(prefix + first.title, first.ms, first.fps))
    if reference.speedup is not None:
        label = f"{prefix}+ {second.title}"
        rows.append(_row(label, second.ms, second.fps, reference.speedup))
    others = [_row(f"published: {each.title}", None, each.fps) for each in _timed(reference)]
    return rows + others


def _row(
    label: str, ms: float | None, fps: float | None, speedup: float | None = None
) -> tuple[Cell, ...]:
    return (
        text(label, Mark.PUBLISHED),
        number(ms, ".2f", Mark.PUBLISHED),
        number(fps, ".0f", Mark.PUBLISHED),
        number(speedup, ".2f", Mark.PUBLISHED),
        *[number(None)] * 5,
    )


def _timed(reference: Reference) -> list[Other]:
    return [other for other in reference.others if other.fps is not None]


def _whose(reference: Reference) -> Iterator[str]:
    """What must be known of the rows: where they were measured, and who says so."""
    device = (
        ""
        if not reference.device or reference.device in reference.setting
        else (f", {reference.device}")
    )
    yield (
        f"Rows “{reference.label}” are the {reference.label}'s figures "
        f"({reference.setting}{device}), not measured here."
    )
    for other in _timed(reference):
        yield f"“{other.title}” is published for {other.device}: {other.source}."


def _sharing(collection: Collection) -> list[str]:
    """What was done with frames that ran beside other work on their device, if there are any."""
    frames = sum(e.shared for extracts in collection.extracts.values() for e in extracts.values())
    if not frames:
        return []
    if collection.shared_times:
        return [f"Times hold {frames} frames that ran beside other work on their device."]
    return [
        f"{frames} frames ran beside other work on their device: their times are left out "
        "(--timing shared counts them)."
    ]
