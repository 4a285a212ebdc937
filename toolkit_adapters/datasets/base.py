"""A dataset is a list of sequences; a sequence is frames on disk and what is known about them."""

from __future__ import annotations

import abc
import functools
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets.frames import count_images
from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.datasets.videos import VideoFrame


@dataclass(frozen=True, eq=False)
class Sequence:
    """One video and its annotations."""

    name: str
    dataset: str
    #: Image files, in order, or the pictures of a video; N of them.
    frames: tuple[Path | VideoFrame, ...]
    #: Of all frames, or of the first alone where no more is public.
    truth: Truth

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def has_truth(self) -> bool:
        """Whether every frame has a box, so that it can be scored here."""
        return len(self.truth.boxes) == len(self.frames)

    @property
    def files(self) -> tuple[Path, ...]:
        """The frames, for toolkits that open image files themselves.

        Raises:
            DatasetError: they lie in a video.
        """
        files = tuple(frame for frame in self.frames if isinstance(frame, Path))
        if len(files) != len(self.frames):
            raise DatasetError(
                f"{self.dataset}/{self.name}: its frames lie in {self.frames[0]}, and toolkits "
                "read image files; write them out, as by ffmpeg -i VIDEO folder/%08d.png"
            )
        return files

    @property
    def first_box(self) -> NDArray[np.float64]:
        """What a tracker starts from: float64 (4,), a copy."""
        return np.array(self.truth.boxes[0])

    def first(self, frames: int | None) -> Sequence:
        """The first so many frames of it; all of them for None."""
        return replace(self, frames=self.frames[:frames], truth=self.truth.first(frames))


class Dataset(abc.ABC):
    """Sequences under one root, in one official layout.

    Subclasses read names, frames and annotations; nothing is decoded here.
    """

    #: What trackers start from where no file says it, float64 (4,) by sequence.
    first_boxes: Mapping[str, NDArray[np.float64]] = MappingProxyType({})

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

    def attributes(self, name: str) -> tuple[str, ...]:
        """What is difficult about a sequence, in the benchmark's words; () where it says nothing.

        Raises:
            DatasetError: a file that says it is malformed.
        """
        return ()

    def frame_attributes(self, name: str) -> Mapping[str, NDArray[np.bool_]]:
        """What is difficult about single frames: bool (N,) by attribute; {} where nothing says it.

        Raises:
            DatasetError: a file that says it is malformed.
        """
        return {}

    @abc.abstractmethod
    def missing_names(self) -> tuple[str, ...]:
        """Names of the official list that are not on disk (a subset is allowed)."""

    @abc.abstractmethod
    def _names(self) -> tuple[str, ...]: ...

    @abc.abstractmethod
    def _expectation(self) -> str: ...

    @abc.abstractmethod
    def _place(self, name: str) -> tuple[Path, Path]:
        """The file whose first line is the first box, and the folder of frames; maybe missing."""

    def __len__(self) -> int:
        return len(self.sequence_names)

    def __iter__(self) -> Iterator[Sequence]:
        for name in self.sequence_names:
            yield self.load(name)

    def fingerprint(self) -> str:
        """SHA-256 of what decides a box, images aside: names, first boxes, numbers of frames.

        It says "the same data" without a look at the images, each of which a record compares by
        itself. The truth of later frames decides scores, and no box: it is not of a run.
        """
        digest = hashlib.sha256()
        for name in self.sequence_names:
            boxes, folder = self._place(name)
            first = _first_line(boxes)
            digest.update(f"{self.name}/{name} {first} {count_images(folder)}\n".encode())
        return digest.hexdigest()

    def _require(self, name: str) -> None:
        if name not in self.sequence_names:
            raise DatasetError(
                f"{self.name}: no sequence {name!r} under {self.root}; it holds "
                f"{len(self)}, such as {', '.join(self.sequence_names[:3])}"
            )


def _first_line(path: Path) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return "missing"


def require_names(listing: Path, names: list[str] | tuple[str, ...]) -> list[str]:
    """The names of a list, each that of a folder: nothing may lead out of the root.

    Raises:
        DatasetError: a name that is none, or is there twice.
    """
    for number, name in enumerate(names, start=1):
        usable = name.isprintable() and len(name.encode()) < 250
        if not usable or Path(name).name != name or name in {".", ".."}:
            raise DatasetError(f"{listing}:{number}: {name!r} is no name of a sequence")
    if len(set(names)) != len(names):
        raise DatasetError(f"{listing}: a sequence is listed twice")
    return list(names)


def natural(name: str) -> tuple[object, ...]:
    """Sort key by text and number, which puts `car-2` before `car-10`."""
    parts = re.split(r"(\d+)", name)
    return tuple(int(part) if i % 2 else part for i, part in enumerate(parts))
