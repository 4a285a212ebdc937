"""Boxes and figures on a picture, for people who look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from toolkit_adapters.tracking.follow import Answer
from toolkit_adapters.tracking.history import State
from toolkit_adapters.tracking.strip import Strip
from toolkit_adapters.tracking.views import (
    TRUTH,
    WHITE,
    Colour,
    Image,
    colour_of,
    darken,
    draw_boxes,
    draw_text,
    text_size,
)

#: Height of the strip below, as a share of the picture's.
_STRIP = 0.24
#: Words are never smaller than this, in the units of OpenCV's font (1: letters of 22 pixels).
_SMALLEST = 0.36


class Overlay:
    """Draws states of one source. Sizes follow the picture: readable from 240p to 8K.

    Args:
        baselines: the baseline of each tracker, by its name, in the order of their colours.
        frames: length of the source, where it is known.
        side_by_side: each tracker on a picture of its own.
        strip: whether a variant's distance from its baseline is drawn below.
    """

    def __init__(
        self,
        baselines: Mapping[str, str],
        frames: int | None = None,
        *,
        side_by_side: bool = False,
        strip: bool = True,
    ) -> None:
        self.colours = {name: colour_of(place) for place, name in enumerate(baselines)}
        paired = any(name != b and b in baselines for name, b in baselines.items())
        self._with_strip = strip and paired
        self._frames = frames
        self._side_by_side = side_by_side and len(baselines) > 1
        self._strip: Strip | None = None

    def draw(self, state: State) -> Image:
        """A new image, RGB uint8; all of one source have one size."""
        image = state.step.image
        names = tuple(self.colours)
        if self._side_by_side:
            panels = [self._panel(state, image, (name,)) for name in names]
        else:
            panels = [self._panel(state, image, names)]
        shown = np.asarray(np.concatenate(panels, axis=1), np.uint8)
        furthest = state.furthest
        if not self._with_strip or furthest is None:
            return np.asarray(shown, np.uint8)
        if self._strip is None:
            height = max(48, 2 * round(_STRIP * image.shape[0] / 2))
            self._strip = Strip(shown.shape[1], height, _unit(shown), self.colours)
        strip = self._strip.draw(furthest, self._frames)
        return np.asarray(np.concatenate([shown, strip]), np.uint8)

    def _panel(self, state: State, image: Image, names: Sequence[str]) -> Image:
        canvas: Image = np.array(image, np.uint8)
        unit = _unit(image)
        step = state.step
        boxes = [(step.truth, TRUTH)] if step.truth is not None else []
        boxes += [
            (answer.box, self.colours[name])
            for name in names
            if (answer := step.answers.get(name)) is not None
        ]
        draw_boxes(canvas, boxes, max(1, round(2 * unit)))
        lines: list[tuple[str, Colour]] = [(_heading(state), WHITE)]
        for name in names:
            words = _words(name, step.answers.get(name), state.seconds.get(name))
            lines.append((words, self.colours[name]))
        if step.truth is not None:
            lines.append(("truth", TRUTH))
        _write(canvas, lines, unit)
        return canvas


def _unit(image: NDArray[np.uint8]) -> float:
    """Size of words and lines on an image, in the units of OpenCV's font."""
    return max(_SMALLEST, 0.55 * float(min(image.shape[:2])) / 480)


def _heading(state: State) -> str:
    step = state.step
    words = f"frame {step.index}, {float(step.time):.1f} s"
    return words + (f", {step.dropped} left out" if step.dropped else "")


def _words(name: str, answer: Answer | None, seconds: float | None) -> str:
    if answer is None:
        return name
    parts = [f"score {answer.score:.2f}"] if np.isfinite(answer.score) else []
    parts += [] if answer.valid else ["no box"]
    parts += [f"{seconds * 1e3:.1f} ms", f"{1 / seconds:.0f} FPS"] if seconds else []
    return f"{name}: {', '.join(parts)}" if parts else name


def _write(canvas: Image, lines: Sequence[tuple[str, Colour]], unit: float) -> None:
    """Lines in the upper left corner on a darkened ground, made smaller where they do not fit."""
    height, width = canvas.shape[:2]
    widest = max(text_size(words, unit)[0] for words, _ in lines)
    scale = unit * min(1.0, (width - 12) / max(1, widest))
    step = round(1.45 * text_size("Xg", scale)[1])
    if scale < 0.15 or step * len(lines) + 4 > height:
        return  # a picture of a few pixels has no room for words
    margin = round(0.4 * step)
    right = min(width, round(widest * scale / unit) + 3 * margin)
    darken(canvas[: step * len(lines) + 2 * margin, :right])
    for place, (words, colour) in enumerate(lines, start=1):
        draw_text(canvas, words, (margin, margin + step * place - step // 4), scale, colour)
