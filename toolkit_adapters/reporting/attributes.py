"""Scores by what is difficult about a sequence or a frame, where a benchmark says it."""

from __future__ import annotations

import numpy as np

from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.drawing import COLOURS, Figure, canvas, save
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import Table, number, text
from toolkit_adapters.scoring import Convention
from toolkit_adapters.scoring.attributes import Group, Groups


def attribute_table(found: Groups, convention: Convention, dataset: str) -> Table:
    """The first score of the convention for each attribute, a row for each tracker."""
    key = convention.headline[0]
    sizes = _sizes(found)
    rows = tuple(
        (
            text(tracker),
            *(
                number(by_name[name].score.values[key] if name in by_name else None, scale=100)
                for name in sizes
            ),
        )
        for tracker, by_name in found.items()
    )
    counts = ", ".join(f"{name} {size}" for name, size in sizes.items())
    return Table(
        name=f"attributes_{dataset.replace('-', '_')}",
        section=Section.ACCURACY,
        title=f"{key} by attribute on {dataset}, per cent",
        headings=("tracker", *sizes),
        rows=rows,
        notes=(
            f"Mean over the sequences, or the frames, with an attribute ({counts}), "
            f"{convention.name}.",
        ),
    )


def attribute_figure(found: Groups, convention: Convention, dataset: str) -> Figure:
    """Bars for each attribute, the first tracker beside the others."""
    key = convention.headline[0]
    sizes = _sizes(found)
    places = np.arange(len(sizes))
    width = 0.8 / len(found)
    across = min(9.6, max(3.6, 1.4 + 0.5 * len(sizes) * (1 + 0.3 * len(found))))  # inches
    with canvas(1, 1, width=across, height=2.9) as (figure, axes):
        panel = axes[0][0]
        for index, (tracker, by_name) in enumerate(found.items()):
            heights = [
                100 * by_name[name].score.values[key] if name in by_name else np.nan
                for name in sizes
            ]
            left = places - 0.4 + width * (index + 0.5)
            panel.bar(left, heights, width, label=tracker, color=COLOURS[index % len(COLOURS)])
        labels = [
            "\n".join((name.replace("_", " "), *size.split(" of ")[:1]))
            for name, size in sizes.items()
        ]
        panel.set_xticks(places, labels)
        panel.grid(axis="x", visible=False)
        panel.set_ylabel(f"{key}, per cent")
        panel.set_ylim(0, 100)
        panel.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=int(across // 2.2))
        first = next(iter(found))
        values = {name: group.score.values[key] for name, group in found[first].items()}
        low, high = (pick(values, key=values.__getitem__) for pick in (min, max))
        return save(
            figure,
            f"attributes_{dataset.replace('-', '_')}",
            Section.ACCURACY,
            f"{key} by attribute on {dataset} ({convention.name}); below each attribute the number "
            "of sequences, or of frames, that have it.",
            f"Bars of {len(found)} trackers for {len(sizes)} attributes of {dataset}. {first} is "
            f"best on {high} with {100 * values[high]:.1f} per cent and worst on {low} with "
            f"{100 * values[low]:.1f}.",
        )


def attribute_tables(collection: Collection) -> list[Table]:
    """A table for each dataset whose sequences or frames have attributes."""
    return [
        attribute_table(found, collection.accuracy.datasets[name].convention, name)
        for name, found in collection.groups.items()
    ]


def attribute_figures(collection: Collection) -> list[Figure]:
    """A figure for each dataset whose sequences or frames have attributes."""
    return [
        attribute_figure(found, collection.accuracy.datasets[name].convention, name)
        for name, found in collection.groups.items()
    ]


def _sizes(found: Groups) -> dict[str, str]:
    """How much has each attribute, in words, at most among the trackers."""
    sizes: dict[str, Group] = {}
    for by_name in found.values():
        for name, group in by_name.items():
            if name not in sizes or group.score.frames > sizes[name].score.frames:
                sizes[name] = group
    whole = [name for name in sizes if sizes[name].frames is None]
    single = [name for name in sizes if sizes[name].frames is not None]
    return {name: sizes[name].size for name in (*sorted(whole), *sorted(single))}
