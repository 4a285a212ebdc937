"""Speed against accuracy, with the verdict as the mark: is it faster, and still the same?"""

from __future__ import annotations

from dataclasses import dataclass

from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.drawing import INK, Figure, canvas, save
from toolkit_adapters.reporting.labels import label
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.verdict.levels import Boxes


@dataclass(frozen=True)
class Look:
    """How a verdict is drawn, and what it is called."""

    words: str
    marker: str
    colour: str


_BASELINE = Look("the baseline", "*", INK)
_BROKEN = Look("its claim is broken", "X", "#d55e00")
_LOOKS = {
    Boxes.BITWISE: Look("bit for bit the baseline", "o", "#0072b2"),
    Boxes.FILE_IDENTICAL: Look("the same result files", "h", "#0072b2"),
    Boxes.WITHIN: Look("within a pixel of the baseline", "^", "#009e73"),
    Boxes.DIFFERENT: Look("different from the baseline", "s", "#cc79a7"),
}


#: Per cent that an axis of scores covers at least: what no table prints must not look large.
SPAN = 1.0


def at_least(span: float, limits: tuple[float, float]) -> tuple[float, float]:
    """Limits of an axis, as far apart as `span` around the same middle if they are closer."""
    low, high = limits
    half, middle = max(span, high - low) / 2, (low + high) / 2
    return middle - half, middle + half


def look(collection: Collection, tracker: str) -> Look:
    """How a tracker is drawn: by what was found, not by what it claims."""
    certificate = collection.certificate(tracker)
    if certificate is None:
        return _BASELINE
    return _LOOKS[certificate.boxes] if certificate.holds else _BROKEN


def tradeoff(collection: Collection) -> Figure | None:
    """Frames a second against the first score of each dataset; None where either is missing."""
    points = {
        dataset: [
            (name, latency.fps, 100 * score.values[key])
            for name in collection.subjects
            if (latency := collection.latency(name, collection.network_scope(name)))
            and (score := collection.overall(name, dataset))
        ]
        for dataset in collection.datasets
        for key in (collection.accuracy.datasets[dataset].convention.headline[0],)
    }
    points = {dataset: found for dataset, found in points.items() if len(found) > 1}
    if not points:
        return None
    with canvas(1, len(points), width=3.4 * len(points) + 1.2, height=3.0) as (figure, axes):
        legend: dict[str, object] = {}
        for panel, (dataset, found) in zip(axes[0], points.items(), strict=True):
            for name, fps, value in found:
                shown = look(collection, name)
                legend[shown.words] = panel.scatter(
                    fps,
                    value,
                    marker=shown.marker,
                    color=shown.colour,
                    s=120 if shown is _BASELINE else 55,
                    alpha=0.85,
                    linewidths=0,
                )
            key = collection.accuracy.datasets[dataset].convention.headline[0]
            panel.margins(x=0.35, y=0.35)
            panel.set_ylim(*at_least(SPAN, panel.get_ylim()))
            panel.set(title=dataset, xlabel="network, frames a second", ylabel=f"{key}, per cent")
        figure.legend(
            list(legend.values()), list(legend), loc="outside lower left", ncols=len(legend)
        )
        words = "; ".join(
            f"{dataset}: "
            + ", ".join(
                f"{name} {fps:.1f} frames a second, {value:.2f}, {look(collection, name).words}"
                for name, fps, value in found
            )
            for dataset, found in points.items()
        )
        # The legend takes room: only behind it the panels have their size.
        for panel, found in zip(axes[0], points.values(), strict=True):
            label(panel, found)
        clock = "device time" if collection.on_cuda else "wall time on a CPU"
        return save(
            figure,
            "tradeoff",
            Section.SPEED,
            f"Speed ({clock}) against accuracy. The mark is the verdict: what is further right "
            "and still the baseline is faster at no cost.",
            f"Scatter plot. {words}.",
        )
