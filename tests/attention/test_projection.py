"""HiT's Triton layers, as far as a CPU can tell: what they compute, and what they become."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from in_a_process import compile_for_h100, in_a_process

import hit_trackers
from hit_trackers.attention import Operator, eager
from hit_trackers.errors import EngineError
from hit_trackers.hit.network import seeded, triton_block, triton_layers
from hit_trackers.hit.network.hit import build
from hit_trackers.hit.network.levit import Residual
from hit_trackers.hit.program import HitProgram

KERNELS = "hit_trackers.hit.network.kernels"
#: Tokens, inputs, outputs: of Nano and of Base; neither is a multiple of a block.
SHAPES = [(130, 64, 40), (20, 112, 70)]
#: Of the image that the first convolution is tried on: a run of its pixels, and a part of one.
SIDE = 36
#: Hardswish before, after; whether something is added.
FORMS = [(False, False, False), (True, False, True), (False, True, False), (False, False, True)]
COMPILED = FORMS[1:3]


def layers(shape: tuple[int, ...], device: str = "cpu") -> tuple[torch.Tensor, ...]:
    make = torch.Generator().manual_seed(0)
    rows, inner, columns = shape
    shapes = ((1, rows, inner), (columns, inner), (columns,), (1, rows, columns))
    return tuple(torch.randn(*each, generator=make).to(device) for each in shapes)


def official(
    x: torch.Tensor, linear: torch.nn.Linear, form: tuple[bool, ...], residual: torch.Tensor
) -> torch.Tensor:
    before, after, added = form
    y = linear(F.hardswish(x) if before else x)
    y = F.hardswish(y) if after else y
    return residual + y if added else y


def linear_of(weight: torch.Tensor, bias: torch.Tensor) -> torch.nn.Linear:
    linear = torch.nn.Linear(*weight.shape[::-1], device=weight.device)
    linear.weight.data, linear.bias.data = weight, bias
    return linear


@torch.no_grad()
def interpret() -> None:
    """Compare interpreted kernels with the separate calls; print each shape."""
    for shape in SHAPES:
        x, weight, bias, residual = layers(shape)
        linear = linear_of(weight, bias)
        for form in FORMS:
            given = residual if form[2] else None
            found = triton_layers.project(x, linear, form[0], form[1], given)
            expected = official(x, linear, form, residual)
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-5)
        print(shape)


@torch.no_grad()
def interpret_stem() -> None:
    """Compare the interpreted first convolution with the separate calls, at the image's rim too."""
    network = build("nano")
    seeded.fill(network)
    program = HitProgram(network.prepare(), caches=True)
    body = network.backbone.body
    make = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (SIDE, SIDE, 3), generator=make, dtype=torch.uint8)
    expected = body.patch_embed[:2](program.normalise(pixels))
    triton_layers.PIXELS = 16
    stem = triton_layers.FirstConvolution(body.patch_embed[0], program.mean, program.deviation)
    found = stem(pixels)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    print(tuple(found.shape))


class InWords:
    """Stands in for the kernels: the same arguments, the arithmetic in plain PyTorch."""

    def __init__(self) -> None:
        self.launched: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def launch(*arguments: Any, **constants: Any) -> None:
            self.launched.append(name)
            getattr(self, f"_{name}")(*arguments, **constants)

        return _AnyGrid(launch)

    def _projection(self, *arguments: Any, **form: Any) -> None:
        x, weight, bias, residual, out, rows, inner, columns = arguments
        assert x.shape[1:] == (rows, inner)
        assert weight.shape == (columns, inner)
        y = F.linear(F.hardswish(x) if form["BEFORE"] else x, weight, bias)
        y = F.hardswish(y) if form["AFTER"] else y
        out.copy_(y + residual if form["RESIDUAL"] else y)

    def _attention_block(self, *arguments: Any, **form: Any) -> None:
        x, weight, bias, rows, query_weight, query_bias, added = arguments[:7]
        last_weight, last_bias, _, _, attended, out, signs = arguments[7:14]
        scale, tokens, queries, inner, heads, columns, *blocks = arguments[14:]
        assert x.shape == (1, tokens, inner)
        assert added.shape == (heads, queries, tokens)
        assert out.shape == (1, queries, columns)
        assert [sign.item() for sign in signs] == [0] * 4
        assert all(blocks) or not form["SHRINK"]
        made = F.linear(x[0], weight, bias).view(tokens, heads, -1).transpose(0, 1)
        k, v = made[..., -form["VALUES"] - form["WIDTH"] :].split(
            [form["WIDTH"], form["VALUES"]], dim=2
        )
        q = made[..., : form["WIDTH"]]
        if form["SHRINK"]:
            q = F.linear(x[0, rows], query_weight, query_bias).view(queries, heads, -1)
            q = q.transpose(0, 1)
        found = eager.attend(q[None], k[None], v[None], added, scale)[0].transpose(0, 1)
        attended.copy_(found.reshape(attended.shape))
        y = F.linear(F.hardswish(attended), last_weight, last_bias)
        out.copy_(y if form["SHRINK"] else y + x)

    def _first_convolution(self, *arguments: Any, **form: Any) -> None:
        pixels, mean, deviation, weight, bias, out, side = arguments
        assert pixels.shape == (side, side, 3)
        image = (pixels.float().permute(2, 0, 1)[None] / 255.0 - mean.view(1, 3, 1, 1)) / (
            deviation.view(1, 3, 1, 1)
        )
        found = F.hardswish(F.conv2d(image, weight, bias, stride=2, padding=1))
        out.copy_(found.permute(0, 2, 3, 1))
        assert form["WIDTH"] >= form["CHANNELS"] == found.shape[1]


class _AnyGrid:
    def __init__(self, launch: Any) -> None:
        self.launch = launch

    def __getitem__(self, grid: tuple[int, ...]) -> Any:
        assert all(count > 0 for count in grid)
        return self.launch


@pytest.mark.parametrize("fused", [False, True])
@torch.no_grad()
def test_a_network_of_these_layers_is_the_network(
    fused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is given to which kernel: pixels in, box out, with the arithmetic of plain PyTorch."""
    kernels = InWords()
    monkeypatch.setattr(triton_layers, "kernels", lambda: kernels)
    outputs = []
    for replaced in (False, True):
        network = build("nano")
        seeded.fill(network)
        program = HitProgram(network.prepare().work_in_place(), caches=True)
        if replaced:
            network.use(Operator("fused", eager.attend))
            triton_layers.use(network, program.mean, program.deviation)
            if fused:
                triton_block.use(network)
            program.reads_pixels = True
        rng = np.random.default_rng(0)
        template, search = (
            torch.from_numpy(rng.integers(0, 256, (side, side, 3), dtype=np.uint8))
            for side in (128, 256)
        )
        held = program.embed(template)
        outputs.append(program(search, held))
        assert not any(isinstance(part, Residual) for part in network.modules()) or not replaced
    torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-5, atol=1e-6)
    attentions, mlps = 5 + 2, 5 + 2  # of Nano's stages; shrink attentions have one each, too
    blocks = attentions - 2 if fused else 0  # all but those of stage one
    assert kernels.launched.count("first_convolution") == 2, "template and search region"
    assert kernels.launched.count("attention_block") == blocks
    assert kernels.launched.count("projection") == attentions - blocks + 2 * mlps


def compile_each() -> None:
    """Print what the kernels become."""
    module = importlib.import_module(KERNELS)
    blocks = {"BLOCK_ROWS": 32, "BLOCK_COLUMNS": triton_layers.COLUMNS, "STEP": triton_layers.STEP}
    for before, after, residual in COMPILED:
        form = {"BEFORE": before, "AFTER": after, "RESIDUAL": residual}
        compile_for_h100(module.projection, {**form, **blocks}, {})
    stem = {"CHANNELS": 48, "WIDTH": 64, "BLOCK": triton_layers.PIXELS}
    compile_for_h100(module.first_convolution, stem, {"image_at": "*u8"})


@pytest.mark.slow
def test_projections_are_the_separate_calls() -> None:
    assert in_a_process(__file__, "interpret", TRITON_INTERPRET="1") == [str(s) for s in SHAPES]


@pytest.mark.slow
def test_the_first_convolution_is_the_separate_calls() -> None:
    lines = in_a_process(__file__, "interpret_stem", TRITON_INTERPRET="1")
    assert lines == [str((1, 8, SIDE // 2, SIDE // 2))]


def test_each_step_is_rounded_by_itself() -> None:
    """In the PTX for an H100: chains of FMAs, no tensor cores, no approximation."""
    *projections, stem = map(json.loads, in_a_process(__file__, "compile_each"))
    assert len(projections) == len(COMPILED)
    for made in (*projections, stem):
        assert "mma" not in made["ptx"], "tensor cores add in an order of their own"
        assert "fma.rn.f32" in made["ptx"]
        assert "approx" not in made["ptx"]
        assert "mul.rn.f32" in made["ptx"], "Hardswish"
        assert "add.rn.f32" in made["ptx"], "the bias"
        assert made["shared"] <= 48 * 1024, "what every GPU grants without asking"
    assert "div.rn.f32" in stem["ptx"], "by the deviation"


def test_launches_of_a_frame_are_those_of_the_page() -> None:
    from benchmarks.launches import blocks, launches

    page = (Path(__file__).parents[2] / "docs" / "kernels.md").read_text(encoding="utf-8")
    for words in ("exact_graph", "graph_triton", "fused_graph", "fused_graph_triton"):
        count = launches("base", "fused" in words, "triton" in words)
        assert f"| `{words}` | {count} " in page
    for tokens, programs, *figures in blocks("base"):
        told = [f"{figure:.1f}" for figure in figures]
        costs = (*told[:2], ", ".join(told[2:5]), ", ".join(told[5:]))
        assert f"| {tokens} | {programs} | {' | '.join(costs)} |" in page


def test_a_cpu_has_no_such_layers() -> None:
    with pytest.raises(EngineError, match=r"the token triton is a CUDA kernel.*--device cuda"):
        hit_trackers.load_tracker("hit_nano_triton", "seeded")
    with pytest.raises(EngineError, match=r"token triton reproduces float32, and this is fp16"):
        triton_layers.require(torch.device("cuda"), "fp16")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("shape", [(320, 384, 768), (80, 512, 1024), (20, 768, 1536)], ids=str)
@torch.no_grad()
def test_projections_on_a_gpu(shape: tuple[int, ...]) -> None:
    x, weight, bias, residual = layers(shape, "cuda")
    linear = linear_of(weight, bias)
    for form in FORMS:
        found = triton_layers.project(x, linear, form[0], form[1], residual if form[2] else None)
        expected = official(x, linear, form, residual)
        equal = float((found == expected).float().mean())
        print(f"{shape} {form}: {equal:.1%} of the outputs are bitwise the separate kernels'")
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("words", ["_triton", "_graph_triton", "_fused_graph_triton"])
def test_the_tracker_on_a_gpu(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # PyTorch's default rounds the baseline's convolutions to 10 bits.
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    patches = rng.integers(0, 256, (3, 256, 256, 3), dtype=np.uint8)
    outputs = []
    for name in ("hit_base", f"hit_base{words}"):
        tracker = hit_trackers.load_tracker(name, "seeded", "cuda")
        tracker.init(frame, [60.0, 50.0, 40.0, 30.0])
        outputs.append([tracker.run_network(patch)[:4] for patch in patches])
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=0, atol=1e-5)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
