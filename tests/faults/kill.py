"""Disturb runs at random points; each resumed run must end with the records of an undisturbed one.

    python -m tests.faults.kill [--points 200] [--seed 0] [--kind NAME ...]

A point is one run of two trackers and both controls over three tiny sequences, disturbed in one of
the ways below. Then every file under its final name must be whole and every record the expected
one; and after one more run of the same command all records must be there, equal to an undisturbed
run's, times aside, with nothing half-written left and nothing for `doctor` to complain of.

The trackers are fakes whose boxes depend on every pixel and on their own history, so that a point
takes a fraction of a second: each run is a fork of this process, which has PyTorch imported.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import datetime
import errno
import faulthandler
import itertools
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner"))

import psutil
import torch
from runner_fakes import FakeTracker, fake_loader, write_got10k
from tqdm import tqdm

from hit_trackers.errors import HitTrackersError
from toolkit_adapters import cli, decoding, files, provenance, runner, session
from toolkit_adapters.files import TEMPORARY
from toolkit_adapters.inspection import inspect_results
from toolkit_adapters.records import RUN_FILE, Record, Results, load_record, load_run
from toolkit_adapters.schedule import local

FORK: Any = multiprocessing.get_context("fork")
DATASET = "got10k-val"
#: Of one run: 3 sequences of 13 updates by 2 to 4 trackers; 10 records and 4 run.json.
UPDATES, FRAMES, WRITES = 13 * 10, 3 * 14, 14


#: Seconds after which a run hangs; they take less than one.
LIMIT = 120.0


def end(process: Any) -> None:
    """Wait for a run, which must not hang; its log says where it does."""
    process.join(LIMIT)
    if process.is_alive():
        process.kill()
        raise AssertionError(f"a run hangs after {LIMIT:g} s")


class Skipped(Exception):
    """This machine cannot be disturbed in this way."""


@dataclass
class Point:
    """One disturbed run: what its process does to itself, and what is done to it."""

    arena: Arena
    results: Path
    rng: random.Random
    process: Any = None

    def start(
        self, prepare: Callable[[], object] = lambda: None, *, workers: int = 1, pause: float = 0
    ) -> None:
        self.process = self.arena.start(self.results, prepare, workers=workers, pause=pause)

    def wait_a_while(self) -> None:
        """Until some moment of the run."""
        time.sleep(self.rng.uniform(0, 1.1 * self.arena.duration))


@dataclass
class Arena:
    """The dataset, and what an undisturbed run makes of it."""

    scratch: Path
    duration: float = 0.0
    expected: dict[tuple[str, str], Record] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # What every run would import, ask git and look up again, once and for all forks.
        cli.build_parser()
        provenance.describe_machine(provenance.Options())
        provenance.commit()
        assert session
        self.root = write_got10k(self.scratch / "data")
        folder = self.scratch / "undisturbed"
        begin = time.monotonic()
        process = self.start(folder)
        end(process)
        self.duration = time.monotonic() - begin
        assert process.exitcode == 0, self.log(folder)
        self.expected = records(folder)
        assert len(self.expected) == 10

    def start(
        self,
        results: Path,
        prepare: Callable[[], object] = lambda: None,
        *,
        workers: int = 1,
        pause: float = 0,
    ) -> Any:
        process = FORK.Process(target=self._run, args=(results, prepare, workers, pause))
        process.start()
        return process

    def log(self, results: Path) -> str:
        path = self.scratch / f"{results.name}.log"
        return path.read_text() if path.exists() else ""

    def _run(
        self, results: Path, prepare: Callable[[], object], workers: int, pause: float
    ) -> None:
        sys.stdout = sys.stderr = open(self.scratch / f"{results.name}.log", "a")  # noqa: SIM115
        os.dup2(sys.stderr.fileno(), 2)
        faulthandler.dump_traceback_later(LIMIT - 5)
        from hit_trackers import tracker

        def make(name: str) -> FakeTracker:
            return FakeTracker(name, drift=0.01 if name.endswith("bf16") else 0.0, pause=pause)

        tracker.load_tracker = fake_loader(make=make)  # type: ignore[assignment]
        local.PROCESSES = FORK
        # Collecting garbage before each sequence is for times, and takes as long as all else.
        runner.without_garbage_collection = contextlib.nullcontext
        prepare()
        line = ["run", "--dataset", DATASET, "--root", str(self.root), "--open-loop", "5"]
        line += ["--tracker", "hit_nano", "--tracker", "hit_nano_exact", "--no-memory"]
        line += ["--threads", "1", "--workers", str(workers), "--results", str(results)]
        status = cli.main(line)
        sys.stderr.flush()
        os._exit(status)


def records(folder: Path) -> dict[tuple[str, str], Record]:
    results = Results(folder)
    return {
        (tracker, name): results.record(tracker, DATASET, name)
        for tracker in results.trackers
        for name in results.sequences(tracker, DATASET)
    }


def digests(found: dict[tuple[str, str], Record]) -> dict[tuple[str, str], str]:
    return {key: record.result_digest() for key, record in found.items()}


def at(point: int, action: Callable[..., Any], instead: Callable[..., Any]) -> Callable[..., Any]:
    """`action`, but `instead` at its call number `point`."""
    calls = itertools.count(1)

    def act(*args: Any, **options: Any) -> Any:
        return (instead if next(calls) == point else action)(*args, **options)

    return act


def fail(error: BaseException) -> Callable[..., Any]:
    def act(*args: Any, **options: Any) -> Any:
        raise error

    return act


def die(*args: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def obey_permissions() -> None:
    """Take from root, in this process, the capability to write what nobody may write."""
    if os.getuid():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capget(header, data)
    data[0] &= ~(1 << 1)  # CAP_DAC_OVERRIDE, effective
    if libc.capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")


# The ways to disturb a run. Each starts it, disturbs it, waits for its end, and makes the machine
# whole again; it returns the exit statuses that are right.


def _signalled(point: Point, number: signal.Signals, workers: int = 1) -> set[int]:
    point.start(workers=workers)
    point.wait_a_while()
    with contextlib.suppress(ProcessLookupError):
        os.kill(point.process.pid, number)
    end(point.process)
    # Before the run catches them, signals act as they do on any Python program.
    return {0, 128 + number, -number}


def sigkill(point: Point) -> set[int]:
    """SIGKILL at any moment."""
    return _signalled(point, signal.SIGKILL)


def sigterm(point: Point) -> set[int]:
    """SIGTERM at any moment."""
    return _signalled(point, signal.SIGTERM)


def sigint(point: Point) -> set[int]:
    """SIGINT at any moment."""
    return _signalled(point, signal.SIGINT)


def sigkill_with_workers(point: Point) -> set[int]:
    """SIGKILL to a command that has two worker processes."""
    return _signalled(point, signal.SIGKILL, workers=2)


def killed_in_write(point: Point) -> set[int]:
    """SIGKILL with half a file written, before an fsync, or before a rename."""

    def half(*args: Any, **options: Any) -> Any:
        file = open(*args, **options)  # noqa: SIM115
        write = file.write

        class Half:
            def __enter__(self) -> Half:
                return self

            def write(self, content: bytes) -> None:
                write(content[: len(content) // 2])
                file.flush()
                die()

            def __exit__(self, *error: object) -> None: ...

        return Half()

    where, number = point.rng.choice(["open", "fsync", "replace"]), point.rng.randint(1, WRITES)

    def prepare() -> None:
        if where == "open":
            files.open = at(number, open, half)  # type: ignore[attr-defined]
        else:
            setattr(files.os, where, at(number, getattr(os, where), die))

    point.start(prepare)
    end(point.process)
    return {-signal.SIGKILL}


def disk_full(point: Point) -> set[int]:
    """A file system of random size that fills up (needs root and mount)."""
    point.results.mkdir(parents=True)
    size = point.rng.randint(4, 120) * 1024
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(point.results))
    point.start()
    end(point.process)
    # Somebody makes room.
    _mount("-o", "remount,size=8m", str(point.results))
    return {0, 1}


def write_refused(point: Point) -> set[int]:
    """The system refuses one write: no space, no quota, an input/output error."""
    code = point.rng.choice([errno.ENOSPC, errno.EDQUOT, errno.EIO])
    number, where = point.rng.randint(1, WRITES), point.rng.choice(["fsync", "replace"])
    refuse = fail(OSError(code, os.strerror(code)))
    point.start(lambda: setattr(files.os, where, at(number, getattr(os, where), refuse)))
    end(point.process)
    return {1}


def read_only(point: Point) -> set[int]:
    """The results folder becomes read-only at any moment."""
    point.results.mkdir(parents=True)
    point.start(obey_permissions, pause=0.001)
    point.wait_a_while()
    folders = [point.results, *(p for p in point.results.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    end(point.process)
    for folder in folders:
        folder.chmod(0o755)
    return {0, 1}


def decoder_dies(point: Point) -> set[int]:
    """Decoding a frame raises what nobody expects."""
    error = point.rng.choice([RuntimeError("the decoder is gone"), MemoryError("no room")])
    number = point.rng.randint(1, FRAMES)
    point.start(lambda: setattr(decoding, "decode", at(number, decoding.decode, fail(error))))
    end(point.process)
    return {1}


def worker_killed(point: Point) -> set[int]:
    """One of two worker processes is killed at any moment; the run itself goes on."""
    point.start(workers=2)
    point.wait_a_while()
    with contextlib.suppress(psutil.Error, IndexError):
        point.rng.choice(psutil.Process(point.process.pid).children()).kill()
    end(point.process)
    # A worker that dies while it loads says that there are too many: that is an error.
    return {0, 1}


def device_out_of_memory(point: Point) -> set[int]:
    """An update raises what PyTorch does when a device is full."""
    number = point.rng.randint(1, UPDATES)
    error = torch.OutOfMemoryError("CUDA out of memory (simulated)")
    point.start(lambda: setattr(FakeTracker, "update", at(number, FakeTracker.update, fail(error))))
    end(point.process)
    return {1}


def clock_jumps(point: Point) -> set[int]:
    """The clock is set back and forth by up to ten years, all the time."""
    rng = random.Random(point.rng.random())

    def prepare() -> None:
        real = time.time

        class Jumping(datetime.datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime.datetime:
                return datetime.datetime.fromtimestamp(time.time(), tz)

        time.time = lambda: real() + rng.uniform(-3e8, 3e8)  # type: ignore[assignment]
        provenance.datetime = Jumping  # type: ignore[misc]

    point.start(prepare)
    end(point.process)
    return {0}


KINDS: dict[str, Callable[[Point], set[int]]] = {
    kind.__name__: kind
    for kind in (
        sigkill,
        sigterm,
        sigint,
        sigkill_with_workers,
        killed_in_write,
        disk_full,
        write_refused,
        read_only,
        decoder_dies,
        worker_killed,
        device_out_of_memory,
        clock_jumps,
    )
}


def _mount(*arguments: str) -> None:
    if sys.platform != "linux" or os.getuid() != 0 or not shutil.which("mount"):
        raise Skipped("needs root and mount")
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Skipped(f"mount: {done.stderr.strip()}")


@contextlib.contextmanager
def tidied(folder: Path) -> Iterator[Path]:
    """A results folder that is gone afterwards, mounted over or not."""
    try:
        yield folder
    finally:
        if folder.is_mount():
            subprocess.run(["umount", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def check_whole(arena: Arena, results: Path) -> Iterator[str]:
    """What is wrong with files under their final names, after a fault and before any repair."""
    for path in sorted(results.rglob("*")):
        if not path.is_file() or path.name.endswith(TEMPORARY) or path.name == ".lock":
            continue
        try:
            if path.name == RUN_FILE:
                load_run(path)
            elif path.suffix == ".npz":
                record = load_record(path)
                name = path.relative_to(results).parts[0]
                right = arena.expected[name, path.stem]
                # When a baseline fails, its variants have no search regions of it from there on.
                kept = len(record.open_index)
                if (
                    replace(
                        right,
                        open_index=right.open_index[:kept],
                        open_boxes=right.open_boxes[:kept],
                        patch_size=right.patch_size if kept else 0,
                    ).result_digest()
                    != record.result_digest()
                ):
                    yield f"{path}: not the expected record"
                if min(record.update.min(), record.decode.min()) < 0:
                    yield f"{path}: negative times"
            else:
                json.loads(path.read_text())
        except (HitTrackersError, ValueError, KeyError) as error:
            yield f"{path}: {error}"


def disturb(arena: Arena, kind: str, results: Path, rng: random.Random) -> list[str]:
    """One point; returns everything that is wrong.

    Raises:
        Skipped: not on this machine.
    """
    wrong = []
    # Now and then the resumed run is disturbed too.
    kinds = [kind, "sigkill"] if rng.random() < 0.2 and kind != "disk_full" else [kind]
    with tidied(results):
        for each in kinds:
            if each == "read_only" and results.exists():
                continue
            point = Point(arena, results, rng)
            right = KINDS[each](point)
            if point.process.exitcode not in right:
                wrong.append(f"exit status {point.process.exitcode}, expected one of {right}")
            wrong += check_whole(arena, results)
        if "Traceback" in arena.log(results) and not {"sigint", "sigterm"} & set(kinds):
            wrong.append("a traceback")
        resumed = arena.start(results)
        end(resumed)
        if resumed.exitcode != 0:
            wrong.append(f"the resumed run has exit status {resumed.exitcode}")
        wrong += check_whole(arena, results)
        try:
            equal = digests(records(results)) == digests(arena.expected)
        except HitTrackersError:  # found above
            equal = False
        if not equal:
            wrong.append("other records than an undisturbed run's")
        wrong += [finding.message for finding in inspect_results(results) if finding.problem]
        if wrong:
            wrong.append(arena.log(results))
    return wrong


@contextlib.contextmanager
def open_arena() -> Iterator[Arena]:
    """An arena on a file system in memory, where there is one: fsyncs take longest."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as scratch:
        yield Arena(Path(scratch))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=KINDS)
    args = parser.parse_args()
    # A fork copies locks but not the threads that hold them: no thread may run here.
    tqdm.monitor_interval = 0
    kinds = args.kind or list(KINDS)
    done: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    skipped: dict[str, str] = {}
    with open_arena() as arena:
        for number in tqdm(range(args.points), unit="point"):
            kind = kinds[number % len(kinds)]
            try:
                wrong = disturb(
                    arena,
                    kind,
                    arena.scratch / f"point-{number}",
                    random.Random(f"{args.seed} {number}"),
                )
            except Skipped as reason:
                skipped[kind] = str(reason)
                continue
            done[kind] += 1
            broken[kind] += bool(wrong)
            for message in wrong:
                tqdm.write(f"{kind}, point {number}: {message}")
    for kind in kinds:
        what = f"skipped: {skipped[kind]}" if kind in skipped else f"{broken[kind]} broken"
        print(f"{done[kind]:5} {kind:22} {what}")
    print(f"{done.total():5} points, {broken.total()} broken")
    return 1 if broken.total() or not done.total() else 0


if __name__ == "__main__":
    sys.exit(main())
