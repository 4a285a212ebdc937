"""The images of a sequence, in their order."""

from __future__ import annotations

import os
from pathlib import Path

from hit_trackers.errors import DatasetError

_IMAGES = (".jpg", ".jpeg", ".png", ".bmp")


def list_frames(folder: Path, first: int) -> tuple[Path, ...]:
    """Images of a sequence, sorted as numbers, which must run from `first` without a gap.

    Raises:
        DatasetError: no folder, no image, a name that is no number, or a gap.
    """
    try:
        names = [e.name for e in os.scandir(folder) if not e.name.startswith(".")]
    except OSError as error:
        raise DatasetError(f"{folder}: the folder of frames cannot be read ({error})") from error
    numbered = []
    for name in names:
        stem, suffix = os.path.splitext(name)
        if suffix.lower() not in _IMAGES:
            continue
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
