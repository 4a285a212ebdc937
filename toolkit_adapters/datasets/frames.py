"""The images of a sequence, in their order."""

from __future__ import annotations

import os
from pathlib import Path

from hit_trackers.errors import DatasetError

_IMAGES = (".jpg", ".jpeg", ".png", ".bmp")


def count_images(folder: Path) -> int:
    """Number of files that `list_frames` would look at; 0 where there is no folder."""
    try:
        names = os.listdir(folder)
    except OSError:
        return 0
    return sum(is_image(name) for name in names)


def is_image(name: str) -> bool:
    """Whether a file has the name of an image."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in _IMAGES


def list_frames(folder: Path, first: int) -> tuple[Path, ...]:
    """Images of a sequence, sorted as numbers, which must run from `first` without a gap.

    Raises:
        DatasetError: no folder, no image, a name that is no number, or a gap.
    """
    try:
        names = [name for name in os.listdir(folder) if is_image(name)]
    except OSError as error:
        raise DatasetError(f"{folder}: the folder of frames cannot be read ({error})") from error
    numbered = []
    for name in names:
        stem = os.path.splitext(name)[0]
        if not (stem.isascii() and stem.isdigit()):
            raise DatasetError(f"{folder / name}: expected a numbered frame such as 00000001.jpg")
        numbered.append((int(stem), name))
    if not numbered:
        raise DatasetError(f"{folder}: no frames; expected numbered images from {first}")
    numbered.sort()
    for expected, (number, name) in enumerate(numbered, start=first):
        if number != expected:
            raise DatasetError(
                f"{folder}: frame {expected} is missing or doubled (found {name} in its place); "
                "download the sequence again"
            )
    return tuple(folder / name for _, name in numbered)
