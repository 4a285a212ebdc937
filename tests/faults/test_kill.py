"""One point of each kind of the kill harness, and that the harness can see."""

from __future__ import annotations

import os
import random
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faults.arena import Arena, Skipped, open_arena
from faults.disturbances import KINDS
from faults.kill import disturb
from tqdm import tqdm

from toolkit_adapters.records import record
from toolkit_adapters.running import jobs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs fork")


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with open_arena() as made:
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_a_disturbed_run_ends_with_the_same_records(arena: Arena, kind: str) -> None:
    rng = random.Random(zlib.crc32(kind.encode()))
    try:
        assert disturb(arena, kind, arena.scratch / kind, rng) == []
    except Skipped as reason:
        pytest.skip(str(reason))


def test_the_harness_sees_half_written_files(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[: len(content) // 2])
        os.fsync(0)  # where the harness kills
        path.write_bytes(content)

    monkeypatch.setattr(jobs, "write_atomically", careless)
    monkeypatch.setattr(record, "write_atomically", careless)

    class Fsync(random.Random):
        def choice(self, options):  # type: ignore[no-untyped-def]
            return "fsync"

    wrong = disturb(arena, "killed_in_write", arena.scratch / "careless", Fsync(1))
    assert any("a damaged record" in message or "no provenance" in message for message in wrong)


def test_the_harness_sees_other_records(arena: Arena) -> None:
    key = ("fake", "b")
    right = arena.expected[key]
    arena.expected[key] = replace(right, boxes=np.nextafter(right.boxes, np.inf))
    try:
        wrong = disturb(arena, "clock_jumps", arena.scratch / "other", random.Random(0))
    finally:
        arena.expected[key] = right
    assert "other records than an undisturbed run's" in wrong


def test_no_run_waits_for_a_lock_that_a_killed_one_held(arena: Arena) -> None:
    with tqdm.get_lock():
        assert disturb(arena, "clock_jumps", arena.scratch / "locked", random.Random(0)) == []
