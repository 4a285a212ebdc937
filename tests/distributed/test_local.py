"""Several processes: the same records, whatever happens to one of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from fake_family import FAMILY
from fake_tracker import FakeTracker
from runner_fakes import FRAMES, digests, fork_context, write_images

from hit_trackers.errors import EngineError, SchedulerError
from hit_trackers.protocol import Prediction
from toolkit_adapters import cli
from toolkit_adapters.records import Flag, Results
from toolkit_adapters.records.provenance import Machine
from toolkit_adapters.running.jobs import Job
from toolkit_adapters.running.scheduling import Description, default_threads, local
from toolkit_adapters.running.scheduling.base import require_alike
from toolkit_adapters.running.scheduling.places import places, shared_devices

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="the fakes reach processes by forking"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),
]
Run = Callable[..., int]
#: One thread each, so that one worker and two have the same identity.
TWO = ("--workers", "2", "--threads", "1")
ONE = ("--threads", "1")


@pytest.fixture(autouse=True)
def fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "PROCESSES", fork_context())


def test_the_same_records_as_one_process(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert run(*ONE, results=one) == 0
    assert run(*TWO, results=two) == 0
    assert "workers share a device" in capsys.readouterr().err
    assert digests(one) == digests(two)
    record = Results(two).record("fake", "got10k-val", "a")
    assert (record.flags & Flag.SHARED).all(), "two processes time on one CPU"
    assert not record.timed.any()
    assert run(*TWO, results=one) == 0, "either resumes the other"


def test_times_of_workers_on_one_device_are_left_out_of_tables(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--controls", "0", *TWO) == 0
    capsys.readouterr()
    report = ["report", str(tmp_path / "results"), "--out", str(tmp_path / "out")]
    assert cli.main(report) == 0
    alone = (tmp_path / "out" / "report.md").read_text()
    assert f"{2 * 3 * FRAMES} frames ran beside other work on their device: their times" in alone
    data = (tmp_path / "out" / "tables" / "table1.csv").read_text()
    assert cli.main([*report, "--timing", "shared"]) == 0
    shared = (tmp_path / "out" / "report.md").read_text()
    assert f"Times hold {2 * 3 * FRAMES} frames that ran beside other work" in shared
    counted = (tmp_path / "out" / "tables" / "table1.csv").read_text()
    row, other = (text.splitlines()[1] for text in (data, counted))
    assert sum(map(str.isdigit, row)) < sum(map(str.isdigit, other)), "times only where asked for"


class Killed(FakeTracker):
    """Kills its process once, or always; with its first frame black, on that sequence only."""

    marker: Path
    always = False
    only_black = False

    def init(self, image: np.ndarray, box: np.ndarray) -> None:
        super().init(image, box)
        self.black = not image.any()

    def update(self, image: np.ndarray) -> Prediction:
        if (self.black or not self.only_black) and (self.always or not self.marker.exists()):
            self.marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().update(image)


def test_a_killed_process_costs_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--controls", "0", *ONE, results=tmp_path / "one") == 0
    Killed.marker = tmp_path / "killed"
    FAMILY.make = Killed
    assert run("--controls", "0", *TWO, results=tmp_path / "two") == 0
    assert Killed.marker.exists()
    assert "a worker died (by SIGKILL" in capsys.readouterr().err
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_what_always_kills_its_process_is_given_up_alone(
    run: Run,
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Deadly(Killed):
        always = True
        only_black = True

    cv2.imwrite(str(root / "val" / "b" / "00000001.jpg"), np.zeros((48, 64, 3), np.uint8))
    Deadly.marker = tmp_path / "killed"
    FAMILY.make = Deadly
    assert run("--controls", "0", *TWO) == 1
    assert "got10k-val/b: its worker died 3 times, the last time by SIGKILL" in (
        capsys.readouterr().err
    )
    assert Results(tmp_path / "results").sequences("fake", "got10k-val") == ("a", "c")


def test_the_longest_sequence_goes_first(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(root / "val" / "c", 9, FRAMES + 6)
    (root / "val" / "c" / "groundtruth.txt").write_text("10,10,8,8\n" * (FRAMES + 6))
    begun: list[str] = []
    begin = local._Crew.begin

    def noting(crew: local._Crew, job: Job) -> None:
        begun.append(job.sequence)
        begin(crew, job)

    monkeypatch.setattr(local._Crew, "begin", noting)
    assert run("--controls", "0", "--tracker", "fake", *TWO) == 0
    assert begun[0] == "c"
    assert sorted(begun) == ["a", "b", "c"]


def test_a_tracker_that_cannot_load_is_an_error_not_a_hang(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(name: str) -> FakeTracker:
        raise EngineError("this engine needs something else")

    FAMILY.make = refuse
    assert run(*TWO) == 1
    assert "this engine needs something else" in capsys.readouterr().err

    def die(name: str) -> FakeTracker:
        os._exit(7)

    FAMILY.make = die
    assert run(*TWO) == 1
    assert "died while loading (with exit status 7)" in capsys.readouterr().err


def test_a_signal_stops_the_run_and_its_workers(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def slow(name: str) -> FakeTracker:
        return FakeTracker(name, pause=0.02)

    FAMILY.make = slow
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    assert run("--controls", "0", *TWO) == 128 + signal.SIGTERM
    timer.join()
    assert "sequences to go: run the same command again" in capsys.readouterr().err
    assert not multiprocessing.active_children()
    assert run("--controls", "0", *TWO) == 0


def _run_and_hang(run: Run) -> None:
    os.setpgrp()
    run("--controls", "0", *TWO)


def test_workers_do_not_outlive_a_killed_command(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(name: str) -> FakeTracker:
        return FakeTracker(name, pause=0.05)

    FAMILY.make = slow
    command = fork_context().Process(target=_run_and_hang, args=(run,))
    command.start()
    workers: list[psutil.Process] = []
    for _ in range(500):
        workers = psutil.Process(command.pid).children()
        if len(workers) == 2:
            break
        time.sleep(0.02)
    assert len(workers) == 2
    command.kill()
    command.join()
    _, alive = psutil.wait_procs(workers, timeout=30)
    assert not alive
    assert run("--controls", "0", *TWO) == 0, "the lock went with them"


def test_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cores: None, raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-abc")
    four = places(4, "cuda")
    assert [place.visible for place in four] == ["3", "GPU-abc", "3", "GPU-abc"]
    assert [place.cores for place in four] == [(0, 1), (2, 3), (4, 5), (6, 7)]
    assert shared_devices(four) == {"cuda 3", "cuda GPU-abc"}
    assert not shared_devices(places(2, "cuda"))
    assert shared_devices(places(3, "cuda")) == {"cuda 3"}
    assert shared_devices(places(2, "cuda:1")) == {"cuda:1"}
    assert {place.visible for place in places(2, "cuda:1")} == {None}
    assert shared_devices(places(2, "cpu")) == {"cpu"}
    assert [place.cores for place in places(9, "cpu")] == [()] * 9, "more workers than cores"
    assert default_threads("local", 4, 1) == 2
    assert default_threads("local", 9, 1) == 1
    assert default_threads("local", None, 1) is None
    assert default_threads("ray", None, 3) == 3


def test_workers_on_unlike_machines_are_refused() -> None:
    def describe(device: str, platform: str) -> Description:
        return Description(Machine(device, 1, {"torch": "2"}, None, {}, platform), {}, {})

    require_alike(describe("cuda (A)", "x"), describe("cuda (A)", "y"), "on b")
    with pytest.raises(SchedulerError, match=r"on b is unlike .*'cuda \(A\)' and 'cuda \(H\)'"):
        require_alike(describe("cuda (A)", "x"), describe("cuda (H)", "x"), "on b")
