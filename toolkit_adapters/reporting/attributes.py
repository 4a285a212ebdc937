"""Scores by what is difficult about a sequence, where a benchmark says it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hit_trackers.errors import HitTrackersError
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.drawing import COLOURS, Figure, canvas, save
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import Table, number, text
from toolkit_adapters.scoring import combine


def groups(collection: Collection, dataset: str) -> Mapping[str, tuple[str, ...]]:
    """Sequences by attribute, those that any tracker has a score of; sorted by name."""
    known = collection.accuracy.datasets[dataset].dataset
    if known is None:
        return {}
    scored = {
        name for tracker in collection.subjects for name in collection.scores(tracker, dataset)
    }
    found: dict[str, list[str]] = {}
    for sequence in known.sequence_names:
        if sequence not in scored:
            continue
        try:
            names = known.attributes(sequence)
        except HitTrackersError:
            continue  # a report of what is scored does not end with a file of flags
        for name in names:
            found.setdefault(name, []).append(sequence)
    return {name: tuple(found[name]) for name in sorted(found)}


def _means(collection: Collection, dataset: str, tracker: str) -> dict[str, float]:
    """The first score of a convention, by attribute, as a share."""
    key = collection.accuracy.datasets[dataset].convention.headline[0]
    scores = collection.scores(tracker, dataset)
    means = {}
    for attribute, sequences in groups(collection, dataset).items():
        chosen = [scores[name] for name in sequences if name in scores]
        if chosen:
            means[attribute] = combine(chosen).values[key]
    return means


def attribute_tables(collection: Collection) -> list[Table]:
    """A table for each dataset whose sequences have attributes."""
    tables = []
    for dataset in collection.datasets:
        by_name = groups(collection, dataset)
        convention = collection.accuracy.datasets[dataset].convention
        if not by_name:
            continue
        rows = tuple(
            (
                text(tracker),
                *(number(means.get(name), ".2f", scale=100) for name in by_name),
            )
            for tracker in collection.subjects
            if (means := _means(collection, dataset, tracker))
        )
        counts = ", ".join(f"{name} {len(sequences)}" for name, sequences in by_name.items())
        tables.append(
            Table(
                name=f"attributes_{dataset.replace('-', '_')}",
                section=Section.ACCURACY,
                title=f"{convention.headline[0]} by attribute on {dataset}, per cent",
                headings=("tracker", *by_name),
                rows=rows,
                notes=(
                    f"Mean over the sequences with an attribute ({counts}), {convention.name}.",
                ),
            )
        )
    return tables


def attribute_figure(collection: Collection, dataset: str) -> Figure | None:
    """Bars for each attribute, baseline beside variants; None where there are no attributes."""
    by_name = groups(collection, dataset)
    means = {name: _means(collection, dataset, name) for name in collection.subjects}
    means = {name: values for name, values in means.items() if values}
    if not by_name or not means:
        return None
    convention = collection.accuracy.datasets[dataset].convention
    places = np.arange(len(by_name))
    width = 0.8 / len(means)
    with canvas(1, 1, height=2.8) as (figure, axes):
        panel = axes[0][0]
        for index, (tracker, values) in enumerate(means.items()):
            heights = [100 * values.get(name, np.nan) for name in by_name]
            left = places - 0.4 + width * (index + 0.5)
            panel.bar(left, heights, width, label=tracker, color=COLOURS[index % len(COLOURS)])
        labels = [f"{name}\n{len(sequences)}" for name, sequences in by_name.items()]
        panel.set_xticks(places, labels)
        panel.grid(axis="x", visible=False)
        panel.set_ylabel(f"{convention.headline[0]}, per cent")
        panel.set_ylim(0, 100)
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, 1.18), ncols=4)
        first = next(iter(means))
        low, high = (pick(means[first], key=means[first].__getitem__) for pick in (min, max))
        return save(
            figure,
            f"attributes_{dataset.replace('-', '_')}",
            Section.ACCURACY,
            f"{convention.headline[0]} by attribute on {dataset} ({convention.name}); below each "
            "attribute the number of sequences that have it.",
            f"Bars of {len(means)} trackers for {len(by_name)} attributes of {dataset}. {first} is "
            f"best on {high} with {100 * means[first][high]:.1f} per cent and worst on {low} with "
            f"{100 * means[first][low]:.1f}.",
        )
