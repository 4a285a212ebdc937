"""Any folder or video as a dataset: what is found there is recognised by its look."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from hit_trackers.errors import DatasetError, HitTrackersError
from toolkit_adapters.datasets.base import Dataset, Sequence, natural
from toolkit_adapters.datasets.boxfiles import candidates, read_boxes
from toolkit_adapters.datasets.frames import is_image
from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.datasets.videos import VideoFrame, list_pictures
from toolkit_adapters.video.facts import SUFFIXES

#: Names of folders inside that of a sequence, which hold its images.
IMAGE_FOLDERS = ("img", "imgs", "images", "frames", "color", "rgb")
#: Folders beside those of sequences, which hold files of boxes.
BOX_FOLDERS = ("anno", "annotations", "groundtruth", "gt")
#: How deep sequences may lie below the root: as in <root>/<class>/<sequence>.
_DEPTH = 3


@dataclass(frozen=True)
class Found:
    """One sequence: its images' folder or its video, and its boxes, where there are any."""

    name: str
    place: Path
    folder: Path  # of the sequence; `place` itself, its parent, or that of the video
    boxes: Path | None

    @property
    def is_video(self) -> bool:
        """Whether the frames lie in one file."""
        return is_video(self.place)


def is_video(path: Path) -> bool:
    """Whether a path has the name of a video."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


class Folder(Dataset):
    """Sequences below a folder, or the one that a folder or a video is.

    A sequence is a folder of images, or one with a folder `img`, `frames`, `color` and so on
    inside, or a video. Its boxes are in `groundtruth.txt`, `groundtruth_rect.txt` or
    `<sequence>.txt`, with the images, in the sequence's folder or beside it. One box, for the first
    frame, is enough to run.

    Args:
        root: the folder, or a video.
        name: "folder", or "folder-xyxy" where the boxes of files are two corners.
        first_boxes: what trackers start from, by sequence; such a sequence needs no file of boxes,
            and has no other truth.
    """

    def __init__(
        self, root: Path, name: str = "folder", *, first_boxes: Mapping[str, ArrayLike] = {}
    ) -> None:
        super().__init__(name, root)
        self.box_format = "xyxy" if name.endswith("-xyxy") else "xywh"
        self.first_boxes = {key: np.array(box, float) for key, box in first_boxes.items()}
        if not root.exists():
            raise DatasetError(f"{root}: no such folder or video")

    @cached_property
    def found(self) -> Mapping[str, Found]:
        """The sequences by name."""
        many = list(_scan(self.root, _DEPTH))
        counts = Counter(one.name for one in many)
        # clip.mp4 and clip/ have one name; so have a/clip and b/clip.
        named = {
            one.name if counts[one.name] == 1 else _longer(one, self.root): one for one in many
        }
        return {key: replace(named[key], name=key) for key in sorted(named, key=natural)}

    def _names(self) -> tuple[str, ...]:
        return tuple(self.found)

    def _expectation(self) -> str:
        return (
            "expected a video, a folder of images, or folders of them, with groundtruth.txt or "
            "<sequence>.txt"
        )

    def missing_names(self) -> tuple[str, ...]:
        """None: there is no official list."""
        return ()

    def _place(self, name: str) -> tuple[Path, Path]:
        found = self.found[name]
        return found.boxes or found.folder / "groundtruth.txt", found.place

    def load(self, name: str) -> Sequence:
        """Read one sequence; its truth is (1, 4) where only the first box is known."""
        self._require(name)
        found = self.found[name]
        frames = frames_of(found.place)
        if name in self.first_boxes:
            return Sequence(name, self.name, frames, Truth(self.first_boxes[name].reshape(1, 4)))
        if found.boxes is None:
            raise DatasetError(
                f"{found.place}: no box to start from; write one `x,y,w,h` for the first frame "
                f"into {found.folder / 'groundtruth.txt'} (or {name}.txt beside it), or give "
                "it to `hit-trackers track --box`"
            )
        boxes = read_boxes(found.boxes, self.box_format).boxes
        if len(boxes) not in (1, len(frames)):
            raise DatasetError(
                f"{found.boxes}: {len(boxes)} boxes for {len(frames)} frames in {found.place}; "
                "expected one a frame, or one for the first frame alone"
            )
        return Sequence(name, self.name, frames, Truth(boxes))

    def fingerprint(self) -> str:
        """As `Dataset.fingerprint`; the first boxes as numbers, wherever they come from."""
        digest = hashlib.sha256()
        for name in self.sequence_names:
            try:
                sequence = self.load(name)
                first = ",".join(map(repr, sequence.first_box.tolist()))
                digest.update(f"{name} {first} {len(sequence)}\n".encode())
            except DatasetError:
                digest.update(f"{name} without a box\n".encode())
        return digest.hexdigest()

    def describe(self) -> Iterator[str]:
        """What was taken for what, a line for each sequence."""
        for name, found in self.found.items():
            try:
                frames = frames_of(found.place)
                count = f"{len(frames)} {'pictures' if found.is_video else 'images'}"
                if gaps := _gaps(frames):
                    count += f" ({gaps})"
            except DatasetError as error:
                count = str(error)
            if found.boxes is None:
                boxes = "no boxes"
            else:
                try:
                    read = read_boxes(found.boxes, self.box_format)
                    boxes = f"{len(read.boxes)} of {found.boxes}: {read.form}"
                except DatasetError as error:
                    boxes = str(error)
            kind = "the video" if found.is_video else "the images in"
            yield f"{self.name}/{name}: {kind} {found.place}, {count}; boxes: {boxes}"

    def suspicions(self) -> Iterator[str]:
        """Sequences whose boxes look like two corners, while they are read as corner and size."""
        from toolkit_adapters.datasets.decoding import decode

        for name in self.sequence_names:
            try:
                sequence = self.load(name)
                height, width = decode(sequence.frames[0]).image.shape[:2]
            except HitTrackersError:
                continue
            x, y, w, h = sequence.first_box
            outside = x + w > width or y + h > height
            if self.box_format == "xywh" and outside and x < w <= width and y < h <= height:
                yield (
                    f"{self.name}/{name}: the first box reaches out of its image of {width} x "
                    f"{height} pixels; if its last two numbers are a corner: --box-format xyxy"
                )


def frames_of(place: Path) -> tuple[Path | VideoFrame, ...]:
    """The images of a folder in their natural order, or the pictures of a video.

    Raises:
        DatasetError: there are none, or the video cannot be read.
    """
    if not place.is_dir():
        return list_pictures(place)
    names = sorted((p.name for p in place.iterdir() if is_image(p.name)), key=natural)
    if not names:
        raise DatasetError(f"{place}: no images in it")
    return tuple(place / name for name in names)


def image_folder(folder: Path) -> Path | None:
    """The folder itself, or the one inside it, that holds images; None where none does."""
    for place in (folder, *(folder / name for name in IMAGE_FOLDERS)):
        if place.is_dir() and any(is_image(path.name) for path in place.iterdir()):
            return place
    return None


def _scan(root: Path, depth: int) -> Iterator[Found]:
    """The sequences at or below a path."""
    if not root.is_dir():
        yield _of_video(root)
        return
    place = image_folder(root)
    below = list(_below(root, depth)) if depth else []
    # A folder with images and with sequences below it is one only if it has boxes of its own.
    name = root.resolve().name
    own = place is not None and _boxes(name, [root, place]) is not None
    if place is not None and (own or not below):
        boxes = _boxes(name, [root, place], beside=root.parent)
        yield Found(name, place, root, boxes)
    else:
        yield from below


def _below(root: Path, depth: int) -> Iterator[Found]:
    for child in sorted(root.iterdir(), key=lambda path: natural(path.name)):
        if child.name.startswith(".") or child.name in (*IMAGE_FOLDERS, *BOX_FOLDERS):
            continue
        if child.is_dir():
            yield from _scan(child, depth - 1)
        elif is_video(child):
            yield _of_video(child)


def _of_video(video: Path) -> Found:
    folder = video.parent
    alone = sum(is_video(path) for path in folder.iterdir()) == 1
    boxes = _boxes(video.stem, [folder] if alone else [], beside=folder)
    return Found(video.stem, video, folder, boxes)


def _boxes(name: str, folders: list[Path], beside: Path | None = None) -> Path | None:
    """The file of boxes of a sequence; beside it, a file must have its name."""
    places = candidates(name, dict.fromkeys(folders))
    if beside is not None:
        places.append(beside / f"{name}.txt")
        places += [beside / folder / f"{name}.txt" for folder in BOX_FOLDERS]
    return next((path for path in places if path.is_file()), None)


def _longer(found: Found, root: Path) -> str:
    if found.is_video:
        return found.place.name
    return "-".join(found.folder.relative_to(root).parts) or found.name


def _gaps(frames: tuple[Path | VideoFrame, ...]) -> str:
    """What is missing among numbered images, in words; "" for nothing."""
    numbers = [
        int("".join(c for c in frame.stem if c.isdigit()) or -1)
        for frame in frames
        if isinstance(frame, Path)
    ]
    if not numbers or min(numbers) < 0:
        return ""
    missing = numbers[-1] - numbers[0] + 1 - len(set(numbers))
    return f"numbered {numbers[0]} to {numbers[-1]}, {missing} missing" if missing > 0 else ""
