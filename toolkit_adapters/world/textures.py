"""Surfaces: procedural images of common materials, from a random generator.

Functions take a `numpy.random.Generator` and a size in pixels and return RGB uint8 (H, W, 3).
Only numpy and OpenCV are used, so that the demo renders wherever the package is installed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Rng = np.random.Generator


def colour(rng: Rng, vivid: float = 0.5) -> Floats:
    """One RGB colour, float32 (3,) in [0, 255]; `vivid` is the largest saturation."""
    grey = rng.uniform(20, 235)
    tint = rng.uniform(-1, 1, 3)
    spread = rng.uniform(0, vivid) * 200
    return np.asarray(np.clip(grey + spread * (tint - tint.mean()), 0, 255).astype(np.float32))


def palette(rng: Rng, size: int) -> Floats:
    """`size` colours that go together: one base and its variations, or a few unrelated ones."""
    if rng.random() < 0.6:
        base = colour(rng)
        shifts = rng.normal(0, rng.uniform(15, 60), (size, 1)) + rng.normal(0, 15, (size, 3))
        return np.clip(base + shifts, 0, 255).astype(np.float32)
    return np.stack([colour(rng, 0.9) for _ in range(size)])


def noise(rng: Rng, height: int, width: int, cell: float, octaves: int = 4) -> Floats:
    """Fractal value noise, float32 (H, W) stretched to [0, 1]; `cell` is its largest feature."""
    total = np.zeros((height, width), np.float32)
    weight = 1.0
    for _ in range(octaves):
        rows, columns = (max(2, int(side / cell) + 2) for side in (height, width))
        grid = rng.random((rows, columns), dtype=np.float32)
        total += np.float32(weight) * cv2.resize(
            grid, (width, height), interpolation=cv2.INTER_CUBIC
        )
        weight *= rng.uniform(0.35, 0.75)
        cell = max(1.5, cell / 2)
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), np.float32)


def _shade(rng: Rng, field: Floats, colours: int = 4) -> Image:
    """Colour a field in [0, 1] through a palette."""
    stops = palette(rng, colours)
    table = cv2.resize(stops[None], (256, 1), interpolation=cv2.INTER_LINEAR)[0]
    return np.asarray(np.clip(table, 0, 255).astype(np.uint8)[(field * 255).astype(np.uint8)])


def _grid(rng: Rng, height: int, width: int, turn: bool = True) -> tuple[Floats, Floats]:
    """Coordinates in pixels along two perpendicular axes, turned by a random angle."""
    angle = rng.uniform(0, np.pi) if turn else 0.0
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    cosine, sine = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cosine * columns + sine * rows, cosine * rows - sine * columns


def clouds(rng: Rng, height: int, width: int) -> Image:
    """Smooth noise of several scales: sky, grass, sand, foliage from afar."""
    cell = rng.uniform(0.05, 0.6) * max(height, width)
    return _shade(rng, noise(rng, height, width, cell, int(rng.integers(2, 7))), 5)


def stripes(rng: Rng, height: int, width: int) -> Image:
    """Bands, straight or wavy: cloth, fences, furrows."""
    along, across = _grid(rng, height, width)
    period = rng.uniform(0.03, 0.25) * max(height, width)
    wave = rng.uniform(0, 0.4) * period * np.sin(across / (period * rng.uniform(1, 4)))
    phase = np.mod((along + wave) / period, 1).astype(np.float32)
    field = np.abs(2 * phase - 1) if rng.random() < 0.5 else np.round(phase * 3) / 3
    return _shade(rng, np.clip(field, 0, 1).astype(np.float32), int(rng.integers(2, 5)))


def tiles(rng: Rng, height: int, width: int) -> Image:
    """Bricks, pavement, checks: a colour per tile, dark joints."""
    u, v = _grid(rng, height, width, turn=rng.random() < 0.4)
    tall = rng.uniform(0.04, 0.2) * max(height, width)
    wide = tall * rng.uniform(1, 2.5)
    row = np.floor(v / tall)
    shift = 0.5 * wide * np.mod(row, 2) if rng.random() < 0.5 else np.float32(0)
    column = np.floor((u + shift) / wide)
    colours = palette(rng, 7)
    index = np.mod(row * 31 + column * 17 + row * column * 5, 7).astype(np.intp)
    image = colours[index]
    joint = (np.mod(v, tall) < 0.08 * tall) | (np.mod(u + shift, wide) < 0.08 * tall)
    image[joint] *= rng.uniform(0.3, 1.2)
    return np.asarray(np.clip(image, 0, 255).astype(np.uint8))


def cells(rng: Rng, height: int, width: int) -> Image:
    """Voronoi cells: stones, scales, camouflage."""
    count = int(rng.integers(12, 90))
    seeds = np.full((height, width), 255, np.uint8)
    seeds[rng.integers(0, height, count), rng.integers(0, width, count)] = 0
    distance, labels = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    image = palette(rng, count + 1)[np.mod(labels, count + 1)]
    if rng.random() < 0.6:
        image = image * (1 - rng.uniform(0.2, 0.7) * (distance / max(distance.max(), 1))[..., None])
    return np.asarray(np.clip(image, 0, 255).astype(np.uint8))


def clutter(rng: Rng, height: int, width: int) -> Image:
    """Many overlapping shapes of all sizes: a busy scene."""
    image = clouds(rng, height, width)
    side = max(height, width)
    for _ in range(int(rng.integers(15, 70))):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        size = side * rng.uniform(0.01, 0.18) ** rng.uniform(0.8, 1.3)
        axes = (int(size) + 1, int(size * rng.uniform(0.2, 1.0)) + 1)
        ink = tuple(float(c) for c in colour(rng))
        angle = float(rng.uniform(0, 180))
        kind = rng.integers(3)
        if kind == 0:
            cv2.ellipse(image, (x, y), axes, angle, 0, 360, ink, -1, cv2.LINE_AA)
        elif kind == 1:
            corners = cv2.boxPoints(((x, y), (2 * axes[0], 2 * axes[1]), angle))
            cv2.fillPoly(image, [corners.astype(np.int32)], ink, cv2.LINE_AA)
        else:
            end = (x + int(rng.normal(0, 2 * size)), y + int(rng.normal(0, 2 * size)))
            cv2.line(image, (x, y), end, ink, int(rng.integers(1, 6)), cv2.LINE_AA)
    return image


def ramp(rng: Rng, height: int, width: int) -> Image:
    """A plain surface under uneven light."""
    along, _ = _grid(rng, height, width)
    field = (along - along.min()) / max(float(np.ptp(along)), 1e-6)
    return _shade(rng, np.clip(field, 0, 1).astype(np.float32), 2)


def street(rng: Rng, height: int, width: int) -> Image:
    """Something like a view: sky, a row of blocks with windows, and a ground plane."""
    horizon = int(height * rng.uniform(0.25, 0.6))
    image = np.empty((height, width, 3), np.uint8)
    image[:horizon] = surface(rng, horizon, width, (clouds, ramp))[:horizon]
    image[horizon:] = surface(rng, height - horizon, width, (clouds, ramp, tiles, stripes))[
        : height - horizon
    ]
    x = 0
    while x < width:
        wide = min(int(width * rng.uniform(0.06, 0.25)) + 2, width - x)
        top = int(horizon * rng.uniform(0.0, 0.9))
        wall = surface(rng, horizon - top, wide, (tiles, ramp, clouds, cells))
        image[top:horizon, x : x + wide] = wall[: horizon - top, :wide]
        x += wide + int(width * rng.uniform(0, 0.1))
    return image


KINDS: tuple[Callable[[Rng, int, int], Image], ...] = (
    clouds,
    stripes,
    tiles,
    cells,
    clutter,
    ramp,
    street,
)


def surface(
    rng: Rng, height: int, width: int, kinds: tuple[Callable[..., Any], ...] = KINDS
) -> Image:
    """One of `kinds`, with grain: RGB uint8 (H, W, 3)."""
    height, width = max(4, height), max(4, width)
    image = kinds[int(rng.integers(len(kinds)))](rng, height, width)
    if rng.random() < 0.7:
        grain = noise(rng, height, width, rng.uniform(2, 12), 3) - np.float32(0.5)
        image = np.clip(image + (rng.uniform(10, 70) * grain)[..., None], 0, 255).astype(np.uint8)
    return np.ascontiguousarray(image)
