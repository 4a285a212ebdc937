"""MixFormer on small networks: what every way of executing it claims, templates, decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import narrow
import numpy as np
import pytest
import torch
from scripted import ScoredEngine, smooth_clip, track

from hit_trackers import load_tracker
from hit_trackers.closed_loop import Given
from hit_trackers.errors import CheckpointError, EngineError
from hit_trackers.families import family_of, parse
from hit_trackers.mixformer import config
from hit_trackers.mixformer.config import SETTINGS, Setting
from hit_trackers.mixformer.network.score import precise_roi_pool
from hit_trackers.mixformer.network.vit import sine_cosine
from hit_trackers.mixformer.tracker import MixFormerTracker
from hit_trackers.variants import TOLERANCE_PX

BOX = [70.0, 40.0, 60.0, 50.0]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name, few in narrow.MIXFORMER.items():
        monkeypatch.setitem(config.CONFIGS, name, few)
    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def clip() -> list[np.ndarray]:
    return smooth_clip(9)


def hasty(name: str, online: int = 1, interval: int = 3) -> MixFormerTracker:
    """A tracker that changes its templates often."""
    loaded: Any = load_tracker(name, "seeded")
    setting = Setting(4.5, interval, online)
    return MixFormerTracker(loaded.engine, loaded.variant, "cpu", setting)


@pytest.mark.parametrize("name", ["cvt", "cvt_lasot", "vit", "vit_lasot"])
def test_exact_changes_no_bit(name: str, clip: list[np.ndarray]) -> None:
    online = 2 if name.endswith("lasot") else 1
    pair = [hasty(f"mixformer_{name}{token}", online) for token in ("", "_exact")]
    boxes, decisions = zip(*(track(tracker, clip, BOX) for tracker in pair), strict=True)
    assert np.array_equal(*boxes)
    assert decisions[0] == decisions[1]
    outputs = [tracker.run_network(pair[0].network_input) for tracker in pair]
    assert np.array_equal(*outputs)


@pytest.mark.parametrize("size", ["cvt", "vit"])
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
def test_tolerance(size: str, token: str, clip: list[np.ndarray]) -> None:
    if token in ("onnx", "openvino"):
        pytest.importorskip({"onnx": "onnxruntime"}.get(token, token))
    pair: list[Any] = [load_tracker(f"mixformer_{size}{t}", "seeded") for t in ("", f"_{token}")]
    for tracker in pair:
        tracker.init(clip[0], BOX)
    pair[0].update(clip[1])
    outputs = [tracker.run_network(pair[0].network_input) for tracker in pair]
    assert np.abs(outputs[0] - outputs[1])[:4].max() * 128 < TOLERANCE_PX


@pytest.mark.parametrize("token", ["", "_exact", "_memeff", "_streaming", "_bf16"])
@pytest.mark.parametrize("size", ["cvt", "vit_lasot"])
def test_what_ran_is_what_the_name_says(size: str, token: str, clip: list[np.ndarray]) -> None:
    tracker: Any = load_tracker(f"mixformer_{size}{token}", "seeded")
    tracker.init(clip[0], BOX)
    tracker.update(clip[1])
    executed = tracker.executed(tracker.network_input)
    ran = {name: calls for name, calls in executed.sites.items() if calls}
    assert len(ran) >= 4
    assert executed.contradictions(tracker.variant.parts) == ()


def scripted(scores: list[float], setting: Setting) -> tuple[MixFormerTracker, ScoredEngine]:
    engine = ScoredEngine([0.5, 0.5, 0.25, 0.25], scores)
    tracker = MixFormerTracker(engine, parse("mixformer_cvt"), "cpu", setting)  # type: ignore[arg-type]
    # Frames that are told apart by their colour, and so are the templates cut from them.
    for value in range(len(scores) + 1):
        image = np.full((300, 300, 3), value, np.uint8)
        if value == 0:
            tracker.init(image, [100, 100, 40, 40])
        else:
            tracker.update(image)
    return tracker, engine


def colours(templates: np.ndarray) -> list[int]:
    return [int(template[32, 32, 0]) for template in templates]


def test_the_best_frame_replaces_the_one_online_template() -> None:
    _, engine = scripted([0.6, 0.9, 0.7, 0.4, 0.3, 0.2], Setting(4.5, 3, 1))
    # The second time nothing passed one half: the first template is put in again.
    assert [colours(held) for held in engine.held] == [[0, 0], [0, 2], [0, 0]]


def test_several_templates_grow_and_then_the_oldest_is_replaced() -> None:
    _, engine = scripted([0.6, 0.7, 0.8, 0.9], Setting(4.5, 1, 3))
    assert [colours(held) for held in engine.held] == [
        *([0, 0], [0, 0, 1], [0, 0, 1, 2]),
        *([0, 3, 1, 2], [0, 3, 4, 2]),
    ]


def test_the_highest_score_decays() -> None:
    _, kept = scripted([0.9, 0.8, 0.8], Setting(4.5, 3, 1))
    assert colours(kept.held[-1]) == [0, 1]
    _, decayed = scripted([0.9, 0.8, 0.8], Setting(4.5, 3, 1, 0.9))
    # 0.9 * 0.9 = 0.81 and then 0.729: the third frame is the best one.
    assert colours(decayed.held[-1]) == [0, 3]


def test_decisions() -> None:
    tracker, _ = scripted([0.75, 0.625], Setting(4.5, 10, 1))
    assert tracker.decisions["template"] == (0, 0.125)
    tracker, _ = scripted([0.25], Setting(4.5, 10, 1))
    assert tracker.decisions["template"] == (0, 0.25)
    tracker, _ = scripted([0.25, 0.75], Setting(4.5, 10, 1))
    assert tracker.decisions["template"] == (1, 0.25)


def test_open_loop_decides_as_the_baseline_had_to() -> None:
    baseline, _ = scripted([0.75, 0.625], Setting(4.5, 10, 1))
    # It had 0.75 to exceed; another tracker that has seen nothing has one half.
    variant, engine = scripted([0.25], Setting(4.5, 10, 1))
    engine.scores = iter([0.625, 0.875])
    for score, expected in ((0.625, (0, 0.125)), (0.875, (1, 0.125))):
        assert variant.run_network(baseline.network_input)[4] == score
        assert variant.decisions["template"] == expected
    assert variant._to_exceed == 0.5


def test_open_loop_has_the_baselines_templates(clip: list[np.ndarray]) -> None:
    first, second = (hasty("mixformer_vit_lasot", online=2, interval=2) for _ in range(2))
    track(first, clip, BOX)
    track(second, clip[:3], BOX)
    own = second.templates
    given = first.network_input
    assert isinstance(given, Given)
    assert len(given.templates) == 3
    expected = first.run_network(given)
    assert np.array_equal(second.run_network(given), expected)
    assert second.templates is own
    alone = second.run_network(given.search)
    assert not np.array_equal(alone, expected), "its own templates are others"


def test_the_harness_runs_it_open_loop_with_templates_that_differ(
    clip: list[np.ndarray], tmp_path: Path
) -> None:
    import cv2

    from toolkit_adapters.datasets.got10k import Got10k
    from toolkit_adapters.running.entrant import Entrant
    from toolkit_adapters.running.passes import run_sequence
    from toolkit_adapters.verdict.equivalence import compare_records

    folder = tmp_path / "val/a"
    folder.mkdir(parents=True)
    for number, frame in enumerate(clip, start=1):
        cv2.imwrite(str(folder / f"{number:08d}.jpg"), frame)
    (folder / "groundtruth.txt").write_text(f"{','.join(map(str, BOX))}\n" * len(clip))
    (tmp_path / "val/list.txt").write_text("a\n")
    sequence = next(iter(Got10k(tmp_path, split="val", name="got10k-val")))
    names = ["mixformer_vit_lasot", "mixformer_vit_lasot_memeff"]
    trackers = [hasty(name, online=2, interval=2) for name in names]
    entrants = [Entrant(tracker, tracker.variant) for tracker in trackers]
    outcome = run_sequence(entrants, sequence, open_loop=3)
    assert not outcome.failures
    baseline, memeff = (outcome.records[name] for name in names)
    assert baseline.decision_names == memeff.decision_names == ("template",)
    assert set(np.unique(baseline.decisions[1:])) <= {0, 1}
    assert not np.array_equal(baseline.boxes, memeff.boxes)
    found = compare_records("a", "got10k-val", baseline, memeff)
    assert found.open_frames == 2
    assert 0 < found.open_px < TOLERANCE_PX
    assert [flips.frames for flips in found.flips] == [len(clip) - 1]


def test_pooling_is_the_integral_of_the_interpolation() -> None:
    rng = np.random.default_rng(0)
    features = rng.standard_normal((1, 2, 6, 7)).astype(np.float32)
    box = (1.3, -0.6, 5.1, 4.2)
    steps = 200  # in each bin
    found = precise_roi_pool(torch.from_numpy(features), torch.tensor([box]), 2)[0].numpy()
    for row in range(2):
        for column in range(2):
            width, height = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
            x = box[0] + width * (column + (np.arange(steps) + 0.5) / steps)
            y = box[1] + height * (row + (np.arange(steps) + 0.5) / steps)
            hats = [
                np.maximum(0, 1 - np.abs(points[:, None] - np.arange(length)))
                for points, length in ((y, 6), (x, 7))
            ]
            mean = np.einsum("yh,chw,xw->c", hats[0], features[0], hats[1]) / steps**2
            np.testing.assert_allclose(found[:, row, column], mean, atol=1e-4)
    nothing = precise_roi_pool(torch.from_numpy(features), torch.tensor([[3.0, 1.0, 2.0, 4.0]]))
    assert (nothing == 0).all()


def test_positions_differ_in_rows_and_columns() -> None:
    table = sine_cosine(16, 3).reshape(3, 3, 16)
    # The first half encodes the column, the second the row.
    assert np.array_equal(table[0, :, :8], table[2, :, :8])
    assert np.array_equal(table[:, 0, 8:], table[:, 2, 8:])
    np.testing.assert_allclose(table[1, 2, :8:4][0], np.sin(2.0))


def test_names_and_settings() -> None:
    lasot = parse("mixformer_vit_lasot_exact")
    assert (lasot.baseline, lasot.part("setting")) == ("mixformer_vit_lasot", "lasot")
    assert parse("mixformer").name == "mixformer_cvt"
    assert all(set(each) == set(SETTINGS["cvt"]) for each in SETTINGS.values())
    listed = [variant.name for variant in family_of("mixformer").variants()]
    assert "mixformer_vitl_openvino_int8" in listed
    assert "mixformer_cvt_lasot" in listed
    assert "mixformer_cvt_lasot_exact" not in listed, "it parses, and would be one of 400"


def test_weights_of_got10k_are_those_that_saw_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HIT_CHECKPOINTS", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"mixformer_cvt_online_22k\.pth\.tar"):
        load_tracker("mixformer_cvt_lasot")
    with pytest.raises(CheckpointError, match=r"mixformer_cvt_online_22k_got\.pth\.tar"):
        load_tracker("mixformer_cvt_got10k")


def test_8_bits_are_for_one_number_of_templates() -> None:
    with pytest.raises(EngineError, match=r"use mixformer_cvt_onnx_int8"):
        load_tracker("mixformer_cvt_lasot_onnx_int8", "seeded")


def test_published_figures() -> None:
    found = {reference.label: reference for reference in family_of("mixformer").references()}
    assert found["MixCvT authors"].scores["got10k"].values == {"AO": 70.7}
    assert found["MixCvT authors"].scores["lasot"].values == {"AUC": 69.2, "P_Norm": 78.7}
    assert found["MixCvT-L authors"].scores["lasot"].values["P_Norm"] == 79.9
    assert found["MixCvT authors"].speedup is None, "the repository states no times"


@pytest.mark.parametrize("name", ["mixformer_cvt", "mixformer_vit_exact", "mixformer_cvt_lasot"])
def test_a_sketch_makes_the_calls_of_a_frame(name: str) -> None:
    from hit_trackers.engines.operators import count_operators

    sketch = family_of("mixformer").sketch(parse(name))
    assert sketch is not None
    assert sum(count_operators(sketch.frame).values()) > 80


def test_the_arithmetic_of_a_frame_is_counted() -> None:
    from toolkit_adapters.bench.roofline import frame_flops

    baseline, exact = (frame_flops(parse(f"mixformer_vit{token}")) for token in ("", "_exact"))
    assert baseline is not None
    assert exact is not None
    assert baseline > exact > 0
