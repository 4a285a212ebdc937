"""Clocks, and keeping the interpreter quiet while they run."""

from __future__ import annotations

import contextlib
import gc
import time
from collections.abc import Iterator

#: Monotonic wall clock in seconds: a machine whose date is set meanwhile does not disturb it.
clock = time.perf_counter

#: First updates of a process that are flagged: lazy initialisation, caches, autotuning.
WARMUP_UPDATES = 5


@contextlib.contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Keep the cyclic collector from stopping a timed frame; memory is tidied before.

    What survives the first collection, PyTorch for the most part, is frozen, out of all later ones:
    going through it anew took a tenth of a second for every sequence.
    """
    was_enabled = gc.isenabled()
    gc.collect()
    if not gc.get_freeze_count():
        gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
