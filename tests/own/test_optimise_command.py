"""`hit-trackers optimise`: every variant that fits, one table, best first."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from own_samples import KEEPING, MINE, NETWORK, write

from toolkit_adapters import cli
from toolkit_adapters.records import open_results

Optimise = Callable[..., int]


@pytest.fixture
def optimise(root: Path) -> Optimise:
    def command(*extra: str) -> int:
        where = ["--dataset", "got10k-val", "--root", str(root), "--threads", "1"]
        return cli.main(["optimise", *extra, *where])

    return command


@pytest.mark.slow
def test_one_table_best_first(optimise: Optimise, capsys: pytest.CaptureFixture[str]) -> None:
    write("mine.py", KEEPING)
    only = [word for part in ("bf16", "exact", "memeff", "onnx") for word in ("--only", part)]
    assert optimise("mine=mine.py:Tracker", *only) == 0
    said = capsys.readouterr().out
    names = [line.split("|")[1].strip() for line in said.splitlines() if line.startswith("| mine")]
    assert names[:2] == ["mine", "mine_exact"], "the only one that is bitwise"
    assert {*names[2:]} == {"mine_memeff", "mine_bf16"}
    assert "`mine_exact` is bitwise on all 42 frames, " in said
    assert "activations" in said
    assert "does not fit: mine_onnx: " in said
    assert "ok   control: mine against itself: bitwise" in said
    assert "ok   control: mine_bf16 against mine" in said
    assert "FAIL" not in said
    results = open_results("results/optimise-mine")
    assert results.memory("mine_exact")["activations_peak_bytes"] > 0


def test_the_same_command_resumes_and_changed_code_is_run_anew(
    optimise: Optimise, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", MINE)
    options = ("mine=mine.py:Mine", "--no-memory")
    assert optimise(*options) == 0
    said = capsys.readouterr()
    assert "No variant of mine fits it" in said.out
    assert "holds no torch.nn.Module" in said.out
    assert optimise(*options) == 0
    assert "3 sequences are done already" in capsys.readouterr().err
    write("mine.py", MINE + "\n# changed\n")
    assert optimise(*options) == 0
    assert "done already" not in capsys.readouterr().err


def test_a_family_of_ours_too(optimise: Optimise, capsys: pytest.CaptureFixture[str]) -> None:
    assert optimise("fake", "--no-memory", "--only", "exact", "--only", "fake_memeff") == 0
    said = capsys.readouterr().out
    assert "` is bitwise on all 42 frames" in said
    assert "ok   control: fake_bf16" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("fake_exact",), "name the tracker as it is, and the variant by --only exact"),
        (("fake", "--only", "quick"), "'quick' is no part of a tracker name"),
        (("mine=mine.py:Mine",), "raised ZeroDivisionError"),
    ],
)
def test_what_cannot_be_tried_says_why(
    words: tuple[str, ...], message: str, optimise: Optimise, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", "1 / 0\n")
    assert optimise(*words) == 1
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_ten_line_file_is_certified_on_the_demo_in_a_minute(
    capsys: pytest.CaptureFixture[str],
) -> None:
    example = Path(__file__).resolve().parents[2] / "examples" / "mine.py"
    write("mine.py", example.read_text())
    start = time.monotonic()
    assert cli.main(["optimise", "mine=mine.py:Mine"]) == 0
    print(f"{time.monotonic() - start:.0f} s")  # said, and not asserted: no test depends on a time
    assert "mine against itself: bitwise" in capsys.readouterr().out


def test_an_attention_in_ten_lines_is_found(
    optimise: Optimise, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", NETWORK)
    assert optimise("mine=mine.py:Tracker", "--only", "exact", "--no-memory") == 0
    said = capsys.readouterr().out
    assert "mine with one bit changed in a copy: not bitwise" in said, "without a lossy variant"
