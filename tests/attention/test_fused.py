"""The Triton kernel, as far as a CPU can tell: its indices, and the instructions it becomes."""

from __future__ import annotations

import importlib
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from attention_problems import problem
from in_a_process import compile_for_h100, in_a_process

import hit_trackers
from hit_trackers.attention import eager, fused
from hit_trackers.errors import EngineError, MissingDependencyError

KERNEL = "hit_trackers.attention.triton_kernel"
WIDTHS = [(32, 64), (32, 128), (16, 32), (16, 64)]
SHAPES = [(2, 320, 320, 32, 64), (2, 80, 320, 32, 128), (2, 80, 80, 16, 32), (3, 20, 20, 16, 32)]


def interpret() -> None:
    """Compare the interpreted kernel with the official expression; print each shape."""
    import triton.language as tl

    module = importlib.import_module(KERNEL)
    # The interpreter has no library functions of the device.
    module.libdevice = SimpleNamespace(exp=lambda x: tl.exp(x))
    for shape in SHAPES:
        arguments = problem(shape)
        found, expected = fused.attend(*arguments), eager.attend(*arguments)
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-6)
        print(shape)


def compile_each() -> None:
    """Print what the kernel becomes for each pair of widths."""
    kernel = importlib.import_module(KERNEL).attention
    for width, values in WIDTHS:
        constants = {"WIDTH": width, "VALUES": values, "BLOCK": fused.BLOCK}
        compile_for_h100(kernel, constants, {"scale": "fp32"})


def test_every_query_meets_every_key_and_no_other() -> None:
    lines = in_a_process(__file__, "interpret", TRITON_INTERPRET="1")
    assert lines == [str(shape) for shape in SHAPES]


def test_each_step_is_rounded_by_itself() -> None:
    """In the PTX for an H100: chains of FMAs, no tensor cores, true divisions, nothing merged."""
    lines = in_a_process(__file__, "compile_each")
    assert len(lines) == len(WIDTHS)
    for made in map(json.loads, lines):
        ptx = made["ptx"]
        assert "mma" not in ptx, "tensor cores add in an order of their own"
        assert "div.rn.f32" in ptx
        assert "div.full" not in ptx
        assert "div.approx" not in ptx
        assert "mul.rn.f32" in ptx, "the scale"
        assert "add.rn.f32" in ptx, "the bias"
        assert made["shared"] <= 48 * 1024, "what every GPU grants without asking"


def test_a_cpu_has_no_such_kernel() -> None:
    with pytest.raises(EngineError, match=r"CUDA kernel.*--device cuda, or `exact`"):
        hit_trackers.load_tracker("hit_nano_fused", "seeded")


def test_other_precisions_and_a_missing_triton(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = torch.device("cuda")
    with pytest.raises(EngineError, match="this is bf16"):
        fused.require(cuda, "bf16")
    monkeypatch.setitem(sys.modules, KERNEL, None)
    with pytest.raises(MissingDependencyError, match="pip install triton"):
        fused.require(cuda, "fp32")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_fused_on_a_gpu(shape: tuple[int, ...]) -> None:
    arguments = [a.cuda() if isinstance(a, torch.Tensor) else a for a in problem(shape)]
    found, expected = fused.attend(*arguments), eager.attend(*arguments)
    equal = float((found == expected).float().mean())
    print(f"{shape}: {equal:.1%} of the outputs are bitwise the separate kernels'")
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("engine", ["", "_graph"])
def test_the_tracker_on_a_gpu(engine: str) -> None:
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    patches = rng.integers(0, 256, (3, 256, 256, 3), dtype=np.uint8)
    outputs = []
    for attention in ("", "_fused"):
        tracker = hit_trackers.load_tracker(f"hit_base{attention}{engine}", "seeded", "cuda")
        tracker.init(frame, [60.0, 50.0, 40.0, 30.0])
        outputs.append([tracker.run_network(patch)[:4] for patch in patches])
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=0, atol=1e-5)


if __name__ == "__main__":
    {"interpret": interpret, "compile_each": compile_each}[sys.argv[1]]()
