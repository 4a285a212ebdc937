"""GOT-10k, its validation and test sets, in the official layout."""

from __future__ import annotations

from pathlib import Path

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets.annotations import (
    expect_count,
    list_frames,
    read_boxes,
    read_labels,
    read_text,
)
from toolkit_adapters.datasets.base import Dataset, Sequence

#: Size of either official set.
OFFICIAL = 180


class Got10k(Dataset):
    """`<root>/<split>/{list.txt, <sequence>/{00000001.jpg, groundtruth.txt, *.label}}`.

    The test set's `groundtruth.txt` holds the first box only. `cover.label` (eighths of the target
    to be seen, 0..8) and `absence.label` are read where they exist.
    """

    def __init__(self, root: Path, split: str = "val", name: str | None = None) -> None:
        super().__init__(name or f"got10k-{split}", root)
        self._folder = root / split
        self._split = split

    def _names(self) -> tuple[str, ...]:
        listing = self._folder / "list.txt"
        if not self._folder.is_dir():
            raise DatasetError(f"{self.name}: {self._folder} is missing; {self._expectation()}")
        names = tuple(read_text(listing).split())
        for number, name in enumerate(names, start=1):
            # A name is a folder under the split: nothing may lead out of it.
            usable = name.isprintable() and len(name.encode()) < 250
            if not usable or Path(name).name != name or name in {".", ".."}:
                raise DatasetError(f"{listing}:{number}: {name!r} is no name of a sequence")
        if len(set(names)) != len(names):
            raise DatasetError(f"{listing}: a sequence is listed twice")
        return names

    def _expectation(self) -> str:
        return f"expected {self._folder / 'list.txt'} and a folder for each sequence in it"

    def missing_names(self) -> tuple[str, ...]:
        """Names of `list.txt` that have no folder."""
        return tuple(name for name in self.sequence_names if not (self._folder / name).is_dir())

    def _files(self, name: str) -> tuple[tuple[Path, ...], Path]:
        folder = self._folder / name
        names = ("groundtruth.txt", "cover.label", "absence.label")
        return tuple(folder / file for file in names), folder

    def load(self, name: str) -> Sequence:
        """Read one sequence; truth is (1, 4) for the test set."""
        self._require(name)
        (truth_file, cover_file, absence_file), folder = self._files(name)
        frames = list_frames(folder, first=1)
        truth = read_boxes(truth_file)
        if not (self._split == "test" and len(truth) == 1):
            expect_count(truth_file, len(truth), len(frames))
        cover = absent = None
        if cover_file.is_file():
            cover = read_labels(cover_file, largest=8)
            expect_count(cover_file, len(cover), len(frames))
        if absence_file.is_file():
            absence = read_labels(absence_file, largest=1)
            expect_count(absence_file, len(absence), len(frames))
            absent = absence.astype(bool)
        return Sequence(name, self.name, frames, truth, absent=absent, cover=cover)
