"""Annotations of the three datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from hit_trackers.geometry import is_box
from toolkit_adapters.datasets.folder import Folder
from toolkit_adapters.datasets.got10k import Got10k
from toolkit_adapters.datasets.lasot import Lasot
from toolkit_adapters.datasets.listed import Listed
from toolkit_adapters.datasets.trackingnet import TrackingNet
from toolkit_adapters.records.inspection import inspect_dataset

from .edits import anything
from .target import BOXES, FRAMES, ONE_BOX, Target, write


def _frames(folder: Path, first: int) -> None:
    for number in range(first, first + FRAMES):
        write(folder / f"{number:08d}.jpg", b"")


def _got10k(folder: Path, contents: tuple[bytes, ...]) -> str:
    listing, truth, cover, absence = contents
    sequence = folder / "val" / "a"
    _frames(sequence, 1)
    write(folder / "val" / "list.txt", listing)
    write(sequence / "groundtruth.txt", truth)
    write(sequence / "cover.label", cover)
    write(sequence / "absence.label", absence)
    return _dataset(Got10k(folder), folder)


def _lasot(folder: Path, contents: tuple[bytes, ...]) -> str:
    truth, occluded, hidden = contents
    sequence = folder / "airplane" / "airplane-1"
    _frames(sequence / "img", 1)
    write(sequence / "groundtruth.txt", truth)
    write(sequence / "full_occlusion.txt", occluded)
    write(sequence / "out_of_view.txt", hidden)
    return _dataset(Lasot(folder), folder)


def _trackingnet(folder: Path, contents: tuple[bytes, ...]) -> str:
    first, truth = contents
    _frames(folder / "TEST" / "frames" / "a", 0)
    write(folder / "TEST" / "anno" / "a.txt", first)
    write(folder / "truth" / "a.txt", truth)
    return _dataset(TrackingNet(folder), folder)


def _folder(folder: Path, contents: tuple[bytes, ...]) -> str:
    (truth,) = contents
    _frames(folder / "walk", 1)
    write(folder / "walk" / "groundtruth.txt", truth)
    return _sound(Folder(folder), folder)


def _vot(folder: Path, contents: tuple[bytes, ...]) -> str:
    listing, truth = contents
    _frames(folder / "a" / "color", 1)
    write(folder / "list.txt", listing)
    write(folder / "a" / "groundtruth.txt", truth)
    return _sound(Listed(folder, "vot"), folder)


def _nfs(folder: Path, contents: tuple[bytes, ...]) -> str:
    (truth,) = contents
    _frames(folder / "Gymnastics" / "240" / "Gymnastics", 1)
    write(folder / "Gymnastics" / "240" / "Gymnastics.txt", truth)
    return _sound(Listed(folder, "nfs240"), folder)


def _sound(dataset: Any, folder: Path) -> str:
    """As `_dataset`, where a frame may have no box."""
    assert list(inspect_dataset(dataset))
    for name in dataset.sequence_names:
        sequence = dataset.load(name)
        assert all(frame.resolve().is_relative_to(folder.resolve()) for frame in sequence.frames)
        assert is_box(sequence.first_box)
        assert len(sequence.truth.boxes) in (1, len(sequence))
    assert len(dataset.fingerprint()) == 64
    return "sound"


def _dataset(dataset: Any, folder: Path) -> str:
    findings = list(inspect_dataset(dataset))
    assert findings
    for name in dataset.sequence_names:
        sequence = dataset.load(name)
        assert all(frame.resolve().is_relative_to(folder.resolve()) for frame in sequence.frames)
        assert np.isfinite(sequence.truth.boxes).all()
    assert len(dataset.fingerprint()) == 64
    return "sound"


_LABEL = anything([b"1\n0\n0\n0\n0\n", b"1,0,0,0,0", b"8\n8\n8\n8\n8\n"])


TARGETS: dict[str, Target] = {
    "got10k annotations": Target(
        st.tuples(anything([b"a\n", b"a\nb\n", b"../a\n"]), anything([BOXES]), _LABEL, _LABEL),
        _got10k,
    ),
    "lasot annotations": Target(st.tuples(anything([BOXES]), _LABEL, _LABEL), _lasot),
    "a folder's boxes": Target(
        st.tuples(
            anything([BOXES, ONE_BOX, b"1 1;9,1\t9 9 1,9\n" * FRAMES, b"m1,1,9,9,0,81\n" * FRAMES])
        ),
        _folder,
    ),
    "vot sequences": Target(
        st.tuples(anything([b"a\n", b"a\nb\n", b"../a\n"]), anything([BOXES])), _vot
    ),
    "nfs corners": Target(st.tuples(anything([b'0 1 1 9 9 0 "a"\n' * FRAMES])), _nfs),
    "trackingnet annotations": Target(
        st.tuples(anything([ONE_BOX, BOXES]), anything([BOXES])), _trackingnet
    ),
}
