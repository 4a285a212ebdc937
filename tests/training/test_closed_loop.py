"""The table of the model card, on tracks whose overlap is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from toolkit_adapters import datasets
from toolkit_adapters.datasets import base
from toolkit_adapters.datasets.truth import Truth
from training import closed_loop


class _Results:
    trackers = ("hit_nano", "hit_nano@repeat")
    datasets = ("lasot",)

    def has_run(self, tracker: str, dataset: str) -> bool:
        return True

    def sequences(self, tracker: str, dataset: str) -> tuple[str, ...]:
        return ("car-1",)

    def record(self, tracker: str, dataset: str, sequence: str) -> object:
        boxes = np.array([[0, 0, 10, 10], [10, 0, 10, 10], [20, 0, 10, 10], [30, 0, 10, 10.0]])
        return type("Record", (), {"boxes": boxes})()


def test_first_and_absent_frames_are_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    truth = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [0, 0, 0, 0], [30, 0, 10, 10.0]])
    sequence = base.Sequence(
        "car-1",
        "lasot",
        tuple(map(Path, "abcd")),
        Truth(truth, np.array([False, False, True, False])),
    )
    dataset = type("Dataset", (), {"load": lambda self, name: sequence})()
    monkeypatch.setattr("toolkit_adapters.records.open_results", lambda folder: _Results())
    monkeypatch.setattr(datasets, "open_datasets", lambda name, root=None: [dataset])
    (row,) = closed_loop.rows(Path("results"), [])
    assert row.frames == 2
    assert row.tracked == pytest.approx((1 / 3 + 1) / 2)
    assert row.still == pytest.approx((1 / 3 + 0) / 2)
    assert closed_loop.main(["results"]) == 0
    assert "| all       | 1 sequences |" in capsys.readouterr().out


def test_nothing_there_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert closed_loop.main([str(tmp_path)]) == 1
    assert "no results here" in capsys.readouterr().err


def test_curve_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from training import curve, loop

    source, target = tmp_path / "curve.csv", tmp_path / "plots" / "curve.png"
    assert curve.main([str(source), str(target)]) == 1
    assert "no curve there" in capsys.readouterr().err
    lines = [",".join(loop.FIELDS), *(",".join([str(k)] * len(loop.FIELDS)) for k in (1, 2))]
    source.write_text("\n".join(lines), encoding="ascii")
    assert curve.main([str(source), str(target)]) == 0
    assert target.read_bytes().startswith(b"\x89PNG")
