"""A results folder that is not ours: nothing in it may be touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit_adapters import cli
from toolkit_adapters.records.files import TEMPORARY

Run = Callable[..., int]


def test_partial_files_of_other_programs_survive(run: Run, results: Path) -> None:
    assert run() == 0
    theirs = [results / ".download.partial", results / "fake" / ".a.npz.123.partial"]
    theirs += [results / f".no-number{TEMPORARY}", results / f"visible.1{TEMPORARY}"]
    ours = results / "fake" / "got10k-val" / f".a.npz.123{TEMPORARY}"
    for path in (*theirs, ours):
        path.write_bytes(b"half")
    assert run() == 0
    assert not ours.exists()
    assert all(path.read_bytes() == b"half" for path in theirs)


@pytest.mark.parametrize("name", ["thesis.tex", ".lock", "photos/1.jpg", "run.json"])
def test_a_folder_of_somebody_else_is_refused_and_left_as_it_is(
    name: str, run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = results / name
    path.parent.mkdir(parents=True)
    path.write_text("years of work")
    leftover = results / ".thesis.tex.partial"
    leftover.write_text("more of it")
    assert run() == 1
    assert "not a folder of results" in capsys.readouterr().err
    assert {p for p in results.rglob("*") if p.is_file()} == {path, leftover}


def test_a_new_an_empty_and_a_readme_folder_are_taken(run: Run, results: Path) -> None:
    results.mkdir()
    (results / "README.md").write_text("what is here")
    assert run() == 0
    assert run() == 0, "and once more, for now it is ours"


def test_a_file_is_no_folder(run: Run, results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results.write_text("a file")
    assert run() == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("empty", ["", " "])
@pytest.mark.parametrize("command", ["run", "reproduce", "got10k"])
def test_an_empty_results_folder_is_not_the_working_directory(
    command: str,
    empty: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    tracker = ["--tracker", "fake", "--results", empty]
    if command == "got10k":
        main = pytest.importorskip("toolkit_adapters.got10k.__main__").main
        arguments = tracker
    else:
        main = cli.main
        arguments = [command, *tracker, *(["--dataset", "demo"] if command == "run" else [])]
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "expected a folder" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
