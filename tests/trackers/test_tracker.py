"""The public API: what goes in, what comes out, what is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import hit_trackers
from hit_trackers import families
from hit_trackers.errors import (
    BoxError,
    EngineError,
    ImageError,
    PredictionError,
    UnknownTrackerError,
)
from hit_trackers.hit.tracker import HitTracker as Tracker
from hit_trackers.variants import Claim


@pytest.fixture(scope="module")
def tracker() -> Tracker:
    return hit_trackers.load_tracker("hit_nano", "seeded")


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)


def test_update_gives_a_box_on_the_image(tracker: Tracker, image: np.ndarray) -> None:
    tracker.init(image, [30, 40, 50, 20])
    for _ in range(5):
        box, score = tracker.update(image)
        assert box.shape == (4,)
        assert box.dtype == np.float64
        assert 0 <= score <= 1
        x, y, w, h = box
        assert min(x, y) >= 0
        assert min(w, h) >= 10
        assert x + w <= 160
        assert y + h <= 120
    assert tracker.network_seconds > 0
    assert np.isnan(tracker.device_seconds)
    assert tracker.network_input.shape == (256, 256, 3)


def test_same_input_same_bits(tracker: Tracker, image: np.ndarray) -> None:
    tracks = []
    for _ in range(2):
        tracker.init(image, [30, 40, 50, 20])
        tracks.append([tracker.update(image).box for _ in range(4)])
    assert np.array_equal(*tracks)


def test_open_loop_prediction_leaves_the_state(tracker: Tracker, image: np.ndarray) -> None:
    tracker.init(image, [30, 40, 50, 20])
    first = tracker.update(image).box
    tracker.init(image, [30, 40, 50, 20])
    patch = np.zeros((256, 256, 3), np.uint8)
    assert tracker.run_network(patch).shape == (6,)
    assert np.array_equal(tracker.update(image).box, first)


def test_the_first_box_is_not_kept_by_reference(tracker: Tracker, image: np.ndarray) -> None:
    box = np.array([30.0, 40.0, 50.0, 20.0])
    tracker.init(image, box)
    box[:] = 0
    assert np.isfinite(tracker.update(image).box).all()


@pytest.mark.parametrize(
    "box",
    [
        [0, 0, 0, 10],
        [0, 0, 10, -1],
        [float("nan"), 0, 10, 10],
        [float("inf"), 0, 10, 10],
        [1, 2, 3],
        [500, 0, 10, 10],
        [-50, 0, 10, 10],
    ],
)
def test_bad_first_box(tracker: Tracker, image: np.ndarray, box: list[float]) -> None:
    with pytest.raises(BoxError, match="box"):
        tracker.init(image, box)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((10, 10), np.uint8),
        np.zeros((10, 10, 4), np.uint8),
        np.zeros((10, 10, 3), np.uint16),
        np.zeros((10, 10, 3), np.float32),
        "image.jpg",
        None,
    ],
)
def test_bad_image(tracker: Tracker, image: np.ndarray, bad: object) -> None:
    with pytest.raises(ImageError, match="uint8"):
        tracker.init(bad, [1, 1, 5, 5])
    tracker.init(image, [1, 1, 5, 5])
    with pytest.raises(ImageError, match="uint8"):
        tracker.update(bad)


def test_update_before_init() -> None:
    fresh = hit_trackers.load_tracker("hit_nano", "seeded")
    with pytest.raises(RuntimeError, match="init"):
        fresh.update(np.zeros((50, 50, 3), np.uint8))


def test_a_nan_from_the_network_is_an_error_and_leaves_the_state(
    tracker: Tracker, image: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker.init(image, [30, 40, 50, 20])
    with monkeypatch.context() as patch:
        patch.setattr(tracker.engine, "run", lambda _: np.full(6, np.nan, np.float32))
        with pytest.raises(PredictionError, match="hit_nano"):
            tracker.update(image)
    assert np.isfinite(tracker.update(image).box).all()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("hot_base", "hit"),
        ("hit_bsae", "base"),
        ("hit_base_memef", "memeff"),
        ("hit_base_small", "two values"),
        ("", "hit"),
        ("hit_base__exact", "list"),
    ],
)
def test_unknown_names(name: str, hint: str) -> None:
    with pytest.raises(UnknownTrackerError, match=hint):
        hit_trackers.load_tracker(name, "seeded")


@pytest.mark.parametrize("variant", hit_trackers.list_trackers(), ids=lambda v: v.name)
def test_names_read_back(variant: hit_trackers.Variant) -> None:
    assert families.parse(variant.name) == variant
    assert variant.claim in Claim


def test_claims() -> None:
    claims = {
        name: families.parse(name).claim
        for name in ("hit_base", "hit_exact", "hit_memeff", "hit_exact_graph", "hit_graph_fp16")
    }
    assert claims == {
        "hit_base": "baseline",
        "hit_exact": "bitwise",
        "hit_memeff": "tolerance",
        "hit_exact_graph": "bitwise",
        "hit_graph_fp16": "lossy",
    }


def test_cuda_without_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(EngineError, match="--device cpu"):
        hit_trackers.load_tracker("hit_nano", "seeded", device="cuda")


def test_a_precision_an_engine_lacks() -> None:
    with pytest.raises(EngineError, match="openvino"):
        hit_trackers.load_tracker("hit_nano_int8", "seeded")


def test_listing_imports_nothing_heavy() -> None:
    code = (
        "import sys, hit_trackers; hit_trackers.list_trackers();"
        "print([m for m in ('torch', 'cv2', 'numpy') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_bf16_is_close_and_not_equal(image: np.ndarray) -> None:
    boxes = []
    for name in ("hit_nano", "hit_nano_bf16"):
        tracker = hit_trackers.load_tracker(name, "seeded")
        tracker.init(image, [30, 40, 50, 20])
        tracker.update(image)
        boxes.append(tracker.run_network(tracker.network_input)[:4])
    assert not np.array_equal(*boxes)
