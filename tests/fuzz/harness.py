"""Feeds one target with cases and counts how they end."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as seeded

from hit_trackers.errors import HitTrackersError

from .target import Target


def fuzz(target: Target, cases: int, seed: int | None = None) -> Counter[str]:
    """Run at most `cases` cases; returns how many ended how.

    Raises:
        Exception: whatever a case raised that is not ours, with the smallest such case.
    """
    counts: Counter[str] = Counter()
    memory = Path("/dev/shm")
    scratch = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=seed is None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        verbosity=Verbosity.normal,
    )
    @given(target.contents)
    def case(contents: object) -> None:
        folder = scratch / "case"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            counts[str(target.read(folder, contents))] += 1
        except HitTrackersError as error:
            if not str(error):
                raise AssertionError("an error without a message") from error
            counts[type(error).__name__] += 1

    try:
        (seeded(seed)(case) if seed is not None else case)()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return counts
