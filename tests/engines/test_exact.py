"""What `exact` does beside the attention, on a CPU: each of it may change no bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

import hit_trackers
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.network.layers import SwappedLinear, swap_products


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


def swapped(engine: EagerEngine) -> list[nn.Module]:
    return [m for m in engine.network.modules() if isinstance(m, SwappedLinear)]


@pytest.mark.parametrize("size", ["nano", "small"])
def test_bitwise_with_any_number_of_threads(size: str, threads: int, patches: np.ndarray) -> None:
    baseline, exact = engine_of(f"hit_{size}"), engine_of(f"hit_{size}_exact")
    assert not swapped(baseline)
    if threads == 1 or torch.backends.mkl.is_available():
        assert bool(swapped(exact)) == (threads > 1)
    for engine in (baseline, exact):
        engine.set_template(np.ascontiguousarray(patches[0, :128, :128]))
    for patch in patches:
        assert np.array_equal(baseline.run(patch), exact.run(patch))


def test_a_product_that_changes_bits_is_not_swapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a BLAS that adds in another order the other way round."""
    usual = SwappedLinear.forward
    monkeypatch.setattr(
        SwappedLinear,
        "forward",
        lambda self, tokens: torch.nextafter(usual(self, tokens), tokens.sum()),
    )
    block = nn.Sequential(nn.Linear(64, 96), nn.Hardswish(), nn.Sequential(nn.Linear(96, 64)))
    before = list(block.modules())
    swap_products(block, counts=(80, 20))
    assert all(a is b for a, b in zip(block.modules(), before, strict=True))


def test_looked_up_pixels_are_the_normalised_ones(patches: np.ndarray) -> None:
    baseline, exact = engine_of("hit_nano"), engine_of("hit_nano_exact")
    assert baseline.values is None
    assert exact.values is not None
    every_value = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    for patch in (*patches, every_value):
        found, expected = exact.normalise(patch), baseline.normalise(patch)
        assert torch.equal(found, expected)
        assert found.stride() == expected.stride(), "the layout decides which convolution runs"
