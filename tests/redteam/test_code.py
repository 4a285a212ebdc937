"""Records of code that has changed since."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit_adapters import cli
from toolkit_adapters.records import Results, open_results, sources

Run = Callable[..., int]


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package whose sources count; to be edited."""
    copy = tmp_path / "hit_trackers"
    shutil.copytree(sources._TRACKERS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(sources, "_TRACKERS", copy)
    sources._inside.cache_clear()
    yield copy
    sources._inside.cache_clear()


def edit(path: Path) -> None:
    path.write_text(path.read_text() + "\n# broken\n")
    sources._inside.cache_clear()


def test_a_run_of_edited_code_is_not_resumed(
    run: Run, code: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    before = Results(results).record("fake_exact", "got10k-val", "a").pairing
    edit(code / "attention" / "exact.py")
    assert run() == 1
    message = capsys.readouterr().err
    assert "the code that computes them changed since (hit_trackers/attention/exact.py)" in message
    assert "--fresh" in message
    assert Results(results).record("fake_exact", "got10k-val", "a").pairing == before


def test_fresh_makes_the_records_of_edited_code_anew(
    run: Run, code: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    before = Results(results).record("fake", "got10k-val", "a")
    edit(code / "geometry.py")
    assert run("--fresh") == 0
    assert "records of other runs deleted" in capsys.readouterr().err
    after = Results(results).record("fake", "got10k-val", "a")
    assert after.pairing != before.pairing
    assert after.boxes.tolist() == before.boxes.tolist()
    assert cli.main(["verify", str(results)]) == 0


def test_fresh_leaves_what_is_of_the_same_code_alone(run: Run, code: Path, results: Path) -> None:
    assert run() == 0
    before = Results(results).record("fake", "got10k-val", "a").pairing
    assert run("--fresh") == 0
    assert Results(results).record("fake", "got10k-val", "a").pairing == before


def test_the_family_of_another_distribution_counts(results: Path, run: Run) -> None:
    assert run() == 0
    stored = open_results(results).run("fake", "got10k-val").provenance["sources"]
    assert "fake/fake_family.py" in stored
    assert "fake/fake_tracker.py" in stored, "imported when a tracker is loaded"
    assert "toolkit_adapters/running/passes.py" in stored
    assert not any(name.startswith("hit_trackers/hit/") for name in stored), "another family's"


def test_a_familys_own_folder_counts() -> None:
    assert "hit_trackers/hit/network/levit.py" in sources.sources_of("hit")
