"""Names of points of a scatter plot, placed so that none covers another or a mark."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from toolkit_adapters.reporting.drawing import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Points from a mark's centre that are its own, and that names keep between each other.
MARK, GAP = 5.0, 8.0
#: Points between places that are tried, and how many there are in each direction.
STEP, STEPS = 4.0, 36
#: How many points further a name may lie for each mark that it is nearer to than its own.
STRANGER = 14.0
#: Points from which a line leads to a name: in any case, and where another mark is as near, or
#: nearly so.
FAR, NEAR, UNCLEAR = 24.0, 9.0, 8.0
#: How it looks.
LINE: Mapping[str, object] = MappingProxyType(
    {"arrowstyle": "-", "color": INK, "lw": 0.5, "shrinkA": 0, "shrinkB": 0}
)


@dataclass(frozen=True)
class Box:
    """A rectangle, in points from the lower left corner of a figure."""

    left: float
    low: float
    right: float
    high: float

    def overlaps(self, other: Box) -> bool:
        """Whether they share a part; an edge is none."""
        across = self.left < other.right and other.left < self.right
        return across and self.low < other.high and other.low < self.high

    def inside(self, other: Box) -> bool:
        """Whether all of it lies in the other."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.low <= self.low and self.high <= other.high

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The point of it that is nearest to another."""
        return min(max(x, self.left), self.right), min(max(y, self.low), self.high)

    def distance(self, x: float, y: float) -> float:
        """How far a point is from it."""
        there = self.nearest(x, y)
        return float(((there[0] - x) ** 2 + (there[1] - y) ** 2) ** 0.5)


def label(panel: Axes, points: Sequence[tuple[str, float, float]], size: float = 7.5) -> list[Box]:
    """Write names beside points, as near as there is room; a line leads to those further off.

    Call it when the limits of the axes are final. Names stay inside the panel.

    Args:
        panel: the axes.
        points: name, x and y in data coordinates.
        size: of the font, in points.

    Returns:
        Where each name is, in the order of `points`.
    """
    figure = panel.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # the layout is made when a figure is drawn
    pixels = figure.dpi / 72
    frame = Box(*(float(edge) / pixels for edge in panel.get_window_extent().extents))
    centres = [tuple(panel.transData.transform(point[1:]) / pixels) for point in points]
    taken = [Box(x - MARK, y - MARK, x + MARK, y + MARK) for x, y in centres]
    found: dict[int, Box] = {}
    # From the top, so that the names of a heap are stacked in the order of its marks.
    for index in sorted(range(len(points)), key=lambda i: (-centres[i][1], centres[i][0])):
        name, *place = points[index]
        written = panel.annotate(
            name,
            (place[0], place[1]),
            xytext=(0, 0),
            textcoords="offset points",
            fontsize=size,
            ha="center",
            va="bottom",
        )
        written.set_in_layout(False)
        extent = written.get_window_extent()
        box = best(
            (extent.width / pixels + GAP, extent.height / pixels), index, centres, taken, frame
        )
        own = centres[index]
        written.set_position(((box.left + box.right) / 2 - own[0], box.low - own[1]))
        taken.append(box)
        found[index] = box
        away = box.distance(*own)
        others = [box.distance(*each) for each in centres if each != own]
        if away > min([FAR, *(max(other - UNCLEAR, NEAR) for other in others)]):
            end = box.nearest(*own)
            line = panel.annotate(
                "",
                (place[0], place[1]),
                xytext=(end[0] - own[0], end[1] - own[1]),
                textcoords="offset points",
                arrowprops=dict(LINE),
            )
            line.set_in_layout(False)
    return [found[index] for index in range(len(points))]


def best(
    size: tuple[float, float],
    index: int,
    centres: Sequence[tuple[float, ...]],
    taken: Sequence[Box],
    frame: Box,
) -> Box:
    """The free place for a name that is nearest to its mark and to no other.

    Args:
        size: width and height of the name, in points.
        index: which mark is its own.
        centres: of all marks.
        taken: by marks and names.
        frame: what names stay in.

    Returns:
        Its place; that above its mark where no other is free.
    """
    width, height = size
    x, y = centres[index]
    beside, steps = MARK + width / 2, [STEP * step for step in range(STEPS)]
    spots = [(0.0, MARK)]
    for step, side, up in itertools.product(steps, (1, -1), (1, -1)):
        spots += [
            (side * step, MARK + step),
            (side * step, -MARK - height - step),
            (0.0, MARK + step if up > 0 else -MARK - height - step),
            (side * beside, up * step - height / 2),
            (side * (beside + step), -height / 2),
            (side * (beside + step), up * step - height / 2),
        ]
    free: list[tuple[float, int, Box]] = []
    for order, (dx, dy) in enumerate(spots):
        box = Box(x + dx - width / 2, y + dy, x + dx + width / 2, y + dy + height)
        if box.inside(frame) and not any(box.overlaps(other) for other in taken):
            own = box.distance(x, y)
            nearer = sum(box.distance(*other) < own for other in centres)
            free.append((own + STRANGER * nearer, order, box))
    if free:
        return min(free, key=lambda one: one[:2])[2]
    return Box(x - width / 2, y + MARK, x + width / 2, y + MARK + height)
