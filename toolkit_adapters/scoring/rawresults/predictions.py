"""Which file holds which sequence's boxes, in the layouts that toolkits write.

pytracking, pysot   <anything>/<sequence>.txt                       one file per sequence
got10k, pysot       <anything>/<sequence>/<sequence>_001.txt        one file per repetition
TrackingNet         <sequence>.txt
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import numpy as np

from hit_trackers.errors import ResultFileError
from toolkit_adapters.datasets.annotations import parse_boxes
from toolkit_adapters.scoring.rawresults.files import Files, by_stem

_REPETITION = re.compile(r"(.+)_(\d{3})$")


class Predictions:
    """The boxes of one tracker, by sequence.

    >>> with Files(Path("NanoTrackV3.zip")) as files:
    ...     boxes = Predictions(files).load("GOT-10k_Val_000001")
    """

    def __init__(self, files: Files) -> None:
        self.files = files
        self._flat = by_stem(files.names)
        self._repetitions: dict[str, list[str]] = {}
        for stem, names in self._flat.items():
            if match := _REPETITION.match(stem):
                self._repetitions.setdefault(match[1], []).extend(names)

    def find(self, sequence: str) -> list[str]:
        """Files of the sequence, one per repetition; none where it is missing.

        Raises:
            ResultFileError: several files claim to be the same result.
        """
        if names := self._flat.get(sequence):
            if len(names) > 1 or names[0] in self.files.repeated:
                raise self._ambiguous(sequence, names)
            return names
        names = sorted(self._repetitions.get(sequence, []))
        stems = {PurePosixPath(name).stem for name in names}
        if len(stems) != len(names) or self.files.repeated.intersection(names):
            raise self._ambiguous(sequence, names)
        return names

    def find_as_server(self, sequence: str) -> list[str]:
        """As `find`, by the TrackingNet server's rule: the path that contains `<sequence>.txt`.

        Two such paths count as none. A file in another layout is found too.
        """
        names = [name for name in self.files.names if f"{sequence}.txt" in name]
        if names:
            once = len(names) == 1 and names[0] not in self.files.repeated
            return names if once else []
        return self.find(sequence)

    def load(self, names: list[str]) -> np.ndarray:
        """Boxes x, y, w, h in pixels: float64 (N, 4), or (R, N, 4) for R > 1 repetitions."""
        boxes = [parse_boxes(self.files.read(name), self.files.where(name)) for name in names]
        if len({len(rows) for rows in boxes}) > 1:
            raise ResultFileError(
                f"{self.files.where(names[0])}: its repetitions have unlike numbers of rows: "
                + ", ".join(str(len(rows)) for rows in boxes)
            )
        return boxes[0] if len(boxes) == 1 else np.stack(boxes)

    def unused(self, sequences: tuple[str, ...]) -> list[str]:
        """Text files that belong to no sequence; times and scores of a tracker do not count."""
        used = {name for sequence in sequences for name in self._claimed(sequence)}
        extra = re.compile(r"_(time|times|score|scores|confidence|object_presence_scores)\.txt$")
        return [
            name for names in self._flat.values() for name in names
            if name not in used and not extra.search(name)
        ]  # fmt: skip

    def _claimed(self, sequence: str) -> list[str]:
        return self._flat.get(sequence) or self._repetitions.get(sequence, [])

    def _ambiguous(self, sequence: str, names: list[str]) -> ResultFileError:
        shown = ", ".join(sorted(names)[:3])
        return ResultFileError(
            f"{self.files.path}: {len(names)} files claim to be the result on {sequence}: {shown}; "
            "name the folder of one tracker's one run"
        )
