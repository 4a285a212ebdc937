"""Several processes: the same records, whatever happens to one of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from runner_fakes import FakeTracker, fake_loader

from hit_trackers.tracker import Prediction
from toolkit_adapters import processes
from toolkit_adapters.provenance import Options
from toolkit_adapters.records import Flag, Results, open_results

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="the fakes reach processes by forking"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "START_METHOD", "fork")


def digests(folder: Path) -> dict[tuple[str, str], str]:
    results = open_results(folder)
    return {
        (tracker, name): results.record(tracker, "got10k-val", name).result_digest()
        for tracker in results.trackers
        for name in results.sequences(tracker, "got10k-val")
    }


def test_the_same_records_as_one_process(run: Callable[..., int], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert run(results=one) == 0
    assert run("--workers", "2", results=two) == 0
    assert digests(one) == digests(two)
    record = Results(two).record("hit_nano", "got10k-val", "a")
    assert (record.flags & Flag.SHARED).all(), "two processes time on one CPU"
    assert not record.timed.any()
    assert run("--workers", "2", results=one) == 0, "either resumes the other"


class Killed(FakeTracker):
    """Kills its process once, or always."""

    marker: Path
    always = False

    def update(self, image: np.ndarray) -> Prediction:
        if self.always or not self.marker.exists():
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().update(image)


def test_a_killed_process_costs_nothing(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("--controls", "0", results=tmp_path / "one") == 0
    Killed.marker = tmp_path / "killed"
    monkeypatch.setattr("hit_trackers.tracker.load_tracker", fake_loader(make=Killed))
    assert run("--controls", "0", "--workers", "2", results=tmp_path / "two") == 0
    assert Killed.marker.exists()
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_what_always_kills_its_process_is_given_up(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Deadly(Killed):
        always = True

    Deadly.marker = tmp_path / "killed"
    monkeypatch.setattr("hit_trackers.tracker.load_tracker", fake_loader(make=Deadly))
    assert run("--controls", "0", "--workers", "2", "--sequence", "a") == 1
    assert "got10k-val/a: its process was killed 3 times" in capsys.readouterr().err


def test_who_shares_a_device() -> None:
    cpu = Options(device="cpu")
    assert not processes.make_team(cpu, {}, 1).shared
    assert processes.make_team(cpu, {}, 2).shared
    assert not processes.Team(Options(device="cuda"), {}, 4, devices=4).shared
    assert processes.Team(Options(device="cuda"), {}, 5, devices=4).shared
