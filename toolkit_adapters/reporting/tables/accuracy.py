"""Tables of accuracy: Table 2, each dataset with intervals, each sequence."""

from __future__ import annotations

import math

from toolkit_adapters.datasets.catalogue import DEMO_PARTS
from toolkit_adapters.reporting.checks import references_for
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import Cell, Mark, Table, number, text
from toolkit_adapters.reporting.tables.cells import brackets
from toolkit_adapters.scoring.statistics import Interval, paired_difference, score_intervals

#: Scores of a dataset in Table 2: papers print the first three.
SHORT = 3


def table2(collection: Collection) -> Table:
    """Table 2 of the paper: three scores of each dataset, a row a tracker."""
    datasets = [
        name
        for name in collection.datasets
        if any(collection.scores(tracker, name) for tracker in collection.subjects)
    ]
    columns = [
        (dataset, score)
        for dataset in datasets
        for score in collection.accuracy.datasets[dataset].convention.headline[:SHORT]
    ]
    rows = []
    for tracker in collection.subjects if columns else ():
        found = {dataset: collection.overall(tracker, dataset) for dataset in datasets}
        cells = []
        for dataset, score in columns:
            overall = found[dataset]
            cells.append(number(overall.values[score] if overall else None, ".1f", scale=100))
        rows.append((text(tracker), *cells))
    published = _published(collection, columns)
    rows += [row for row, _ in published]
    return Table(
        name="table2",
        section=Section.ACCURACY,
        printed=True,
        title="Table 2. Accuracy, per cent",
        headings=("tracker", *(f"{dataset} {score}" for dataset, score in columns)),
        rows=tuple(rows),
        notes=(
            *(f"{dataset}: {_scored_on(collection, dataset)}" for dataset in datasets),
            *(note for _, note in published),
        ),
    )


def accuracy_tables(collection: Collection) -> list[Table]:
    """Each dataset's scores with intervals, and the difference from the baseline."""
    tables = []
    for dataset in collection.datasets:
        names = collection.accuracy.datasets[dataset].convention.headline
        rows = []
        for tracker in collection.subjects:
            scores = collection.scores(tracker, dataset)
            overall = collection.overall(tracker, dataset)
            if overall is None:
                continue
            intervals = score_intervals(list(scores.values()))
            cells = [
                Cell(
                    f"{100 * overall.values[name]:.2f}",
                    100 * overall.values[name],
                    range="" if math.isnan(intervals[name].low) else f"[{intervals[name]}]",
                )
                for name in names
            ]
            rows.append((text(tracker), *cells, _difference_cell(collection, tracker, dataset)))
        tables.append(
            Table(
                name=f"accuracy_{dataset.replace('-', '_')}",
                section=Section.ACCURACY,
                title=f"Accuracy on {dataset}, per cent",
                headings=("tracker", *names, f"{names[0]} − baseline"),
                rows=tuple(rows),
                notes=(
                    f"{_scored_on(collection, dataset)} Brackets: 95 % interval (Student's t) "
                    "over sequences. Difference: mean over sequences, its interval, and p of a "
                    "Wilcoxon signed-rank test. There is no interval where fewer than ten "
                    "sequences are scored, or differ.",
                ),
            )
        )
    return tables


def score_tables(collection: Collection) -> list[Table]:
    """Every sequence's scores, one table a dataset."""
    return [
        Table(
            name=f"scores_{dataset.replace('-', '_')}",
            section=Section.ACCURACY,
            title=f"Scores by sequence on {dataset}, per cent",
            headings=("tracker", "sequence", "frames scored", *names),
            rows=tuple(
                (
                    text(tracker),
                    text(sequence),
                    number(score.frames, "d"),
                    *(number(score.values[name], ".2f", scale=100) for name in names),
                )
                for tracker in collection.subjects
                for sequence, score in collection.scores(tracker, dataset).items()
            ),
        )
        for dataset in collection.datasets
        for names in (collection.accuracy.datasets[dataset].convention.headline,)
    ]


def score_cell(collection: Collection, tracker: str, dataset: str) -> Cell:
    """The first score of a dataset, per cent."""
    overall = collection.overall(tracker, dataset)
    key = collection.accuracy.datasets[dataset].convention.headline[0]
    return number(overall.values[key] if overall else None, ".2f", scale=100)


def _scored_on(collection: Collection, dataset: str) -> str:
    """Convention, number of sequences, and what published figures are of."""
    known = collection.accuracy.datasets[dataset]
    counts = sorted({len(collection.scores(name, dataset)) for name in collection.subjects} - {0})
    words = (
        f"{'/'.join(map(str, counts))} sequences under {known.convention.name} "
        f"({known.convention.authority})"
    )
    words += f", the first {known.max_frames} frames of each" if known.max_frames else ""
    for reference in references_for(collection.families):
        stated = reference.scores.get(known.convention.dataset)
        if stated is not None and dataset not in DEMO_PARTS:
            words += f"; the {reference.label}'s are over {stated.over}"
    return f"{words}."


def _published(
    collection: Collection, columns: list[tuple[str, str]]
) -> list[tuple[tuple[Cell, ...], str]]:
    """A row for each publication that states a score of these columns, and whose figures it has.

    The demo has none.
    """
    stated = []
    for reference in references_for(collection.families):
        label = f"{reference.label}: {reference.baseline.title}"
        stated.append((label, reference.scores, reference.source))
        stated += [(f"published: {o.title}", o.scores, o.source) for o in reference.others]
    rows = []
    for label, scores, source in stated:
        values = []
        for dataset, score in columns:
            found = scores.get(collection.accuracy.datasets[dataset].convention.dataset)
            known = None if found is None or dataset in DEMO_PARTS else found.values.get(score)
            values.append(number(known, ".1f", Mark.PUBLISHED))
        if not all(cell.empty for cell in values):
            rows.append(((text(label, Mark.PUBLISHED), *values), f"{label}: {source}."))
    return rows


def _difference_cell(collection: Collection, tracker: str, dataset: str) -> Cell:
    baseline = collection.run(tracker).baseline
    if baseline == tracker:
        return number(None)
    mine, theirs = (collection.scores(name, dataset) for name in (tracker, baseline))
    common = [name for name in theirs if name in mine]
    if not common:
        return number(None)
    key = collection.accuracy.datasets[dataset].convention.headline[0]
    found = paired_difference([theirs[n] for n in common], [mine[n] for n in common], key)
    if not any(theirs[n].values[key] != mine[n].values[key] for n in common):
        return Cell("0 (every sequence equal)", 0.0)
    scaled = Interval(100 * found.interval.low, 100 * found.interval.high)
    interval = brackets(scaled, "+.3f", " to ")
    p = f"p = {found.p:.2g}"
    words = f"{100 * found.mean:+.3f}"
    if not interval:
        return Cell(f"{words}, {p}", 100 * found.mean)
    return Cell(words, 100 * found.mean, range=f"{interval}, {p}")
