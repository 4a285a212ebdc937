"""Images that changed, or are damaged."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from toolkit_adapters.records import Results

Run = Callable[..., int]


def change(image: Path) -> None:
    cv2.imwrite(str(image), 255 - cv2.imread(str(image)))


def test_a_frame_that_changed_in_the_middle_is_named(
    run: Run, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    change(root / "val" / "b" / "00000009.jpg")
    assert run() == 1
    assert "00000009.jpg is not the one that was tracked" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".bmp", ".PNG"])
def test_every_suffix_that_is_read_is_looked_at(
    suffix: str, run: Run, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for image in sorted((root / "val" / "b").glob("*.jpg")):
        cv2.imwrite(str(image.with_suffix(suffix.lower())), cv2.imread(str(image)))
        image.unlink()
        image.with_suffix(suffix.lower()).rename(image.with_suffix(suffix))
    assert run() == 0
    image = root / "val" / "b" / f"00000009{suffix}"
    data = bytearray(image.read_bytes())
    data[len(data) // 2] ^= 255
    image.write_bytes(data)
    assert run() == 1
    assert f"00000009{suffix} is not the one" in capsys.readouterr().err


def test_a_copy_of_the_same_images_is_the_same_data(
    run: Run, root: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    before = Results(results).record("fake", "got10k-val", "b").pairing
    for image in (root / "val" / "b").glob("*.jpg"):
        os.utime(image, (1, 1))
    assert run() == 0
    assert Results(results).record("fake", "got10k-val", "b").pairing == before


def test_fresh_tracks_the_sequence_of_a_changed_frame_again(
    run: Run, root: Path, results: Path
) -> None:
    assert run() == 0
    before = {name: Results(results).record("fake", "got10k-val", name) for name in "ab"}
    change(root / "val" / "b" / "00000009.jpg")
    assert run("--trust-files") == 0
    assert Results(results).record("fake", "got10k-val", "b").pairing == before["b"].pairing
    assert run("--fresh") == 0
    after = Results(results).record("fake", "got10k-val", "b")
    assert not np.array_equal(after.boxes, before["b"].boxes)
    assert Results(results).record("fake", "got10k-val", "a").pairing == before["a"].pairing


def damage(image: Path) -> None:
    """Zeros in the middle, as a bad disk or a broken download leaves them; the end is there."""
    rng = np.random.default_rng(0)
    cv2.imwrite(str(image), rng.integers(0, 256, (48, 64, 3), dtype=np.uint8))
    data = bytearray(image.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 1024] = bytes(1024)
    image.write_bytes(data)


def test_a_damaged_jpeg_fails_its_sequence(
    run: Run, root: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("simplejpeg")
    damage(root / "val" / "b" / "00000009.jpg")
    assert run() == 1
    message = capsys.readouterr().err
    assert "00000009.jpg: the image is damaged" in message
    assert "--tolerate-damage" in message
    assert Results(results).sequences("fake", "got10k-val") == ("a", "c")


def test_tolerated_damage_is_noted(run: Run, root: Path, results: Path) -> None:
    pytest.importorskip("simplejpeg")
    damage(root / "val" / "b" / "00000009.jpg")
    assert run("--tolerate-damage") == 0
    (note,) = Results(results).record("fake", "got10k-val", "b").notes
    assert "damaged" in note
