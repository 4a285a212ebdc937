"""Runs that are locked out, refused the disk, killed or stopped: nothing is lost."""

from __future__ import annotations

import itertools
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import pytest
from fake_family import FAMILY
from fake_tracker import FakeTracker
from runner_fakes import digests, fork_context

from toolkit_adapters import cli
from toolkit_adapters.records import Results
from toolkit_adapters.records.files import TEMPORARY
from toolkit_adapters.records.inspection import LOCK_FILE

Run = Callable[..., int]
TRACKERS = {"fake", "fake@repeat", "fake_bf16", "fake_exact"}


def test_two_runs_never_share_a_folder(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results.mkdir()
    with filelock.FileLock(results / LOCK_FILE):
        assert run() == 1
        assert "another run is using it; wait for it (--wait)" in capsys.readouterr().err
        assert not list(results.rglob("*.npz"))
        assert cli.main(["doctor", str(results)]) == 0
        assert "a run is writing here now" in capsys.readouterr().out
    assert run("--wait") == 0


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write anywhere")
def test_a_read_only_results_folder(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results.mkdir(mode=0o500)
    assert run() == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
@pytest.mark.parametrize("limit", [100, 4000])
def test_a_full_disk_stops_the_run_and_harms_nothing(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str], limit: int
) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))  # as on a full disk, writes fail
    try:
        assert run() == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "cannot be written (File too large)" in capsys.readouterr().err
    assert not list(results.rglob("*.npz"))
    assert not list(results.rglob(f"*{TEMPORARY}"))
    assert run() == 0
    assert len(digests(results)) == 3 + 3 + 2 + 2


def test_foreign_and_leftover_files_are_found(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    folder = results / "fake" / "got10k-val"
    (folder / f".a.npz.123{TEMPORARY}").write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    (folder / "z.npz").write_bytes((folder / "a.npz").read_bytes())
    capsys.readouterr()
    assert cli.main(["doctor", str(results)]) == 1
    out = capsys.readouterr().out
    assert "partial: left by a killed run" in out
    assert "notes.txt: not written by a run" in out
    assert "the dataset has no sequence 'z'" in out
    assert run() == 0
    assert not list(results.rglob(f"*{TEMPORARY}")), "the next run removes what is half-written"


def _run_here(root: Path, results: Path, point: int = 0, pause: float = 0.0) -> None:
    """Body of a process that runs, and kills itself at its `point`-th update, fsync or rename."""
    from toolkit_adapters.records import files

    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    points = itertools.count(1)

    def counted(action: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any) -> Any:
            if next(points) == point:
                os.kill(os.getpid(), signal.SIGKILL)
            return action(*args)

        return act

    def make(name: str) -> FakeTracker:
        fake = FakeTracker(name, drift=0.01 if name.endswith("bf16") else 0.0, pause=pause)
        fake.update = counted(fake.update)  # type: ignore[method-assign]
        return fake

    files.os.fsync = counted(os.fsync)
    files.os.replace = counted(os.replace)
    FAMILY.make = make
    arguments = ["run", "--dataset", "got10k-val", "--root", str(root), "--open-loop", "5"]
    arguments += ["--tracker", "fake", "--tracker", "fake_exact", "--no-memory"]
    os._exit(cli.main([*arguments, "--results", str(results)]))


def _start(*args: Any) -> Any:
    process = fork_context().Process(target=_run_here, args=args)
    process.start()
    return process


#: 3 sequences of 13 updates and 2 to 4 records; each record and run.json is 2 fsyncs and a rename.
POINTS = 13 * (4 + 4 + 2) + 3 * (4 + 4 + 2) + 3 * 4


@pytest.mark.skipif(os.name != "posix", reason="needs fork")
def test_killed_anywhere_and_resumed_equals_undisturbed(
    run: Run, root: Path, tmp_path: Path
) -> None:
    assert run(results=tmp_path / "undisturbed") == 0
    expected = digests(tmp_path / "undisturbed")
    rng = random.Random(0)
    # The first points write run.json; the last ones the last records.
    first = [rng.randint(1, POINTS) for _ in range(7)]
    for start in (*range(1, 4), *first, POINTS - 1, POINTS):
        folder = tmp_path / f"killed-{start}"
        for point in (start, rng.randint(1, 60)):
            process = _start(root, folder, point)
            process.join()
            assert process.exitcode in (-signal.SIGKILL, 0)
            assert process.exitcode == -signal.SIGKILL or point != start
            for path in folder.rglob("*.npz"):
                if not path.name.startswith("."):
                    record = Results(folder).record(path.parts[-3], "got10k-val", path.stem)
                    assert record.result_digest() == expected[path.parts[-3], path.stem]
        assert run(results=folder) == 0
        assert digests(folder) == expected
        assert not list(folder.rglob(f"*{TEMPORARY}"))


@pytest.mark.skipif(os.name != "posix", reason="needs fork")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_cleanly_and_keep_what_is_finished(
    run: Run, root: Path, results: Path, number: signal.Signals
) -> None:
    process = _start(root, results, 0, 0.001)
    while not list(results.rglob("*.npz")):
        time.sleep(0.005)
    os.kill(process.pid, number)
    process.join()
    assert process.exitcode == 128 + number
    assert not list(results.rglob(f"*{TEMPORARY}"))
    before = digests(results)
    assert before
    assert run() == 0
    after = digests(results)
    assert {key: after[key] for key in before} == before
