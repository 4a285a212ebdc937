"""The baseline is HiT: what the official code computed from the same seeded weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from hit_trackers import load_tracker
from hit_trackers.geometry import crop_region
from hit_trackers.hit.network.config import OFFICIAL_NAMES
from hit_trackers.hit.network.hit import build
from hit_trackers.hit.tracker import HitTracker as Tracker

OPERATORS = ["", "_streaming", "_memeff", "_exact"]


@pytest.fixture(scope="module")
def golden(shared: Path):
    with np.load(shared / "golden" / "hit_official.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module", params=[s + o for s in OFFICIAL_NAMES for o in OPERATORS])
def tracker(request) -> Tracker:
    return load_tracker(f"hit_{request.param}", "seeded")


@pytest.mark.parametrize("size", OFFICIAL_NAMES)
def test_state_dict_is_the_official_one(shared: Path, size: str) -> None:
    official = json.loads((shared / "golden" / "state_dicts.json").read_text())
    expected = [
        (key, shape, dtype) for key, (shape, dtype) in official[OFFICIAL_NAMES[size]].items()
    ]
    state = build(size).state_dict()
    found = [(k, list(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in state.items()]
    assert found == expected


def test_boxes(golden, tracker: Tracker) -> None:
    official = golden[f"{OFFICIAL_NAMES[tracker.variant.part('size')]}/pred_boxes_cxcywh"]
    boxes = []
    for search, template in zip(golden["search"], golden["template"], strict=True):
        tracker.engine.set_template(template)
        boxes.append(tracker.run_network(search)[:4])
    np.testing.assert_allclose(boxes, official, rtol=1e-4, atol=1e-5)


def test_score_maps(golden, tracker: Tracker) -> None:
    official = golden[f"{OFFICIAL_NAMES[tracker.variant.part('size')]}/corner_scores"]
    engine = tracker.engine
    network = engine.program.network
    for search, template, expected in zip(
        golden["search"], golden["template"], official, strict=True
    ):
        with torch.inference_mode():
            features = network.head_features(
                network.embed(engine.normalise(search)), network.embed(engine.normalise(template))
            )
            maps = [network.box_head.score_map(features, corner)[0, 0] for corner in ("tl", "br")]
        # Scores reach tens, so the official tolerance on boxes is scaled to them.
        scale = np.abs(expected).max()
        np.testing.assert_allclose(torch.stack(maps), expected, rtol=1e-4, atol=1e-5 * scale)


def test_closed_loop(golden, tracker: Tracker) -> None:
    official = golden[f"{OFFICIAL_NAMES[tracker.variant.part('size')]}/track_xywh"]
    tracker.init(golden["video"][0], golden["video_boxes_xywh"][0])
    boxes = [golden["video_boxes_xywh"][0]]
    boxes += [tracker.update(frame).box for frame in golden["video"][1:]]
    np.testing.assert_allclose(boxes, official, rtol=0, atol=1e-2)


@pytest.mark.parametrize("size", OFFICIAL_NAMES)
def test_exact_is_bitwise_in_a_closed_loop(golden, size: str) -> None:
    tracks = []
    for name in (f"hit_{size}", f"hit_{size}_exact"):
        tracker = load_tracker(name, "seeded")
        tracker.init(golden["video"][0], golden["video_boxes_xywh"][0])
        tracks.append([tracker.update(frame).box for frame in golden["video"][1:]])
    assert np.array_equal(*tracks)


def test_crops(golden) -> None:
    for box, patch, factor in zip(
        golden["crop/boxes_xywh"],
        golden["crop/patches"],
        golden["crop/resize_factors"],
        strict=True,
    ):
        found, found_factor = crop_region(golden["crop/image"], box, 4, 64)
        assert np.array_equal(found, patch)
        assert found_factor == factor
