"""GOT-10k, its validation and test sets, in the official layout."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets.annotations import (
    Text,
    decode_text,
    parse_labels,
    parse_root_class,
    read_text,
    read_truth,
)
from toolkit_adapters.datasets.base import Dataset, Sequence, require_names
from toolkit_adapters.datasets.frames import list_frames

#: Size of either official set.
OFFICIAL = 180
#: Attributes of frames that `cover.label` gives: the target is covered, or at least its half is.
_COVERED = {"cover<8": 8, "cover<5": 5}


class Got10k(Dataset):
    """`<root>/<split>/{list.txt, <sequence>/{00000001.jpg, groundtruth.txt, *.label}}`.

    The test set's `groundtruth.txt` holds the first box only. `cover.label` (eighths of the target
    to be seen, 0..8), `absence.label` and `meta_info.ini` (size of the images) are read where they
    exist.
    """

    def __init__(self, root: Path, split: str = "val", name: str | None = None) -> None:
        super().__init__(name or f"got10k-{split}", root)
        self._folder = root / split
        self._split = split

    def _names(self) -> tuple[str, ...]:
        listing = self._folder / "list.txt"
        if not self._folder.is_dir():
            raise DatasetError(f"{self.name}: {self._folder} is missing; {self._expectation()}")
        names = tuple(decode_text(*read_text(listing), strict=True).split())
        return tuple(require_names(listing, names))

    def _expectation(self) -> str:
        return f"expected {self._folder / 'list.txt'} and a folder for each sequence in it"

    def missing_names(self) -> tuple[str, ...]:
        """Names of `list.txt` that have no folder."""
        return tuple(name for name in self.sequence_names if not (self._folder / name).is_dir())

    def _place(self, name: str) -> tuple[Path, Path]:
        folder = self._folder / name
        return folder / "groundtruth.txt", folder

    def attributes(self, name: str) -> tuple[str, ...]:
        """The `root_class` of `meta_info.ini`: what kind of thing the target is ("animal").

        The official toolkit hands the file out whole (got10k/datasets/got10k.py, `_fetch_meta`);
        pytracking groups sequences by its classes (ltr/dataset/got10k.py, `_read_meta`).
        """
        meta = _read_existing(self._place(name)[1] / "meta_info.ini")
        found = meta and parse_root_class(meta.content)
        return (found,) if found else ()

    def frame_attributes(self, name: str) -> Mapping[str, NDArray[np.bool_]]:
        """`absence` and `cut_by_image` as in their label files; `cover<8`, where less than all of
        the target is to be seen, and `cover<5`, half of it or less.
        """
        folder = self._place(name)[1]
        found: dict[str, NDArray[np.bool_]] = {}
        for label in ("absence", "cut_by_image"):
            if text := _read_existing(folder / f"{label}.label"):
                found[label] = parse_labels(*text, 1, strict=True) == 1
        if text := _read_existing(folder / "cover.label"):
            cover = parse_labels(*text, 8, strict=True)
            found |= {label: cover < limit for label, limit in _COVERED.items()}
        return {label: frames for label, frames in found.items() if frames.any()}

    def load(self, name: str) -> Sequence:
        """Read one sequence; truth is (1, 4) for the test set."""
        self._require(name)
        boxes, folder = self._place(name)
        frames = list_frames(folder, first=1)
        absence = _read_existing(folder / "absence.label")
        truth = read_truth(
            read_text(boxes),
            absent=[absence] if absence else [],
            cover=_read_existing(folder / "cover.label"),
            meta=_read_existing(folder / "meta_info.ini"),
            frames=len(frames),
            first_only=self._split == "test",
            strict=True,
        )
        return Sequence(name, self.name, frames, truth)


def _read_existing(path: Path) -> Text | None:
    return read_text(path) if path.is_file() else None
