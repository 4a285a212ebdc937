"""TransT on a small network: what every way of executing it claims, its crop, its decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narrow
import numpy as np
import pytest
import torch
from scripted import smooth_clip, track

from hit_trackers import list_trackers, load_tracker
from hit_trackers.errors import BoxError, CheckpointError, EngineError, UnknownTrackerError
from hit_trackers.families import family_of, parse
from hit_trackers.transt.crop import side_around, subwindow
from hit_trackers.transt.network import config
from hit_trackers.variants import TOLERANCE_PX, Claim

BOX = [70.0, 40.0, 60.0, 50.0]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Narrow tokens, and a quarter of them; the backbone is the official one."""
    for name, few in narrow.TRANST.items():
        monkeypatch.setitem(config.CONFIGS, name, few)
    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def clip() -> list[np.ndarray]:
    return smooth_clip(5)


@pytest.mark.parametrize("name", ["transt", "transt_n2"])
def test_exact_changes_no_bit(name: str, clip: list[np.ndarray]) -> None:
    baseline, exact = (load_tracker(each, "seeded") for each in (name, f"{name}_exact"))
    boxes, decisions = zip(
        *(track(tracker, clip, BOX) for tracker in (baseline, exact)), strict=True
    )
    assert np.array_equal(*boxes)
    assert decisions[0] == decisions[1]
    given = baseline.probe.network_input
    outputs = [tracker.probe.run_network(given) for tracker in (baseline, exact)]
    assert np.array_equal(*outputs)


@pytest.mark.parametrize(
    "token",
    ["memeff", "streaming", "onnx", "openvino", pytest.param("compile", marks=pytest.mark.slow)],
)
def test_tolerance(token: str, clip: list[np.ndarray]) -> None:
    if token in ("onnx", "openvino"):
        pytest.importorskip({"onnx": "onnxruntime"}.get(token, token))
    baseline, other = (load_tracker(f"transt_n2{t}", "seeded") for t in ("", f"_{token}"))
    for tracker in (baseline, other):
        tracker.init(clip[0], BOX)
    baseline.update(clip[1])
    given = baseline.probe.network_input
    outputs = [tracker.probe.run_network(given)[:5] for tracker in (baseline, other)]
    assert np.abs(outputs[0] - outputs[1]).max() * 128 < TOLERANCE_PX


@pytest.mark.parametrize("token", ["bf16", pytest.param("fp16", marks=pytest.mark.slow)])
def test_lossy(token: str, clip: list[np.ndarray]) -> None:
    pair = [load_tracker(f"transt_n2{t}", "seeded") for t in ("", f"_{token}")]
    boxes = [track(tracker, clip[:2], BOX)[0] for tracker in pair]
    assert np.isfinite(boxes[1]).all()
    assert not np.array_equal(*boxes)


@pytest.mark.parametrize("token", ["", "_exact", "_memeff", "_streaming"])
def test_what_ran_is_what_the_name_says(token: str, clip: list[np.ndarray]) -> None:
    tracker: Any = load_tracker(f"transt_n2{token}", "seeded")
    track(tracker, clip[:2], BOX)
    executed = tracker.executed(tracker.network_input)
    # The template's own attention in the first layer runs once per sequence.
    assert len(executed.sites) == (8 if token == "_exact" else 9)
    assert executed.contradictions(tracker.variant.parts) == ()


def test_memory_of_exact(clip: list[np.ndarray]) -> None:
    """Only an order: the figures are the bench's."""
    from toolkit_adapters.running.activations import peak_activations

    peaks = []
    for name in ("transt", "transt_exact"):
        tracker: Any = load_tracker(name, "seeded")
        track(tracker, clip[:2], BOX)
        work = tracker.workloads(tracker.network_input)["network"]
        with torch.no_grad():
            peaks.append(peak_activations(work, "cpu").bytes)
    assert peaks[1] < peaks[0]


def padded_as_officially(image: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    """Pad the whole image with its mean colour, then cut."""
    far = 300
    height, width = image.shape[:2]
    canvas = np.empty((height + 2 * far, width + 2 * far, 3), np.uint8)
    canvas[:] = np.mean(image, axis=(0, 1)).astype(np.uint8)
    canvas[far : far + height, far : far + width] = image
    return canvas[far + top : far + top + side, far + left : far + left + side]


@pytest.mark.parametrize("centre", [(100.0, 75.0), (3.2, 4.9), (199.5, 149.5), (100.5, -10.0)])
@pytest.mark.parametrize("side", [33, 64, 250])
def test_a_square_is_padded_with_the_mean_colour(
    centre: tuple[float, float], side: int, clip: list[np.ndarray]
) -> None:
    image = clip[0]
    colour = np.mean(image, axis=(0, 1))
    found = subwindow(image, np.array(centre), side, side, colour)
    left, top = (int(np.floor(of - (side + 1) / 2 + 0.5)) for of in centre)
    assert np.array_equal(found, padded_as_officially(image, left, top, side))
    buffer = np.empty((side, side, 3), np.uint8)
    assert subwindow(image, np.array(centre), side, side, colour, buffer) is buffer
    assert np.array_equal(buffer, found)


def test_a_square_beside_the_image_is_an_error(clip: list[np.ndarray]) -> None:
    with pytest.raises(BoxError, match="touches no pixel of 200 x 150"):
        subwindow(clip[0], np.array([-100.0, 20.0]), 50, 64, np.zeros(3))


def test_the_side_of_a_square_is_computed_in_the_type_of_its_box() -> None:
    # sqrt((w + 3m)(h + 3m)) with m the mean of both: of 3 and 5 it is sqrt(15 * 17).
    assert side_around(np.array([3.0, 5.0]), context=3) == 16
    assert side_around(np.array([10.0, 10.0]), context=1) == 20
    size = np.array([96.47036, 187.95062])
    assert side_around(size.astype(np.float32), context=3) == 567
    assert side_around(size.astype(np.float32).astype(np.float64), context=3) == 568


def test_decision(clip: list[np.ndarray]) -> None:
    tracker: Any = load_tracker("transt_n2", "seeded")
    track(tracker, clip[:2], BOX)
    output = tracker.run_network(tracker.network_input)
    (name, decision), *others = tracker.decisions.items()
    assert (name, others) == ("cell", [])
    assert decision.taken == int(output[5])
    assert 0 <= decision.taken < 16 * 16
    assert 0 <= decision.margin < 1
    assert decision.margin == pytest.approx(output[7] / output[6])


def test_the_chosen_cell_is_the_highest_after_the_window(clip: list[np.ndarray]) -> None:
    tracker: Any = load_tracker("transt_n2", "seeded")
    track(tracker, clip[:2], BOX)
    program = tracker.engine.program
    with torch.inference_mode():
        search = tracker.engine.normalise(tracker.network_input)
        output = program.predict(search, tracker.engine.held)
        result = program.result(output).numpy()
    score = output.logits[0].softmax(dim=1)[:, 0].numpy()
    window = np.outer(np.hanning(16), np.hanning(16)).ravel()
    penalised = score * (1 - 0.49) + window * 0.49
    cell = int(np.argmax(penalised))
    assert int(result[5]) == cell
    assert np.array_equal(result[:4], output.boxes[0, cell].numpy())
    assert result[6] == np.float32(penalised[cell])
    assert result[7] == pytest.approx(np.diff(np.sort(penalised)[-2:])[0], rel=1e-6)


def test_boxes_stay_on_the_image_and_ten_pixels_large(clip: list[np.ndarray]) -> None:
    tracker: Any = load_tracker("transt_n2", "seeded")
    tracker.init(clip[0], BOX)
    for share, expected in (
        ([9.0, 9.0, 0.0, 9.0], [195.0, 75.0, 10.0, 150.0]),
        ([-9.0, 0.5, 9.0, 0.0], [-100.0, None, 200.0, 10.0]),
    ):
        output = np.array([*share, 0.5, 0, 0.5, 0.1], np.float32)
        box = tracker.place(output, BOX, 1.0, 150, 200)
        assert [b for b, e in zip(box, expected, strict=True) if e is not None] == [
            e for e in expected if e is not None
        ]


def test_names() -> None:
    assert parse("transt").baseline == "transt"
    exact = parse("transt_exact_n2")
    assert (exact.name, exact.baseline, exact.claim) == (
        "transt_n2_exact",
        "transt_n2",
        Claim.BITWISE,
    )
    names = {variant.name for variant in list_trackers()}
    assert {"transt", "transt_n2", "transt_exact_graph", "transt_n2_openvino_int8"} <= names
    assert not [name for name in names if name.startswith("transt") and "fused" in name]
    with pytest.raises(UnknownTrackerError, match="does not fit the family transt"):
        parse("transt_fused")
    assert "not here" in family_of("transt").tokens()["fused"]
    assert {r.baseline.tracker for r in family_of("transt").references()} == {
        "transt",
        "transt_n2",
    }


def test_precisions_that_pytorch_does_not_have() -> None:
    with pytest.raises(EngineError, match="transt_openvino_int8"):
        load_tracker("transt_int8", "seeded")


class NetConstructor:
    """As an official checkpoint has one; the name below `ltr` is given to it."""

    def __init__(self) -> None:
        self.fun_name = "transt_resnet50"


def test_an_official_checkpoint_is_found_and_none_of_its_code_is_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sys
    import types

    monkeypatch.setenv("HIT_CHECKPOINTS", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"transt\.pth"):
        load_tracker("transt")
    network = family_of("transt").build({})  # type: ignore[attr-defined]
    for name in ("ltr", "ltr.admin", "ltr.admin.model_constructor"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setattr(NetConstructor, "__module__", "ltr.admin.model_constructor")
    vars(sys.modules["ltr.admin.model_constructor"])["NetConstructor"] = NetConstructor
    file = tmp_path / "transt.pth"
    torch.save({"net": network.state_dict(), "constructor": NetConstructor()}, file)
    for name in ("ltr", "ltr.admin", "ltr.admin.model_constructor"):
        monkeypatch.delitem(sys.modules, name)
    found = {weights.baseline: weights.found for weights in family_of("transt").weights()}
    assert found == {"transt": file, "transt_n2": None}
    assert len(load_tracker("transt_exact").variant.weights_sha256) == 64
    assert "ltr" not in sys.modules
    with pytest.raises(CheckpointError, match="another network"):
        load_tracker("transt_n2", file)


@pytest.mark.parametrize("name", ["transt", "transt_memeff", "transt_exact", "transt_exact_graph"])
def test_a_sketch_makes_the_calls_of_a_frame(name: str) -> None:
    from hit_trackers.engines.operators import count_operators

    sketch = family_of("transt").sketch(parse(name))
    assert sketch is not None
    assert sketch.weights > 0
    assert sum(count_operators(sketch.frame).values()) > 300
