"""Annotations of the three datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from toolkit_adapters.datasets.got10k import Got10k
from toolkit_adapters.datasets.lasot import Lasot
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
    "trackingnet annotations": Target(
        st.tuples(anything([ONE_BOX, BOXES]), anything([BOXES])), _trackingnet
    ),
}
