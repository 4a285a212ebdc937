"""How figures look and are saved: readable in print, in the dark, and by the colour-blind."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from toolkit_adapters.reporting.sections import Section

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

# Wong's palette (Nature Methods 8, 441), told apart by all common kinds of colour vision; the
# styles tell lines apart without any colour.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
STYLES = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)), (0, (3, 1)), (0, (8, 3)))
INK, FAINT = "#1c1d21", "#c9cbd1"
#: Replacements that turn a figure drawn on paper into one for a dark page.
DARK = {INK: "#e8e9ed", FAINT: "#34373f", "#0072b2": "#4da6e0", "#009e73": "#2fc79a"}


@dataclass(frozen=True)
class Figure:
    """A figure in its forms; `alt` describes it to those who cannot see it."""

    name: str
    section: Section
    caption: str
    alt: str
    svg: str
    png: bytes

    def svg_dark(self) -> str:
        """The same drawing for a dark page."""
        svg = self.svg
        for light, dark in DARK.items():
            svg = svg.replace(light, dark)
        return svg


@contextmanager
def canvas(rows: int, columns: int, width: float = 9.6, height: float = 3.2) -> Iterator[Any]:
    """A matplotlib figure and its axes, an array of shape (rows, columns); closed at the end."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    style: Any = {
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.titlesize": 10,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": FAINT,
        "grid.linewidth": 0.6,
        "xtick.color": INK,
        "ytick.color": INK,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "lines.linewidth": 1.6,
        # Text stays text: smaller files, searchable, and set in the reader's fonts.
        "svg.fonttype": "none",
        # The same figure gives the same file.
        "svg.hashsalt": "hit-trackers",
    }
    with pyplot.rc_context(style):
        figure, axes = pyplot.subplots(
            rows, columns, figsize=(width, height * rows), squeeze=False, layout="constrained"
        )
        try:
            yield figure, axes
        finally:
            pyplot.close(figure)


def save(figure: Canvas, name: str, section: Section, caption: str, alt: str) -> Figure:
    """Render a canvas as SVG (transparent) and PNG (on white, 150 dots an inch)."""
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(png, format="png", dpi=150, facecolor="white", metadata={"Software": None})
    figure.set_layout_engine("none")  # laid out once: that takes longer than to draw
    figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None})
    text = svg.getvalue()
    return Figure(name, section, caption, alt, text[text.index("<svg") :], png.getvalue())


def line(axes: Axes, index: int, count: int, *args: Any, **options: Any) -> None:
    """Plot the line of tracker `index` of `count`: earlier ones wider, so none hides another."""
    options.setdefault("linewidth", 1.4 + 1.1 * (count - 1 - index))
    options.setdefault("color", COLOURS[index % len(COLOURS)])
    options.setdefault("linestyle", STYLES[index % len(STYLES)])
    axes.plot(*args, **options)
