"""The figures of a report: accuracy curves, times, variants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from toolkit_adapters.reporting.attributes import attribute_figures
from toolkit_adapters.reporting.collect import Collection, Extract
from toolkit_adapters.reporting.drawing import COLOURS, FAINT, INK, Figure, canvas, line, save
from toolkit_adapters.reporting.memory import Peak, peak
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.sparklines import sparklines
from toolkit_adapters.reporting.tradeoff import tradeoff

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CURVES = {
    "success": ("success", "overlap threshold", "share of frames"),
    "precision": ("precision", "centre error threshold, px", ""),
    "norm_precision": ("normalised precision", "centre error / target size", ""),
}
#: Points of a time series that are drawn at most; more would only fill pixels twice.
MAX_POINTS = 600


def curves(collection: Collection, dataset: str) -> Figure | None:
    """Success, precision and normalised precision over a dataset; None without a truth."""
    convention = collection.accuracy.datasets[dataset].convention
    found = {name: collection.overall(name, dataset) for name in collection.subjects}
    scored = {name: score for name, score in found.items() if score is not None}
    if not scored:
        return None
    kinds = [kind for kind in _CURVES if kind in convention.thresholds]
    with canvas(1, len(kinds), width=3.2 * len(kinds) + (1.4 if len(kinds) == 1 else 0)) as (
        figure,
        axes,
    ):
        for panel, kind in zip(axes[0], kinds, strict=True):
            title, x_label, y_label = _CURVES[kind]
            for i, (name, score) in enumerate(scored.items()):
                line(
                    panel,
                    i,
                    len(scored),
                    convention.thresholds[kind],
                    score.curves[kind],
                    label=name,
                )
            panel.set(title=title, xlabel=x_label, ylabel=y_label, ylim=(0, 1.02))
        axes[0][-1].legend(loc="best")
        key = convention.headline[0]
        values = ", ".join(f"{n} {100 * s.values[key]:.2f}" for n, s in scored.items())
        return save(
            figure,
            f"curves_{dataset.replace('-', '_')}",
            Section.ACCURACY,
            f"{dataset}: {', '.join(_CURVES[k][0] for k in kinds)} ({convention.name}). "
            "Lines of equal trackers lie on each other.",
            f"Curves of {len(scored)} trackers on {dataset}; {key}, per cent: {values}.",
        )


def distributions(collection: Collection) -> Figure | None:
    """Cumulative distribution of each scope's time, on a common scale; None without times."""
    names = collection.subjects
    latencies = [(n, latency) for n in names if (latency := collection.latency(n, "update"))]
    if not latencies:
        return None
    scopes = {
        "network": "network" if not collection.on_cuda else "network, device",
        "update": "update, wall",
        "frame": "frame, wall",
    }
    with canvas(1, 3) as (figure, axes):
        for panel, (scope, title) in zip(axes[0], scopes.items(), strict=True):
            longest = 0.0
            for i, name in enumerate(names):
                clock = collection.network_scope(name) if scope == "network" else scope
                latency = collection.latency(name, clock)
                if latency is None:
                    continue
                times = np.sort(_all_times(collection, name, clock)) * 1e3
                shares = np.linspace(0, 1, 201)
                line(panel, i, len(names), np.quantile(times, shares), shares, label=name)
                longest = max(longest, float(np.quantile(times, 0.99)))
            wall = ", wall, CPU" if title == "network" else ""
            panel.set(title=title + wall, xlabel="ms a frame", ylim=(0, 1.02))
            if longest:
                panel.set_xlim(left=0, right=1.1 * longest)
        axes[0][0].set_ylabel("share of frames at most that long")
        axes[0][-1].legend(loc="lower right")
        words = ", ".join(f"{n} {1e3 * v.p50:.2f} ms" for n, v in latencies)
        return save(
            figure,
            "latency_distributions",
            Section.LATENCY,
            "How long a frame takes: share of frames (upwards) that take at most so many ms. The "
            "axis ends at 1.1 times the slowest tracker's 99th percentile.",
            f"Cumulative distributions of times; median of a whole update: {words}.",
        )


def _all_times(collection: Collection, tracker: str, scope: str) -> np.ndarray:
    found = [
        extract.times[scope]
        for (name, _), extracts in collection.extracts.items()
        if name == tracker
        for extract in extracts.values()
    ]
    times = np.concatenate(found)
    return np.asarray(times[np.isfinite(times)])


def series(collection: Collection) -> Figure | None:
    """The network's time frame by frame on the longest sequence: drifts and outliers show."""
    baseline = collection.subjects[0]
    extracts = [
        (extract.frames, dataset, extract.sequence)
        for (name, dataset), found in collection.extracts.items()
        if name == baseline
        for extract in found.values()
    ]
    if not extracts:
        return None
    _, dataset, sequence = max(extracts)
    with canvas(1, 1, height=2.8) as (figure, axes):
        panel = axes[0][0]
        for i, name in enumerate(collection.subjects):
            shown = collection.extracts.get((name, dataset), {}).get(sequence)
            if shown is None:
                continue
            x, y = _thin(shown, collection.network_scope(name))
            line(panel, i, 1, x, y * 1e3, label=name, linewidth=1.0)
        clock = "device" if collection.on_cuda else "wall, CPU"
        panel.set(xlabel=f"frame of {sequence}", ylabel=f"network ms ({clock})")
        panel.set_ylim(bottom=0)
        panel.legend(loc="upper right", ncols=3)
        return save(
            figure,
            "latency_series",
            Section.LATENCY,
            f"Network time frame by frame on {sequence} ({dataset}), the longest sequence. Of long "
            "sequences each point is the largest of its neighbours. Trackers are timed in turn on "
            "each frame, so a disturbance of the machine shows in all of them.",
            f"Time series of the network's milliseconds a frame on {sequence}.",
        )


def _thin(extract: Extract, scope: str) -> tuple[np.ndarray, np.ndarray]:
    """Frame numbers and times, at most MAX_POINTS: the maximum of each stretch."""
    times = extract.times[scope]
    step = -(-len(times) // MAX_POINTS)
    starts = np.arange(0, len(times), step)
    filled = np.where(np.isfinite(times), times, -np.inf)
    largest = np.maximum.reduceat(filled, starts)
    known = np.isfinite(largest)
    return starts[known], largest[known]


def waterfall(collection: Collection) -> Figure | None:
    """Cost and memory of each variant as bars, its verdict beside."""
    names = [n for n in collection.subjects if collection.latency(n, collection.network_scope(n))]
    if not names:
        return None
    peaks = {name: peak(collection, name, Peak.ALLOCATED) for name in names}
    known = any(peaks.values())
    with canvas(1, 2 if known else 1, height=0.9 + 0.34 * len(names)) as (figure, axes):
        cost, memory = axes[0] if known else (axes[0][0], None)
        for i, name in enumerate(names):
            scope = collection.network_scope(name)
            latency, ratio = collection.latency(name, scope), collection.ratio(name, scope)
            assert latency is not None
            certificate = collection.certificate(name)
            broken = certificate is not None and not certificate.holds
            verdict = certificate.verdict if certificate else "baseline"
            hatch = "///" if broken else None
            style = {"color": COLOURS[i % len(COLOURS)], "hatch": hatch, "edgecolor": INK}
            cost.barh(i, latency.mean * 1e3, height=0.62, linewidth=0.6, **style)
            times = f"× {ratio.value:.2f}, " if ratio else ""
            label = f"{latency.mean * 1e3:.2f} ms, {times}{verdict}"
            _beside(cost, latency.mean * 1e3, i, label + (", BROKEN" if broken else ""))
            allocated = peaks[name]
            if allocated and memory is not None:
                memory.barh(i, allocated / 1e6, height=0.62, linewidth=0.6, **style)
                _beside(memory, allocated / 1e6, i, f"{allocated / 1e6:.2f} MB")
        clock = "device" if collection.on_cuda else "wall, CPU"
        cost.set(title=f"network, mean ms a frame ({clock})", yticks=range(len(names)))
        cost.set_yticklabels(names)
        if memory is not None:
            memory.set(title="peak allocated, MB", yticks=range(len(names)), yticklabels=[])
        for panel, room in zip(axes[0], (1.75, 1.25), strict=False):
            panel.invert_yaxis()
            panel.grid(axis="y", visible=False)
            panel.set_xlim(right=panel.get_xlim()[1] * room)
        means = ((n, collection.latency(n, collection.network_scope(n))) for n in names)
        words = ", ".join(f"{name} {1e3 * v.mean:.2f} ms" for name, v in means if v)
        return save(
            figure,
            "variants",
            Section.SPEED,
            "Every variant: what a frame costs, what it holds, whether it is still its baseline. "
            "Hatched: a broken claim.",
            f"Bars of mean network time and of peak memory: {words}.",
        )


def _beside(panel: Axes, x: float, y: float, label: str) -> None:
    panel.annotate(label, (x, y), xytext=(4, 0), textcoords="offset points", va="center")


def divergence(collection: Collection) -> Figure | None:
    """How far variants stray from the baseline, closed and open loop; None where none does."""
    from toolkit_adapters.reporting.divergence import closed_loop, open_loop, straying

    names = straying(collection)
    if not names:
        return None
    with canvas(1, 2) as (figure, axes):
        closed, opened = axes[0]
        for name in names:
            i = collection.trackers.index(name)
            for k, (frames, pixels) in enumerate(closed_loop(collection, name)):
                label = collection.label(name) if k == 0 else None
                y = np.where(pixels > 0, pixels, np.nan)  # a logarithm has no zero
                line(closed, i, 1, frames, y, linewidth=1.0, alpha=0.8, label=label)
            frames, pixels = open_loop(collection, name)
            style = {"color": COLOURS[i % len(COLOURS)], "marker": "ox+sv^"[i % 6], "s": 9}
            if (pixels > 0).any():
                opened.scatter(frames[pixels > 0], pixels[pixels > 0], linewidths=0.8, **style)
        closed.axhline(1, color=FAINT, linewidth=1.2)
        closed.set(title="closed loop: each follows its own boxes", xlabel="frame")
        closed.set_ylabel("largest |difference|, px")
        opened.set(title="open loop: the baseline's search regions", xlabel="frame")
        opened.set_ylabel("px of the search region")
        closed.set_yscale("log")
        if opened.collections:  # an axis without a point has no logarithm
            opened.set_yscale("log")
        closed.legend(loc="best")
        worst = ", ".join(
            f"{n} {c.largest_px:.3g} px" for n in names if (c := collection.certificate(n))
        )
        return save(
            figure,
            "divergence",
            Section.EQUIVALENCE,
            "Where the difference from the baseline first appears, and how it grows. Left: the "
            "sequences that stray furthest, from their first difference on; the grey line is 1 px. "
            "Right: every compared frame, both networks fed the same pixels, so nothing can grow. "
            "Frames that are equal bit for bit have no place on a logarithmic axis.",
            f"Difference from the baseline over frames; largest, closed loop: {worst}.",
        )


def build_figures(collection: Collection) -> list[Figure]:
    """All figures that the results have data for, in the order of the page."""
    found = [tradeoff(collection), waterfall(collection), divergence(collection)]
    found += [*sparklines(collection), distributions(collection)]
    found += [series(collection), *(curves(collection, name) for name in collection.datasets)]
    found += attribute_figures(collection)
    return [figure for figure in found if figure is not None]
