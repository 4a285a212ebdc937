"""The baselines are STARK: what the official code computed from the same seeded weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hit_trackers import load_tracker
from hit_trackers.geometry import crop_with_padding
from hit_trackers.stark.config import CONFIGS
from hit_trackers.stark.network import build

# Frames of the golden clip; the whole of it is `python -m benchmarks.official`.
FRAMES = 4
GOLDEN_INTERVAL = 3  # of the golden tracks, so that the clip sees a change of templates


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "golden/stark/stark_official.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("size", CONFIGS)
def test_state_dict_is_the_official_one(shared: Path, size: str) -> None:
    official = json.loads((shared / "golden/stark/state_dicts.json").read_text())
    with torch.device("meta"):
        state = build(size).state_dict()
    found = [(k, list(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in state.items()]
    assert found == [(k, *v) for k, v in official[f"stark_{size}"].items()]


@pytest.fixture(
    scope="module",
    params=["s50", "st50", pytest.param("st101", marks=pytest.mark.slow), "lightning"],
)
def tracker(request: pytest.FixtureRequest, golden: dict[str, np.ndarray]) -> Any:
    return load_tracker(f"stark_{request.param}", "seeded")


def patch(golden: dict[str, np.ndarray], what: str, pair: int) -> np.ndarray:
    """As the tracker cuts it: the mask is the fourth channel."""
    mask = np.where(golden[f"{what}_mask"][pair], 255, 0).astype(np.uint8)
    return np.dstack([golden[what][pair], mask])


@pytest.mark.parametrize("pair", [0, 1])
def test_a_frame(golden: dict[str, np.ndarray], tracker: Any, pair: int) -> None:
    """Pair 0 leaves the image, pair 1 does not."""
    template = patch(golden, "template", pair)
    updating = tracker.engine.program.templates is not None
    if updating:  # the second template is the other pair's
        template = np.stack([template, patch(golden, "template", 1 - pair)])
    tracker.engine.set_template(template)
    search = patch(golden, "search", pair)
    network = tracker.engine.program.network
    with torch.inference_mode():
        image, mask = tracker.engine.normalise(search)
        of_search = network.embed(image, mask)
        output = network.predict(type(of_search)(*tracker.engine.held), of_search)
    padding = torch.cat((tracker.engine.held[1], of_search.padding), dim=1)
    assert np.array_equal(padding[0].numpy(), golden[f"{tracker.name}/seq_mask"][pair])
    assert bool(padding.any()) is (pair == 0 or updating)
    expected = golden[f"{tracker.name}/pred_boxes_cxcywh"][pair]
    np.testing.assert_allclose(output.boxes[0].numpy(), expected, rtol=1e-4, atol=1e-5)
    if updating:
        logits = golden[f"{tracker.name}/pred_logits"][pair]
        np.testing.assert_allclose(output.logits.view(1).numpy(), logits, rtol=1e-4, atol=1e-5)


def test_closed_loop(golden: dict[str, np.ndarray], shared: Path, tracker: Any) -> None:
    with np.load(shared / "golden/hit_official.npz") as arrays:
        frames = arrays["video"][: FRAMES + 1]
    expected = golden[f"{tracker.name}/track_xywh"]
    tracker.interval = GOLDEN_INTERVAL
    tracker.init(frames[0], expected[0])
    boxes, scores, changed = [], [], []
    for frame in frames[1:]:
        before = getattr(tracker, "templates", None)
        prediction = tracker.update(frame)
        boxes.append(prediction.box)
        scores.append(prediction.score)
        changed.append(getattr(tracker, "templates", None) is not before)
    np.testing.assert_allclose(boxes, expected[1 : FRAMES + 1], rtol=0, atol=1e-2)
    if f"{tracker.name}/track_conf" in golden:
        confidence = golden[f"{tracker.name}/track_conf"][1 : FRAMES + 1]
        np.testing.assert_allclose(scores, confidence, rtol=1e-4, atol=1e-5)
        assert changed == golden[f"{tracker.name}/track_updated"][1 : FRAMES + 1].tolist()


def test_crops_say_what_is_padding(golden: dict[str, np.ndarray]) -> None:
    for number, box in enumerate(golden["crop/boxes_xywh"]):
        found, factor = crop_with_padding(golden["crop/image"], box.tolist(), 5.0, 64)
        assert np.array_equal(found[..., :3], golden["crop/patches"][number])
        assert np.array_equal(found[..., 3] > 0, golden["crop/masks"][number])
        assert set(np.unique(found[..., 3])) <= {0, 255}
        assert factor == golden["crop/resize_factors"][number]


@pytest.mark.slow
@pytest.mark.parametrize("size", CONFIGS)
def test_exact_is_bitwise(shared: Path, size: str) -> None:
    with np.load(shared / "golden/hit_official.npz") as arrays:
        frames, first = arrays["video"], arrays["video_boxes_xywh"][0]
    found = []
    for token in ("", "_exact"):
        tracker: Any = load_tracker(f"stark_{size}{token}", "seeded")
        tracker.interval = GOLDEN_INTERVAL
        tracker.init(frames[0], first)
        boxes = [tracker.update(frame).box for frame in frames[1 : FRAMES + 1]]
        found.append((np.array(boxes), tracker.run_network(tracker.network_input)))
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])
