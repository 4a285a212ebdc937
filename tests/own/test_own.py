"""Somebody's tracker goes through everything that ours do, and costs nobody else anything."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from own_samples import MINE, write

from hit_trackers import load_tracker
from hit_trackers.declarations import VARIABLE
from hit_trackers.errors import FamilyError, HitTrackersError
from hit_trackers.families import registry
from toolkit_adapters import cli
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.records import Results, open_results

Run = Callable[..., int]


def test_a_file_of_ten_lines_runs_and_is_reported(run: Run, results: Path, tmp_path: Path) -> None:
    write("mine.py", MINE)
    assert run("--tracker", "mine=mine.py:Mine", "--controls", "0") == 0
    record = Results(results).record("mine", "got10k-val", "a")
    assert record.scores[1:].tolist() == [0.5] * (len(record) - 1)
    assert np.isfinite(record.update).all()
    assert np.isnan(record.network).all(), "not measured, and so no column"
    assert cli.main(["report", str(results), "--out", str(tmp_path / "out")]) == 0


def test_what_is_declared_in_a_file_is_verified_like_ours(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        "mine.py",
        MINE + "class Drifting(Mine):\n    def update(self, image):\n"
        "        box, score = super().update(image)\n        return box + 1e-3, score\n",
    )
    write(
        "trackers.toml",
        '[mine]\nmake = "mine.py:Mine"\n'
        '[mine_same]\nmake = "mine.py:Mine"\nbaseline = "mine"\nclaim = "bitwise"\n'
        '[mine_other]\nmake = "mine.py:Drifting"\nbaseline = "mine"\nclaim = "bitwise"\n',
    )
    names = [word for name in ("mine", "mine_same", "mine_other") for word in ("--tracker", name)]
    assert run(*names, "--controls", "1") == 0
    assert cli.main(["verify", str(results)]) == 1
    out = capsys.readouterr().out
    assert "mine_other: claims bitwise, but got10k-val/a differs from mine from frame 1" in out
    assert "mine_same: claims" not in out


def test_its_sources_and_arguments_are_its_identity(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", "import helper\n" + MINE)
    write("helper.py", "X = 1\n")
    assert run("--tracker", "mine=mine.py:Mine", "--controls", "0") == 0
    stored = open_results(results).run("mine", "got10k-val")
    assert {"mine/mine.py", "mine/helper.py"} <= set(stored.provenance["sources"])
    assert stored.identity["arguments"] == "{}"


STYLES = {
    "pytracking": """
import numpy as np
class Mine:
    def initialize(self, image, info):
        assert isinstance(info["init_bbox"], list)
        self.box = np.array(info["init_bbox"])
    def track(self, image, info=None):
        self.box = self.box + [*image.mean(axis=(0, 1)) / 255, 0]
        return {"target_bbox": self.box.tolist(), "best_score": 0.25}
""",
    "got10k": """
import numpy as np
class Mine:
    is_deterministic = True
    name = "mine"
    def init(self, image, box):
        self.box = np.array(box)
    def update(self, image):
        assert image.mode == "RGB"
        self.box = self.box + [*np.asarray(image).mean(axis=(0, 1)) / 255, 0]
        return self.box
    def track(self, files, box, visualize=False): ...
""",
    "ours": MINE,
    "a function that makes one": MINE + "def make(device):\n    assert device == 'cpu'\n"
    "    return Mine()\n",
}


@pytest.mark.parametrize("style", STYLES)
def test_every_style_gives_the_same_boxes(style: str) -> None:
    make = "make" if "function" in style else "Mine"
    write("mine.py", STYLES[style])
    write("ours.py", MINE)
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    boxes = []
    for tracker in (load_tracker(f"mine=mine.py:{make}"), load_tracker("ours=ours.py:Mine")):
        tracker.init(image, [10, 10, 8, 8])
        boxes.append([tracker.update(image).box for _ in range(3)])
    assert np.array_equal(*boxes)


def test_colours_and_corners_are_declared() -> None:
    write(
        "mine.py",
        """
class Mine:
    def init(self, image, box): ...
    def update(self, image):
        return [1, 2, 1 + float(image[0, 0, 0]), 7]
""",
    )
    write("trackers.toml", '[mine]\nmake = "mine.py:Mine"\ncolour = "bgr"\nbox = "xyxy"\n')
    image = np.zeros((48, 64, 3), np.uint8)
    image[..., 2] = 9
    tracker = load_tracker("mine")
    tracker.init(image, [10, 10, 8, 8])
    assert tracker.update(image).box.tolist() == [1, 2, 9, 5]


BAD = {
    "raises at frame 7": ("self.n == 7 and 1 / 0", "frame 7: ZeroDivisionError"),
    "returns nothing": ("return None", "is not four numbers"),
    "returns words": ("return ['a', 'b', 'c', 'd']", "is not four numbers"),
    "returns five numbers": ("return [1, 2, 3, 4, 5]", "is not four numbers"),
    "exits": ("__import__('sys').exit(3)", "called sys.exit(3)"),
    "never returns": ("exec('while True: pass')", "took longer than 0.2 s"),
}


@pytest.mark.parametrize("how", BAD)
def test_a_bad_tracker_costs_itself_alone(
    how: str, run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statement, message = BAD[how]
    write(
        "mine.py",
        f"""
class Mine:
    def init(self, image, box):
        self.n, self.box = 0, box
    def update(self, image):
        self.n += 1
        {statement}
        return self.box
""",
    )
    write("trackers.toml", '[mine]\nmake = "mine.py:Mine"\nseconds = 0.2\n')
    assert run("--tracker", "mine", "--tracker", "fake", "--controls", "0") == 1
    error = capsys.readouterr().err
    assert "got10k-val/a (mine): frame" in error
    assert message in error
    assert len(Results(results).sequences("fake", "got10k-val")) == 3


@pytest.mark.parametrize("answer", ["[1, 2, float('nan'), 4]", "[1, 2, -3, 4]"])
def test_an_answer_of_no_size_is_flagged_and_the_last_box_kept(
    answer: str, run: Run, results: Path
) -> None:
    write("mine.py", MINE.replace("return self.box, 0.5", f"return {answer}"))
    assert run("--tracker", "mine=mine.py:Mine", "--controls", "0") == 0
    record = Results(results).record("mine", "got10k-val", "a")
    assert (record.boxes == record.boxes[0]).all()
    assert (record.flags[1:] & 4).all()


def test_it_may_change_directory_print_and_draw(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("elsewhere/file", "")
    write(
        "mine.py",
        """
import os
class Mine:
    def init(self, image, box):
        self.box = box
        os.chdir("elsewhere")
    def update(self, image):
        assert os.path.exists("file"), "where it went is where it is"
        print("hello")
        image[:] = 0
        return self.box
""",
    )
    here = os.getcwd()
    assert run("--tracker", "fake", "--controls", "0", results=results / "alone") == 0
    names = ["--tracker", "mine=mine.py:Mine", "--tracker", "fake"]
    assert run(*names, "--controls", "0", results=results / "beside") == 0
    assert os.getcwd() == here
    captured = capsys.readouterr()
    assert "mine: hello" in captured.err
    assert "hello" not in captured.out.replace("mine: hello", "")
    alone, beside = (
        Results(results / name).record("fake", "got10k-val", "a") for name in ("alone", "beside")
    )
    assert np.array_equal(alone.boxes, beside.boxes), "the others saw the frame undrawn"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mine=nowhere.py:Mine", "nowhere.py does not exist"),
        ("mine=mine.py:Other", "has no 'Other'; it has Mine"),
        ("mine=broken.py:Mine", "raised ZeroDivisionError"),
        ("mine=dull.py:Mine", "expected init and update"),
        ("Mine!=mine.py:Mine", "expected a name of small letters"),
        ("mine=mine.py", "expected `file.py:name`"),
    ],
)
def test_what_cannot_be_loaded_says_why(text: str, message: str) -> None:
    write("mine.py", MINE)
    write("broken.py", "1 / 0\n")
    write("dull.py", "class Mine: ...\n")
    with pytest.raises(FamilyError, match=message):
        load_tracker(text)


@pytest.mark.parametrize(
    "text",
    [
        "[mine", '[mine]\nmake = 3\n', '[mine]\nmade = "a.py:b"\n', 'mine = "a.py:b"\n',
        '[mine]\nmake = "a.py:b"\nclaim = "perfect"\nbaseline = "x"\n',
        '[mine]\nmake = "a.py:b"\nclaim = "bitwise"\n',
        '[mine]\nmake = "a.py:b"\ncolour = "grey"\n',
    ],
)  # fmt: skip
def test_a_bad_declaration_is_an_error_of_ours(text: str) -> None:
    write("trackers.toml", text)
    with pytest.raises(HitTrackersError):
        load_tracker("mine")


def test_two_checkouts_of_one_package_name_are_refused() -> None:
    for name in ("one", "two"):
        write(f"{name}/lib/__init__.py", "")
        write(f"{name}/lib/mine.py", MINE)
    write(
        "trackers.toml",
        '[one]\nmake = "lib.mine:Mine"\nroot = "one"\n'
        '[two]\nmake = "lib.mine:Mine"\nroot = "two"\n',
    )
    load_tracker("one")
    with pytest.raises(FamilyError, match="of the same name; run the two in commands of their own"):
        load_tracker("two")


def test_the_example_is_certified_as_the_docs_say(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = Path(__file__).resolve().parents[2] / "examples"
    for name in ("mine.py", "trackers.toml"):
        write(name, (examples / name).read_text())
    assert run("--tracker", "mine", "--tracker", "mine_again") == 0
    assert cli.main(["verify", str(results)]) == 0
    out = capsys.readouterr().out
    assert "mine with one bit changed in a copy: not bitwise" in out
    assert "mine_again" in out


def test_it_is_certified_where_it_is_not_declared(
    run: Run, results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", MINE)
    assert run("--tracker", "mine=mine.py:Mine") == 0
    monkeypatch.setenv(VARIABLE, "[]")
    registry.cache_clear()
    assert cli.main(["verify", str(results)]) == 0
    assert "mine with one bit changed in a copy" in capsys.readouterr().out
    assert run("--tracker", "mine=mine.py:Mine", "--controls", "0", results=results / "bare") == 0
    monkeypatch.setenv(VARIABLE, "[]")
    registry.cache_clear()
    assert cli.main(["verify", str(results / "bare")]) == 1, "without controls nothing is shown"


def test_its_results_are_submitted(run: Run, results: Path, tmp_path: Path) -> None:
    write("mine.py", MINE)
    parts = {dataset.name: dataset for dataset in open_datasets("demo")}
    sequence = parts["demo-trackingnet"].sequence_names[0]
    command = ["run", "--tracker", "mine=mine.py:Mine", "--dataset", "demo", "--controls", "0"]
    command += ["--no-memory", "--sequence", sequence, "--results", str(results)]
    assert cli.main(command) == 0
    out = tmp_path / "mine.zip"
    submit = ["submit", "trackingnet", str(results), "--tracker", "mine"]
    submit += ["--dataset", "demo-trackingnet"]
    assert cli.main([*submit, "--partial", "--out", str(out)]) == 0
    assert out.with_name("mine-partial.zip").is_file()
