"""Every variant that runs here computes what it claims, open loop and closed loop."""

from __future__ import annotations

import shutil
from functools import cache

import numpy as np
import pytest

import hit_trackers
from hit_trackers.errors import EngineError
from hit_trackers.tracker import Tracker
from toolkit_adapters.world.demo import CLIPS, scene_of

BOX = [60.0, 50.0, 40.0, 30.0]
EXACT = ("exact",)
TOLERANT = (
    "streaming",
    "memeff",
    "onnx",
    "openvino",
    pytest.param("compile", marks=pytest.mark.slow),
)
LOSSY = ("bf16", "exact_bf16", "openvino_bf16")


@cache
def load(name: str, checkpoint: str | None = "seeded") -> Tracker:
    if "onnx" in name:
        pytest.importorskip("onnxruntime")
    if "openvino" in name:
        pytest.importorskip("openvino")
    if "compile" in name and not any(map(shutil.which, ("c++", "g++", "clang++", "cl"))):
        pytest.skip("torch.compile needs a C++ compiler, and there is none")
    try:
        return hit_trackers.load_tracker(name, checkpoint)
    except EngineError as error:
        if "this processor computes" not in str(error):
            raise
        pytest.skip(str(error))


def patches() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (256, 256, 3), dtype=np.uint8)
    smooth = np.ascontiguousarray(np.repeat(np.repeat(noise[::32, ::32], 32, 0), 32, 1))
    return [noise, smooth, np.zeros_like(noise), np.full_like(noise, 255)]


def open_loop(name: str, clip: list[np.ndarray]) -> np.ndarray:
    tracker = load(name)
    tracker.init(clip[0], BOX)
    return np.array([tracker.engine.run(patch) for patch in patches()])


def closed_loop(name: str, clip: list[np.ndarray]) -> np.ndarray:
    tracker = load(name)
    tracker.init(clip[0], BOX)
    return np.array([tracker.update(frame).box for frame in clip[1:]])


@pytest.mark.parametrize("variant", EXACT)
def test_bitwise(variant: str, clip: list[np.ndarray]) -> None:
    name = f"hit_nano_{variant}"
    assert load(name).spec.claim == "bitwise"
    for loop in (open_loop, closed_loop):
        assert np.array_equal(loop(name, clip), loop("hit_nano", clip))


@pytest.mark.parametrize("variant", TOLERANT)
def test_within_rounding(variant: str, clip: list[np.ndarray]) -> None:
    name = f"hit_nano_{variant}"
    assert load(name).spec.claim == "tolerance"
    found, expected = open_loop(name, clip), open_loop("hit_nano", clip)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    # A few frames only: a rounding that flips a crop's edge may move the boxes after it.
    boxes, truth = closed_loop(name, clip), closed_loop("hit_nano", clip)
    np.testing.assert_allclose(boxes, truth, rtol=0, atol=0.05)
    assert load(name).network_seconds > 0
    assert np.isnan(load(name).device_seconds)


@pytest.mark.parametrize("variant", LOSSY)
def test_lossy_is_close_and_says_so(variant: str) -> None:
    """With weights that track: the flat corner maps of random ones magnify any change."""
    lossy, baseline = (load(name, None) for name in (f"hit_nano_{variant}", "hit_nano"))
    assert lossy.spec.claim == "lossy"
    scene = scene_of(CLIPS[0])
    first = scene.render(0.0)
    for tracker in (lossy, baseline):
        tracker.init(first.image, first.box)
    differences = []
    for number in range(1, 6):
        baseline.update(scene.render(float(number)).image)
        assert baseline.search_patch is not None
        found, expected = (t.engine.run(baseline.search_patch) for t in (lossy, baseline))
        assert np.isfinite(found).all()
        differences.append(np.abs(found - expected).max())
    assert 0 < max(differences) < 0.03, "of the search region, in which the target is a quarter"


@pytest.mark.parametrize("variant", ["", "_exact", "_onnx", "_openvino"])
def test_a_new_template_replaces_the_old_one(variant: str, clip: list[np.ndarray]) -> None:
    tracker = load(f"hit_nano{variant}")
    outputs = []
    for box in (BOX, [10.0, 10.0, 90.0, 90.0], BOX):
        tracker.init(clip[0], box)
        outputs.append(tracker.engine.run(patches()[1]))
    assert np.array_equal(outputs[0], outputs[2])
    assert not np.array_equal(outputs[0], outputs[1])


@pytest.mark.parametrize("variant", ["", "_onnx", "_openvino"])
def test_an_answer_is_not_overwritten_by_the_next(variant: str, clip: list[np.ndarray]) -> None:
    tracker = load(f"hit_nano{variant}")
    tracker.init(clip[0], BOX)
    first = tracker.engine.run(patches()[0])
    kept = first.copy()
    tracker.engine.run(patches()[1])
    assert np.array_equal(first, kept)
