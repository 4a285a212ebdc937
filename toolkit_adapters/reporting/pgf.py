"""Curves as text for pgfplots, to be set in a paper's own fonts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from toolkit_adapters.reporting.drawing import COLOURS
from toolkit_adapters.reporting.table import escape
from toolkit_adapters.scoring.geometry import Floats

#: What the axes of each curve are called.
AXES = {
    "success": ("overlap threshold", "success"),
    "precision": ("centre error threshold, pixels", "precision"),
    "norm_precision": ("normalised centre error threshold", "normalised precision"),
}
#: Which of a convention's scores a curve's legend has, the first that there is.
VALUE_OF = {
    "success": ("AUC", "AO", "Success"),
    "precision": ("P", "Precision"),
    "norm_precision": ("P_Norm", "NormPrec"),
}
#: Line styles of pgfplots, in the order of the trackers.
_STYLES = ("solid", "dashed", "dotted", "dashdotted", "densely dashed", "loosely dashed")


@dataclass(frozen=True, eq=False)
class Curve:
    """One tracker's line.

    Attributes:
        label: the tracker.
        value: in per cent, what the curve stands for.
        xs, ys: float64 (T,), thresholds and shares of frames.
        place: of the tracker among all, which gives its colour and style.
    """

    label: str
    value: float
    xs: Floats
    ys: Floats
    place: int


def pgf(kind: str, curves: Iterable[Curve]) -> str:
    """A `tikzpicture` for `\\usepackage{pgfplots}`; needs no TeX to be made."""
    x_label, y_label = AXES[kind]
    lines = [
        "% needs \\usepackage{pgfplots}",
        "\\begin{tikzpicture}",
        f"\\begin{{axis}}[xlabel={{{x_label}}}, ylabel={{{y_label}}}, ymin=0, ymax=1,",
        "  legend pos=outer north east, legend cell align=left, grid=major]",
    ]
    for curve in curves:
        rgb = COLOURS[curve.place % len(COLOURS)].lstrip("#")
        red, green, blue = (int(rgb[at : at + 2], 16) for at in (0, 2, 4))
        colour = f"{{rgb,255:red,{red};green,{green};blue,{blue}}}"
        style = _STYLES[curve.place % len(_STYLES)]
        points = " ".join(f"({x:g},{y:.5f})" for x, y in zip(curve.xs, curve.ys, strict=True))
        lines.append(f"\\addplot[{style}, thick, color={colour}] coordinates {{{points}}};")
        lines.append(f"\\addlegendentry{{{escape(curve.label)} [{curve.value:.1f}]}}")
    return "\n".join([*lines, "\\end{axis}", "\\end{tikzpicture}", ""])
