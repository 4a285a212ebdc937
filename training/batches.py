"""Batches of pairs: a template and a search region cut out of two views of one scene."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from toolkit_adapters.world.sprites import smear
from toolkit_adapters.world.textures import Image, Rng
from training.views import FACTOR, PER_SCENE, SIDE, Views

TEMPLATE, SEARCH = 128, 256
_ZOOM = SEARCH / 4.0 * FACTOR / SIDE  # pixels of a patch per pixel of a view: 64 a target's side
_MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
_DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


@dataclass(frozen=True)
class Batch:
    """Normalised images (B, 3, S, S); boxes (B, 4) cx, cy, w, h as shares of the search side."""

    search: Tensor
    template: Tensor
    boxes: Tensor


@dataclass(frozen=True)
class Jitter:
    """How far a search region is from the target, in shares of the target's size.

    The HiT paper's are 3.5 and 0.5; from frame to frame targets move less. A share `far` of the
    regions is up to `centre` off, the others up to a third of it. `stretch` widens or narrows both
    images of a pair alike: real boxes, of people above all, are longer than drawn ones.
    """

    centre: float = 1.2
    scale: float = 0.18
    colour: float = 0.2
    far: float = 0.4
    stretch: float = 0.25


def make_batch(views: Views, scenes: npt.NDArray[np.intp], rng: Rng, jitter: Jitter) -> Batch:
    """One pair of each of `scenes`; every choice comes from `rng`."""
    searches, templates, boxes = [], [], []
    for scene in scenes:
        first, second = rng.permutation(PER_SCENE)[:2]
        flip = bool(rng.random() < 0.5)
        grey = bool(rng.random() < 0.1)
        # Old and cheap cameras: little contrast, the same in both images.
        contrast = float(rng.uniform(0.3, 1.0)) if rng.random() < 0.4 else 1.0
        wide = float(np.exp(rng.normal(0, jitter.stretch)))
        template, _ = _cut(views, int(scene), int(first), TEMPLATE, (0.0, 0.0), 1.0, wide, flip)
        reach = jitter.centre * (1.0 if rng.random() < jitter.far else 1 / 3)
        offset = (float(rng.uniform(-reach, reach)), float(rng.uniform(-reach, reach)))
        scale = float(np.exp(np.clip(rng.normal(0, jitter.scale), -0.45, 0.45)))
        search, box = _cut(views, int(scene), int(second), SEARCH, offset, scale, wide, flip)
        search = _spoil(rng, search)
        templates.append(_recolour(rng, template, jitter.colour, contrast, grey))
        searches.append(_recolour(rng, search, jitter.colour, contrast, grey))
        boxes.append(box)
    x1, y1, x2, y2 = (np.stack(boxes) / SEARCH).T
    centres = np.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], axis=1)
    return Batch(normalise(searches), normalise(templates), torch.from_numpy(centres))


def normalise(images: list[Image]) -> Tensor:
    """RGB uint8 images -> float32 (B, 3, S, S) with ImageNet's mean and deviation, as HiT's."""
    # Transposed as bytes: a quarter of the memory that the same would move as floats.
    stack = torch.from_numpy(np.stack([np.moveaxis(image, 2, 0) for image in images]))
    return stack.float().sub_(255 * _MEAN).div_(255 * _DEVIATION)


def _cut(
    views: Views,
    scene: int,
    view: int,
    side: int,
    offset: tuple[float, float],
    scale: float,
    wide: float,
    flip: bool,
) -> tuple[Image, npt.NDArray[np.float32]]:
    """A square patch around the target; `offset` in target sizes, `scale` enlarges the square.

    What is in it is stretched: `wide` is the factor of its aspect ratio, its area stays.
    """
    across, down = _ZOOM / scale * np.sqrt(wide), _ZOOM / scale / np.sqrt(wide)
    x1, y1, x2, y2 = views.boxes[scene, view].astype(np.float64)
    size = np.sqrt((x2 - x1) * (y2 - y1))
    middle = np.array([(x1 + x2) / 2 + offset[0] * size, (y1 + y2) / 2 + offset[1] * size])
    matrix = np.array(
        [[across, 0, side / 2 - across * middle[0]], [0, down, side / 2 - down * middle[1]]]
    )
    if flip:
        matrix[0] = -matrix[0]
        matrix[0, 2] += side
    corners = matrix[:, :2] @ np.array([[x1, x2], [y1, y2]]) + matrix[:, 2:]
    (low_x, low_y), (high_x, high_y) = corners.min(1), corners.max(1)
    # Boxes are in pixels' edges, OpenCV's coordinates are their centres.
    matrix[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    patch = cv2.warpAffine(views.image(scene, view), matrix, (side, side), flags=cv2.INTER_LINEAR)
    return np.asarray(patch), np.array([low_x, low_y, high_x, high_y], np.float32)


def _spoil(rng: Rng, image: Image) -> Image:
    """Lost resolution, motion blur or a patch over the search region, sometimes."""
    luck = rng.random()
    if luck < 0.1:
        small = cv2.resize(image, (0, 0), fx=rng.uniform(0.3, 0.7), fy=rng.uniform(0.3, 0.7))
        return np.asarray(cv2.resize(small, (image.shape[1], image.shape[0])))
    if luck < 0.15:
        blurred = smear(image.astype(np.float32), *rng.normal(0, 5, 2))
        return blurred.astype(np.uint8)
    if luck < 0.25:
        x, y = rng.integers(0, 200, 2)
        w, h = rng.integers(12, 56, 2)
        if rng.random() < 0.5:
            image[y : y + h, x : x + w] = rng.integers(0, 256, 3)
        else:
            other = np.roll(image, (int(rng.integers(40, 200)), int(rng.integers(40, 200))), (0, 1))
            image[y : y + h, x : x + w] = other[y : y + h, x : x + w]
    return image


def _recolour(rng: Rng, image: Image, amount: float, contrast: float, grey: bool) -> Image:
    """Another gain, offset and gamma for each channel, mostly shared."""
    if grey:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    ramp = np.arange(256, dtype=np.float32)[:, None] / 255
    gain = np.exp(rng.normal(0, amount) + rng.normal(0, 0.25 * amount, 3))
    gamma = np.exp(rng.normal(0, amount))
    ramp = (1 - contrast) * 0.4 + contrast * ramp**gamma
    table = 255 * np.clip(ramp * gain + rng.normal(0, 0.15 * amount), 0, 1)
    return np.asarray(cv2.LUT(image, table.astype(np.uint8)[None]))
