"""STARK on small networks: what every way of executing it claims, masks, templates, decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narrow
import numpy as np
import pytest
import torch
from scripted import ScoredEngine, smooth_clip, track

from hit_trackers import list_trackers, load_tracker
from hit_trackers.errors import CheckpointError, EngineError, UnknownTrackerError
from hit_trackers.families import family_of, parse
from hit_trackers.layers.resnet import ResNet, _max_pool
from hit_trackers.stark import config
from hit_trackers.stark.tracker import UpdatingStarkTracker
from hit_trackers.variants import TOLERANCE_PX, Claim
from toolkit_adapters.bench.measure import measure

BOX = [70.0, 40.0, 60.0, 50.0]
BY_THE_EDGE = [2.0, 90.0, 50.0, 55.0]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Few blocks, narrow tokens and less of them."""
    for name, few in narrow.STARK.items():
        monkeypatch.setitem(config.CONFIGS, name, few)
    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def clip() -> list[np.ndarray]:
    return smooth_clip(7)


def hasty(name: str) -> Any:
    """A tracker that may change its template in every second frame."""
    tracker: Any = load_tracker(name, "seeded")
    tracker.interval = 2
    return tracker


@pytest.mark.parametrize("box", [BOX, BY_THE_EDGE])
@pytest.mark.parametrize("size", ["s50", "st50", "lightning"])
def test_exact_changes_no_bit(size: str, box: list[float], clip: list[np.ndarray]) -> None:
    pair = [hasty(f"stark_{size}{token}") for token in ("", "_exact")]
    boxes, decisions = zip(*(track(tracker, clip, box) for tracker in pair), strict=True)
    assert np.array_equal(*boxes)
    assert decisions[0] == decisions[1]
    outputs = [tracker.run_network(pair[0].network_input) for tracker in pair]
    assert np.array_equal(*outputs)


def test_exact_does_the_same_with_and_without_padding(clip: list[np.ndarray]) -> None:
    """It looks whether there is any, and both ways are taken."""
    pair = [hasty(f"stark_st50{token}") for token in ("", "_exact")]
    for tracker in pair:
        tracker.init(clip[0], BOX)
        tracker.update(clip[1])
    given = pair[0].network_input
    whole = given.search.copy()
    whole[..., 3] = 0
    half = whole.copy()
    half[:, :70, 3] = 255
    outputs = []
    for search in (whole, half):
        both = [t.run_network(given._replace(search=search)) for t in pair]
        assert np.array_equal(*both)
        outputs.append(both[0])
    assert not np.array_equal(*outputs)


@pytest.mark.parametrize("size", ["s50", "st50", "lightning"])
@pytest.mark.parametrize(
    "token",
    ["memeff", "streaming", "onnx", "openvino", pytest.param("compile", marks=pytest.mark.slow)],
)
def test_tolerance(size: str, token: str, clip: list[np.ndarray]) -> None:
    if token in ("onnx", "openvino"):
        pytest.importorskip({"onnx": "onnxruntime"}.get(token, token))
    pair: list[Any] = [load_tracker(f"stark_{size}{t}", "seeded") for t in ("", f"_{token}")]
    for tracker in pair:
        tracker.init(clip[0], BY_THE_EDGE)
    pair[0].update(clip[1])
    outputs = [tracker.run_network(pair[0].network_input) for tracker in pair]
    assert np.abs(outputs[0] - outputs[1])[:4].max() * 160 < TOLERANCE_PX


@pytest.mark.parametrize("token", ["bf16", pytest.param("fp16", marks=pytest.mark.slow)])
def test_lossy(token: str, clip: list[np.ndarray]) -> None:
    boxes = [
        track(load_tracker(f"stark_s50{t}", "seeded"), clip[:3], BOX)[0] for t in ("", f"_{token}")
    ]
    assert np.isfinite(boxes[1]).all()
    assert not np.array_equal(*boxes)


@pytest.mark.parametrize("token", ["", "_exact", "_memeff", "_streaming"])
@pytest.mark.parametrize("size", ["st50", "lightning"])
def test_what_ran_is_what_the_name_says(size: str, token: str, clip: list[np.ndarray]) -> None:
    tracker: Any = load_tracker(f"stark_{size}{token}", "seeded")
    track(tracker, clip[:2], BOX)
    executed = tracker.executed(tracker.network_input)
    assert len(executed.sites) == (1 if size == "lightning" else 2 + 2 * 2)
    assert executed.contradictions(tracker.variant.parts) == ()


def test_memory_of_the_encoder(clip: list[np.ndarray]) -> None:
    """Only an order: the figures are the bench's."""
    from toolkit_adapters.running.activations import peak_activations

    peaks = []
    for name in ("stark_s50", "stark_s50_exact"):
        tracker: Any = load_tracker(name, "seeded")
        track(tracker, clip[:2], BOX)
        work = tracker.workloads(tracker.network_input)["encoder"]
        peaks.append(peak_activations(work, "cpu").bytes)
    assert peaks[1] < peaks[0]


@pytest.mark.parametrize("side", [160, 128, 64])
def test_pooling_by_shifted_maps(side: int) -> None:
    image = torch.randn(1, 8, side, side)
    expected = torch.nn.functional.max_pool2d(image, 3, 2, 1)
    assert torch.equal(_max_pool(image), expected)


def test_a_sparing_backbone_has_the_bits_of_the_other() -> None:
    network: Any = family_of("stark").build({"size": "s50"})  # type: ignore[attr-defined]
    body = network.backbone[0].body
    assert isinstance(body, ResNet)
    for buffer in body.buffers():
        buffer.uniform_(0.5, 1.5)
    image = torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        expected = body(image.clone())
        body.spare()
        assert torch.equal(body(image), expected)


def test_the_second_template_is_replaced_where_the_score_is_high() -> None:
    engine = ScoredEngine([0.5, 0.5, 0.25, 0.25, 0.1, 0.1], [0.9, 0.6, 0.4, 0.5, 0.9, 0.51])
    tracker = UpdatingStarkTracker(engine, parse("stark_st50"), "cpu")  # type: ignore[arg-type]
    tracker.interval = 2
    frames = [np.full((150, 200, 3), 10 * number, np.uint8) for number in range(7)]
    tracker.init(frames[0], BOX)
    decisions, seconds = [], []
    for frame in frames[1:]:
        tracker.update(frame)
        decisions.append({k: v.taken for k, v in tracker.decisions.items()})
        seconds.append(int(tracker.templates[1, 32, 32, 0]))
    # Frame 4 has 0.5, which is not more than the threshold; frames 1 and 5 are not asked.
    assert decisions == [{}, {"template": 1}, {}, {"template": 0}, {}, {"template": 1}]
    assert seconds == [0, 20, 20, 20, 20, 60]
    assert all((held[0] == engine.held[0][0]).all() for held in engine.held)
    assert len(engine.held) == 3
    assert tracker.decisions["template"].margin == pytest.approx(0.01, abs=1e-6)


def test_intervals_are_the_official_ones() -> None:
    intervals = {
        name: UpdatingStarkTracker(ScoredEngine([], []), parse(name), "cpu").interval  # type: ignore[arg-type]
        for name in (
            "stark_st50",
            "stark_st50_got10k",
            "stark_st50_trackingnet",
            "stark_st101_vot20",
            "stark_st50_vot20lt",
            "stark_st101_vot20lt",
        )
    }
    assert list(intervals.values()) == [200, 200, 25, 10, 200, 100]


def test_names() -> None:
    assert parse("stark").name == "stark_s50"
    exact = parse("stark_trackingnet_st101_exact")
    assert (exact.name, exact.baseline) == (
        "stark_st101_trackingnet_exact",
        "stark_st101_trackingnet",
    )
    assert exact.claim is Claim.BITWISE
    names = {variant.name for variant in list_trackers()}
    assert {"stark_lightning_exact", "stark_st50_vot20", "stark_s50_openvino_int8"} <= names
    with pytest.raises(UnknownTrackerError, match="does not fit the family stark: the Triton"):
        parse("stark_s50_fused")
    for name in ("stark_s50_trackingnet", "stark_lightning_got10k"):
        with pytest.raises(UnknownTrackerError, match="is no part of a tracker name"):
            parse(name)
    assert len(family_of("stark").references()) == 4


def test_weights_are_looked_for_under_their_official_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HIT_CHECKPOINTS", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"stark_st2/baseline_R101/STARKST_ep0050\.pth\.tar"):
        load_tracker("stark_st101")
    file = tmp_path / "checkpoints/train/stark_s/baseline/STARKS_ep0500.pth.tar"
    file.parent.mkdir(parents=True)
    network = family_of("stark").build({"size": "s50"})  # type: ignore[attr-defined]
    torch.save({"net": network.state_dict(), "epoch": 500}, file)
    found = {weights.baseline: weights for weights in family_of("stark").weights()}
    assert found["stark_s50"].found == file
    only = found["stark_st50_got10k"]
    assert only.expected == "stark_st2/baseline_got10k_only/STARKST_ep0050.pth.tar"
    assert only.found is None
    assert len(load_tracker("stark_s50_exact").variant.weights_sha256) == 64
    with pytest.raises(CheckpointError, match="another network"):
        load_tracker("stark_st50", file)


def test_precisions_that_pytorch_does_not_have() -> None:
    with pytest.raises(EngineError, match="stark_s50_openvino_int8"):
        load_tracker("stark_s50_int8", "seeded")


@pytest.mark.parametrize(
    "name", ["stark_s50", "stark_st50_exact", "stark_lightning_memeff", "stark_st101_exact_graph"]
)
def test_a_sketch_makes_the_calls_of_a_frame(name: str) -> None:
    from hit_trackers.engines.operators import count_operators

    sketch = family_of("stark").sketch(parse(name))
    assert sketch is not None
    assert sketch.weights > 0
    assert sum(count_operators(sketch.frame).values()) > 100


@pytest.mark.parametrize("size", ["s50", "st50"])
def test_bench_gives_the_network_what_a_tracker_gives_it(size: str) -> None:
    """A mask in a fourth channel, and two templates: a search region by itself would not do."""
    rows, _ = measure([f"stark_{size}_exact"], "seeded", "cpu", repeats=1)
    assert [row.bitwise for row in rows] == [True, True]
    assert not any(row.problem for row in rows)
