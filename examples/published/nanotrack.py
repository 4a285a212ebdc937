"""NanoTrack v3, from its published weights in ONNX Runtime.

Get `nanotrackv3_backbone.onnx` and `nanotrackv3_head.onnx` from HonglinChu/SiamTrackers (Apache
2.0) and let WEIGHTS name their folder. A Siamese tracker as pysot's: it wants BGR, from 0 to 255.
"""

import math
import os
from pathlib import Path

import cv2
import numpy as np
from onnx_network import load

WEIGHTS = os.environ.get("WEIGHTS", "weights")
TEMPLATE, SEARCH, STRIDE, GRID = 127, 255, 16, 15
WINDOW, PENALTY, RATE = 0.455, 0.138, 0.348  # as the author's configuration has them


def padded_side(w, h):
    """Side of the square around a box that the template is cut with."""
    margin = (w + h) / 2
    return np.sqrt((w + margin) * (h + margin))


class NanoTrack:
    """Two classes and four distances at each of 15 x 15 places; BGR."""

    def __init__(self, weights=WEIGHTS):
        self.backbone = load(Path(weights, "nanotrackv3_backbone.onnx"))
        self.head = load(Path(weights, "nanotrackv3_head.onnx"))
        hann = np.hanning(GRID)
        self.window = np.outer(hann, hann)
        steps = (np.arange(GRID) - GRID // 2) * float(STRIDE)
        self.x, self.y = np.meshgrid(steps, steps)

    def features(self, image, side, size):
        """Of a square around the centre, filled up with the mean colour."""
        left, top = (math.floor(c - (side + 1) / 2 + 0.5) for c in self.centre)
        patch = np.empty((side, side, 3), np.uint8)
        patch[:] = self.mean.astype(np.uint8)
        tall, wide = image.shape[:2]
        x1, y1, x2, y2 = max(left, 0), max(top, 0), min(left + side, wide), min(top + side, tall)
        if x2 > x1 and y2 > y1:
            patch[y1 - top : y2 - top, x1 - left : x2 - left] = image[y1:y2, x1:x2]
        values = cv2.resize(patch, (size, size)).astype(np.float32).transpose(2, 0, 1)[None]
        return self.backbone(input=np.ascontiguousarray(values))[0]

    def init(self, image, box):
        x, y, w, h = (float(one) for one in box)
        self.centre, self.size = np.array([x + (w - 1) / 2, y + (h - 1) / 2]), np.array([w, h])
        self.mean = image.mean(axis=(0, 1))
        self.template = self.features(image, round(float(padded_side(w, h))), TEMPLATE)

    def update(self, image):
        side = float(padded_side(*self.size))
        scale = TEMPLATE / side
        region = self.features(image, round(side * SEARCH / TEMPLATE), SEARCH)
        classes, distances = self.head(input1=self.template, input2=region)
        classes = classes[0]
        score = 1 / (1 + np.exp(classes[0] - classes[1]))
        left, top, right, bottom = distances[0]
        x1, y1, x2, y2 = self.x - left, self.y - top, self.x + right, self.y + bottom
        w, h = x2 - x1, y2 - y1
        old_w, old_h = self.size * scale

        def change(ratio):
            return np.maximum(ratio, 1 / ratio)

        shape = change((old_w / old_h) / (w / h))
        area = change(padded_side(w, h) / padded_side(old_w, old_h))
        penalty = np.exp((1 - shape * area) * PENALTY)
        ranked = penalty * score * (1 - WINDOW) + self.window * WINDOW
        best = np.unravel_index(int(ranked.argmax()), ranked.shape)
        rate = float(penalty[best] * score[best] * RATE)
        moved = np.array([x1[best] + x2[best], y1[best] + y2[best]]) / 2 / scale
        found = np.array([w[best], h[best]]) / scale
        limits = np.array([image.shape[1], image.shape[0]], float)
        self.centre = np.clip(self.centre + moved, 0, limits)
        self.size = np.clip(self.size * (1 - rate) + found * rate, 10, limits)
        return [*(self.centre - self.size / 2), *self.size], float(score[best])
