"""The truth of a test set decides scores and no box: with it or without, the results are good."""

from __future__ import annotations

from pathlib import Path

import pytest
from toolkit_samples import make_trackingnet

from toolkit_adapters import cli

Run = list[str]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_trackingnet(tmp_path / "data")


@pytest.fixture
def truth(data: Path, tmp_path: Path) -> Path:
    """The truth where nobody looks for it."""
    return (data / "truth").rename(tmp_path / "elsewhere")


def run(data: Path, results: Path, *extra: str) -> Path:
    command = ["run", "--tracker", "fake", "--tracker", "fake_exact", "--dataset", "trackingnet"]
    command += ["--root", str(data), "--results", str(results), "--no-memory", *extra]
    assert cli.main(command) == 0
    return results


def test_a_run_with_truth_is_accepted_with_it(
    data: Path, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = run(data, tmp_path / "results", "--truth", str(truth))
    given = ["--truth", str(truth)]
    assert cli.main(["verify", str(results), *given]) == 0
    assert cli.main(["report", str(results), "--out", str(tmp_path / "report"), *given]) == 0
    assert "is not scored" not in capsys.readouterr().out
    assert cli.main(["compare", str(results), str(results), *given]) == 0
    assert "Success" in capsys.readouterr().out


def test_a_run_with_truth_is_accepted_without_it_which_is_said(
    data: Path, truth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = run(data, tmp_path / "results", "--truth", str(truth))
    assert cli.main(["verify", str(results)]) == 0
    assert cli.main(["compare", str(results), str(results)]) == 0
    assert cli.main(["report", str(results), "--out", str(tmp_path / "report")]) == 0
    said = capsys.readouterr().out
    assert (
        "trackingnet is not scored: only the server has all of its boxes; if you do, --truth"
        in said
    )


def test_truth_found_beside_the_data_and_gone_later(data: Path, tmp_path: Path) -> None:
    results = run(data, tmp_path / "results")
    assert cli.main(["verify", str(results)]) == 0
    (data / "truth").rename(tmp_path / "gone")
    assert cli.main(["verify", str(results)]) == 0
    run(data, results)


def test_a_run_goes_on_with_truth_that_came_later(data: Path, truth: Path, tmp_path: Path) -> None:
    results = run(data, tmp_path / "results")
    run(data, results, "--truth", str(truth))


@pytest.mark.parametrize("command", ["verify", "report", "compare"])
def test_truth_that_is_not_there(
    command: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = str(run(data, tmp_path / "results"))
    words = [command, results, *([results] if command == "compare" else [])]
    assert cli.main([*words, "--truth", str(tmp_path / "nowhere")]) == 1
    assert "nowhere: there is none; expected a folder" in capsys.readouterr().err
