"""Writes a report: Markdown, page, tables, figures, certificate, and the data of it all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from toolkit_adapters.records import REPEAT
from toolkit_adapters.records.files import write_atomically
from toolkit_adapters.reporting import snapshot
from toolkit_adapters.reporting.answers import questions
from toolkit_adapters.reporting.attributes import attribute_tables
from toolkit_adapters.reporting.clips import build_clips
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.figures import build_figures
from toolkit_adapters.reporting.page import render_page
from toolkit_adapters.reporting.pgf import VALUE_OF, Curve, pgf
from toolkit_adapters.reporting.strips import build_strips
from toolkit_adapters.reporting.table import Table
from toolkit_adapters.reporting.tables import (
    accuracy,
    decisions,
    equivalence,
    latency,
    memory,
    provenance,
    reference,
    variants,
)

#: Rows of a table in Markdown, which nobody can sort or filter; the CSV file has them all.
MARKDOWN_ROWS = 60


def build_tables(collection: Collection) -> list[Table]:
    """All tables, in the order of the page; empty ones are left out."""
    found = [
        reference.reference_table(collection),
        *latency.table1(collection),
        accuracy.table2(collection),
        variants.waterfall_table(collection),
        equivalence.equivalence_table(collection),
        decisions.decision_table(collection),
        latency.latency_table(collection),
        memory.memory_table(collection),
        *accuracy.accuracy_tables(collection),
        *attribute_tables(collection),
        *accuracy.score_tables(collection),
        equivalence.sequence_table(collection),
        provenance.execution_table(collection),
        provenance.provenance_table(collection),
    ]
    return [table for table in found if table is not None and table.rows]


def pgf_curves(collection: Collection) -> dict[str, str]:
    """The curves of each dataset that is scored, as text for pgfplots, by the file's name."""
    found = {}
    for dataset in collection.datasets:
        overall = {name: collection.overall(name, dataset) for name in collection.subjects}
        convention = collection.accuracy.datasets[dataset].convention
        for kind, thresholds in convention.thresholds.items():
            curves = [
                Curve(name, 100 * score.values[key], thresholds, score.curves[kind], place)
                for place, (name, score) in enumerate(overall.items())
                if score is not None
                for key in (next(k for k in VALUE_OF[kind] if k in score.values),)
            ]
            if curves:
                found[f"{kind}_{dataset.replace('-', '_')}"] = pgf(kind, curves)
    return found


def write_tables(folder: Path, found: list[Table]) -> None:
    """`<name>.csv` and `<name>.tex` of each table."""
    for table in found:
        write_atomically(folder / f"{table.name}.csv", table.to_csv().encode())
        write_atomically(folder / f"{table.name}.tex", table.to_latex().encode())


def markdown(collection: Collection, found: list[Table], figures: Mapping[str, str]) -> str:
    """The report as Markdown; `figures` are captions by the file they describe."""
    parts = [f"# {title(collection)}\n", f"{summary(collection)}\n"]
    parts += [] if collection.on_cuda else [f"{latency.NO_GPU}\n"]
    for question in questions(collection):
        parts.append(f"## {question.title}\n")
        parts += [f"- **{a.tracker}: {a.headline}**. {a.detail}" for a in question.answers]
        parts += [f"- {sentence}" for sentence in question.stated]
        parts.append("")
    parts.append("## Tables\n")
    parts += [table.first(MARKDOWN_ROWS).to_markdown() for table in found]
    if figures:
        parts.append("## Figures\n")
        parts += [f"![{caption}]({file})\n\n{caption}\n" for file, caption in figures.items()]
    return "\n".join(parts)


def title(collection: Collection) -> str:
    """`hit_nano on demo-lasot, demo-got10k`."""
    baselines = sorted({collection.run(name).baseline for name in collection.subjects})
    return f"{', '.join(baselines)}: is it still the same tracker?"


def _many(broken: int) -> str:
    return "1 claim or control is" if broken == 1 else f"{broken} claims or controls are"


def _controls(collection: Collection) -> str:
    """That the controls hold, and what they are; "" where there are none."""
    names = [name for name in collection.trackers if name in collection.controls]
    others = [name for name in names if not name.endswith(REPEAT)]
    found = ["the baseline, run again, equals itself"] if len(others) < len(names) else []
    found += [f"{', '.join(others)} does not, as it must not"] if others else []
    return f", and every control: {'; '.join(found)}" if found else ""


def summary(collection: Collection) -> str:
    """One paragraph: what was run, where, and whether every claim and control holds.

    It begins with what is incomplete, if anything is.
    """
    frames = sum(e.frames for extracts in collection.extracts.values() for e in extracts.values())
    verification = collection.verification
    broken, gaps = verification.broken, verification.gaps
    part = " on that part" if gaps else ""
    verdict = (
        f"Every claim holds{part}{_controls(collection)}."
        if not broken
        else f"{_many(len(broken))} broken{part}; the first: {broken[0]}."
    )
    unscored = [
        f"{d.name} is not scored: {d.reason}."
        for d in collection.accuracy.datasets.values()
        if d.reason
    ]
    return " ".join(
        [
            *([f"INCOMPLETE, so every verdict is on a part: {gaps[0]}."] if gaps else []),
            f"{len(collection.subjects)} trackers on {', '.join(collection.datasets)}: {frames} "
            f"frames tracked on {', '.join(collection.devices)}. {verdict}",
            *unscored,
        ]
    )


def write_report(
    collection: Collection,
    out: Path,
    *,
    extra: list[Table] | None = None,
    progress: Callable[[str], None] = lambda step: None,
) -> list[Table]:
    """Write all files of a report below `out`; returns its tables.

    `extra`: further tables to go first, such as a comparison with an earlier report.
    """
    found = [*(extra or []), *build_tables(collection)]
    write_tables(out / "tables", found)
    data = json.dumps(snapshot.take(collection)) + "\n"
    write_atomically(out / snapshot.FILE, data.encode())
    collection.verification.write(out / "certificate.json")
    progress("figures")
    figures, strips = build_figures(collection), build_strips(collection)
    clips = build_clips(collection)
    files = {}
    for figure in figures:
        write_atomically(out / f"figures/{figure.name}.svg", figure.svg.encode())
        write_atomically(out / f"figures/{figure.name}.png", figure.png)
        files[f"figures/{figure.name}.png"] = figure.caption
    for name, content in pgf_curves(collection).items():
        write_atomically(out / f"figures/{name}.pgf", content.encode())
    for strip in strips:
        write_atomically(out / f"figures/{strip.name}.jpg", strip.jpeg)
        files[f"figures/{strip.name}.jpg"] = strip.caption
    for clip in clips:
        write_atomically(out / f"figures/{clip.name}.mp4", clip.mp4)
    progress("page")
    write_atomically(out / "report.md", markdown(collection, found, files).encode())
    page = render_page(
        collection,
        title(collection),
        summary(collection),
        questions(collection),
        found,
        figures,
        strips,
        clips,
    )
    write_atomically(out / "report.html", page.encode())
    return found
