"""Clocks, and what would disturb them: garbage collection, other processes."""

from __future__ import annotations

import atexit
import contextlib
import functools
import gc
import os
import sys
import time
from collections.abc import Iterator

#: Monotonic wall clock in seconds: setting the date of the machine does not disturb it.
clock = time.perf_counter

#: First updates of a process that are flagged: lazy initialisation, caches, autotuning.
WARMUP_UPDATES = 5


@functools.cache
def _freeze_once() -> None:
    gc.freeze()
    # For extensions that count at the end what was never freed, and print it: Triton's does.
    atexit.register(gc.unfreeze)


@contextlib.contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Keep the cyclic collector from stopping a timed frame; memory is tidied before.

    What survives the first collection, PyTorch for the most part, is frozen, out of all later ones:
    going through it anew took a tenth of a second for every sequence.
    """
    was_enabled = gc.isenabled()
    gc.collect()
    _freeze_once()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def resident() -> int:
    """Bytes of memory that this process holds now; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1]) * _PAGE
    except OSError:
        return 0


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def load_average() -> float | None:
    """Processes that wanted a core during the last minute; None where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def say_crowded(program: str) -> None:
    """Warn on the error stream where other processes take part of this machine."""
    if warning := crowding(load_average()):
        print(f"{program}: {warning}; --threads 1 suffers least", file=sys.stderr)


def crowding(load: float | None) -> str | None:
    """What to say where other processes take the cores that are to be timed; None if none do."""
    cores = os.cpu_count() or 1
    if load is None or load <= 1.2 * cores:
        return None
    return (
        f"load average {load:.1f} on {cores} cores: other processes take part; times will be too "
        "long and noisy"
    )
