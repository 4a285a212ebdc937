"""Names in a scatter plot: eight of a heap, and none covers another, a mark, or the edge."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from toolkit_adapters.reporting.drawing import canvas
from toolkit_adapters.reporting.labels import MARK, Box, best, label

NAMES = [
    *("hit_base", "hit_base_exact", "hit_base_memeff", "hit_base_streaming", "hit_base_onnx"),
    *("hit_base_exact_graph", "hit_base_openvino_bf16", "hit_base_exact_compile"),
]


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("panels", [1, 3])
def test_eight_crowded_names_do_not_overlap(spread, panels):
    rng = np.random.default_rng(0)
    places = [(50 + spread * rng.normal(), 60 + 0.1 * spread * rng.normal()) for _ in NAMES]
    with canvas(1, panels, width=3.4 * panels + 1.2, height=3.0) as (figure, axes):
        panel = axes[0][-1]
        panel.scatter(*zip(*places, strict=True))
        panel.margins(x=0.35, y=0.35)
        panel.set_ylim(59.5, 60.5)
        points = [(name, *place) for name, place in zip(NAMES, places, strict=True)]
        boxes = label(panel, points)
        for one, two in itertools.combinations(boxes, 2):
            assert not one.overlaps(two)
        # As they are drawn in the end, at the density of the file, which no name was placed at.
        figure.set_dpi(150)
        figure.draw_without_rendering()
        named = [text for text in panel.texts if text.get_text()]
        assert [text.get_text() for text in named] != [], "in the order from the top"
        assert sorted(text.get_text() for text in named) == sorted(NAMES)
        extents = [text.get_window_extent() for text in named]
        for one, two in itertools.combinations(extents, 2):
            assert not one.overlaps(two)
        frame = panel.get_window_extent()
        for extent in extents:
            assert frame.x0 - 1 <= extent.x0
            assert extent.x1 <= frame.x1 + 1
        for (x, y), extent in itertools.product(places, extents):
            centre = panel.transData.transform((x, y))
            assert not extent.contains(*centre), "a name lies on a mark"


def test_a_name_that_has_room_stands_above_its_mark():
    frame = Box(0, 0, 400, 400)
    box = best((60, 10), 0, [(200, 200)], [], frame)
    assert (box.left, box.low, box.right, box.high) == (170, 200 + MARK, 230, 210 + MARK)


def test_a_name_at_the_edge_stays_inside():
    frame = Box(0, 0, 400, 400)
    for x, y in ((2, 200), (398, 200), (200, 398), (398, 398)):
        taken = [Box(x - MARK, y - MARK, x + MARK, y + MARK)]
        box = best((60, 10), 0, [(x, y)], taken, frame)
        assert box.inside(frame)
        assert not box.overlaps(taken[0])


def test_where_there_is_no_room_a_name_is_still_there():
    box = best((60, 10), 0, [(20, 20)], [], Box(0, 0, 40, 40))
    assert box.low == 20 + MARK
