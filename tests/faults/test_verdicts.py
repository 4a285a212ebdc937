"""Negative controls of `verify`: the smallest change of one record is caught, and named."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from faults.arena import DATASET, Arena, open_arena

from toolkit_adapters import cli
from toolkit_adapters.records import Record, Results, save_record

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs fork")


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with open_arena() as made:
        yield made


@pytest.fixture
def results(arena: Arena, tmp_path: Path) -> Results:
    return Results(Path(shutil.copytree(arena.scratch / "undisturbed", tmp_path / "results")))


def change(results: Results, tracker: str, sequence: str, **arrays: np.ndarray) -> None:
    """Replace arrays of a stored record; its checksum is right again."""
    path = results.path(tracker, DATASET, sequence)
    save_record(path, replace(record_of(results, tracker, sequence), **arrays))


def record_of(results: Results, tracker: str, sequence: str) -> Record:
    return results.record(tracker, DATASET, sequence)


def flipped(array: np.ndarray, index: tuple[int, ...], bit: int) -> np.ndarray:
    changed = array.copy()
    integers = changed.view(f"u{array.dtype.itemsize}")
    integers[index] ^= np.array(1 << bit, integers.dtype)
    return changed


def test_nothing_changed(results: Results, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["verify", str(results.folder)]) == 0
    assert "broken:" not in capsys.readouterr().out


@pytest.mark.parametrize("seed", range(20))
def test_one_bit_of_one_box_on_one_frame(
    results: Results, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    rng = random.Random(seed)
    sequence, frame = rng.choice("abc"), rng.randint(1, 13)
    # Sign, exponent or any bit of the fraction, the last one for every other seed.
    bit = 0 if seed % 2 else rng.randint(0, 63)
    boxes = record_of(results, "fake_exact", sequence).boxes
    change(results, "fake_exact", sequence, boxes=flipped(boxes, (frame, rng.randint(0, 3)), bit))
    assert cli.main(["verify", str(results.folder)]) == 1
    broken = [line for line in capsys.readouterr().out.splitlines() if line.startswith("broken:")]
    assert len(broken) == 1
    assert "fake_exact" in broken[0]
    assert f"{DATASET}/{sequence} differs from fake from frame {frame}" in broken[0]


def test_a_repeated_baseline_that_differs_in_one_bit(
    results: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    boxes = record_of(results, "fake@repeat", "b").boxes
    change(results, "fake@repeat", "b", boxes=flipped(boxes, (5, 2), 0))
    assert cli.main(["verify", str(results.folder)]) == 1
    out = capsys.readouterr().out
    assert "FAIL control" in out
    assert "fake against itself differs at b, frame 5" in out


def test_a_lossy_control_that_is_not_lossy(
    results: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    for sequence in "ab":
        right = record_of(results, "fake", sequence)
        change(results, "fake_bf16", sequence, boxes=right.boxes, open_outputs=right.open_outputs)
    assert cli.main(["verify", str(results.folder)]) == 1
    assert "FAIL control" in capsys.readouterr().out


def test_a_record_that_is_missing_or_of_another_sequence(
    results: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    swapped = record_of(results, "fake_exact", "a")
    save_record(results.path("fake_exact", DATASET, "b"), swapped)
    assert cli.main(["verify", str(results.folder)]) == 1
    assert f"{DATASET}/b" in capsys.readouterr().out
    results.path("fake_exact", DATASET, "b").unlink()
    assert cli.main(["verify", str(results.folder)]) == 1
    assert "fake_exact" in capsys.readouterr().out
