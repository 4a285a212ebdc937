from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_executed import executed_as
from hypothesis import given
from hypothesis import strategies as st

from hit_trackers import families
from hit_trackers.errors import RecordError
from hit_trackers.variants import Claim
from toolkit_adapters.records import (
    DatasetPlan,
    Flag,
    Record,
    Results,
    Run,
    extend_plan,
    save_record,
)
from toolkit_adapters.scoring.geometry import iou
from toolkit_adapters.verdict.certificates import certify
from toolkit_adapters.verdict.equivalence import compare_records, ulps
from toolkit_adapters.verdict.levels import Agreement, Boxes, Entries, Printed
from toolkit_adapters.verdict.verification import verify

FRAMES = 20
FLOATS = st.floats(-(2.0**100), 2.0**100, width=32)


def make_record(seed: int = 0) -> Record:
    rng = np.random.default_rng(seed)
    times = {name: np.ones(FRAMES) for name in ("decode", "network", "device", "update", "frame")}
    return Record(
        boxes=rng.uniform(10, 100, (FRAMES, 4)),
        scores=np.ones(FRAMES),
        **times,
        flags=np.array([Flag.INIT] + [0] * (FRAMES - 1), np.uint8),
        open_index=np.array([10]),
        open_outputs=rng.uniform(0.2, 0.8, (1, 4)).astype(np.float32),
        patch_size=256,
        pairing=f"p{seed}",
    )


def moved(record: Record, frame: int, by: float) -> Record:
    boxes = record.boxes.copy()
    boxes[frame, 0] += by
    return replace(record, boxes=boxes)


def one_bit(record: Record, frame: int) -> Record:
    boxes = record.boxes.copy()
    boxes[frame, 2] = np.nextafter(boxes[frame, 2], np.inf)
    return replace(record, boxes=boxes)


def write(folder: Path, tracker: str, records: dict[str, Record], *, control: bool = False) -> None:
    variant = families.parse(tracker.partition("@")[0])
    run = Run(
        tracker=tracker,
        baseline=variant.baseline,
        family=variant.family,
        claim=Claim.BASELINE if "@" in tracker else variant.claim,
        parts=dict(variant.parts),
        dataset="lasot",
        root="/data",
        sequences=("a-1", "a-2"),
        identity={"weights_sha256": "w", "device": "cpu", "tracker": tracker},
        provenance={"control": control},
    )
    where = folder / tracker / "lasot"
    for name, record in records.items():
        stored = replace(record, identity=run.identity_sha256, executed=executed_as(tracker))
        save_record(where / f"{name}.npz", stored)
    (where / "run.json").write_text(run.to_json())
    frames = dict.fromkeys(("a-1", "a-2"), FRAMES)
    if control:
        extend_plan(folder, {"lasot": DatasetPlan(frames, {}, {tracker: ("a-1",)})})
    else:
        extend_plan(folder, {"lasot": DatasetPlan(frames, {tracker: ("a-1", "a-2")}, {})})


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Baseline, a bitwise variant, a tolerance variant, both controls: all as they should be."""
    records = {"a-1": make_record(1), "a-2": make_record(2)}
    write(tmp_path, "hit_nano", records)
    write(tmp_path, "hit_nano_exact", records)
    write(tmp_path, "hit_nano_memeff", {n: moved(r, 7, 0.01) for n, r in records.items()})
    write(tmp_path, "hit_nano@repeat", {"a-1": records["a-1"]}, control=True)
    write(tmp_path, "hit_nano_bf16", {"a-1": moved(records["a-1"], 3, 5)}, control=True)
    return Results(tmp_path)


@pytest.mark.parametrize(
    ("by", "level", "said"),
    [
        (0.0, Boxes.BITWISE, "bitwise"),
        (1e-9, Boxes.FILE_IDENTICAL, "file-identical"),
        (0.5, Boxes.WITHIN, "within 0.5 px"),
        (0.25001, Boxes.WITHIN, "within 0.251 px"),
        (3, Boxes.DIFFERENT, "different"),
    ],
)
def test_levels_of_boxes(by: float, level: Boxes, said: str) -> None:
    record = replace(make_record(), boxes=np.full((FRAMES, 4), 50.0))
    comparison = compare_records("s", "lasot", record, moved(record, 5, by))
    assert comparison.boxes is level
    assert comparison.boxes.said(comparison.largest_px) == said
    assert comparison.first_divergent == (5 if by else None)
    assert comparison.identical == FRAMES - bool(by)
    assert comparison.largest_px == pytest.approx(by, rel=1e-6)
    assert comparison.smallest_iou == pytest.approx((50 - by) / (50 + by))


@pytest.mark.parametrize("by", [0.5, 50])
def test_scores_are_what_the_table_prints_and_say_nothing_of_boxes(by: float) -> None:
    record = make_record()
    other = moved(record, 5, by)
    level = Boxes.WITHIN if by < 1 else Boxes.DIFFERENT
    rounded = compare_records("s", "d", record, other, lambda d, boxes: Entries(("0.71",), 1))
    assert rounded.scores == Agreement(Printed.EQUAL, 1)
    assert rounded.boxes is level
    exact = compare_records(
        "s", "d", record, other, lambda d, boxes: Entries((str(boxes["s"].sum()),), 1)
    )
    assert exact.scores == Agreement(Printed.DIFFERENT, 1)
    assert exact.boxes is level
    assert compare_records("s", "d", record, other, lambda d, boxes: None).scores == Agreement()
    assert str(rounded.scores) == "equal as printed, 1 sequence"


def test_negative_zero_is_another_bit_pattern() -> None:
    record = replace(make_record(), boxes=np.zeros((FRAMES, 4)))
    assert compare_records("s", "d", record, replace(record, boxes=-record.boxes)).identical == 0


def test_unequal_lengths_are_an_error() -> None:
    record = make_record()
    with pytest.raises(RecordError, match="20 frames on one side and 19"):
        compare_records("s", "d", record, replace(record, boxes=record.boxes[:-1]))


@given(FLOATS, st.integers(1, 50))
def test_ulps_counts_steps_of_nextafter(x: float, steps: int) -> None:
    a = b = np.float32(x)
    for _ in range(steps):
        b = np.nextafter(b, np.float32(np.inf))
    assert ulps(np.array([a]), np.array([b]))[0] == steps


def test_overlap_of_known_boxes() -> None:
    a = np.array([[0.0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 10]])
    b = np.array([[0.0, 0, 10, 10], [5, 0, 10, 10], [20, 0, 10, 10]])
    assert iou(a, b).tolist() == [1.0, pytest.approx(1 / 3), 0.0]


def test_overlap_of_boxes_without_area() -> None:
    points = np.zeros((1, 4))
    assert np.isnan(iou(points, points))
    assert iou(points, points, undefined=0.0).tolist() == [0.0]


def test_all_is_well(results: Results) -> None:
    verification = verify(results)
    assert verification.failures == ()
    levels = {c.tracker: c.boxes for c in verification.certificates}
    assert levels == {
        "hit_nano_exact": Boxes.BITWISE,
        "hit_nano_memeff": Boxes.WITHIN,
        "hit_nano_bf16": Boxes.DIFFERENT,
    }
    assert verification.complete
    assert all(control.passed for control in verification.controls)


def test_one_bit_on_one_frame_is_caught_and_named(results: Results) -> None:
    record = results.record("hit_nano", "lasot", "a-2")
    write(results.folder, "hit_nano_exact", {
        "a-1": results.record("hit_nano", "lasot", "a-1"), "a-2": one_bit(record, 13),
    })  # fmt: skip
    (failure,) = verify(results).failures
    assert "hit_nano_exact" in failure
    assert "lasot/a-2" in failure
    assert "frame 13" in failure
    certificate = certify(results, "hit_nano_exact")
    assert not certificate.holds
    assert certificate.identical_share == (2 * FRAMES - 1) / (2 * FRAMES)
    assert certificate.to_json()["totals"]["frames"] == 2 * FRAMES


def test_a_bitwise_claim_broken_open_loop_only(results: Results) -> None:
    record = results.record("hit_nano", "lasot", "a-1")
    nudged = np.nextafter(record.open_outputs, np.float32(1))
    other = results.record("hit_nano", "lasot", "a-2")
    changed = {"a-1": replace(record, open_outputs=nudged), "a-2": other}
    write(results.folder, "hit_nano_exact", changed)
    (failure,) = verify(results).failures
    assert "lasot/a-1 differs open loop by 1 ulps" in failure


def test_a_tolerance_claim_is_checked_open_loop(results: Results) -> None:
    record = results.record("hit_nano_memeff", "lasot", "a-1")
    drifted = replace(record, open_outputs=record.open_outputs + np.float32(1e-3))
    other = results.record("hit_nano_memeff", "lasot", "a-2")
    write(results.folder, "hit_nano_memeff", {"a-1": drifted, "a-2": other})
    (failure,) = verify(results).failures
    assert "hit_nano_memeff: claims tolerance" in failure
    assert "a-1" in failure


def test_a_tolerance_claim_needs_open_loop_frames(results: Results) -> None:
    nothing = {"open_index": np.zeros(0, np.int64), "open_outputs": np.zeros((0, 4), np.float32)}
    for tracker in ("hit_nano_memeff", "hit_nano"):
        records = {
            name: replace(results.record(tracker, "lasot", name), **nothing)
            for name in ("a-1", "a-2")
        }
        write(results.folder, tracker, records)
        failures = [f for f in verify(results).failures if f.startswith("hit_nano_memeff")]
        if tracker == "hit_nano_memeff":
            assert "lasot/a-1: 1 open-loop frames on one side and 0 on the other" in failures[0]
    (failure,) = failures
    assert "needs open-loop frames" in failure


def test_a_nan_open_loop_is_no_small_difference(results: Results) -> None:
    record = results.record("hit_nano_memeff", "lasot", "a-1")
    broken = replace(record, open_outputs=np.full((1, 4), np.nan, np.float32))
    other = results.record("hit_nano_memeff", "lasot", "a-2")
    write(results.folder, "hit_nano_memeff", {"a-1": broken, "a-2": other})
    (failure,) = verify(results).failures
    assert "a-1 has no numbers to compare: the variant's network gives what is not" in failure


def test_a_blind_check_is_noticed_by_the_lossy_control(results: Results) -> None:
    same = {"a-1": results.record("hit_nano", "lasot", "a-1")}
    write(results.folder, "hit_nano_bf16", same, control=True)
    failures = verify(results).failures
    assert any("control: hit_nano_bf16 is lossy and yet bitwise" in f for f in failures)


def test_an_unsteady_baseline_is_noticed_by_the_repeat_control(results: Results) -> None:
    unsteady = one_bit(results.record("hit_nano", "lasot", "a-1"), 4)
    write(results.folder, "hit_nano@repeat", {"a-1": unsteady}, control=True)
    (failure,) = verify(results).failures
    assert "hit_nano against itself differs at a-1, frame 4" in failure


def test_missing_controls_and_sequences_are_failures(tmp_path: Path) -> None:
    write(tmp_path, "hit_nano", {"a-1": make_record(1), "a-2": make_record(2)})
    write(tmp_path, "hit_nano_exact", {"a-1": make_record(1)})
    failures = verify(Results(tmp_path)).failures
    assert sum("--controls" in f for f in failures) == 2
    assert any("hit_nano_exact: on 20 of 40 frames, incomplete: lasot/a-2" in f for f in failures)
    part = verify(Results(tmp_path), partial=True)
    assert len(part.failures) == 2, "the controls"
    assert not part.complete


def test_a_record_of_another_run_is_refused(results: Results) -> None:
    path = results.path("hit_nano_exact", "lasot", "a-1")
    save_record(path, replace(results.record("hit_nano", "lasot", "a-1"), identity="other"))
    with pytest.raises(RecordError, match="a record of another run"):
        verify(results)


def test_a_missing_baseline_is_named(tmp_path: Path) -> None:
    write(tmp_path, "hit_nano_exact", {"a-1": make_record(1)})
    certificate = certify(Results(tmp_path), "hit_nano_exact")
    assert not certificate.holds
    assert "no run of its baseline" in certificate.reasons[0]
