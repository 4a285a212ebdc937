"""Bad trackers: each costs itself alone, and the message says who, where and why."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from own_samples import MINE, write

from toolkit_adapters import cli
from toolkit_adapters.records import Results, open_results

Run = Callable[..., int]

#: Memory from the system itself: malloc would first give what earlier tests have freed, and the
#: process would not grow.
TAKE = """
import mmap


def take(size):
    memory = mmap.mmap(-1, size)
    memory.write(bytes(size))
    return memory


"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 / 0", "importing mine.py from"),
        ("import nowhere_at_all", "No module named 'nowhere_at_all'"),
        ("raise SystemExit(2)", "called sys.exit(2)"),
        ("def (", "SyntaxError"),
        (
            MINE.replace("def init(", "def __init__(self):\n        1 / 0\n\n    def init("),
            "Mine raised",
        ),
        ("class Mine: ...", "expected init and update"),
    ],
)
def test_one_that_cannot_be_made_is_left_out(
    text: str, message: str, run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", text)
    assert run("--tracker", "mine=mine.py:Mine", "--tracker", "fake", "--controls", "0") == 1
    error = capsys.readouterr().err
    assert "mine is left out, all others are unharmed" in error
    assert message in error
    assert len(Results(results).sequences("fake", "got10k-val")) == 3
    assert run("--tracker", "mine", "--controls", "0", results=results / "alone") == 1
    assert message in capsys.readouterr().err


def test_one_that_raises_in_init(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", MINE.replace("self.box = box\n", "raise KeyError('weights')\n", 1))
    assert run("--tracker", "mine=mine.py:Mine", "--tracker", "fake", "--controls", "0") == 1
    assert "got10k-val/a (mine): frame 0: KeyError: 'weights'" in capsys.readouterr().err
    assert len(Results(results).sequences("fake", "got10k-val")) == 3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a process holds")
@pytest.mark.parametrize("freed_once", [1, 400_000_000])
def test_one_that_leaks_is_named_in_the_report(
    freed_once: int, run: Run, results: Path, tmp_path: Path
) -> None:
    leaking = MINE.replace(
        "self.box = self.box +", "KEPT.append(take(40_000_000))\n"
        "        LEFT[:] = LEFT if len(KEPT) < 9 else []\n"
        "        self.box = self.box +",
    )  # fmt: skip
    write("mine.py", f"{TAKE}KEPT, LEFT = [], [take({freed_once})]\n{leaking}")
    write("other.py", MINE)
    names = ["--tracker", "mine=mine.py:Mine", "--tracker", "other=other.py:Mine"]
    assert run(*names, "--controls", "0") == 0
    notes = {
        name: open_results(results).record(name, "got10k-val", "a").notes
        for name in ("mine", "other")
    }
    # The system counts pages as it likes, so what is said is near.
    (note,) = notes["mine"]
    assert 20 <= float(note.removeprefix("its updates take about ").split()[0]) <= 80
    assert notes["other"] == ()
    assert cli.main(["report", str(results), "--out", str(tmp_path / "out")]) == 0
    said = (tmp_path / "out" / "report.md").read_text()
    assert f"mine, got10k-val/a: {note}." in said


def test_corners_that_are_not_declared_are_told_from_sizes(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", MINE.replace("return self.box, 0.5", "x, y, w, h = self.box\n"
          "        return [x, y, x + w, y + h]"))  # fmt: skip
    assert run("--tracker", "mine=mine.py:Mine", "--controls", "0") == 1
    assert 'declare `box = "xyxy"`' in capsys.readouterr().err
    write("trackers.toml", '[mine]\nmake = "mine.py:Mine"\nbox = "xyxy"\n')
    assert run("--tracker", "mine", "--controls", "0") == 1, "the declaration of before goes first"
