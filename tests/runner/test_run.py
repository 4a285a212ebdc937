"""The `run` command on a tiny dataset: resuming, refusing, failing one by one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_family import FAMILY
from fake_tracker import FakeTracker
from runner_fakes import FRAMES, digests

from toolkit_adapters import cli
from toolkit_adapters.records import Flag, Results, open_results

Run = Callable[..., int]
TRACKERS = {"fake", "fake@repeat", "fake_bf16", "fake_exact"}


def test_run_then_verify_then_doctor(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    opened = open_results(results)
    assert set(opened.trackers) == TRACKERS
    assert opened.sequences("fake_exact", "got10k-val") == ("a", "b", "c")
    assert opened.sequences("fake@repeat", "got10k-val") == ("a", "b")
    provenance = opened.run("fake_exact", "got10k-val")
    assert provenance.claim == "bitwise"
    assert provenance.identity["versions"]["torch"]
    assert opened.record("fake", "got10k-val", "a").timed.any() or FRAMES < 10
    assert cli.main(["verify", str(results), "--json", str(results.parent / "c.json")]) == 0
    values = json.loads((results.parent / "c.json").read_text())
    assert values["failures"] == []
    assert {c["tracker"] for c in values["certificates"]} == {"fake_exact", "fake_bf16"}
    assert cli.main(["doctor", str(results)]) == 0
    assert "no problems" in capsys.readouterr().out


def test_a_finished_run_does_nothing_again(run: Run, results: Path) -> None:
    assert run() == 0
    before = {path: path.stat().st_mtime_ns for path in results.rglob("*.npz")}
    assert run() == 0
    assert {path: path.stat().st_mtime_ns for path in results.rglob("*.npz")} == before


@pytest.mark.skipif(not hasattr(os, "getloadavg"), reason="this system states no load")
@pytest.mark.parametrize(("processes", "said"), [(0.5, False), (1.1, False), (4.0, True)])
def test_a_crowded_machine_is_said(
    processes: float,
    said: bool,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    load = processes * (os.cpu_count() or 1)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert run() == 0
    assert ("other processes take part" in capsys.readouterr().err) == said


def test_a_missing_record_remakes_its_whole_pass_and_no_other(run: Run, results: Path) -> None:
    assert run() == 0
    before = digests(results)
    opened = Results(results)
    untouched = opened.record("fake", "got10k-val", "a").pairing
    opened.path("fake_exact", "got10k-val", "b").unlink()
    assert run() == 0
    assert digests(results) == before
    assert opened.record("fake", "got10k-val", "a").pairing == untouched
    pairings = {opened.record(t, "got10k-val", "b").pairing for t in TRACKERS}
    assert len(pairings) == 1


def test_a_damaged_record_is_made_anew(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    before = digests(results)
    path = Results(results).path("fake", "got10k-val", "c")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert cli.main(["doctor", str(results)]) == 1
    assert f"PROBLEM {path}: a damaged record" in capsys.readouterr().out
    assert run() == 0
    assert "made anew" in capsys.readouterr().err
    assert digests(results) == before


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        (("--max-frames", "5"), "max_frames was None and is 5"),
        (("--open-loop", "3"), "open_loop was 5 and is 3"),
        (("--deterministic",), "deterministic was False and is True"),
    ],
)
def test_another_identity_is_refused_and_named(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str], extra: tuple, field: str
) -> None:
    assert run() == 0
    before = digests(results)
    assert run(*extra) == 1
    assert field in capsys.readouterr().err
    assert digests(results) == before


def test_other_weights_and_other_data_are_refused(
    run: Run,
    root: Path,
    results: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run() == 0
    (root / "val" / "a" / "groundtruth.txt").write_text("11,10,8,8\n" * FRAMES)
    assert run() == 1
    assert "dataset_fingerprint was" in capsys.readouterr().err
    (root / "val" / "a" / "groundtruth.txt").write_text("10,10,8,8\n" * FRAMES)

    def other(name: str) -> FakeTracker:
        return FakeTracker(name, weights="x" * 64)

    FAMILY.make = other
    assert run() == 1
    assert "weights_sha256 was 'www" in capsys.readouterr().err


def test_a_record_carried_over_from_another_run_is_refused(
    run: Run, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    other = tmp_path / "other"
    assert run("--max-frames", "6", results=other) == 0
    stolen = Results(other).path("fake", "got10k-val", "a")
    Results(results).path("fake", "got10k-val", "a").write_bytes(stolen.read_bytes())
    assert run() == 1
    assert "a record of another run" in capsys.readouterr().err
    assert cli.main(["verify", str(results)]) == 1
    assert cli.main(["doctor", str(results)]) == 1


def test_a_one_bit_difference_on_one_frame_is_caught_and_named(
    run: Run, results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class OneBit(FakeTracker):
        frame = 0

        def init(self, image: np.ndarray, box: np.ndarray) -> None:
            super().init(image, box)
            self.frame = 0

        def update(self, image: np.ndarray):
            self.frame += 1
            prediction = super().update(image)
            if self.frame == 9:
                prediction.box[1] = np.nextafter(prediction.box[1], np.inf)
            return prediction

    def make(name: str) -> FakeTracker:
        if name == "fake_exact":
            return OneBit(name)
        return FakeTracker(name, drift=0.01 if name.endswith("bf16") else 0)

    FAMILY.make = make
    assert run() == 0
    assert cli.main(["verify", str(results)]) == 1
    out = capsys.readouterr().out
    assert re.search(r"fake_exact: .*got10k-val/a differs from fake from frame 9", out)
    assert out.count("broken:") == 3, "once a sequence"


def test_bad_sequences_fail_alone_and_are_listed(
    run: Run, root: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "val" / "a" / "groundtruth.txt").write_text("10,10,8,8\n")
    image = root / "val" / "b" / "00000009.jpg"
    image.write_bytes(image.read_bytes()[:500])
    assert run() == 1
    err = capsys.readouterr().err
    assert "2 failed, all others are unharmed" in err
    assert "got10k-val/a:" in err
    assert "groundtruth.txt: 1 entries for 14 frames" in err
    assert "got10k-val/b:" in err
    assert "00000009.jpg: the image is truncated" in err
    assert Results(results).sequences("fake", "got10k-val") == ("c",)
    listed = json.loads((results / "failures.json").read_text())
    assert [(f["sequence"], f["tracker"]) for f in listed] == [("a", ""), ("b", "")]


def test_a_failing_tracker_fails_alone(
    run: Run, results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def make(name: str) -> FakeTracker:
        tracker = FakeTracker(name)
        if name == "fake_exact":
            tracker.update = lambda image: 1 / 0  # type: ignore[assignment]
        return tracker

    FAMILY.make = make
    assert run("--controls", "0") == 1
    err = capsys.readouterr().err
    assert "got10k-val/a (fake_exact): frame 1: ZeroDivisionError" in err
    assert len(Results(results).sequences("fake", "got10k-val")) == 3
    assert cli.main(["verify", str(results)]) == 1, "what has no record cannot be verified"


def test_missing_baseline_is_said(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--tracker", "fake_exact") == 0
    assert "add --tracker fake" in capsys.readouterr().err


def test_a_pair_about_to_be_lost_is_said(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--controls", "0") == 0
    later = ("--controls", "0", "--tracker", "fake", "--tracker", "fake_memeff")
    assert run(*later) == 0
    assert "add --tracker fake_exact to keep it" in capsys.readouterr().err
    assert run(*later, "--tracker", "fake_exact") == 0
    pairings = {
        Results(results).record(f"fake{variant}", "got10k-val", "a").pairing
        for variant in ("", "_exact", "_memeff")
    }
    assert len(pairings) == 1


def test_a_control_asked_for_later_is_a_variant_like_any_other(run: Run, results: Path) -> None:
    assert run() == 0
    assert Results(results).run("fake_bf16", "got10k-val").provenance["control"]
    assert run("--tracker", "fake", "--tracker", "fake_bf16") == 0
    assert not Results(results).run("fake_bf16", "got10k-val").provenance["control"]
    assert len(Results(results).sequences("fake_bf16", "got10k-val")) == 3


def test_only_some_sequences(run: Run, results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--sequence", "b", "--controls", "all") == 0
    assert Results(results).sequences("fake@repeat", "got10k-val") == ("b",)
    assert run("--sequence", "z") == 1
    assert "got10k-val: no sequence z; there are 3, such as a, b, c" in capsys.readouterr().err


def test_times_of_initialisation_and_warm_up_are_flagged(run: Run, results: Path) -> None:
    assert run() == 0
    opened = Results(results)
    flags = [opened.record("fake", "got10k-val", name).flags for name in ("a", "b")]
    assert all(f[0] & Flag.INIT for f in flags)
    assert (flags[0] & Flag.WARMUP).any()
    assert not (flags[1] & Flag.WARMUP).any()
