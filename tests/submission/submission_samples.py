"""Boxes, records and files that the tests of submissions share."""

from __future__ import annotations

import numpy as np

from toolkit_adapters.records import Flag, Record

FRAMES = {"aa_0": 5, "-bb_1": 7}


def make_boxes(frames: int, seed: int) -> np.ndarray:
    walk = np.random.default_rng(seed).normal(0, 3, (frames, 4)).cumsum(axis=0)
    boxes = np.array([100.0, 80.0, 40.0, 30.0]) + walk / 7
    boxes[0] = np.round(boxes[0])
    return boxes


def make_record(frames: int, seed: int, identity: str = "") -> Record:
    seconds = np.full(frames, 0.005)
    flags = np.zeros(frames, np.uint8)
    flags[0] = Flag.INIT
    return Record(
        boxes=make_boxes(frames, seed),
        scores=np.full(frames, 0.9),
        decode=seconds,
        network=seconds,
        device=np.full(frames, np.nan),
        update=seconds,
        frame=seconds,
        flags=flags,
        identity=identity,
    )
