"""Verdicts on less than what was asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from runner_fakes import FRAMES, write_images
from tampering import DATASET, SEQUENCES, TRACKERS, delete, edit_run, record_of, verify

from toolkit_adapters import cli
from toolkit_adapters.records import Record, Results, save_record
from toolkit_adapters.records.plan import load_plan

Run = Callable[..., int]
Printed = pytest.CaptureFixture[str]


def says_incomplete(results: Results, tmp_path: Path, capsys: Printed, what: str) -> None:
    """All four commands do, and `--partial` lets verify pass."""
    capsys.readouterr()
    assert verify(results) == 1
    assert f"incomplete: {what}" in capsys.readouterr().out
    assert verify(results, "--partial") == 0
    assert f"incomplete: {what}" in capsys.readouterr().out
    assert cli.main(["doctor", str(results.folder)]) == 1
    assert "PROBLEM" in capsys.readouterr().out
    out = tmp_path / "report"
    assert cli.main(["report", str(results.folder), "--out", str(out)]) == 0
    assert "INCOMPLETE, so every verdict is on a part" in capsys.readouterr().out
    page = (out / "report.html").read_text()
    assert "Incomplete: every verdict" in page[: page.index('class="answers"')]
    assert not json.loads((out / "certificate.json").read_text())["complete"]
    assert cli.main(["compare", str(out), str(results.folder)]) == 0
    assert "is incomplete:" in capsys.readouterr().out


def test_all_is_well_where_all_is_there(sound: Results, capsys: Printed) -> None:
    assert verify(sound) == 0
    assert "incomplete" not in capsys.readouterr().out
    assert cli.main(["doctor", str(sound.folder)]) == 0


def test_a_sequence_that_failed(
    run: Run, root: Path, results: Path, tmp_path: Path, capsys: Printed
) -> None:
    image = root / "val" / "b" / "00000009.jpg"
    image.write_bytes(image.read_bytes()[:500])
    assert run("--controls", "all") == 1
    what = f"fake: on {2 * FRAMES} of {3 * FRAMES} frames, incomplete: {DATASET}/b not there"
    says_incomplete(Results(results), tmp_path, capsys, what)


def test_a_sequence_whose_annotations_cannot_be_read(
    run: Run, root: Path, results: Path, capsys: Printed
) -> None:
    (root / "val" / "c" / "groundtruth.txt").write_text("no boxes\n")
    assert run() == 1
    assert verify(Results(results)) == 1
    assert f"{DATASET}/c not there" in capsys.readouterr().out


def test_most_sequences_deleted_on_both_sides(
    sound: Results, tmp_path: Path, capsys: Printed
) -> None:
    delete(sound, SEQUENCES[1:])
    what = f"fake: on {FRAMES} of {3 * FRAMES} frames, incomplete: {DATASET}/b, {DATASET}/c not"
    says_incomplete(sound, tmp_path, capsys, what)


def test_a_dataset_missing_on_one_side(
    run: Run, root: Path, results: Path, tmp_path: Path, capsys: Printed
) -> None:
    for number in range(1, 3):
        write_images(root / "test" / f"t{number}", 40 + number)
        (root / "test" / f"t{number}" / "groundtruth.txt").write_text("10,10,8,8\n")
    (root / "test" / "list.txt").write_text("t1\nt2\n")
    assert run("--dataset", "got10k-test", "--controls", "all") == 0
    assert verify(Results(results)) == 0
    shutil.rmtree(results / "fake_exact" / "got10k-test")
    what = f"fake_exact: on {3 * FRAMES} of {5 * FRAMES} frames, incomplete: got10k-test/t1"
    says_incomplete(Results(results), tmp_path, capsys, what)


def test_a_whole_tracker_deleted(sound: Results, capsys: Printed) -> None:
    shutil.rmtree(sound.folder / "fake_memeff")
    assert verify(sound) == 1
    assert f"incomplete: fake_memeff: on 0 of {3 * FRAMES} frames" in capsys.readouterr().out


def test_no_plan(sound: Results, tmp_path: Path, capsys: Printed) -> None:
    (sound.folder / "plan.json").unlink()
    says_incomplete(sound, tmp_path, capsys, "no plan.json")
    assert verify(sound) == 1
    assert "run the same command again, which writes one" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "[]", '{"datasets": []}', '{"datasets": {"d": {}}}', "[" * 9999]
)
def test_a_plan_that_is_none(sound: Results, capsys: Printed, text: str) -> None:
    (sound.folder / "plan.json").write_text(text)
    assert verify(sound) == 1
    assert "no plan of a run" in capsys.readouterr().err
    assert cli.main(["doctor", str(sound.folder)]) == 1
    assert "no plan of a run" in capsys.readouterr().out


def shortened(record: Record, frames: int) -> Record:
    columns = {
        name: column[:frames]
        for name, column in vars(record).items()
        if isinstance(column, np.ndarray) and len(column) == FRAMES
    }
    kept = record.open_index < frames
    opened = {name: getattr(record, name)[kept] for name in ("open_index", "open_outputs")}
    return replace(record, **columns, **opened)


def test_records_cut_short_on_both_sides(sound: Results, capsys: Printed) -> None:
    for tracker in TRACKERS[:3]:
        record = shortened(record_of(sound, tracker, "c"), 6)
        save_record(sound.path(tracker, DATASET, "c"), record)
    assert verify(sound) == 1
    out = capsys.readouterr().out
    assert f"fake_exact: on {2 * FRAMES + 6} of {3 * FRAMES} frames, incomplete" in out


def test_a_variant_passed_off_as_a_control(sound: Results, capsys: Printed) -> None:
    edit_run(sound, "fake_exact", provenance={"control": True})
    delete(sound, "bc", ["fake_exact"])
    assert verify(sound) == 1
    assert "incomplete: fake_exact" in capsys.readouterr().out


def test_controls_on_fewer_sequences_than_asked_for(sound: Results, capsys: Printed) -> None:
    delete(sound, "b", ["fake@repeat", "fake_bf16"])
    assert verify(sound) == 1
    assert f"fake@repeat: on {FRAMES} of {2 * FRAMES} frames" in capsys.readouterr().out


def test_records_that_nobody_planned(run: Run, results: Path, capsys: Printed) -> None:
    assert run("--sequence", "a", "--controls", "all") == 0
    assert verify(Results(results)) == 0
    for tracker in ("fake", "fake_exact"):
        record = results / tracker / DATASET / "a.npz"
        shutil.copy(record, record.with_name("b.npz"))
    assert verify(Results(results)) == 1
    assert f"{DATASET}/b not planned" in capsys.readouterr().out


def test_a_later_run_extends_the_plan_and_takes_nothing_from_it(run: Run, results: Path) -> None:
    assert run("--sequence", "b", "--controls", "0") == 0
    first = load_plan(results)
    assert first is not None
    assert first.of("fake") == {(DATASET, "b"): FRAMES}
    assert run("--sequence", "a", "--tracker", "fake", "--controls", "all") == 0
    second = load_plan(results)
    assert second is not None
    assert set(second.of("fake")) == {(DATASET, "a"), (DATASET, "b")}
    assert set(second.of("fake_exact")) == {(DATASET, "b")}
    assert second.is_control("fake_bf16")
    assert run("--tracker", "fake", "--tracker", "fake_bf16", "--controls", "0") == 0
    third = load_plan(results)
    assert third is not None
    assert not third.is_control("fake_bf16")
    assert len(third.of("fake_bf16")) == 3
