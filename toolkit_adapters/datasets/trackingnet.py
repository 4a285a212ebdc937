"""The TrackingNet test set: 511 sequences, of which only the first box is public."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets.annotations import expect_count, list_frames, read_boxes
from toolkit_adapters.datasets.base import Dataset, Sequence

#: Size of the official test set.
OFFICIAL = 511


class TrackingNet(Dataset):
    """`<root>/TEST/{anno/<sequence>.txt, frames/<sequence>/0.jpg}`, frames numbered from 0.

    Where somebody has the full truth (one `<sequence>.txt` each, in `truth`, `<root>/truth` or
    `<root>_truth`), it is read, and its first box must be the public one.
    """

    def __init__(self, root: Path, name: str = "trackingnet", *, truth: Path | None = None) -> None:
        super().__init__(name, root)
        if truth is not None and not truth.is_dir():
            raise DatasetError(f"{truth}: no folder; expected the full truth, <sequence>.txt each")
        candidates = (root / "truth", root.with_name(f"{root.name}_truth"))
        self._truth = truth or next((path for path in candidates if path.is_dir()), None)

    def _names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in (self.root / "TEST" / "anno").glob("*.txt")))

    def _expectation(self) -> str:
        return f"expected {self.root / 'TEST' / 'anno' / '<sequence>.txt'}"

    def missing_names(self) -> tuple[str, ...]:
        """Sequences with a first box but no frames."""
        return tuple(name for name in self.sequence_names if not self._files(name)[1].is_dir())

    def _files(self, name: str) -> tuple[tuple[Path, ...], Path]:
        files: tuple[Path, ...] = (self.root / "TEST" / "anno" / f"{name}.txt",)
        if self._truth is not None:
            files += (self._truth / f"{name}.txt",)
        return files, self.root / "TEST" / "frames" / name

    def load(self, name: str) -> Sequence:
        """Read one sequence; its truth is (1, 4) unless the full one is known."""
        self._require(name)
        (first_file, *truth_files), folder = self._files(name)
        frames = list_frames(folder, first=0)
        first = read_boxes(first_file)
        if len(first) != 1:
            expect_count(first_file, len(first), len(frames))
        truth = first
        if truth_files and truth_files[0].is_file():
            truth = read_boxes(truth_files[0])
            expect_count(truth_files[0], len(truth), len(frames))
            if not np.array_equal(truth[0], first[0]):
                raise DatasetError(
                    f"{truth_files[0]}:1: the first box differs from {first_file}:1; "
                    "they must be of the same sequence"
                )
        return Sequence(name, self.name, frames, truth)
