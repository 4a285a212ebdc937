"""The ways to disturb a run."""

from __future__ import annotations

import contextlib
import ctypes
import datetime
import errno
import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil
import torch
from fake_tracker import FakeTracker

from toolkit_adapters.datasets import decoding
from toolkit_adapters.records import files, provenance

from .arena import Point, Skipped, end

#: Of one run: 3 sequences of 13 updates by 2 to 4 trackers; 10 records, 4 run.json and a plan.
UPDATES, FRAMES, WRITES = 13 * 10, 3 * 14, 15


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
    # Before the run catches them, signals act as they do on any Python program; a KeyboardInterrupt
    # there ends a process of multiprocessing with 1.
    early = {1} if number == signal.SIGINT else set()
    return {0, 128 + number, -number, *early}


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
