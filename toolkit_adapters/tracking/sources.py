"""A source by its text: a video, images, a sequence of a dataset, or a camera."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.base import Dataset, natural
from toolkit_adapters.datasets.catalogue import DATASETS, DEMO_PARTS, FOLDERS, open_folder
from toolkit_adapters.datasets.decoding import decode_ahead
from toolkit_adapters.datasets.frames import is_image
from toolkit_adapters.datasets.videos import VideoFrame
from toolkit_adapters.video.camera import Camera, is_live
from toolkit_adapters.video.facts import USUAL_RATE, Facts
from toolkit_adapters.video.reader import Picture, VideoReader

EXPECTED = (
    "expected a video file, a folder of images, a pattern such as 'frames/*.jpg', a sequence such "
    "as demo/ball-1 or lasot/airplane-1, or a camera: 0, /dev/video0, rtsp://..."
)
_PATTERN = frozenset("*?[")


@dataclass(frozen=True, eq=False)
class Source:
    """Where pictures come from.

    Attributes:
        name: in words and file names.
        pictures: what is iterated, once.
        count: how many there will be, about; None where nobody knows.
        rate: pictures a second, to write them with.
        aspect: width over height of a pixel.
        truth: float64 (N, 4), or (1, 4) where only the first box is known; None: none is.
        notes: what is done to pictures that are not plain.
        dataset, sequence: the same as a sequence of a dataset; None for cameras and patterns.
    """

    name: str
    pictures: Iterable[Picture]
    count: int | None
    rate: Fraction
    aspect: Fraction = Fraction(1)
    truth: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()
    dataset: Dataset | None = None
    sequence: str = ""

    @property
    def camera(self) -> Camera | None:
        """The camera that the pictures come from; None where they come from files."""
        return self.pictures if isinstance(self.pictures, Camera) else None

    def truth_at(self, index: int) -> NDArray[np.float64] | None:
        """The true box of a picture; None where it is not known."""
        if self.truth is None or index >= len(self.truth):
            return None
        box = self.truth[index]
        return box if np.isfinite(box).all() and (box[2:] > 0).all() else None


def open_source(
    text: str,
    *,
    roots: Mapping[str, Path] | None = None,
    fps: Fraction | None = None,
    box_format: str = "xywh",
    threads: int = 1,
    ahead: int = 2,
) -> Source:
    """Find out what a text means, and open it.

    Args:
        text: see `EXPECTED`.
        roots: where datasets are, by name; otherwise as configured.
        fps: pictures a second of images; a video has its own rate.
        box_format: of files of boxes found beside it.
        threads: of a video's decoder.
        ahead: images decoded ahead.

    Raises:
        DatasetError: it means nothing here, or several things, or cannot be read.
    """
    rate = fps or USUAL_RATE
    if is_live(text):
        return Source(text, Camera(text), None, rate)
    path = Path(text).expanduser()
    if path.exists():
        if path.is_file() and is_image(path.name):
            raise DatasetError(f"{text}: one image; {EXPECTED}")
        folder = open_folder("folder-xyxy" if box_format == "xyxy" else "folder", path)
        return _of_folder(text, folder, rate, threads, ahead)
    if _PATTERN & set(text):
        return _of_pattern(text, rate, ahead)
    dataset, slash, name = text.partition("/")
    if slash and dataset in (*DATASETS, *DEMO_PARTS) and dataset not in FOLDERS:
        return _of_dataset(dataset, name, roots or {}, rate, ahead)
    raise DatasetError(f"{text}: nothing of this name; {EXPECTED}")


def _of_folder(text: str, folder: Dataset, rate: Fraction, threads: int, ahead: int) -> Source:
    from toolkit_adapters.datasets.boxfiles import read_boxes
    from toolkit_adapters.datasets.folder import Folder, frames_of

    assert isinstance(folder, Folder)
    names = folder.sequence_names
    if len(names) > 1:
        raise DatasetError(
            f"{text}: {len(names)} sequences in it ({', '.join(names[:5])}"
            f"{', ...' if len(names) > 5 else ''}); name one of them, or run trackers over all: "
            f"hit-trackers run --dataset folder --root {text} ..."
        )
    found = folder.found[names[0]]
    truth = read_boxes(found.boxes, folder.box_format).boxes if found.boxes else None
    if found.is_video:
        reader = VideoReader(found.place, threads=threads)
        facts = reader.facts
        return Source(
            found.place.name,
            reader,
            min(filter(None, (facts.frames, _estimate(facts))), default=None),
            facts.rate,
            facts.aspect,
            truth,
            facts.notes,
            folder,
            names[0],
        )
    frames = frames_of(found.place)
    pictures = images(frames, rate, ahead)
    return Source(names[0], pictures, len(frames), rate, Fraction(1), truth, (), folder, names[0])


def _estimate(facts: Facts) -> int | None:
    """The number of pictures by the clock: MKV states none, and a trimmed MP4 all it once had."""
    return round(facts.seconds * facts.rate) or None if facts.seconds else None


def _of_pattern(text: str, rate: Fraction, ahead: int) -> Source:
    paths = sorted((p for p in glob.glob(text) if is_image(p)), key=natural)
    if not paths:
        raise DatasetError(
            f"{text}: no image has such a name; quote the pattern, so that the shell leaves it "
            f"alone. {EXPECTED}"
        )
    frames = tuple(map(Path, paths))
    return Source(frames[0].parent.name or text, images(frames, rate, ahead), len(frames), rate)


def _of_dataset(
    dataset: str, name: str, roots: Mapping[str, Path], rate: Fraction, ahead: int
) -> Source:
    opened = open_datasets(dataset, roots.get(dataset))
    holder = next((one for one in opened if name in one.sequence_names), None)
    if holder is None:
        known = [name for one in opened for name in one.sequence_names]
        raise DatasetError(
            f"{dataset}/{name}: {dataset} has no sequence {name!r}; it has {len(known)}, such as "
            f"{', '.join(known[:5])}"
        )
    sequence = holder.load(name)
    pictures = pictures_of(sequence.frames, rate, ahead)
    count = len(sequence)
    boxes = sequence.truth.boxes
    return Source(name, pictures, count, rate, Fraction(1), boxes, (), holder, name)


def images(
    frames: Sequence[Path | VideoFrame], rate: Fraction, ahead: int = 0
) -> Iterator[Picture]:
    """Image files as pictures of a constant rate.

    Raises:
        ImageError: as `datasets.decoding.decode`.
    """
    for index, frame in enumerate(decode_ahead(frames, ahead)):
        yield Picture(frame.image, index / rate)


def pictures_of(
    frames: Sequence[Path | VideoFrame], rate: Fraction, ahead: int = 0
) -> Iterable[Picture]:
    """The frames of a sequence as pictures; those of a video have its own times."""
    first = frames[0]
    if isinstance(first, VideoFrame):
        return VideoReader(first.path)
    return images(frames, rate, ahead)
