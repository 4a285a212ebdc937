"""A dataset is a list of sequences; a sequence is frames on disk and what is known about them."""

from __future__ import annotations

import abc
import functools
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError


@dataclass(frozen=True, eq=False)
class Sequence:
    """One video and its annotations."""

    name: str
    dataset: str
    #: Image files, in order; N of them.
    frames: tuple[Path, ...]
    #: float64 (N, 4) `x, y, w, h` as in the file, or (1, 4) where only the first is public.
    truth: NDArray[np.float64]
    #: bool (N,): the target is not to be seen. None where the dataset does not say.
    absent: NDArray[np.bool_] | None = None
    #: int64 (N,): visible share of the target in eighths, 0..8 (GOT-10k). None elsewhere.
    cover: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def has_truth(self) -> bool:
        """Whether every frame has a box, so that it can be scored here."""
        return len(self.truth) == len(self.frames)


class Dataset(abc.ABC):
    """Sequences under one root, in one official layout.

    Subclasses read names, frames and annotations; nothing is decoded here.
    """

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root

    @functools.cached_property
    def sequence_names(self) -> tuple[str, ...]:
        """Names of the sequences on disk, in the official order.

        Raises:
            DatasetError: there are none.
        """
        names = self._names()
        if not names:
            raise DatasetError(f"{self.name}: {self.root} holds no sequence; {self._expectation()}")
        return names

    @abc.abstractmethod
    def load(self, name: str) -> Sequence:
        """Read one sequence.

        Raises:
            DatasetError: it is missing, malformed or inconsistent; file and line are named.
        """

    @abc.abstractmethod
    def missing_names(self) -> tuple[str, ...]:
        """Names of the official list that are not on disk (a subset is allowed)."""

    @abc.abstractmethod
    def _names(self) -> tuple[str, ...]: ...

    @abc.abstractmethod
    def _expectation(self) -> str: ...

    @abc.abstractmethod
    def _files(self, name: str) -> tuple[tuple[Path, ...], Path]:
        """Annotation files of a sequence and its folder of frames; they need not exist."""

    def __len__(self) -> int:
        return len(self.sequence_names)

    def __iter__(self) -> Iterator[Sequence]:
        for name in self.sequence_names:
            yield self.load(name)

    def fingerprint(self) -> str:
        """SHA-256 of names, annotations, numbers of frames, and one frame of each sequence.

        It says "the same data" without reading every image: another truth, another subset or
        re-encoded frames change it, another root does not.
        """
        digest = hashlib.sha256()
        for name in self.sequence_names:
            annotations, folder = self._files(name)
            digest.update(f"{self.name}/{name}\n".encode())
            for path in annotations:
                content = path.read_bytes() if path.is_file() else b"missing"
                digest.update(f"{path.name} {len(content)}\n".encode() + content)
            images = [e.path for e in os.scandir(folder)] if folder.is_dir() else []
            images = sorted(path for path in images if path.endswith((".jpg", ".jpeg", ".png")))
            digest.update(f"{len(images)} frames\n".encode())
            if images:
                digest.update(Path(images[0]).read_bytes())
        return digest.hexdigest()

    def _require(self, name: str) -> None:
        if name not in self.sequence_names:
            raise DatasetError(
                f"{self.name}: no sequence {name!r} under {self.root}; it holds "
                f"{len(self)}, such as {', '.join(self.sequence_names[:3])}"
            )


def natural(name: str) -> tuple[str, int]:
    """Sort key that puts `car-2` before `car-10`."""
    head, _, number = name.rpartition("-")
    return (head, int(number)) if number.isdigit() else (name, 0)
