"""A run to disturb: tiny sequences, quick trackers, and what an undisturbed run makes of them."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner"))

from fake_family import FAMILY
from fake_tracker import FakeTracker
from runner_fakes import digests, fork_context, write_got10k
from tqdm import tqdm

from toolkit_adapters import cli
from toolkit_adapters.records import Record, Results, provenance
from toolkit_adapters.running import passes, session
from toolkit_adapters.running.scheduling import local

DATASET = "got10k-val"
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
        provenance.describe_machine(provenance.Options(), ["fake"])
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
        process = fork_context().Process(target=self._run, args=(results, prepare, workers, pause))
        process.start()
        return process

    def expects(self, results: Path) -> bool:
        """Whether a folder holds the records of an undisturbed run, times aside."""
        expected = {key: record.result_digest() for key, record in self.expected.items()}
        return digests(results) == expected

    def log(self, results: Path) -> str:
        path = self.scratch / f"{results.name}.log"
        return path.read_text() if path.exists() else ""

    def _run(
        self, results: Path, prepare: Callable[[], object], workers: int, pause: float
    ) -> None:
        sys.stdout = sys.stderr = open(self.scratch / f"{results.name}.log", "a")  # noqa: SIM115
        os.dup2(sys.stderr.fileno(), 2)
        faulthandler.dump_traceback_later(LIMIT - 5)
        # All forks share tqdm's lock; one that is killed may hold it, and then all others hang.
        tqdm.set_lock(threading.RLock())

        def make(name: str) -> FakeTracker:
            return FakeTracker(name, drift=0.01 if name.endswith("bf16") else 0.0, pause=pause)

        FAMILY.make = make
        local.PROCESSES = fork_context()
        # Collecting garbage before each sequence is for times, and takes as long as all else.
        passes.without_garbage_collection = contextlib.nullcontext
        prepare()
        line = ["run", "--dataset", DATASET, "--root", str(self.root), "--open-loop", "5"]
        line += ["--tracker", "fake", "--tracker", "fake_exact", "--no-memory"]
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


@contextlib.contextmanager
def open_arena() -> Iterator[Arena]:
    """An arena on a file system in memory, where there is one: fsyncs take longest."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as scratch:
        yield Arena(Path(scratch))
