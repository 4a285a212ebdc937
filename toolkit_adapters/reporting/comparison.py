"""Several trackers' result files side by side: one table, curves, and paired tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hit_trackers.errors import ResultFileError
from toolkit_adapters.records.files import write_atomically
from toolkit_adapters.reporting.attributes import attribute_figure, attribute_table
from toolkit_adapters.reporting.drawing import Figure, canvas, line, save
from toolkit_adapters.reporting.pgf import AXES, VALUE_OF, Curve, pgf
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import Cell, Table, number, text
from toolkit_adapters.scoring import Convention, Score, combine
from toolkit_adapters.scoring.attributes import Groups
from toolkit_adapters.scoring.rawresults.evaluation import Evaluation
from toolkit_adapters.scoring.statistics import Difference, paired_difference, score_intervals


@dataclass(frozen=True)
class Comparison:
    """Evaluations of several trackers under one convention.

    Attributes:
        evaluations: by label, the one that the others are tested against first.
        sequences: those that all of them have a score of; everything is over these.
        groups: scores by attribute, each over what its tracker has; {} where none were asked for.
        dataset: the name of the benchmark.
    """

    evaluations: Mapping[str, Evaluation]
    sequences: tuple[str, ...]
    groups: Groups = field(default_factory=dict)
    dataset: str = ""

    @property
    def convention(self) -> Convention:
        """Who scored."""
        return next(iter(self.evaluations.values())).convention

    @property
    def first(self) -> str:
        """The label that the others are held against."""
        return next(iter(self.evaluations))

    def scores(self, label: str) -> list[Score]:
        """The scores of one tracker, sequence by sequence."""
        return [self.evaluations[label].scores[name] for name in self.sequences]

    def overall(self, label: str) -> Score:
        """Their mean."""
        return combine(self.scores(label))

    def difference(self, label: str) -> Difference:
        """How the first score differs from that of the first tracker, on the same sequences."""
        key = self.convention.headline[0]
        return paired_difference(self.scores(self.first), self.scores(label), key)


def compare(
    evaluations: Mapping[str, Evaluation], groups: Groups | None = None, dataset: str = ""
) -> Comparison:
    """Hold evaluations against each other, on the sequences that all of them score.

    Args:
        evaluations: by label.
        groups: their scores by attribute, by label; left out where they score other sequences.
        dataset: the name of the benchmark, for what has to do with attributes.

    Raises:
        ResultFileError: they have none in common.
    """
    sets = [set(evaluation.scores) for evaluation in evaluations.values()]
    common = set.intersection(*sets)
    order = next(iter(evaluations.values())).scores
    sequences = tuple(name for name in order if name in common)
    if not sequences:
        raise ResultFileError(f"{', '.join(evaluations)}: no sequence that all of them have")
    alike = all(len(evaluation.scores) == len(sequences) for evaluation in evaluations.values())
    groups = {label: found for label, found in (groups or {}).items() if found and alike}
    return Comparison(evaluations, sequences, groups, dataset)


def tables(comparison: Comparison) -> list[Table]:
    """The comparison, and that by attribute where there is one."""
    found = [table(comparison)]
    if comparison.groups:
        found.append(attribute_table(comparison.groups, comparison.convention, comparison.dataset))
    return found


def table(comparison: Comparison) -> Table:
    """Scores with intervals, best and second best marked, and the test against the first."""
    names = comparison.convention.headline
    overall = {label: comparison.overall(label) for label in comparison.evaluations}
    rows = []
    for label, score in overall.items():
        intervals = score_intervals(comparison.scores(label))
        cells = []
        for name in names:
            value = score.values[name]
            better = sum(round(other.values[name] - value, 9) > 0 for other in overall.values())
            # Where all are equal nobody is best.
            differ = len({round(other.values[name], 9) for other in overall.values()}) > 1
            cells.append(replace(number(value, ".2f", scale=100), rank=(better + 1) * differ))
        interval = intervals[names[0]]
        reach = "" if math.isnan(interval.low) else f"[{interval}]"
        rows.append((text(label), *cells, Cell(reach or "–"), *_tested(comparison, label)))
    left_out = {
        label: len(evaluation.scores) - len(comparison.sequences)
        for label, evaluation in comparison.evaluations.items()
    }
    notes = [
        f"{len(comparison.sequences)} sequences, {comparison.convention.name}: "
        f"{comparison.convention.authority}. Difference of {names[0]} to {comparison.first}, mean "
        "over sequences; p of a two-sided Wilcoxon signed-rank test over sequences, not corrected "
        "for the number of trackers."
    ]
    if any(left_out.values()):
        notes.append("Only sequences that all of them have are counted.")
    return Table(
        "comparison",
        Section.ACCURACY,
        "Comparison, per cent",
        ("tracker", *names, f"{names[0]}, 95 % interval", "difference", "p"),
        tuple(rows),
        tuple(notes),
    )


def _tested(comparison: Comparison, label: str) -> tuple[Cell, Cell]:
    if label == comparison.first:
        return number(None), number(None)
    found = comparison.difference(label)
    return number(found.mean, "+.2f", scale=100), number(found.p, ".2g")


def figures(comparison: Comparison) -> list[Figure]:
    """One for each curve of the convention, with its value in the legend; bars by attribute."""
    drawn = []
    for kind in comparison.convention.thresholds:
        x_label, y_label = AXES[kind]
        found = curves(comparison, kind)
        with canvas(1, 1, width=4.8, height=3.6) as (figure, axes):
            panel = axes[0][0]
            for curve in found:
                label = f"{curve.label} [{curve.value:.1f}]"
                line(panel, curve.place, 1, curve.xs, curve.ys, label=label)
            panel.set(xlabel=x_label, ylabel=y_label, ylim=(0, 1.02))
            panel.legend(loc="best")
            values = ", ".join(f"{curve.label} {curve.value:.1f}" for curve in found)
            words = f"{y_label} of {len(found)} trackers: {values}."
            drawn.append(save(figure, kind, Section.ACCURACY, words, words))
    if comparison.groups:
        drawn.append(attribute_figure(comparison.groups, comparison.convention, comparison.dataset))
    return drawn


def curves(comparison: Comparison, kind: str) -> list[Curve]:
    """One kind of curve of all trackers, the best first."""
    found = []
    for place, label in enumerate(comparison.evaluations):
        score = comparison.overall(label)
        value = next(score.values[name] for name in VALUE_OF[kind] if name in score.values)
        xs = comparison.convention.thresholds[kind]
        found.append(Curve(label, 100 * value, xs, score.curves[kind], place))
    return sorted(found, key=lambda curve: -curve.value)


def write(comparison: Comparison, out: Path) -> Sequence[Path]:
    """Write the tables (.md, .csv, .tex) and the figures (.png, .svg; curves .pgf) into a folder.

    Raises:
        RecordError: it cannot be written.
    """
    contents = {}
    for found in tables(comparison):
        contents[f"{found.name}.md"] = found.to_markdown().encode()
        contents[f"{found.name}.csv"] = found.to_csv().encode()
        contents[f"{found.name}.tex"] = found.to_latex().encode()
    for figure in figures(comparison):
        contents[f"{figure.name}.svg"] = figure.svg.encode()
        contents[f"{figure.name}.png"] = figure.png
        if figure.name in comparison.convention.thresholds:
            found_curves = curves(comparison, figure.name)
            contents[f"{figure.name}.pgf"] = pgf(figure.name, found_curves).encode()
    for name, content in contents.items():
        write_atomically(out / name, content)
    return [out / name for name in contents]
