"""The baseline is TransT: what the official code computed from the same seeded weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hit_trackers import load_tracker
from hit_trackers.transt.crop import subwindow
from hit_trackers.transt.network.config import CONFIGS
from hit_trackers.transt.network.transt import build
from hit_trackers.transt.program import TransTProgram

# Frames of the golden clip; the whole of it is `python -m benchmarks.official`.
FRAMES = 3


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "golden/transt/transt_official.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("name", CONFIGS)
def test_state_dict_is_the_official_one(shared: Path, name: str) -> None:
    official = json.loads((shared / "golden/transt/state_dicts.json").read_text())
    with torch.device("meta"):
        state = build(name).state_dict()
    found = [(k, list(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in state.items()]
    assert found == [(k, *v) for k, v in official[name].items()]


@pytest.fixture(scope="module", params=list(CONFIGS))
def tracker(request: pytest.FixtureRequest, golden: dict[str, np.ndarray]) -> Any:
    return load_tracker(request.param, "seeded")


@pytest.mark.parametrize("pair", [0, 1])
def test_scores_and_boxes(golden: dict[str, np.ndarray], tracker: Any, pair: int) -> None:
    tracker.engine.set_template(golden["template"][pair])
    program: TransTProgram = tracker.engine.program
    with torch.inference_mode():
        search = tracker.engine.normalise(golden["search"][pair])
        output = program.predict(search, tracker.engine.held)
    for found, key in ((output.logits, "pred_logits"), (output.boxes, "pred_boxes")):
        expected = golden[f"{tracker.name}/{key}"][pair]
        np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-4, atol=2e-5)


def test_closed_loop(golden: dict[str, np.ndarray], shared: Path, tracker: Any) -> None:
    with np.load(shared / "golden/hit_official.npz") as arrays:
        frames = arrays["video"][: FRAMES + 1]
    expected = golden[f"{tracker.name}/track_xywh"]
    tracker.init(frames[0], expected[0])
    found, cells = [], []
    for frame in frames[1:]:
        found.append(tracker.update(frame))
        cells.append(tracker.decisions["cell"].taken)
    boxes = [prediction.box for prediction in found]
    np.testing.assert_allclose(boxes, expected[1 : FRAMES + 1], rtol=0, atol=1e-2)
    scores = [prediction.score for prediction in found]
    expected_scores = golden[f"{tracker.name}/track_score"][1 : FRAMES + 1]
    np.testing.assert_allclose(scores, expected_scores, rtol=1e-4)
    assert cells == golden[f"{tracker.name}/track_index"][1 : FRAMES + 1].tolist()


def test_crops(golden: dict[str, np.ndarray]) -> None:
    image, colour = golden["crop/image"], golden["crop/channel_average"]
    for (x, y, side), expected in zip(
        golden["crop/cx_cy_size"], golden["crop/patches"], strict=True
    ):
        patch = subwindow(image, np.array([x, y]), int(side), 128, colour)
        assert np.array_equal(patch.transpose(2, 0, 1), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CONFIGS))
def test_exact_is_bitwise(shared: Path, name: str) -> None:
    with np.load(shared / "golden/hit_official.npz") as arrays:
        frames, first = arrays["video"], arrays["video_boxes_xywh"][0]
    found = []
    for each in (name, f"{name}_exact"):
        tracker: Any = load_tracker(each, "seeded")
        tracker.init(frames[0], first)
        boxes = [tracker.update(frame).box for frame in frames[1 : FRAMES + 1]]
        found.append((np.array(boxes), tracker.run_network(tracker.network_input)))
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])
