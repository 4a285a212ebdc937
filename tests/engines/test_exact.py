"""What `exact` does beside the attention, on a CPU: each of it may change no bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

import hit_trackers
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.hit.network.products import PackedLinear, SwappedLinear
from hit_trackers.layers.products import LaidOutLinear, RearrangedLinear, Way, lay_out_widening

needs_onednn = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="no oneDNN")


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


def linears(engine: EagerEngine) -> list[RearrangedLinear]:
    return [m for m in engine.program.network.modules() if isinstance(m, RearrangedLinear)]


def taken(engine: EagerEngine, kind: type[RearrangedLinear]) -> list[bool]:
    """Of every linear of that kind, for what it has seen: was another way taken than the usual?"""
    of_kind = [linear for linear in linears(engine) if isinstance(linear, kind)]
    return [way is not None for linear in of_kind for way in linear.found.values()]


def set_templates(patches: np.ndarray, *engines: EagerEngine) -> None:
    for engine in engines:
        engine.set_template(np.ascontiguousarray(patches[0, :128, :128]))


@pytest.mark.parametrize("size", ["nano", "tiny", "small", "base"])
def test_bitwise_with_any_number_of_threads(size: str, threads: int, patches: np.ndarray) -> None:
    baseline, exact = engine_of(f"hit_{size}"), engine_of(f"hit_{size}_exact")
    set_templates(patches, baseline, exact)
    for patch in patches:
        assert np.array_equal(baseline.run(patch), exact.run(patch))
    assert not linears(baseline)
    assert all(len(linear.found) == 1 for linear in linears(exact)), "of one number of tokens"
    assert size != "nano" or not any(taken(exact, RearrangedLinear)), "they are too small"
    assert threads > 1 or not any(taken(exact, SwappedLinear))
    if size == "small" and torch.backends.mkl.is_available():
        assert threads != 2 or any(taken(exact, SwappedLinear))


def test_threads_may_change_after_loading(patches: np.ndarray) -> None:
    baseline, exact = engine_of("hit_small"), engine_of("hit_small_exact")
    set_templates(patches, baseline, exact)
    for count in (2, 1, 3, 2):
        torch.set_num_threads(count)
        assert np.array_equal(baseline.run(patches[1]), exact.run(patches[1]))


def test_a_way_that_changes_bits_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, patches: np.ndarray
) -> None:
    """As with a BLAS that adds in another order."""
    swapped, packed = SwappedLinear.swapped, PackedLinear.packed

    def other_packed(*args: Any) -> Way:
        way = packed(*args)
        return lambda tokens: way(tokens) * (1 + 2e-7)

    monkeypatch.setattr(SwappedLinear, "swapped", lambda *args: swapped(*args) * (1 + 2e-7))
    monkeypatch.setattr(PackedLinear, "packed", other_packed)
    baseline, exact = engine_of("hit_small"), engine_of("hit_small_exact")
    set_templates(patches, baseline, exact)
    assert np.array_equal(baseline.run(patches[1]), exact.run(patches[1]))
    assert linears(exact)
    assert not any(taken(exact, RearrangedLinear))


@needs_onednn
@pytest.mark.parametrize("chains", [1, 2, 6])
def test_a_packed_product_is_the_product(chains: int) -> None:
    linear = PackedLinear(torch.nn.Linear(384, 24))
    tokens = torch.randn(1, 20, 384)
    with torch.inference_mode():
        usual = torch.nn.functional.linear(tokens, linear.weight, linear.bias)
        torch.testing.assert_close(linear.packed(chains, 20)(tokens), usual, rtol=0, atol=1e-5)


@needs_onednn
@pytest.mark.parametrize("chains", [1, 3, 4])
def test_as_many_chains_are_added_as_by_the_library(
    chains: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    linear = PackedLinear(torch.nn.Linear(768, 384))
    tokens = torch.randn(1, 20, 768)
    with torch.inference_mode():
        library = linear.packed(chains, 20)
        monkeypatch.setattr(torch.nn.Linear, "forward", lambda _, tokens: library(tokens))
        assert torch.equal(linear(tokens), library(tokens))
        assert [way is not None for way in linear.found.values()] == [True]
        assert linear.packed_bytes == 768 * 384 * 4
        others = [linear.packed(count, 20)(tokens) for count in range(1, 5) if count != chains]
        assert not any(torch.equal(other, library(tokens)) for other in others)


def test_looked_up_pixels_are_the_normalised_ones(patches: np.ndarray) -> None:
    baseline, exact = engine_of("hit_nano"), engine_of("hit_nano_exact")
    assert baseline.values is None
    assert exact.values is not None
    every_value = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    for patch in (*patches, every_value):
        found, expected = exact.normalise(patch), baseline.normalise(patch)
        assert torch.equal(found, expected)
        assert found.stride() == expected.stride(), "the layout decides which convolution runs"


needs_mkl = pytest.mark.skipif(not torch.backends.mkl.is_available(), reason="no MKL")


@needs_mkl
@pytest.mark.parametrize("shape", [(1, 153), (1, 320), (256, 1)], ids=str)
def test_weights_laid_out_once_give_the_product(shape: tuple[int, int]) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(768, 2304), torch.nn.Linear(2304, 768))
    wide, narrow = network
    tokens = torch.randn(*shape, 768)
    lay_out_widening(network, range(100, 1000))
    assert network[1] is narrow
    linear = network[0]
    assert isinstance(linear, LaidOutLinear)
    assert dict(linear.state_dict()).keys() == dict(wide.state_dict()).keys()
    with torch.inference_mode():
        for some in (tokens, tokens + 1, tokens[:50, :50]):
            assert torch.equal(linear(some), wide(some))
    ways = [linear.found[count, torch.get_num_threads()] for count in (max(shape), 50)]
    assert [way is not None for way in ways] == [True, False], "50 tokens are too few"
    assert linear.packed_bytes == 768 * 2304 * 4


def test_what_is_no_float32_is_left_as_it_is() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(768, 2304)).to(torch.bfloat16)
    lay_out_widening(network)
    assert type(network[0]) is torch.nn.Linear
