"""Stub sequences: our datasets in the toolkit's format, without copying an image.

A stub is a folder with `sequence` (which points to the images), `groundtruth.txt`, `absent.tag` and
`anchor.value`. Images numbered otherwise than the toolkit counts (`%08d` from 1) are linked: of
TrackingNet's, from 0, it would silently drop the first.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError
from hit_trackers.geometry import is_box
from toolkit_adapters.datasets.base import Sequence
from toolkit_adapters.datasets.decoding import decode

#: Frames between two anchors, as in VOT2020 and later.
ANCHOR_SPACING = 50
FRAMES_PER_SECOND = 30
_SUFFIXES = (".jpg", ".png")


def write_stubs(folder: Path, sequences: Iterable[Sequence]) -> list[str]:
    """Write a stub per sequence, and `list.txt`; returns the names.

    A name that two datasets have gets its dataset's name in front.
    """
    found = list(sequences)
    counts = Counter(sequence.name for sequence in found)
    names = [s.name if counts[s.name] == 1 else f"{s.dataset}-{s.name}" for s in found]
    for name, sequence in zip(names, found, strict=True):
        _write_stub(folder / name, name, sequence)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "list.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return names


def _write_stub(folder: Path, name: str, sequence: Sequence) -> None:
    folder.mkdir(parents=True)
    height, width = decode(sequence.frames[0]).image.shape[:2]
    frames = len(sequence.frames)
    properties = {
        "name": name,
        "fps": FRAMES_PER_SECOND,
        "format": "default",
        "channels.color": _image_pattern(folder, sequence),
        "length": frames,
        "width": width,
        "height": height,
    }
    lines = "".join(f"{key}={value}\n" for key, value in properties.items())
    (folder / "sequence").write_text(lines, encoding="utf-8")
    visible = visible_frames(sequence)
    (folder / "groundtruth.txt").write_text(
        "".join(
            _region(box) if seen else "0\n"
            for box, seen in zip(sequence.truth.boxes, visible, strict=False)
        ),
        encoding="utf-8",
    )
    (folder / "absent.tag").write_text("".join(f"{int(not seen)}\n" for seen in visible))
    anchors = find_anchors(visible)
    (folder / "anchor.value").write_text("".join(f"{value}\n" for value in anchors))


def _region(box: NDArray[np.float64]) -> str:
    return ",".join(np.format_float_positional(value, trim="-") for value in box) + "\n"


def visible_frames(sequence: Sequence) -> NDArray[np.bool_]:
    """bool (N,): the target is there and its box known. Elsewhere the toolkit reads "unknown"."""
    visible = np.zeros(len(sequence.frames), bool)
    visible[: len(sequence.truth.boxes)] = is_box(sequence.truth.boxes)
    if sequence.truth.absent is not None:
        visible &= ~sequence.truth.absent
    visible[0] = True  # its box starts the tracker, whatever the labels say
    return visible


def find_anchors(visible: NDArray[np.bool_]) -> NDArray[np.int64]:
    """int (N,): 1 where a run starts forwards, -1 backwards, 0 elsewhere.

    As in VOT2020: at both ends and every 50 frames, moved to the next frame with a visible target,
    towards the longer side.
    """
    last = len(visible) - 1
    places = {*range(0, last, ANCHOR_SPACING), int(np.flatnonzero(visible)[-1])}
    anchors = np.zeros(len(visible), np.int64)
    for place in sorted(places):
        seen = place + np.flatnonzero(visible[place : place + ANCHOR_SPACING])
        if len(seen):
            anchor = int(seen[0])
            anchors[anchor] = 1 if last - anchor >= anchor else -1
    return anchors


def _image_pattern(folder: Path, sequence: Sequence) -> str:
    """What `channels.color` says: the images where they are, or links to them."""
    frames = [path.resolve() for path in sequence.files]
    suffix = frames[0].suffix
    if suffix not in _SUFFIXES or any(path.suffix != suffix for path in frames):
        raise DatasetError(
            f"{frames[0].parent}: the VOT toolkit reads {' and '.join(_SUFFIXES)} only, and one "
            "kind per sequence; convert the images"
        )
    counted = [f"{number:08d}{suffix}" for number in range(1, len(frames) + 1)]
    if [path.name for path in frames] == counted:
        if "%" in str(frames[0].parent):
            raise DatasetError(f"{frames[0].parent}: the VOT toolkit cannot read a path with %")
        return f"{frames[0].parent}/%08d{suffix}"
    links = folder / "color"
    links.mkdir()
    for path, name in zip(frames, counted, strict=True):
        os.symlink(path, links / name)
    return f"color/%08d{suffix}"
