"""Variants under whose name something else ran."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fake_executed import executed_as
from fake_family import FAMILY
from fake_tracker import FakeTracker
from tampering import DATASET, SEQUENCES, TRACKERS, change, verify

from hit_trackers import attention
from hit_trackers.executed import Executed
from toolkit_adapters import cli
from toolkit_adapters.records import Results

Run = Callable[..., int]
Printed = pytest.CaptureFixture[str]


def test_the_papers_operator_replaced_by_the_official_one(
    root: Path, results: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    """Every box is equal then, and the report said so."""
    monkeypatch.setitem(attention.OPERATORS, "memeff", attention.OPERATORS["eager"])
    line = ["run", "--dataset", DATASET, "--root", str(root), "--results", str(results)]
    line += ["--checkpoint", "seeded", "--max-frames", "4", "--open-loop", "2", "--no-memory"]
    line += ["--tracker", "hit_nano", "--tracker", "hit_nano_memeff", "--controls", "all"]
    assert cli.main([*line, "--sequence", "a"]) == 0
    capsys.readouterr()
    assert verify(Results(results)) == 1
    assert "its name says memeff attention" in capsys.readouterr().out
    out = results.parent / "report"
    assert cli.main(["report", str(results), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    (row,) = [line for line in printed.splitlines() if "bitwise identical predictions" in line]
    assert row.rstrip().endswith("cannot be said")
    rows = (out / "tables/executed.csv").read_text().splitlines()
    (memeff,) = [row for row in rows if row.startswith("hit_nano_memeff")]
    assert "_softmax.default" in memeff
    assert memeff.endswith("NO")


@pytest.mark.parametrize("tracker", ["fake", "fake_exact", "fake_memeff", "fake_bf16"])
def test_another_operator_than_the_name_says(sound: Results, capsys: Printed, tracker: str) -> None:
    other = "fake_memeff" if tracker == "fake_exact" else "fake_exact"
    for name in sound.sequences(tracker, DATASET):
        change(sound, tracker, name, executed=executed_as(other))
    assert verify(sound) == 1
    assert f"broken: {tracker}: its name says" in capsys.readouterr().out


def test_a_variant_that_says_nothing_about_what_ran(sound: Results, capsys: Printed) -> None:
    for name in SEQUENCES:
        change(sound, "fake_exact", name, executed="")
    assert verify(sound) == 1
    assert "fake_exact: the record of got10k-val/a says nothing" in capsys.readouterr().out


def test_a_baseline_that_cannot_be_looked_into_is_no_breach(sound: Results) -> None:
    for tracker in ("fake", "fake@repeat"):
        for name in sound.sequences(tracker, DATASET):
            change(sound, tracker, name, executed="")
    assert verify(sound) == 0


def test_one_sequence_on_which_something_else_ran(sound: Results, capsys: Printed) -> None:
    change(sound, "fake_exact", "c", executed=executed_as("fake"))
    assert verify(sound) == 1
    out = capsys.readouterr().out
    assert "its name says exact attention" in out
    assert "something else ran in got10k-val/c than in got10k-val/a" in out


def test_one_sequence_on_another_runtime(sound: Results, capsys: Printed) -> None:
    ran = Executed.from_json(executed_as("fake_exact"))
    change(sound, "fake_exact", "c", executed=replace(ran, runtime="another").to_json())
    assert verify(sound) == 1
    assert "something else ran in got10k-val/c" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "1",
        "null",
        '{"engine": "eager"}',
        '{"engine": 1, "precision": "fp32"}',
        '{"engine": "eager", "precision": "fp32", "sites": 3}',
        '{"engine": "eager", "precision": "fp32", "sites": {"site": ["aten.x"]}}',
        '{"engine": "eager", "precision": "fp32", "sites": {"site": {"aten.x": "1"}}}',
        "[" * 9999,
    ],
)
def test_what_cannot_be_read(sound: Results, capsys: Printed, text: str) -> None:
    for name in SEQUENCES:
        change(sound, "fake_exact", name, executed=text)
    assert verify(sound) == 1
    assert "fake_exact: what ran in got10k-val/a cannot be read" in capsys.readouterr().out


def test_what_ran_is_in_the_report(sound: Results, tmp_path: Path) -> None:
    assert cli.main(["report", str(sound.folder), "--out", str(tmp_path / "out")]) == 0
    rows = (tmp_path / "out/tables/executed.csv").read_text().splitlines()
    assert len(rows) == 1 + len(TRACKERS)
    assert any(row.startswith("fake_exact,eager,fp32,fake,1 attentions: _softmax") for row in rows)
    certificate = json.loads((tmp_path / "out/certificate.json").read_text())
    assert certificate["executions"]["fake_exact"]["seen"][0]["engine"] == "eager"


def test_a_tracker_that_is_not_what_it_is_called(run: Run, results: Path, capsys: Printed) -> None:
    """Whatever its boxes are."""

    class Disguised(FakeTracker):
        def executed(self, network_input: object) -> Executed:
            return Executed.from_json(executed_as("fake"))

    def make(name: str) -> FakeTracker:
        if name == "fake_exact":
            return Disguised(name)
        return FakeTracker(name, drift=0.01 if name.endswith("bf16") else 0)

    FAMILY.make = make
    assert run() == 0
    assert verify(Results(results)) == 1
    assert "broken: fake_exact: its name says exact attention" in capsys.readouterr().out
