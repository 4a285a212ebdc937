"""Programs of one launch that wait for what others store; importing this imports Triton."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def arrive(sign_at):  # type: ignore[no-untyped-def]
    """Say that this program's part is stored, by all of its threads."""
    tl.debug_barrier()
    tl.atomic_add(sign_at, 1, sem="release")


@triton.jit
def wait(sign_at, arrivals):  # type: ignore[no-untyped-def]
    """Return when so many programs have arrived, and what they stored can be read.

    A program may wait only for those that have started before it: a GPU need not hold all at once.
    """
    while tl.atomic_add(sign_at, 0, sem="acquire") < arrivals:
        pass
