"""Exported networks: cached, checked, and refused with a reason."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import hit_trackers
from hit_trackers.engines import export as exporting
from hit_trackers.errors import EngineError, MissingDependencyError
from hit_trackers.families import parse
from hit_trackers.hit.network import seeded
from hit_trackers.hit.network.config import CONFIGS
from hit_trackers.hit.network.hit import build
from hit_trackers.hit.program import HitProgram, make_program
from toolkit_adapters.bench.quantise import _left_in_float


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, export_cache: Path) -> None:
    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(export_cache.parent))


def program(name: str) -> HitProgram:
    network = build("nano")
    seeded.fill(network)
    return make_program(network, parse(name), "cpu")


def load(name: str) -> hit_trackers.Tracker:
    return hit_trackers.load_tracker(name, "seeded")


def test_exports_once_for_both_runtimes(
    monkeypatch: pytest.MonkeyPatch, export_cache: Path
) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("openvino")
    load("hit_nano_onnx")
    files = sorted(export_cache.iterdir())

    def fail(*_: object) -> None:
        raise AssertionError("exported again")

    monkeypatch.setattr(exporting, "_export", fail)
    load("hit_nano_openvino")
    assert sorted(export_cache.iterdir()) == files
    assert not [file for file in files if file.suffix == ".partial"]


def test_other_weights_are_another_file() -> None:
    made = program("hit_nano_onnx")
    before = exporting._key(made)
    made.network.box_head.conv5_tl.bias.data += 1
    assert exporting._key(made) != before


def test_exporting_without_onnx_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(tmp_path))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependencyError, match=r"hit-trackers\[openvino\]"):
        exporting.export(program("hit_nano_openvino"), parse("hit_nano_openvino"))


def test_an_interrupted_export_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def half(frame: object, inputs: object, path: Path) -> None:
        path.write_bytes(b"half a file")
        raise RuntimeError("no operator for this")

    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(tmp_path))
    monkeypatch.setattr(exporting, "_export", half)
    with pytest.raises(EngineError, match="no operator for this"):
        exporting.export(program("hit_nano_onnx"), parse("hit_nano_onnx"))
    assert not list(tmp_path.rglob("*.onnx"))
    assert not list(tmp_path.rglob("*.partial"))


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_a_runtime_that_computes_something_else_is_refused(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip({"onnx": "onnxruntime"}.get(engine, engine))
    monkeypatch.setattr(exporting, "TOLERANCE_PX", 0.0)
    with pytest.raises(EngineError, match="differs from the eager engine"):
        load(f"hit_nano_{engine}")


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_a_damaged_file_is_named(
    engine: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip({"onnx": "onnxruntime"}.get(engine, engine))
    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(tmp_path))
    monkeypatch.setattr(
        exporting, "_export", lambda frame, inputs, path: path.write_bytes(b"rubbish")
    )
    with pytest.raises(EngineError, match=str(tmp_path)):
        load(f"hit_nano_{engine}")


def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(tmp_path / "file"))
    with pytest.raises(EngineError, match="HIT_TRACKERS_CACHE"):
        exporting.export(program("hit_nano_onnx"), parse("hit_nano_onnx"))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("hit_nano_graph", "hit_nano_exact"),
        ("hit_nano_tensorrt", "CUDA device"),
        ("hit_nano_onnx_bf16", "hit_nano_openvino_bf16"),
        ("hit_nano_memeff_onnx", "hit_nano_onnx"),
        ("hit_nano_exact_openvino", "hit_nano_openvino"),
        ("hit_nano_openvino_int8", "hit-trackers quantise hit_nano_openvino_int8"),
        ("hit_nano_compile_int8", "openvino"),
    ],
)
def test_what_cannot_run_says_what_can(name: str, hint: str) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("openvino")
    with pytest.raises(EngineError, match=hint):
        load(name)


@pytest.mark.parametrize(("engine", "module"), [("onnx", "onnxruntime"), ("openvino",) * 2])
def test_a_missing_library_names_its_extra(
    engine: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"hit-trackers\[{engine}\]"):
        load(f"hit_nano_{engine}")


def test_compile_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> object:
        def run(*_: np.ndarray) -> None:
            raise RuntimeError("InvalidCxxCompiler: no working C++ compiler")

        return run

    monkeypatch.setattr("torch.compile", broken)
    with pytest.raises(EngineError, match="compiler"):
        load("hit_nano_compile")


@pytest.mark.parametrize("engine", ["onnx", "openvino"])
def test_int8_runs_once_it_is_made(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip({"onnx": "onnxruntime"}.get(engine, engine))
    pytest.importorskip("onnxruntime")
    from toolkit_adapters.bench import quantise

    rng = np.random.default_rng(0)

    def samples(tracker: object, count: int):
        shape = (1, 64, CONFIGS["nano"].dims[0])
        for _ in range(count):
            patch = rng.integers(0, 256, (256, 256, 3), dtype=np.uint8)
            yield {"patch": patch, "template": rng.standard_normal(shape).astype(np.float32)}

    monkeypatch.setattr(quantise, "_samples", samples)
    path = quantise.quantise(f"hit_nano_{engine}_int8", "seeded", 4)
    nodes = {node.op_type for node in pytest.importorskip("onnx").load(str(path)).graph.node}
    assert "QuantizeLinear" in nodes
    tracker = load(f"hit_nano_{engine}_int8")
    image = rng.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    tracker.init(image, [60, 60, 50, 40])
    assert np.isfinite(tracker.update(image).box).all()


def test_what_no_input_changes_stays_in_float(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["moved"], "changes"),
        helper.make_node("Conv", ["x", "w"], ["kept"], "head/conv5_tl"),
        helper.make_node("Conv", ["x", "w"], ["quantised"], "head/conv4_tl"),
        helper.make_node("Shape", ["moved"], ["shape"], "shape"),
        helper.make_node("ConstantOfShape", ["shape"], ["zeros"], "zeros"),
        helper.make_node("MatMul", ["zeros", "w"], ["still"], "of zeros"),
        helper.make_node("Add", ["moved", "still"], ["sum"], "sum"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph(nodes, "few", [x], [])
    onnx.save(helper.make_model(graph), tmp_path / "few.onnx")
    left = set(_left_in_float(tmp_path / "few.onnx", ("conv5_",)))
    assert left == {"head/conv5_tl", "shape", "zeros", "of zeros"}
