"""Every sequence's distance between a variant and its baseline at a glance, the furthest first."""

from __future__ import annotations

import numpy as np

from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.divergence import furthest, pair, straying
from toolkit_adapters.reporting.drawing import COLOURS, FAINT, Figure, canvas, save
from toolkit_adapters.reporting.sections import Section

#: Lines of a figure; trackers that get one.
MOST_SEQUENCES, MOST_TRACKERS = 24, 3
_POINTS = 300


def sparklines(collection: Collection) -> list[Figure]:
    """A figure for each of the trackers that stray furthest."""
    names = straying(collection)
    names.sort(key=lambda name: -_largest(collection, name))
    drawn = (_figure(collection, name) for name in names[:MOST_TRACKERS])
    return [figure for figure in drawn if figure is not None]


def _largest(collection: Collection, tracker: str) -> float:
    certificate = collection.certificate(tracker)
    return certificate.largest_px if certificate is not None else 0.0


def _figure(collection: Collection, tracker: str) -> Figure | None:
    found = furthest(collection, tracker)
    shown = found[:MOST_SEQUENCES]
    if not shown:
        return None
    rows = []
    for dataset, comparison in shown:
        one, other = pair(collection, tracker, dataset, comparison.sequence)
        count = min(len(one), len(other))
        apart = np.abs(one.boxes[:count] - other.boxes[:count]).max(axis=1)
        rows.append((dataset, comparison, np.where(np.isfinite(apart), apart, 0.0)))
    with canvas(len(rows), 1, width=7.2, height=0.3) as (figure, axes):
        figure.get_layout_engine().set(hspace=0, h_pad=0.01)
        for panel, (_, comparison, apart) in zip(axes[:, 0], rows, strict=True):
            step = -(-len(apart) // _POINTS)
            starts = np.arange(0, len(apart), step)
            peaks = np.maximum.reduceat(apart, starts)
            panel.fill_between(starts, peaks, color=COLOURS[0], alpha=0.35, linewidth=0)
            panel.plot(starts, peaks, color=COLOURS[0], linewidth=0.8)
            panel.axvline(comparison.first_divergent or 0, color=FAINT, linewidth=1.2)
            panel.set_xlim(0, max(1, len(apart) - 1))
            panel.set_ylim(0, max(float(peaks.max()), 1e-12) * 1.1)
            panel.grid(visible=False)
            panel.set_yticks([])
            panel.set_xticks([])
            panel.spines["left"].set_visible(False)
            panel.set_ylabel(comparison.sequence, rotation=0, ha="right", va="center", fontsize=7.5)
            panel.annotate(
                f"{comparison.largest_px:.3g} px",
                (1.01, 0.5),
                xycoords="axes fraction",
                va="center",
                fontsize=7.5,
            )
        label = collection.label(tracker)
        more = f" The first {len(shown)} of {len(found)}." if len(found) > len(shown) else ""
        words = ", ".join(f"{c.sequence} {c.largest_px:.3g} px" for _, c, _ in rows[:5])
        return save(
            figure,
            f"sparklines_{tracker}",
            Section.EQUIVALENCE,
            f"{label}: distance of its boxes from the baseline's over each sequence that differs, "
            "the furthest first. Each line has its own scale, whose top is the number beside it "
            f"(largest difference of a coordinate); grey: where they part.{more}",
            f"{len(rows)} small curves of distance over frames for {label}. Furthest: {words}.",
        )
