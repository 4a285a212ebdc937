"""The CUDA graph engine: its data flow on any machine, its bits and its kernels on a GPU."""

from __future__ import annotations

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import hit_trackers
from hit_trackers.engines import cuda_graph
from hit_trackers.families import parse
from hit_trackers.hit.network import seeded
from hit_trackers.hit.network.hit import build
from hit_trackers.hit.program import make_program
from toolkit_adapters.running.activations import peak_activations

BOX = [60.0, 50.0, 40.0, 30.0]


def gpu(test):
    """Mark a test that needs a GPU; skipped, saying so, where there is none."""
    reason = "no CUDA device: what this asserts about a GPU has not been checked here"
    return pytest.mark.gpu(pytest.mark.skipif(not torch.cuda.is_available(), reason=reason)(test))


class Recorder:
    """Stands in for a CUDA graph: what is captured runs again at every replay."""

    captured = None

    def replay(self) -> None:
        self.captured()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> cuda_graph.GraphEngine:
    """The engine on a CPU: only the CUDA runtime's own calls are replaced."""
    idle = SimpleNamespace(
        record=lambda: None,
        synchronize=lambda: None,
        elapsed_time=lambda _: 1.0,
        wait_stream=lambda _: None,
    )
    cuda = cuda_graph.torch.cuda
    monkeypatch.setattr(cuda, "device", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(cuda, "Stream", lambda: idle)
    monkeypatch.setattr(cuda, "current_stream", lambda: idle)
    monkeypatch.setattr(cuda, "stream", lambda _: contextlib.nullcontext())
    monkeypatch.setattr(cuda, "Event", lambda *_: idle)
    monkeypatch.setattr(cuda, "CUDAGraph", Recorder)
    monkeypatch.setattr(cuda, "graph", lambda *_, **__: contextlib.nullcontext())
    monkeypatch.setattr(cuda_graph, "_pinned", lambda shape, dtype: torch.zeros(shape, dtype=dtype))
    network = build("nano")
    seeded.fill(network)
    program = make_program(network, parse("hit_nano_graph"), "cpu")
    made = cuda_graph.GraphEngine(program, "cpu")

    def replay() -> None:
        made._result.copy_(made.program(made._patch, made._held))

    Recorder.captured = staticmethod(torch.inference_mode()(replay))
    return made


def test_every_buffer_holds_what_the_frame_needs(
    engine: cuda_graph.GraphEngine, clip: list[np.ndarray]
) -> None:
    eager = hit_trackers.load_tracker("hit_nano_exact", "seeded").engine
    rng = np.random.default_rng(0)
    templates = rng.integers(0, 256, (2, 128, 128, 3), dtype=np.uint8)
    searches = rng.integers(0, 256, (3, 256, 256, 3), dtype=np.uint8)
    for template in templates:
        for each in (engine, eager):
            each.set_template(template)
        outputs = [engine.run(patch) for patch in searches]
        for patch, output in zip(searches, outputs, strict=True):
            assert np.array_equal(output, eager.run(patch))
            engine.patch_buffer[:] = patch
            assert np.array_equal(engine.run(engine.patch_buffer), output)
    # A patch given by hand does not overwrite the one the tracker cut.
    assert np.array_equal(engine.patch_buffer, searches[-1])
    engine.run(searches[0])
    assert np.array_equal(engine.patch_buffer, searches[-1])
    assert engine.device_seconds == 1e-3
    assert np.array_equal(engine.launch().numpy(), outputs[0])


def test_memory_is_that_of_the_captured_calls(engine: cuda_graph.GraphEngine) -> None:
    engine.set_template(np.zeros((128, 128, 3), np.uint8))
    peak = peak_activations(engine.workloads(np.zeros((256, 256, 3), np.uint8))["frame"], "cpu")
    assert peak.bytes > 3 * 320 * 320 * 4, "the scores of a first stage's attention"


def _frame(rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)


@gpu
@pytest.mark.parametrize("attention", ["", "_exact", "_memeff"])
@pytest.mark.parametrize("size", ["nano", "base"])
def test_graph_is_bitwise_eager_on_a_gpu(size: str, attention: str) -> None:
    rng = np.random.default_rng(0)
    frames = [_frame(rng) for _ in range(5)]
    boxes = []
    for suffix in ("", "_graph"):
        tracker = hit_trackers.load_tracker(f"hit_{size}{attention}{suffix}", "seeded", "cuda")
        tracker.init(frames[0], BOX)
        boxes.append([tracker.update(frame).box for frame in frames[1:]])
        assert 0 < tracker.device_seconds <= tracker.network_seconds
    assert np.array_equal(*boxes)


@gpu
def test_graph_allocates_nothing_after_the_first_update() -> None:
    rng = np.random.default_rng(0)
    tracker = hit_trackers.load_tracker("hit_nano_exact_graph", "seeded", "cuda")
    tracker.init(_frame(rng), BOX)
    tracker.update(_frame(rng))
    before = torch.cuda.memory_stats()["allocation.all.allocated"]
    for _ in range(10):
        tracker.update(_frame(rng))
    assert torch.cuda.memory_stats()["allocation.all.allocated"] == before


@gpu
def test_memeff_runs_the_memory_efficient_kernel_in_every_attention() -> None:
    from torch.profiler import ProfilerActivity, profile

    rng = np.random.default_rng(0)
    tracker = hit_trackers.load_tracker("hit_base_memeff", "seeded", "cuda")
    tracker.init(_frame(rng), BOX)
    tracker.update(_frame(rng))
    with profile(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as profiled:
        tracker.update(_frame(rng))
        torch.cuda.synchronize()
    kernels = [event.name for event in profiled.events() if "fmha_cutlassF" in event.name]
    assert len(kernels) == 14, "twelve MHA and two shrink attentions"


@gpu
@pytest.mark.parametrize("size", ["nano", "base"])
def test_exact_is_bitwise_on_a_gpu(size: str) -> None:
    rng = np.random.default_rng(0)
    frames = [_frame(rng) for _ in range(4)]
    boxes = []
    for name in (f"hit_{size}", f"hit_{size}_exact"):
        tracker = hit_trackers.load_tracker(name, "seeded", "cuda")
        tracker.init(frames[0], BOX)
        boxes.append([tracker.update(frame).box for frame in frames[1:]])
    assert np.array_equal(*boxes)
