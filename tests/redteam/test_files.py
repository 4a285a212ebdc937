"""Sides that saw other images: the data differ, and no tracker is to blame."""

from __future__ import annotations

import numpy as np
import pytest
from tampering import DATASET, change, record_of, verify

from toolkit_adapters.records import Results

Printed = pytest.CaptureFixture[str]


def test_another_file_on_one_frame(sound: Results, capsys: Printed) -> None:
    record = record_of(sound, "fake_exact", "b")
    files, boxes = record.files.copy(), record.boxes.copy()
    files[9] += 1
    boxes[9:, 0] += 5
    change(sound, "fake_exact", "b", files=files, boxes=boxes)
    assert verify(sound) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if "broken:" in line]
    assert len(lines) == 1
    assert f"{DATASET}/b: the data differ, not the trackers: frame 9 is another file" in lines[0]
    assert "claims" not in lines[0]


def test_files_that_are_known_for_one_side_only(sound: Results, capsys: Printed) -> None:
    change(sound, "fake_exact", "b", files=np.zeros(0, np.uint64))
    assert verify(sound) == 1
    assert "known for one side only" in capsys.readouterr().out
