"""Placing an RGBA picture in a frame: scale, turn, deform, blend, and its exact bounding box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from toolkit_adapters.world.textures import Floats, Image, Rng

Box = npt.NDArray[np.float64]
_OPAQUE = 96  # alpha from which a pixel belongs to the object


@dataclass(frozen=True)
class Pose:
    """Where a sprite is in the frame, in pixels and degrees; `stretch` widens it at equal area."""

    x: float
    y: float
    size: float
    angle: float = 0.0
    stretch: float = 1.0
    shear: float = 0.0
    phase: float = 0.0
    blur: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Picture:
    """One posture: premultiplied float32 RGBA at halving sizes, and the outline's hull (M, 2)."""

    levels: tuple[Floats, ...]
    hull: npt.NDArray[np.float64]


class Sprite:
    """An object in one or several phases.

    `size` of a pose is the geometric mean of the sides, in pixels, of the upright object.
    """

    def __init__(self, phases: Sequence[Image]):
        alphas = np.max([phase[..., 3] for phase in phases], axis=0) >= _OPAQUE
        if alphas.sum() < 16:
            raise ValueError("a sprite needs at least 16 opaque pixels, and this one has fewer")
        rows, columns = np.flatnonzero(alphas.any(1)), np.flatnonzero(alphas.any(0))
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        left, right = int(columns[0]), int(columns[-1]) + 1
        self._phases = [phase[top:bottom, left:right] for phase in phases]
        self._pictures: dict[int, Picture] = {}
        self.width, self.height = right - left, bottom - top

    def _matrix(self, pose: Pose) -> npt.NDArray[np.float64]:
        """Affine map (2, 3) from picture pixels to frame pixels."""
        scale = pose.size / np.sqrt(self.width * self.height)
        across, down = scale * np.sqrt(pose.stretch), scale / np.sqrt(pose.stretch)
        turn = np.deg2rad(pose.angle)
        c, s = np.cos(turn), np.sin(turn)
        linear = np.array([[c, -s], [s, c]]) @ np.array([[across, pose.shear * down], [0, down]])
        centre = np.array([self.width / 2, self.height / 2])
        return np.column_stack([linear, np.array([pose.x, pose.y]) - linear @ centre])

    def _at(self, pose: Pose) -> Picture:
        index = int(pose.phase * len(self._phases)) % len(self._phases)
        if index not in self._pictures:
            self._pictures[index] = _picture(self._phases[index])
        return self._pictures[index]

    def box(self, pose: Pose) -> Box:
        """Tight box xywh of the whole object, hidden or cut parts included, float64 (4,)."""
        matrix = self._matrix(pose)
        points = self._at(pose).hull @ matrix[:, :2].T + matrix[:, 2]
        low, high = points.min(0), points.max(0)
        return np.concatenate([low, high - low])

    def paste(
        self, frame: Floats, pose: Pose, owner: Floats | None = None, mine: bool = False
    ) -> float:
        """Blend into `frame` float32 (H, W, 3); returns the area covered, in pixels.

        `owner` (H, W) is the share of each pixel that belongs to the target: this sprite adds to it
        where `mine`, and takes from it otherwise.
        """
        x, y, w, h = self.box(pose)
        margin = 2 + abs(pose.blur[0]) + abs(pose.blur[1])
        left, top = max(0, int(x - margin)), max(0, int(y - margin))
        right = min(frame.shape[1], int(x + w + margin) + 1)
        bottom = min(frame.shape[0], int(y + h + margin) + 1)
        matrix = self._matrix(pose)
        area = float(abs(np.linalg.det(matrix[:, :2])))
        picture = self._at(pose)
        whole = float(picture.levels[0][..., 3].sum()) * area
        if right <= left or bottom <= top:
            return whole
        # Sampling a picture at less than half its pixels would alias: take a smaller copy.
        level = int(np.clip(np.floor(-np.log2(np.sqrt(area)) + 0.3), 0, len(picture.levels) - 1))
        matrix[:, 2] -= (left, top)
        source = picture.levels[level]
        matrix[:, :2] *= (self.width / source.shape[1], self.height / source.shape[0])
        patch = cv2.warpAffine(source, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
        patch = smear(patch, *pose.blur)
        alpha = patch[..., 3:]
        view = frame[top:bottom, left:right]
        view *= 1 - alpha
        view += patch[..., :3]
        if owner is not None:
            share = owner[top:bottom, left:right]
            share *= 1 - alpha[..., 0]
            if mine:
                share += alpha[..., 0]
        return whole


def _picture(rgba: Image) -> Picture:
    alpha = rgba[..., 3:].astype(np.float32) / 255
    level = np.concatenate([rgba[..., :3].astype(np.float32) * alpha, alpha], axis=2)
    levels = [level]
    while min(level.shape[:2]) >= 16:
        level = cv2.resize(
            level, (level.shape[1] // 2, level.shape[0] // 2), interpolation=cv2.INTER_AREA
        )
        levels.append(level)
    solid = rgba[..., 3] >= _OPAQUE
    rows = np.flatnonzero(solid.any(1))
    if len(rows) == 0:
        rows, solid = np.array([0, len(solid) - 1]), np.ones_like(solid)
    # The ends of every row suffice for a hull. Corners of the pixels, not their centres: one opaque
    # pixel is a box of 1 x 1.
    first = solid[rows].argmax(1)
    last = solid.shape[1] - solid[rows, ::-1].argmax(1)
    corners = np.concatenate(
        [np.column_stack([side, rows + below]) for side in (first, last) for below in (0, 1)]
    )
    hull = cv2.convexHull(corners.astype(np.float32))[:, 0].astype(np.float64)
    return Picture(tuple(levels), hull)


def smear(image: Floats, dx: float, dy: float) -> Floats:
    """Motion blur along a segment of (dx, dy) pixels."""
    length = float(np.hypot(dx, dy))
    if length < 1.5:
        return image
    side = int(np.ceil(length)) | 1
    kernel = np.zeros((side + 2, side + 2), np.float32)
    middle = (side + 1) / 2
    ends = [(middle + k * dx / 2, middle + k * dy / 2) for k in (-1, 1)]
    first, last = ((round(x * 16), round(y * 16)) for x, y in ends)
    cv2.line(kernel, first, last, 1.0, 1, cv2.LINE_AA, 4)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT))


def wobble(rng: Rng, rgba: Image, phases: int, amount: float) -> list[Image]:
    """A still picture deformed smoothly through a cycle; `amount` is a share of its size."""
    height, width = rgba.shape[:2]
    pad = int(amount * max(height, width)) + 1
    rgba = cv2.copyMakeBorder(rgba, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=(0, 0, 0, 0))
    height, width = rgba.shape[:2]
    fields = [
        cv2.resize(
            rng.normal(0, amount / 2 * max(height, width), (4, 4, 2)).astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        for _ in range(2)
    ]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    result = []
    for k in range(phases):
        turn = 2 * np.pi * k / phases
        shift = np.float32(np.cos(turn)) * fields[0] + np.float32(np.sin(turn)) * fields[1]
        result.append(
            cv2.remap(rgba, columns + shift[..., 0], rows + shift[..., 1], cv2.INTER_LINEAR)
        )
    return result
