"""Scores, flags and numbers that are none, behind boxes that are equal."""

from __future__ import annotations

import numpy as np
import pytest
from runner_fakes import FRAMES
from tampering import SEQUENCES, TRACKERS, change, record_of, verify

from toolkit_adapters.records import Flag, Results

Printed = pytest.CaptureFixture[str]
EVERY_CLAIM = ("fake_exact", "fake_memeff", "fake_bf16")
NAN = np.nan


def broken(results: Results, capsys: Printed, tracker: str, what: str) -> None:
    capsys.readouterr()
    assert verify(results) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("broken:")]
    assert any(f"{tracker}: " in line and what in line for line in lines), lines


@pytest.mark.parametrize("tracker", ["fake_exact", "fake_memeff"])
def test_scores_that_are_all_zero(sound: Results, capsys: Printed, tracker: str) -> None:
    for name in SEQUENCES:
        change(sound, tracker, name, scores=np.zeros(FRAMES))
    broken(sound, capsys, tracker, "score")


def test_one_score_one_bit_off(sound: Results, capsys: Printed) -> None:
    scores = record_of(sound, "fake", "b").scores.copy()
    scores[7] = np.nextafter(scores[7], 1)
    change(sound, "fake_exact", "b", scores=scores)
    broken(sound, capsys, "fake_exact", "b has other scores than fake from frame 7 on")


@pytest.mark.parametrize("tracker", EVERY_CLAIM)
def test_frames_that_are_all_invalid(sound: Results, capsys: Printed, tracker: str) -> None:
    flags = record_of(sound, tracker, "a").flags.copy()
    flags[1:] |= np.uint8(Flag.INVALID)
    change(sound, tracker, "a", flags=flags)
    broken(sound, capsys, tracker, "gives a box on frame 1 on one side only")


def test_frames_that_are_invalid_on_both_sides(sound: Results, capsys: Printed) -> None:
    for tracker in TRACKERS:
        flags = record_of(sound, tracker, "a").flags.copy()
        flags[1:] |= np.uint8(Flag.INVALID)
        change(sound, tracker, "a", flags=flags)
    broken(sound, capsys, "fake_exact", "gives no box on any frame")


@pytest.mark.parametrize("value", [NAN, np.inf])
@pytest.mark.parametrize("side", ["baseline", "variant"])
@pytest.mark.parametrize("tracker", EVERY_CLAIM)
@pytest.mark.parametrize("column", ["boxes", "scores", "open_outputs"])
def test_a_number_that_is_none(
    sound: Results, capsys: Printed, column: str, tracker: str, side: str, value: float
) -> None:
    where = "fake" if side == "baseline" else tracker
    numbers = getattr(record_of(sound, where, "a"), column).copy()
    numbers[-1, ...] = value
    change(sound, where, "a", **{column: numbers})
    broken(sound, capsys, tracker, f"a has no numbers to compare: the {side}'s")


def test_boxes_that_are_none_on_both_sides(sound: Results, capsys: Printed) -> None:
    for tracker in TRACKERS:
        boxes = record_of(sound, tracker, "a").boxes.copy()
        boxes[5:] = NAN
        change(sound, tracker, "a", boxes=boxes)
    broken(sound, capsys, "fake_exact", "not finite in frame 5")


def test_trackers_without_scores_are_no_breach(sound: Results) -> None:
    for tracker in TRACKERS:
        for name in sound.sequences(tracker, "got10k-val"):
            change(sound, tracker, name, scores=np.full(FRAMES, NAN))
    assert verify(sound) == 0


def test_a_variant_that_lost_its_scores(sound: Results, capsys: Printed) -> None:
    change(sound, "fake_exact", "a", scores=np.full(FRAMES, NAN))
    broken(sound, capsys, "fake_exact", "the variant's scores are not finite in frame 1")


def test_an_output_beyond_the_box_one_ulp_off(sound: Results, capsys: Printed) -> None:
    outputs = record_of(sound, "fake_exact", "a").open_outputs.copy()
    outputs[0, 4] = np.nextafter(outputs[0, 4], np.float32(1))
    change(sound, "fake_exact", "a", open_outputs=outputs)
    broken(sound, capsys, "fake_exact", "a differs open loop by 1 ulps")


def test_open_loop_frames_that_are_left_out(sound: Results, capsys: Printed) -> None:
    record = record_of(sound, "fake_memeff", "a")
    change(
        sound,
        "fake_memeff",
        "a",
        open_index=record.open_index[:1],
        open_outputs=record.open_outputs[:1],
    )
    broken(sound, capsys, "fake_memeff", "2 open-loop frames on one side and 1 on the other")


def test_a_search_region_without_a_size(sound: Results, capsys: Printed) -> None:
    outputs = record_of(sound, "fake_memeff", "a").open_outputs + np.float32(0.3)
    change(sound, "fake_memeff", "a", open_outputs=outputs)
    for tracker in TRACKERS:
        change(sound, tracker, "a", patch_size=0)
    broken(sound, capsys, "fake_memeff", "a differs open loop by inf px")


def test_another_first_box(sound: Results, capsys: Printed) -> None:
    boxes = record_of(sound, "fake_memeff", "a").boxes.copy()
    boxes[0] += 1
    change(sound, "fake_memeff", "a", boxes=boxes)
    broken(sound, capsys, "fake_memeff", "the two start from different boxes")
