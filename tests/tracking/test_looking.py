"""What is drawn, and what a window and its keys do."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import cv2
import numpy as np
import pytest

from hit_trackers.errors import BoxError, HitTrackersError
from toolkit_adapters.tracking import window as window_module
from toolkit_adapters.tracking.follow import Answer, Step
from toolkit_adapters.tracking.history import History
from toolkit_adapters.tracking.overlay import Overlay
from toolkit_adapters.tracking.request import Request
from toolkit_adapters.tracking.session import track_source
from toolkit_adapters.tracking.views import COLOURS
from toolkit_adapters.tracking.window import Window, Wish

PAIR = {"base": "base", "other": "base"}


def step(index, box, other, seconds=0.01, size=(480, 640)):
    image = np.full((*size, 3), 128, np.uint8)
    answers = {
        name: Answer(np.array(b, float), 0.5, seconds, started=index == 0)
        for name, b in (("base", box), ("other", other))
    }
    return Step(index, image, Fraction(index, 30), answers)


def test_history_knows_where_trackers_parted_and_where_they_are_furthest():
    history = History(PAIR)
    apart = [0, 0, 3, 9, 1]
    states = [
        history.add(step(i, [50, 50, 40, 40], [50 + d, 50, 40, 40])) for i, d in enumerate(apart)
    ]
    assert states[1].furthest.parted is None
    assert states[1].furthest.largest == 0
    assert [s.furthest.largest for s in states] == [0, 0, 3, 9, 9]
    last = states[-1].furthest
    assert (last.parted.index, last.worst.index) == (2, 3)
    assert last.distances.tolist() == apart
    assert states[2].furthest.distances.tolist() == apart[:3]  # later steps change no state


def test_history_keeps_a_last_second_and_leaves_starts_out():
    history = History({"base": "base"})
    for index in range(400):
        seconds = 5.0 if index == 0 else 0.1 if index < 200 else 0.01
        answer = Answer(np.ones(4), 0.5, seconds, started=index == 0)
        image = np.zeros((4, 4, 3), np.uint8)
        state = history.add(Step(index, image, Fraction(index), {"base": answer}))
        if index == 150:
            assert state.seconds["base"] == pytest.approx(0.1)
    assert state.seconds["base"] == pytest.approx(0.01)


def test_a_history_longer_than_its_first_memory():
    history = History(PAIR)
    for index in range(2500):
        one = step(index, [5, 5, 4, 4], [5 + index, 5, 4, 4], size=(8, 8))
        state = history.add(one)
    assert state.furthest.distances.tolist() == list(range(2500))


def near(image, colour):
    return (np.abs(image.astype(int) - colour).max(axis=2) < 40).sum()


@pytest.mark.parametrize("size", [(240, 320), (426, 240), (480, 640), (2160, 3840)])
def test_boxes_and_words_grow_with_the_picture(size):
    height, width = size
    overlay, history = Overlay(PAIR, 2), History(PAIR)
    box = [0.4 * width, 0.5 * height, 0.2 * width, 0.2 * height]
    moved = [0.6 * width, *box[1:]]
    for index in range(2):
        state = history.add(step(index, box, moved if index else box, size=size))
    truth = np.array([0.1 * width, *box[1:]])
    state = dataclasses.replace(state, step=dataclasses.replace(state.step, truth=truth))
    drawn = overlay.draw(state)
    assert drawn.shape[1] == width
    assert 1.2 * height < drawn.shape[0] < 1.35 * height + 48
    picture = drawn[:height]
    ink = near(picture, COLOURS[0]), near(picture, COLOURS[1]), near(picture, (255, 255, 255))
    # At the least the outline of a box, a pixel wide.
    assert min(ink) > 0.5 * (width + height) * 0.4
    panel = picture[: round(0.32 * height), : round(0.95 * width)]
    assert near(panel, COLOURS[1]) > 30  # the words of the second tracker
    assert (state.step.image == 128).all()  # the tracker's own picture is left alone


def test_boxes_that_coincide_show_all_colours():
    box = [200, 150, 120, 90]
    state = History(PAIR).add(step(0, box, box))
    picture = Overlay(PAIR, strip=False).draw(state)[130:260, 180:340]
    assert near(picture, COLOURS[0]) > 100
    assert near(picture, COLOURS[1]) > 100


def test_pictures_of_some_pixels_are_drawn_without_words():
    for size in ((1, 1), (5, 9), (40, 30)):
        drawn = Overlay(PAIR).draw(
            History(PAIR).add(step(0, [0, 0, 1, 1], [0, 0, 1, 1], size=size))
        )
        assert drawn.shape[1] == size[1]


def test_side_by_side_shows_each_tracker_on_a_picture_of_its_own():
    overlay = Overlay(PAIR, side_by_side=True, strip=False)
    state = History(PAIR).add(step(0, [300, 200, 90, 90], [300, 200, 90, 90]))
    drawn = overlay.draw(state)
    assert drawn.shape == (480, 1280, 3)
    left, right = drawn[180:320, 280:410], drawn[180:320, 920:1050]
    assert near(left, COLOURS[0]) > 300
    assert near(left, COLOURS[1]) == 0
    assert near(right, COLOURS[1]) > 300
    assert near(right, COLOURS[0]) == 0


class Screen:
    """Stands for OpenCV's windows: keys that will be pressed, boxes that will be drawn."""

    def __init__(self, monkeypatch, keys=(), boxes=()):
        self.keys, self.boxes = list(keys), list(boxes)
        self.shown, self.waits = [], []
        monkeypatch.setenv("DISPLAY", ":99")
        for name in ("namedWindow", "destroyAllWindows"):
            monkeypatch.setattr(cv2, name, lambda *_: None)
        monkeypatch.setattr(cv2, "imshow", lambda _, image: self.shown.append(image))
        monkeypatch.setattr(cv2, "waitKey", self.key)
        monkeypatch.setattr(cv2, "getWindowProperty", lambda *_: 1.0)
        monkeypatch.setattr(cv2, "selectROI", lambda *_, **__: self.boxes.pop(0))

    def key(self, wait):
        self.waits.append(wait)
        key = self.keys.pop(0) if self.keys else None
        return 255 if key is None else ord(key)


def test_keys(monkeypatch):
    screen = Screen(monkeypatch, [None, "r", " ", None, "n", ".", " ", "h", "q"])
    window = Window()
    image = np.full((240, 320, 3), (200, 10, 10), np.uint8)
    assert window.show(image) is Wish.GO_ON
    assert screen.shown[-1][0, 0].tolist() == [10, 10, 200]  # OpenCV shows blue first
    assert window.show(image) is Wish.RESELECT
    assert window.show(image) is Wish.GO_ON  # space, nothing, n: one picture on
    assert len(screen.shown) == 5
    assert window.show(image) is Wish.GO_ON  # still paused: "." steps
    assert window.show(image) is Wish.GO_ON  # space: on it goes
    assert window.show(image) is Wish.GO_ON
    assert window.show(image) is Wish.QUIT
    assert screen.shown[-1][5, 5].tolist() == [5, 5, 100]  # h: the keys on a darker picture
    assert not screen.keys


def test_no_screen_is_said(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(window_module.sys, "platform", "linux")
    with pytest.raises(HitTrackersError, match=r"no screen .*--box x,y,w,h"):
        Window()

    def none(*_):
        raise cv2.error("The function is not implemented")

    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.setattr(cv2, "namedWindow", none)
    with pytest.raises(HitTrackersError, match="no screen"):
        Window()


@pytest.fixture
def clip(tmp_path):
    for index in range(9):
        image = np.full((120, 160, 3), 20 * index, np.uint8)
        cv2.imwrite(str(tmp_path / f"{index}.png"), image)
    return tmp_path


def request(clip, **settings):
    return Request(str(clip), ("fake",), save=clip / "b.txt", precise=True, **settings)


def test_a_box_is_selected_and_selected_anew(monkeypatch, clip):
    screen = Screen(monkeypatch, [None, None, "r"], [(10, 20, 30, 40), (50, 60, 20, 20)])
    summary = track_source(request(clip, select=True, show=True), progress=False)
    boxes = np.loadtxt(clip / "b.txt", delimiter=",")
    assert summary.steps == len(boxes) == len(screen.shown) == 9
    assert boxes[0].tolist() == [10, 20, 30, 40]
    assert boxes[2, 2] > 30  # followed: a fake tracker drifts with the brightness
    assert boxes[3].tolist() == [50, 60, 20, 20]  # the earlier ones stay
    assert boxes[4, 0] > 50


def test_no_box_drawn_is_no_start(monkeypatch, clip):
    Screen(monkeypatch, boxes=[(0, 0, 0, 0)])
    with pytest.raises(BoxError, match="no box was drawn"):
        track_source(request(clip, select=True), progress=False)


def test_quitting_keeps_what_was_tracked(monkeypatch, clip):
    Screen(monkeypatch, [None, None, "q"])
    out = clip / "o.mp4"
    summary = track_source(request(clip, box=(10, 20, 30, 40), show=True, out=out), progress=False)
    assert summary.steps == 3
    assert out.is_file()
    assert len(np.loadtxt(clip / "b.txt", delimiter=",")) == 3
