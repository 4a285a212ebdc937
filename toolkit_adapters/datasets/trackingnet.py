"""The TrackingNet test set: 511 sequences, of which only the first box is public."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets.annotations import read_text, read_truth
from toolkit_adapters.datasets.base import Dataset, Sequence
from toolkit_adapters.datasets.frames import list_frames

#: Size of the official test set.
OFFICIAL = 511


def truth_folder(root: Path) -> Path | None:
    """Where the full annotations are, for somebody who has them: in the root, or beside it."""
    places = (root / "truth", root.with_name(f"{root.name}_truth"))
    return next((place for place in places if place.is_dir()), None)


class TrackingNet(Dataset):
    """`<root>/TEST/{anno/<sequence>.txt, frames/<sequence>/0.jpg}`, frames numbered from 0.

    Where somebody has the full truth (one `<sequence>.txt` each, in `truth`, `<root>/truth` or
    `<root>_truth`), it is read, and its first box must be the public one.
    """

    def __init__(self, root: Path, name: str = "trackingnet", *, truth: Path | None = None) -> None:
        super().__init__(name, root)
        if truth is not None and not truth.is_dir():
            raise DatasetError(f"{truth}: no folder; expected the full truth, <sequence>.txt each")
        self._truth = truth or truth_folder(root)

    def _names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in (self.root / "TEST" / "anno").glob("*.txt")))

    def _expectation(self) -> str:
        return f"expected {self.root / 'TEST' / 'anno' / '<sequence>.txt'}"

    def missing_names(self) -> tuple[str, ...]:
        """Sequences with a first box but no frames."""
        return tuple(name for name in self.sequence_names if not self._place(name)[1].is_dir())

    def _place(self, name: str) -> tuple[Path, Path]:
        test = self.root / "TEST"
        return test / "anno" / f"{name}.txt", test / "frames" / name

    def load(self, name: str) -> Sequence:
        """Read one sequence; its truth is (1, 4) unless the full one is known."""
        self._require(name)
        first_file, folder = self._place(name)
        frames = list_frames(folder, first=0)
        count = len(frames)
        public = read_truth(read_text(first_file), frames=count, first_only=True, strict=True)
        truth = public
        full = self._truth / f"{name}.txt" if self._truth is not None else None
        if full is not None and full.is_file():
            truth = read_truth(read_text(full), frames=count, strict=True)
            if not np.array_equal(truth.boxes[0], public.boxes[0]):
                raise DatasetError(
                    f"{full}:1: the first box differs from {first_file}:1; "
                    "they must be of the same sequence"
                )
        return Sequence(name, self.name, frames, truth)
