"""The one command for everything, when something fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit_adapters import cli
from toolkit_adapters.commands import reproduce


def test_a_failed_sequence_costs_neither_report_nor_verdict(
    root: Path,
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(reproduce, "_configured", lambda family: ["got10k-val"])
    monkeypatch.setenv("GOT10K_ROOT", str(root))
    (root / "val" / "b" / "00000009.jpg").write_bytes(b"")
    out = tmp_path / "out"
    trackers = ["--tracker", "fake", "--tracker", "fake_exact"]
    folders = ["--results", str(results), "--out", str(out)]
    assert cli.main(["reproduce", *trackers, *folders, "--device", "cpu"]) == 1
    captured = capsys.readouterr()
    assert "got10k-val/b" in captured.err
    assert "incomplete" in captured.out
    assert (out / "report.html").is_file()
    assert "incomplete" in (out / "report.md").read_text()


def test_a_family_without_weights_gets_seeded_ones_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HIT_CHECKPOINTS", str(tmp_path))
    trackers, checkpoints = reproduce._of_family("transt")
    assert trackers == ("transt", "transt_memeff", "transt_exact")
    assert checkpoints == {"": "seeded"}
    assert "transt.pth was not found" in capsys.readouterr().out
    (tmp_path / "transt.pth").write_bytes(b"")
    assert reproduce._of_family("transt")[1] == {}
