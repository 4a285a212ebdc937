"""What `exact` does beside the attention, on a CPU: each of it may change no bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

import hit_trackers
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.network.layers import SwappedLinear


@pytest.fixture(autouse=True, params=[1, 2, 3])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """Products are split differently among one, two and three threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


@pytest.fixture
def patches() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 256, 256, 3), dtype=np.uint8)


def engine_of(name: str) -> EagerEngine:
    engine = hit_trackers.load_tracker(name, "seeded").engine
    assert isinstance(engine, EagerEngine)
    return engine


def linears(engine: EagerEngine) -> list[SwappedLinear]:
    return [m for m in engine.network.modules() if isinstance(m, SwappedLinear)]


def set_templates(patches: np.ndarray, *engines: EagerEngine) -> None:
    for engine in engines:
        engine.set_template(np.ascontiguousarray(patches[0, :128, :128]))


@pytest.mark.parametrize("size", ["nano", "small"])
def test_bitwise_with_any_number_of_threads(size: str, threads: int, patches: np.ndarray) -> None:
    baseline, exact = engine_of(f"hit_{size}"), engine_of(f"hit_{size}_exact")
    set_templates(patches, baseline, exact)
    for patch in patches:
        assert np.array_equal(baseline.run(patch), exact.run(patch))
    assert not linears(baseline)
    tried = [linear.swaps for linear in linears(exact)]
    assert all(len(swaps) == 1 for swaps in tried), "each sees one number of tokens"
    assert not any(swaps.get((tokens, 1)) for swaps in tried for tokens in (320, 80, 20))
    if threads == 2 and torch.backends.mkl.is_available():
        assert any(swaps[80, 2] for swaps in tried if (80, 2) in swaps)


def test_threads_may_change_after_loading(patches: np.ndarray) -> None:
    baseline, exact = engine_of("hit_nano"), engine_of("hit_nano_exact")
    set_templates(patches, baseline, exact)
    for count in (2, 1, 3, 2):
        torch.set_num_threads(count)
        assert np.array_equal(baseline.run(patches[1]), exact.run(patches[1]))


def test_a_product_that_changes_bits_is_not_swapped(
    threads: int, monkeypatch: pytest.MonkeyPatch, patches: np.ndarray
) -> None:
    """As with a BLAS that adds in another order the other way round."""
    usual = SwappedLinear._swapped
    monkeypatch.setattr(SwappedLinear, "_swapped", lambda *args: usual(*args) * (1 + 2e-7))
    baseline, exact = engine_of("hit_nano"), engine_of("hit_nano_exact")
    set_templates(patches, baseline, exact)
    assert np.array_equal(baseline.run(patches[1]), exact.run(patches[1]))
    assert not any(swap for linear in linears(exact) for swap in linear.swaps.values())


def test_looked_up_pixels_are_the_normalised_ones(patches: np.ndarray) -> None:
    baseline, exact = engine_of("hit_nano"), engine_of("hit_nano_exact")
    assert baseline.values is None
    assert exact.values is not None
    every_value = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    for patch in (*patches, every_value):
        found, expected = exact.normalise(patch), baseline.normalise(patch)
        assert torch.equal(found, expected)
        assert found.stride() == expected.stride(), "the layout decides which convolution runs"
