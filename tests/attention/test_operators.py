"""Every operator against float64, over all of HiT's shapes and over random ones."""

from __future__ import annotations

import math

import pytest
import torch
from attention_problems import problem
from hypothesis import given, settings
from hypothesis import strategies as st
from libraries import AddsOtherwise

from hit_trackers.attention import EAGER, OPERATORS, Operator, exact, streaming
from hit_trackers.hit.network.config import CONFIGS

TOKENS = (320, 80, 20)
ANYWHERE = [name for name in OPERATORS if name != "fused"]  # test_fused.py has that


def hit_shapes() -> list[tuple[int, int, int, int, int]]:
    """(heads, queries, keys, key width, value width) of every attention of every size."""
    shapes = set()
    for config in CONFIGS.values():
        d = config.key_dim
        for heads, tokens in zip(config.heads, TOKENS, strict=True):
            shapes.add((heads, tokens, tokens, d, 2 * d))
        for dim, tokens in zip(config.dims[:2], TOKENS, strict=False):
            shapes.add((dim // d, tokens // 4, tokens, d, 4 * d))
    return sorted(shapes)


def apply(operator: Operator, q, k, v, bias, scale) -> torch.Tensor:
    return operator.attend(q, k, v, operator.lay_out_bias(bias), scale)


def reference(q, k, v, bias, scale) -> torch.Tensor:
    return EAGER.attend(q.double(), k.double(), v.double(), bias.double(), scale)


def check_against_float64(operator: Operator, arguments, spread: float = 1.0) -> None:
    """As flash-attention's tests: at most twice the error of the eager expression (or rounding).

    Scores grow with the square of `spread`, and what rounding them does to the output with them.
    """
    truth = reference(*arguments)
    error = (apply(operator, *arguments).double() - truth).abs().max().item()
    eager_error = (EAGER.attend(*arguments).double() - truth).abs().max().item()
    assert error <= 2 * eager_error + 2e-6 * max(1.0, spread)


@pytest.mark.parametrize("name", ANYWHERE)
@pytest.mark.parametrize("shape", hit_shapes(), ids=str)
def test_every_shape_of_hit(name: str, shape: tuple[int, ...]) -> None:
    check_against_float64(OPERATORS[name], problem(shape))


@pytest.mark.parametrize("name", ANYWHERE)
@settings(max_examples=40, deadline=None)
@given(
    shape=st.tuples(
        st.integers(1, 5), st.integers(1, 90), st.integers(1, 90), st.integers(1, 40)
    ).flatmap(lambda s: st.integers(s[3], 96).map(lambda value_width: (*s, value_width))),
    batch=st.integers(1, 3),
    seed=st.integers(0, 2**16),
    spread=st.sampled_from([0.01, 1.0, 10.0]),
)
def test_random_shapes(name: str, shape, batch: int, seed: int, spread: float) -> None:
    check_against_float64(OPERATORS[name], problem(shape, seed, batch, spread), spread)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("block", [10, 32, 64, 100, exact.BLOCK, 320])
@pytest.mark.parametrize("shape", hit_shapes(), ids=str)
def test_exact_is_bitwise_eager(shape: tuple[int, ...], block: int, threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        arguments = problem(shape, seed=block)
        assert torch.equal(exact.attend(*arguments, block=block), EAGER.attend(*arguments))
    finally:
        torch.set_num_threads(before)


#: Larger maps than HiT's: TransT's, OSTrack-384's, MixViT's, MixCvT's (cut), STARK's.
LARGE = [
    *((8, 1024, 1024, 32, 32), (8, 256, 1024, 32, 32), (8, 1024, 256, 32, 32)),
    *((12, 720, 720, 64, 64), (12, 427, 427, 64, 64), (12, 89, 153, 64, 64)),
    *((12, 324, 452, 64, 64), (1, 1600, 2112, 64, 64), (3, 1600, 528, 64, 64)),
    *((8, 464, 464, 32, 32), (8, 1, 528, 32, 32)),
]


@pytest.mark.parametrize("heads", [1, 2, 5])
@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("shape", LARGE, ids=str)
def test_by_heads_is_bitwise_eager(shape: tuple[int, ...], threads: int, heads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        q, k, v, _, scale = problem(shape)
        padding = torch.zeros(1, 1, shape[2])
        padding[..., -7:] = -math.inf
        for bias in (None, padding):
            arguments = (q, k, v, bias, scale)
            found = exact.attend_by_heads(*arguments, heads=heads)
            assert torch.equal(found, EAGER.attend(*arguments))
    finally:
        torch.set_num_threads(before)


def test_by_heads_takes_each_head_s_bias() -> None:
    arguments = problem((6, 500, 700, 32, 64))
    assert torch.equal(exact.attend_by_heads(*arguments, heads=2), EAGER.attend(*arguments))


@pytest.mark.parametrize("name", ["streaming", "memeff"])
def test_what_claims_tolerance_is_not_bitwise(name: str) -> None:
    """The claim is measured: were these bitwise, the zoo should say so."""
    arguments = problem((6, 320, 320, 32, 64))
    out = apply(OPERATORS[name], *arguments)
    difference = (out - EAGER.attend(*arguments)).abs().max().item()
    assert 0 < difference < 5e-6


@pytest.mark.parametrize("tile", [1, 7, 64, 320, 1000])
def test_streaming_gives_the_same_whatever_the_tile(tile: int) -> None:
    arguments = problem((2, 33, 320, 16, 32))
    out = streaming.attend(*arguments, tile=tile)
    torch.testing.assert_close(out.double(), reference(*arguments), rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", ANYWHERE)
def test_scores_that_would_overflow_an_exponential(name: str) -> None:
    q, k, v, bias, scale = problem((2, 20, 20, 16, 32))
    out = apply(OPERATORS[name], q * 1e3, k * 1e3, v, bias, scale)
    assert torch.isfinite(out).all()


def test_memeff_lays_out_the_bias_as_the_kernel_wants_it() -> None:
    bias = torch.randn(3, 20, 20)
    laid_out = OPERATORS["memeff"].lay_out_bias(bias)
    assert torch.equal(laid_out, bias)
    assert all(stride % 8 == 0 for stride in laid_out.stride()[:-1])
    assert laid_out.stride(-1) == 1
    already = torch.randn(3, 80, 320)
    assert OPERATORS["memeff"].lay_out_bias(already) is already


@pytest.mark.parametrize(
    ("few", "blocks"), [(100, {160, 436}), (200, {1600, 436}), (700, {1600, 1744})]
)
def test_exact_is_bitwise_whatever_a_library_does_with_few_rows(
    few: int, blocks: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exact, "_FITTING", {})
    arguments = problem((2, 1600, 600, 32, 32))
    with AddsOtherwise(few) as library:
        expected = EAGER.attend(*arguments)
        assert torch.equal(exact.attend(*arguments), expected)
        assert torch.equal(exact.attend_by_heads(*arguments, heads=1), expected)
    assert few == 100 or library.calls
    assert {tiling.block for tiling in exact._FITTING.values()} == blocks


@pytest.mark.parametrize(
    ("shape", "block"), [((6, 320, 320, 32, 64), 160), ((12, 80, 320, 32, 128), 40)], ids=str
)
def test_exact_holds_a_block_of_scores_at_most(shape: tuple[int, ...], block: int) -> None:
    """No tensor of N x N is made: the largest one is the block's scores."""
    from torch.utils._python_dispatch import TorchDispatchMode

    sizes: list[int] = []

    class Sizes(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor):
                sizes.append(math.prod(out.shape))
            return out

    heads, _, keys, _, width = shape
    arguments = problem(shape)
    exact.attend(*arguments)  # tries its tiles
    with Sizes():
        exact.attend(*arguments)
    # Views of all the keys and values are among them.
    assert max(sizes) == max(heads * block * keys, heads * keys * width)
