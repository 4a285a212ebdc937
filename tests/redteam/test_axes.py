"""Trackers that score the same and follow different targets."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from runner_fakes import FRAMES
from tampering import SEQUENCES, TRACKERS, change, record_of, verify

from toolkit_adapters import cli
from toolkit_adapters.records import Results
from toolkit_adapters.verdict.levels import Agreement as Scores
from toolkit_adapters.verdict.levels import Boxes, Printed, together


@pytest.fixture
def apart(sound: Results) -> Results:
    """fake_memeff is 141 px beside the truth, and so is its baseline, on the other side."""
    for tracker, by in (("fake", 100.0), ("fake_exact", 100.0), ("fake_memeff", -41.0)):
        for name in SEQUENCES:
            boxes = record_of(sound, tracker, name).boxes.copy()
            boxes[1:, 0] += by
            change(sound, tracker, name, boxes=boxes)
    return sound


def test_equal_scores_do_not_make_boxes_alike(
    apart: Results, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    verify(apart)
    (row,) = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("fake_memeff")
    ]
    assert re.search(r"tolerance +different +equal as printed, 3 sequences", row)
    out = tmp_path / "report"
    assert cli.main(["report", str(apart.folder), "--out", str(out)]) == 0
    with (out / "tables/equivalence.csv").open() as file:
        rows = {row["tracker"]: row for row in csv.DictReader(file)}
    assert rows["fake_memeff"]["is"] == "different"
    assert rows["fake_memeff"]["scores"] == "equal as printed, 3 sequences"
    assert float(rows["fake_memeff"]["largest px"]) == pytest.approx(141)
    text = (out / "report.md").read_text()
    assert "**fake_memeff: different**" in text
    assert "score-identical" not in text


def test_without_a_truth_nobody_knows_whether_scores_agree(
    sound: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    for tracker in TRACKERS:
        path = sound.folder / tracker / "got10k-val" / "run.json"
        path.write_text(re.sub(r'"root": "[^"]*"', '"root": "/nowhere"', path.read_text()))
    assert verify(sound) == 0
    assert re.search(r"fake_exact +bitwise +bitwise +unknown", capsys.readouterr().out)


def test_a_dataset_that_is_not_scored_adds_nothing() -> None:
    equal, differ = Scores(Printed.EQUAL, 3), Scores(Printed.DIFFERENT, 4)
    assert together([equal, Scores()]) == equal
    assert together([equal, differ]) == Scores(Printed.DIFFERENT, 7)
    assert together([Scores(), Scores()]) == Scores()
    assert together([]) == Scores()


@pytest.mark.parametrize("value", [0.000203, 0.00020251, 0.9999, 0.99951, 9.999e-8, 1e-300])
def test_within_is_never_less_than_what_was_found(value: float) -> None:
    said = Boxes.WITHIN.said(value)
    assert float(said.split()[1]) >= value
    assert float(said.split()[1]) <= 1.01 * value
    assert FRAMES
