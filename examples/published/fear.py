"""FEAR-XS (ECCV 2022), from its published weights in ONNX Runtime.

The authors publish it for Core ML (MIT). `fear_init.onnx` and `fear_track.onnx` are that network
with the same weights; let WEIGHTS name their folder. The network normalises the image itself, and
its boxes are whole pixels.
"""

import os
from pathlib import Path

import cv2
import numpy as np
from onnx_network import load

WEIGHTS = os.environ.get("WEIGHTS", "weights")
STRIDE, GRID, TEMPLATE, SEARCH, LEAST = 16, 16, 128, 256, 3


class Fear:
    """Distances to the four sides of the box at each of 16 x 16 places, and a score; RGB."""

    def __init__(self, weights=WEIGHTS):
        self.embed = load(Path(weights, "fear_init.onnx"))
        self.find = load(Path(weights, "fear_track.onnx"))

    def region(self, image, margin, size):
        """The box with a margin on each side, in whole pixels, filled up with the mean colour."""
        x, y, w, h = self.box
        left, top = int(x - margin * w), int(y - margin * h)
        width, height = int(w * (1 + 2 * margin)), int(h * (1 + 2 * margin))
        patch = np.empty((height, width, 3), np.uint8)
        patch[:] = np.round(self.mean).astype(np.uint8)
        tall, wide = image.shape[:2]
        x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + width, wide), min(top + height, tall)
        if x2 > x1 and y2 > y1:
            patch[y1 - top : y2 - top, x1 - left : x2 - left] = image[y1:y2, x1:x2]
        values = cv2.resize(patch, (size, size)).astype(np.float32).transpose(2, 0, 1)[None]
        return np.ascontiguousarray(values), (left, top, width, height)

    def inside(self, box, image):
        """The box cut to the image, at least three pixels wide and high."""
        limits = np.array([image.shape[1], image.shape[0]])
        low = np.clip(np.array(box[:2], int), 0, limits)
        high = np.clip(low + np.array(box[2:], int), 0, limits)
        low = np.minimum(low, np.where(high - low < LEAST, np.maximum(limits - LEAST, 0), low))
        return [*low.tolist(), *np.maximum(high - low, LEAST).tolist()]

    def init(self, image, box):
        self.mean = image.mean(axis=(0, 1))
        self.box = self.inside(box, image)
        patch, _ = self.region(image, 0.2, TEMPLATE)
        (self.template,) = self.embed(image=patch)

    def update(self, image):
        patch, (x, y, w, h) = self.region(image, 2, SEARCH)
        sides, score = self.find(image=patch, template_features=self.template)
        row, column = divmod(int(score[0, 0].argmax()), GRID)
        left, top, right, bottom = (float(one) for one in sides[0, :, row, column])
        place = np.array([column, row]) * STRIDE + (SEARCH - GRID * STRIDE) / 2
        scale = np.array([w, h]) / SEARCH
        corner = np.round((place - [left, top]) * scale + [x, y])
        extent = np.maximum(np.round(np.array([left + right, top + bottom]) * scale), LEAST)
        self.box = self.inside([*corner, *extent], image)
        best = float(score[0, 0, row, column])
        return self.box, best if 0 <= best <= 1 else float(1 / (1 + np.exp(-best)))
