"""A window on the screen: pictures, keys, and a box drawn with the mouse."""

from __future__ import annotations

import enum
import os
import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import HitTrackersError
from toolkit_adapters.tracking.views import Image, darken, draw_text, text_size

KEYS = (
    ("space", "pause, go on"),
    (". or n", "one picture on"),
    ("r", "another box"),
    ("h", "these keys"),
    ("q or Esc", "end"),
)
_TITLE = "hit-trackers track"
_POLL = 30  # milliseconds between two looks at the keyboard while paused


class Wish(enum.Enum):
    """What somebody at the keyboard wants."""

    GO_ON = enum.auto()
    RESELECT = enum.auto()
    QUIT = enum.auto()


def require_screen() -> None:
    """Raise unless windows can be opened here.

    Raises:
        HitTrackersError: no screen, or an OpenCV without windows.
    """
    unseen = sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    reason = "neither DISPLAY nor WAYLAND_DISPLAY is set" if unseen else _problem()
    if reason:
        raise HitTrackersError(
            f"there is no screen to show or select on ({reason}); give the box as --box x,y,w,h "
            "and write a video with --out FILE.mp4"
        )


def _problem() -> str:
    """Why OpenCV cannot open a window; "" where it can."""
    try:
        cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
    except cv2.error as error:
        return f"OpenCV says: {error.err or error}"
    return ""


class Window:
    """Shows images and asks the keyboard after each.

    Raises:
        HitTrackersError: as `require_screen`.
    """

    def __init__(self) -> None:
        require_screen()
        self._paused = self._help = False

    def show(self, image: Image) -> Wish:
        """Show an RGB image; while paused it stays until a key is pressed."""
        single = False
        while not single:
            cv2.imshow(_TITLE, _bgr(_with_keys(image) if self._help else image))
            key = cv2.waitKey(_POLL if self._paused else 1) & 0xFF
            if key in (ord("q"), 27) or _closed():
                return Wish.QUIT
            if key == ord("r"):
                return Wish.RESELECT
            if key == ord("h"):
                self._help = not self._help
            elif key == ord(" "):
                self._paused = not self._paused
            single = key in (ord("."), ord("n"))
            self._paused = self._paused or single
            if not self._paused:
                break
        return Wish.GO_ON

    def select(self, image: Image) -> NDArray[np.float64] | None:
        """Let a box be drawn: float64 (4,) x, y, w, h in pixels; None where none was drawn."""
        shown = image.copy()
        words = "draw a box with the mouse, then press Enter; c for none"
        scale = min(0.7, 0.95 * image.shape[1] / max(1, text_size(words, 1.0)[0]))
        darken(shown[: round(45 * scale) + 8])
        draw_text(shown, words, (8, round(30 * scale) + 4), scale)
        x, y, w, h = cv2.selectROI(_TITLE, _bgr(shown), showCrosshair=False)
        return np.array([x, y, w, h], np.float64) if w > 0 and h > 0 else None

    def close(self) -> None:
        """Take the window away."""
        cv2.destroyAllWindows()


class Desk:
    """Who looks on: a window, where there is one, and what its user wants next."""

    def __init__(self, show: bool) -> None:
        self.window = Window() if show else None
        self.wish = Wish.GO_ON

    def show(self, image: NDArray[np.uint8]) -> None:
        """Show an image, and hear what is wanted."""
        if self.window is not None:
            self.wish = self.window.show(image)

    def reselected(self, image: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        """The box to start anew from, where that was asked for."""
        if self.window is None or self.wish is not Wish.RESELECT:
            return None
        return self.window.select(image)

    def close(self) -> None:
        """Take the window away."""
        if self.window is not None:
            self.window.close()


def _closed() -> bool:
    """Whether the window was closed by its own button."""
    return bool(cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) < 1)


def _bgr(image: Image) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2BGR), np.uint8)


def _with_keys(image: Image) -> Image:
    shown = image // 2
    scale = max(0.4, 0.6 * min(image.shape[:2]) / 480)
    step = round(1.6 * text_size("Xg", scale)[1])
    top = max(step, (image.shape[0] - step * len(KEYS)) // 2)
    for place, (key, meaning) in enumerate(KEYS):
        draw_text(shown, f"{key}: {meaning}", (step, top + place * step), scale)
    return shown
