"""Every variant that runs here computes what it claims, open loop and closed loop."""

from __future__ import annotations

import shutil
from functools import cache

import numpy as np
import pytest
import torch

import hit_trackers
from hit_trackers.errors import EngineError, MissingDependencyError
from hit_trackers.hit.tracker import HitTracker as Tracker
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
    assert load(name).variant.claim == "bitwise"
    for loop in (open_loop, closed_loop):
        assert np.array_equal(loop(name, clip), loop("hit_nano", clip))


@pytest.mark.parametrize("variant", TOLERANT)
def test_within_rounding(variant: str, clip: list[np.ndarray]) -> None:
    name = f"hit_nano_{variant}"
    assert load(name).variant.claim == "tolerance"
    found, expected = open_loop(name, clip), open_loop("hit_nano", clip)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, :4], expected[:, :4], rtol=0, atol=1e-5)
    # Highest probabilities of the two corners: a softmax makes more of a rounding.
    np.testing.assert_allclose(found[:, 4:], expected[:, 4:], rtol=0, atol=2e-5)
    # A few frames only: a rounding that flips a crop's edge may move the boxes after it.
    boxes, truth = closed_loop(name, clip), closed_loop("hit_nano", clip)
    np.testing.assert_allclose(boxes, truth, rtol=0, atol=0.05)
    assert load(name).network_seconds > 0
    assert np.isnan(load(name).device_seconds)


def largest_difference(variant: Tracker, baseline: Tracker) -> float:
    """Of the search region, where the target is a quarter of it; the baseline leads.

    With weights that track: the flat corner maps of random ones magnify any change.
    """
    scene = scene_of(CLIPS[0])
    first = scene.render(0.0)
    for tracker in (variant, baseline):
        tracker.init(first.image, first.box)
    differences = []
    for number in range(1, 6):
        baseline.update(scene.render(float(number)).image)
        assert baseline.network_input is not None
        found, expected = (t.engine.run(baseline.network_input) for t in (variant, baseline))
        assert np.isfinite(found).all()
        differences.append(float(np.abs(found - expected).max()))
    return max(differences)


@pytest.mark.parametrize("variant", LOSSY)
def test_lossy_is_close_and_says_so(variant: str) -> None:
    lossy, baseline = (load(name, None) for name in (f"hit_nano_{variant}", "hit_nano"))
    assert lossy.variant.claim == "lossy"
    assert 0 < largest_difference(lossy, baseline) < 0.03


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize(
    "variant",
    [
        *("exact", "exact_graph", "graph"),
        *("streaming", "memeff", "memeff_graph", "fused", "compile", "onnx", "tensorrt"),
        *("fp16", "bf16", "fp16_graph"),
    ],
)
def test_every_variant_keeps_its_claim_on_a_gpu(
    variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PyTorch's default, of which other runtimes know nothing.
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    try:
        tracker = hit_trackers.load_tracker(f"hit_nano_{variant}", None, "cuda")
    except (EngineError, MissingDependencyError) as error:
        if variant not in ("fused", "compile", "onnx", "tensorrt"):
            raise
        pytest.skip(str(error))  # Triton, or a runtime built for CUDA, is not installed
    difference = largest_difference(tracker, hit_trackers.load_tracker("hit_nano", None, "cuda"))
    assert difference <= {"bitwise": 0.0, "tolerance": 1e-4, "lossy": 0.03}[tracker.variant.claim]


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
