"""A kernel whose programs wait for one another in a row; importing this imports Triton."""

from __future__ import annotations

import triton
import triton.language as tl

from hit_trackers.attention.triton_phases import arrive, wait


@triton.jit
def relay(values_at, signs_at):  # type: ignore[no-untyped-def]
    """Each program adds one to what the program before it has stored, and stores it.

    Args:
        values_at: float32, one more than programs; the first is what the row starts from.
        signs_at: two int32, zero before and after.
    """
    number = tl.atomic_add(signs_at, 1)
    wait(signs_at + 1, number)
    tl.store(values_at + number + 1, tl.load(values_at + number) + 1.0)
    arrive(signs_at + 1)
    if number == tl.num_programs(0) - 1:  # all others are through
        tl.store(signs_at, 0)
        tl.store(signs_at + 1, 0)
