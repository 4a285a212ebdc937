"""HiT's attention with its projections in one launch, as far as a CPU can tell."""

from __future__ import annotations

import importlib
import json
import re
import sys
from types import SimpleNamespace

import pytest
import torch
from in_a_process import compile_for_h100, in_a_process
from torch import Tensor

from hit_trackers.attention import OPERATORS
from hit_trackers.hit.network import seeded
from hit_trackers.hit.network.layers import fold_batch_norms
from hit_trackers.hit.network.levit import Attention, BiasedAttention, Residual, ShrinkAttention
from hit_trackers.hit.network.triton_block import AttentionBlock
from hit_trackers.hit.network.triton_layers import Projection, project

#: Sides of search region and template in tokens: stages two and three have (8, 4) and (4, 2).
#: Neither the inputs nor what is made of them (192, 240, 144 columns) is a multiple of a block.
ATTENTIONS = {
    "80 tokens": lambda: Attention(40, 16, 3, (8, 4)),
    "20 tokens": lambda: Attention(72, 16, 2, (4, 2)),
    "80 to 20": lambda: ShrinkAttention((48, 40), 16, (8, 4)),
}
#: HiT-Base's, which a GPU is asked for.
BASE = {
    "80 tokens": lambda: Attention(512, 32, 9, (8, 4)),
    "20 tokens": lambda: Attention(768, 32, 12, (4, 2)),
    "320 to 80": lambda: ShrinkAttention((384, 512), 32, (16, 8)),
    "80 to 20": lambda: ShrinkAttention((512, 768), 32, (8, 4)),
}


def prepared(attention: BiasedAttention, operator: str, device: str = "cpu") -> BiasedAttention:
    """Seeded and folded, as a network is prepared."""
    seeded.fill(attention)
    fold_batch_norms(attention.eval())
    attention.to(device).use(OPERATORS[operator])
    return attention


def tokens_of(attention: BiasedAttention, device: str = "cpu") -> Tensor:
    assert attention.bias is not None
    made = attention.kv if isinstance(attention, ShrinkAttention) else attention.qkv
    shape = (1, attention.bias.shape[2], made.in_features)
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)).to(device)


def separate(attention: BiasedAttention, tokens: Tensor) -> Tensor:
    """The same in a launch for each projection and one for the attention."""
    close = Projection(attention.proj[1], before=True)

    def heads(made: Tensor, *widths: int) -> tuple[Tensor, ...]:
        parts = made.view(1, made.shape[1], attention.heads, -1).split(widths, dim=3)
        return tuple(part.permute(0, 2, 1, 3) for part in parts)

    if isinstance(attention, ShrinkAttention):
        k, v = heads(project(tokens, attention.kv), *attention.widths)
        (q,) = heads(project(attention.q[0](tokens), attention.q[1]), attention.key_dim)
        return close(attention.attend(q, k, v))
    q, k, v = heads(project(tokens, attention.qkv), *attention.widths)
    return close(attention.attend(q, k, v), tokens)


@torch.no_grad()
def compare(attention: BiasedAttention, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Twice in one launch, in separate ones, and as the official expression has it."""
    tokens = tokens_of(attention, device)
    block = AttentionBlock(attention, attention.proj[1])
    found = block(tokens)
    assert torch.equal(block(tokens), found), "the counters start anew"
    assert not block.signs.any()
    apart = separate(attention, tokens)
    attention.use(OPERATORS["eager"])
    shrinks = isinstance(attention, ShrinkAttention)
    official = attention if shrinks else Residual(attention)
    return found, apart, official(tokens)


def interpret() -> None:
    """Compare the interpreted kernel with separate ones and with the official expression."""
    import triton.language as tl

    module = importlib.import_module("hit_trackers.attention.triton_kernel")
    # The interpreter has no library functions of the device.
    module.libdevice = SimpleNamespace(exp=lambda x: tl.exp(x))
    for name, make in ATTENTIONS.items():
        found, apart, official = compare(prepared(make(), "fused"), "cpu")
        assert torch.equal(found, apart), "the same arithmetic, block by block"
        torch.testing.assert_close(found, official, rtol=1e-5, atol=2e-6)
        print(name)


def interpret_relay() -> None:
    """The report's kernel of programs in a row, twice."""
    from toolkit_adapters.gpu.relay import relay

    values, signs = torch.zeros(8), torch.zeros(2, dtype=torch.int32)
    for _ in range(2):
        relay[(7,)](values, signs)
        assert not signs.any()
    print(values.tolist())


def compile_each() -> None:
    """Print what the kernel becomes for each of HiT-Base's forms."""
    kernel = importlib.import_module("hit_trackers.hit.network.kernels").attention_block
    blocks = {"WIDTH": 32, "BLOCK_QUERIES": 16, "BLOCK_COLUMNS": 32, "STEP": 32}
    types = {"rows_at": "*i32", "signs_at": "*i32", "scale": "fp32"}
    for shrink in (False, True):
        form = {"VALUES": 128 if shrink else 64, "SHRINK": shrink, "BLOCK_TOKENS": 16}
        compile_for_h100(kernel, {**form, **blocks}, types)


@pytest.mark.slow
def test_one_launch_is_the_separate_ones_and_none_waits_for_a_later_one() -> None:
    """The interpreter runs a program to its end before the next: one that waited would hang."""
    lines = in_a_process(__file__, "interpret", TRITON_INTERPRET="1")
    assert lines == list(ATTENTIONS)


def test_the_kernel_that_times_a_wait_adds_up() -> None:
    lines = in_a_process(__file__, "interpret_relay", TRITON_INTERPRET="1")
    assert lines == [str([float(count) for count in range(8)])]


def instructions(ptx: str) -> list[str]:
    """Of a kernel, in order: no labels, comments, places in the source."""
    lines = (line.strip() for line in ptx.splitlines())
    return [line for line in lines if line and not line.startswith(("//", ".loc", "$", "mov."))]


def test_what_a_phase_stores_is_seen_by_the_next() -> None:
    """In the PTX for an H100, beside what the kernels that it is made of are tested for."""
    forms = [json.loads(line) for line in in_a_process(__file__, "compile_each")]
    assert len(forms) == 2
    for made in forms:
        lines = instructions(made["ptx"])
        arrivals = [n for n, line in enumerate(lines) if re.search(r"global\.gpu\.release", line)]
        waits = [n for n, line in enumerate(lines) if re.search(r"global\.gpu\.acquire", line)]
        assert len(arrivals) >= 2
        assert len(waits) == 2
        for n in arrivals:
            assert lines[n - 1].startswith("bar.sync"), "all threads have stored"
        for n in waits:
            following = lines[n : n + 8]
            barrier = next(i for i, line in enumerate(following) if line.startswith("bar.sync"))
            assert not any("ld.global" in line for line in following[1:barrier])
        assert "mma" not in made["ptx"], "tensor cores add in an order of their own"
        assert "div.rn.f32" in made["ptx"]
        assert "div.full" not in made["ptx"]
        assert "div.approx" not in made["ptx"]
        assert made["shared"] <= 48 * 1024, "what every GPU grants without asking"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", BASE)
def test_a_block_on_a_gpu(name: str) -> None:
    found, apart, official = compare(prepared(BASE[name](), "fused", "cuda"), "cuda")
    equal = float((found == official).float().mean())
    print(f"{name}: {equal:.1%} of the outputs are bitwise the separate kernels'")
    assert torch.equal(found, apart)
    torch.testing.assert_close(found, official, rtol=1e-4, atol=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@torch.no_grad()
def test_a_block_repeats_itself_on_a_gpu() -> None:
    """A phase that read what the one before had not stored yet would differ now and then."""
    attention = prepared(BASE["80 tokens"](), "fused", "cuda")
    tokens = tokens_of(attention, "cuda")
    block = AttentionBlock(attention, attention.proj[1])
    first = block(tokens)
    assert all(torch.equal(block(tokens), first) for _ in range(1000))
    assert not block.signs.any()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
