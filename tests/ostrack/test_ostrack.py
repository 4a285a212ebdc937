"""OSTrack on a small network: what every way of executing it claims, and its decisions."""

from __future__ import annotations

from pathlib import Path

import narrow
import numpy as np
import pytest
import torch
from libraries import AddsOtherwise
from scripted import smooth_clip, track

from hit_trackers import list_trackers, load_tracker
from hit_trackers.attention import OPERATORS, Site
from hit_trackers.errors import CheckpointError, EngineError, UnknownTrackerError
from hit_trackers.families import family_of, parse
from hit_trackers.ostrack import config
from hit_trackers.ostrack.network.block import Attention
from hit_trackers.variants import TOLERANCE_PX, Claim

BOX = [70.0, 40.0, 60.0, 50.0]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The official shapes of tokens, with narrow features."""
    for which, few in narrow.OSTRACK.items():
        monkeypatch.setitem(config.CONFIGS, which, few)
    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def clip() -> list[np.ndarray]:
    return smooth_clip(5)


@pytest.mark.parametrize("name", ["ostrack_256", "ostrack_384", "ostrack_256_noce"])
def test_exact_changes_no_bit_and_flips_nothing(name: str, clip: list[np.ndarray]) -> None:
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
    [
        "memeff",
        "streaming",
        "onnx",
        "openvino",
        pytest.param("compile", marks=pytest.mark.slow),
    ],
)
def test_tolerance(token: str, clip: list[np.ndarray]) -> None:
    if token in ("onnx", "openvino"):
        pytest.importorskip({"onnx": "onnxruntime"}.get(token, token))
    baseline, other = (load_tracker(f"ostrack_256{t}", "seeded") for t in ("", f"_{token}"))
    for tracker in (baseline, other):
        tracker.init(clip[0], BOX)
    baseline.update(clip[1])
    given = baseline.probe.network_input
    outputs = [tracker.probe.run_network(given)[:5] for tracker in (baseline, other)]
    assert np.abs(outputs[0] - outputs[1]).max() * 256 < TOLERANCE_PX


@pytest.mark.parametrize("token", ["bf16", "fp16"])
def test_lossy(token: str, clip: list[np.ndarray]) -> None:
    boxes = [
        track(load_tracker(f"ostrack_256{t}", "seeded"), clip, BOX)[0] for t in ("", f"_{token}")
    ]
    assert np.isfinite(boxes[1]).all()
    assert not np.array_equal(*boxes)


@pytest.mark.parametrize("token", ["", "_exact", "_memeff", "_streaming", "_bf16"])
def test_what_ran_is_what_the_name_says(token: str, clip: list[np.ndarray]) -> None:
    tracker = load_tracker(f"ostrack_256{token}", "seeded")
    track(tracker, clip[:2], BOX)
    executed = tracker.probe.executed(tracker.probe.network_input)
    assert executed.contradictions(tracker.variant.parts) == ()
    assert len(executed.sites) == 12


def test_memory_of_exact(clip: list[np.ndarray]) -> None:
    """Only an order: the figures are the bench's."""
    from toolkit_adapters.running.activations import peak_activations

    peaks = []
    for name in ("ostrack_384", "ostrack_384_exact"):
        tracker = load_tracker(name, "seeded")
        track(tracker, clip[:2], BOX)
        work = tracker.probe.workloads(tracker.probe.network_input)["network"]
        with torch.no_grad():
            peaks.append(peak_activations(work, "cpu").bytes)
    assert peaks[1] < peaks[0] / 2


def test_the_row_that_elimination_reads_has_the_bits_of_the_whole_map() -> None:
    torch.manual_seed(0)
    attention = Attention(48, 3)
    for count, index in ((320, 27), (244, 27), (190, 27), (720, 65), (427, 65)):
        with torch.inference_mode():
            q, k, v = attention.project(torch.randn(1, count, 48))
            _, weights = attention.site.weighed(q, k, v)
            assert weights is not None
            assert torch.equal(attention.row(q, k, index), weights[:, :, index])


def test_a_row_is_the_maps_whatever_a_library_does_with_few_rows() -> None:
    attention = Attention(48, 3)
    with torch.inference_mode(), AddsOtherwise(100) as library:
        q, k, v = attention.project(torch.randn(1, 320, 48))
        _, weights = attention.site.weighed(q, k, v)
        assert weights is not None
        assert torch.equal(attention.row(q, k, 27), weights[:, :, 27])
    assert library.calls


def test_the_map_is_never_stored_by_another_operator() -> None:
    attention = Attention(48, 3)
    attention.site.operator = OPERATORS["memeff"]
    assert isinstance(attention.site, Site)
    with torch.inference_mode():
        _, weights, row = attention(torch.randn(1, 320, 48), 27)
    assert weights is None
    assert row is not None
    assert row.shape == (1, 3, 320)


def test_decisions(clip: list[np.ndarray]) -> None:
    tracker = load_tracker("ostrack_256", "seeded")
    track(tracker, clip[:2], BOX)
    output = tracker.run_network(tracker.network_input)
    decisions = tracker.decisions
    assert list(decisions) == ["cell", "tokens_3", "tokens_6", "tokens_9"]
    assert decisions["cell"].taken == int(output[5])
    assert all(0 <= decision.margin < 1 for decision in decisions.values())
    # The order of those that stay is no decision, which of them stay is one.
    start = 8 + 2
    swapped = output.copy()
    swapped[[start, start + 1]] = swapped[[start + 1, start]]
    assert tracker.decide(swapped) == decisions
    other = output.copy()
    other[start] = 255 if 255 not in output[start : start + 180] else 254
    assert tracker.decide(other)["tokens_3"] != decisions["tokens_3"]
    assert tracker.decide(other)["tokens_6"] == decisions["tokens_6"]


def test_kept_tokens_are_the_official_numbers() -> None:
    assert config.CONFIGS["256", ""].kept == (180, 126, 89)
    assert config.CONFIGS["384", ""].kept == (404, 283, 199)
    assert config.CONFIGS["256", "noce"].kept == ()
    assert config.CONFIGS["256", ""].centre_token == 27
    assert config.CONFIGS["384", ""].centre_token == 65


def test_names() -> None:
    assert parse("ostrack").name == "ostrack_256"
    noce = parse("ostrack_noce_384_exact")
    assert (noce.name, noce.baseline) == ("ostrack_384_noce_exact", "ostrack_384_noce")
    assert noce.claim is Claim.BITWISE
    names = {variant.name for variant in list_trackers()}
    assert {"ostrack_256_exact", "ostrack_384_noce_memeff", "ostrack_256_openvino_int8"} <= names
    assert not [name for name in names if name.startswith("ostrack") and "fused" in name]
    with pytest.raises(UnknownTrackerError, match="does not fit the family ostrack: the Triton"):
        parse("ostrack_256_fused")
    assert "not here" in family_of("ostrack").tokens()["fused"]


def test_weights_are_looked_for_under_their_official_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HIT_CHECKPOINTS", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"vitb_384_mae_ce_32x4_ep300/OSTrack_ep0300.pth.tar"):
        load_tracker("ostrack_384")
    file = tmp_path / "vitb_256_mae_ce_32x4_ep300/OSTrack_ep0300.pth.tar"
    file.parent.mkdir()
    network = family_of("ostrack").build({"size": "256"})  # type: ignore[attr-defined]
    torch.save({"net": network.state_dict(), "epoch": 300}, file)
    found = {weights.baseline: weights.found for weights in family_of("ostrack").weights()}
    assert found["ostrack_256"] == file
    assert found["ostrack_384"] is None
    assert len(load_tracker("ostrack_256_exact").variant.weights_sha256) == 64
    with pytest.raises(CheckpointError, match="another network"):
        load_tracker("ostrack_384", file)


def test_precisions_that_pytorch_does_not_have() -> None:
    with pytest.raises(EngineError, match="ostrack_256_openvino_int8"):
        load_tracker("ostrack_256_int8", "seeded")


@pytest.mark.parametrize("name", ["ostrack_256", "ostrack_384_exact", "ostrack_256_noce_memeff"])
def test_a_sketch_makes_the_calls_of_a_frame(name: str) -> None:
    from hit_trackers.engines.operators import count_operators

    variant = parse(name)
    sketch = family_of("ostrack").sketch(variant)
    assert sketch is not None
    assert sketch.weights > 0
    assert sum(count_operators(sketch.frame).values()) > 150


def test_published_figures() -> None:
    larger, smaller = family_of("ostrack").references()
    assert larger.scores["lasot"].values == {"AUC": 71.1, "P_Norm": 81.1, "P": 77.6}
    assert (larger.baseline.fps, smaller.baseline.fps) == (58.1, 105.4)
    assert smaller.baseline.tracker == "ostrack_256"
    assert larger.speedup is None, "nothing is published of its variant"
