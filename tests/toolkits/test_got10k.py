"""The got10k toolkit, the real one, run by our adapter."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_family import FAMILY
from toolkit_samples import (
    FRAMES,
    SIZE,
    DriftingTracker,
    make_got10k,
    make_lasot,
    make_trackingnet,
    truth,
)

from hit_trackers.errors import MissingDependencyError, PredictionError, ResultFileError
from toolkit_adapters.datasets import open_datasets

pytest.importorskip("got10k")

from got10k.experiments import ExperimentGOT10k as ReleasedExperiment
from PIL import Image

from toolkit_adapters.got10k import ToolkitTracker, __main__
from toolkit_adapters.got10k import tracker as adapter
from toolkit_adapters.got10k.datasets import SequenceView
from toolkit_adapters.got10k.experiments import Experiment, make_experiment
from toolkit_adapters.got10k.summary import compare

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
MAKERS = {
    "got10k-val": make_got10k,
    "lasot": make_lasot,
    "trackingnet": make_trackingnet,
}


def experiment(dataset: str, tmp_path: Path, **view: object) -> Experiment:
    root = tmp_path / dataset
    if not root.exists():
        MAKERS[dataset](root)
    (opened,) = open_datasets(dataset, root)
    sequences = SequenceView(opened, **view)  # type: ignore[arg-type]
    return make_experiment(sequences, tmp_path / "results", tmp_path / "reports")


def expected_boxes(seed: int) -> np.ndarray:
    boxes = truth(seed)[0] + np.arange(FRAMES)[:, None] * [1.25, 0.5, 0, 0]
    return np.round(boxes, 3)


def test_decoding_is_outside_the_clock(tmp_path, monkeypatch):
    """By a clock that only decoding (1000 s a frame) and the tracker (1 s) move."""
    now = 0.0

    def advance(seconds: float) -> None:
        nonlocal now
        now += seconds

    def slow_decode(path: Path, decode=adapter.decode):
        advance(1000)
        return decode(path)

    class Slow(DriftingTracker):
        def update(self, image):
            advance(1)
            return super().update(image)

    monkeypatch.setattr(adapter, "decode", slow_decode)
    monkeypatch.setattr(adapter.time, "perf_counter", lambda: now)
    files, boxes = SequenceView(open_datasets("lasot", make_lasot(tmp_path))[0])[0]
    _, times = ToolkitTracker(Slow()).track(files, boxes[0])
    assert times.tolist() == [0.0] + [1.0] * (FRAMES - 1)


def test_the_box_is_copied_and_so_is_the_answer():
    image = Image.new("L", SIZE)
    annotation = np.array([[10.0, 10, 20, 20]])
    tracker = ToolkitTracker(DriftingTracker())
    tracker.init(image, annotation[0])
    first = tracker.update(image)
    tracker.update(image)
    assert annotation.tolist() == [[10, 10, 20, 20]]
    assert first.tolist() == [11.25, 10.5, 20, 20]
    assert first.dtype == np.float64


@pytest.mark.parametrize("answer", [[1, 2, np.nan, 4], [1, 2, 0, 4], [1, 2, 3], None])
def test_an_answer_that_is_no_box_raises(answer):
    class Wrong(DriftingTracker):
        def update(self, image):
            return super().update(image)._replace(box=answer)

    tracker = ToolkitTracker(Wrong())
    tracker.init(Image.new("RGB", SIZE), np.array([1.0, 2, 3, 4]))
    with pytest.raises((PredictionError, TypeError)):
        tracker.update(Image.new("RGB", SIZE))


def test_the_released_experiment_runs_our_tracker(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_got10k(tmp_path / "got10k")
    released = ReleasedExperiment(str(tmp_path / "got10k"), subset="val")
    tracker = ToolkitTracker(DriftingTracker())
    released.run(tracker)
    assert tracker.tracker.sequences == 2  # one repetition: known to be deterministic
    performance = released.report(["drifting"])
    assert 0 < performance["drifting"]["overall"]["ao"] < 1


@pytest.mark.parametrize("dataset", MAKERS)
def test_run_report_and_our_figures(dataset, tmp_path):
    made = experiment(dataset, tmp_path)
    assert made.run(ToolkitTracker(DriftingTracker())) == []
    for seed, name in enumerate(made.dataset.seq_names):
        np.testing.assert_array_equal(made.boxes("drifting", name), expected_boxes(seed))
        assert made.times("drifting", name).shape == (FRAMES,)
    figures = compare(made, ["drifting"], made.report(["drifting"]))
    verdicts = {figure.measure: figure.verdict for figure in figures}
    assert "DIFFERENT" not in verdicts.values()
    if dataset != "trackingnet":
        assert list(verdicts.values()).count("equal") == 2
    assert all(figure.ours is not None and figure.ours > 0 for figure in figures)
    assert (Path(made.report_dir) / "drifting" / "performance.json").is_file()


def test_a_figure_that_should_agree_and_does_not_is_said(tmp_path):
    made = experiment("got10k-val", tmp_path)
    made.run(ToolkitTracker(DriftingTracker()))
    performance = made.report(["drifting"])
    performance["drifting"]["overall"]["ao"] += 0.001
    verdicts = [figure.verdict for figure in compare(made, ["drifting"], performance)]
    assert "DIFFERENT" in verdicts


@pytest.mark.parametrize("dataset", MAKERS)
def test_resume_runs_nothing_twice_and_appends_nothing(dataset, tmp_path):
    tracker = DriftingTracker()
    experiment(dataset, tmp_path).run(ToolkitTracker(tracker))
    made = experiment(dataset, tmp_path)
    made.box_file("drifting", made.dataset.seq_names[1]).unlink()
    made.run(ToolkitTracker(tracker))
    assert tracker.sequences == 3
    for name in made.dataset.seq_names:
        times = made.time_file(made.box_file("drifting", name)).read_text().splitlines()
        assert all("," not in line for line in times)


@pytest.mark.parametrize("dataset", MAKERS)
def test_an_interrupted_run_leaves_whole_files(dataset, tmp_path):
    made = experiment(dataset, tmp_path)
    stopped = DriftingTracker(crash_at=7, only=2, error=KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        made.run(ToolkitTracker(stopped))
    first, second = made.dataset.seq_names
    assert made.unfinished("drifting") == [second]
    before = made.box_file("drifting", first).stat().st_mtime_ns
    assert made.run(ToolkitTracker(DriftingTracker())) == []
    assert made.unfinished("drifting") == []
    assert made.box_file("drifting", first).stat().st_mtime_ns == before
    assert not list(tmp_path.rglob("*-partial"))


def test_results_of_other_weights_or_lengths_are_not_mixed(tmp_path):
    experiment("lasot", tmp_path).run(ToolkitTracker(DriftingTracker()))
    other = DriftingTracker()
    other.variant = replace(other.variant, identity={"weights_sha256": "0" * 64})
    with pytest.raises(ResultFileError, match="weights_sha256"):
        experiment("lasot", tmp_path).run(ToolkitTracker(other))
    with pytest.raises(ResultFileError, match="max_frames"):
        experiment("lasot", tmp_path, max_frames=5).run(ToolkitTracker(DriftingTracker()))


def test_a_file_that_is_not_whole_is_named(tmp_path):
    made = experiment("got10k-val", tmp_path)
    made.run(ToolkitTracker(DriftingTracker()))
    path = made.box_file("drifting", made.dataset.seq_names[0])
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    with pytest.raises(ResultFileError, match=path.name):
        made.run(ToolkitTracker(DriftingTracker()))
    path.write_text(whole)
    made.time_file(path).unlink()
    with pytest.raises(ResultFileError, match=r"_time\.txt: 0 lines"):
        made.run(ToolkitTracker(DriftingTracker()))


@pytest.mark.parametrize("failure", [{"nan_at": 4}, {"crash_at": 4}])
@pytest.mark.parametrize("dataset", MAKERS)
def test_a_failing_tracker_costs_its_sequence_only(dataset, failure, tmp_path, monkeypatch, capsys):
    tracker = DriftingTracker(only=1, **failure)
    FAMILY.make = lambda name: tracker
    root = MAKERS[dataset](tmp_path / "data")
    arguments = ["--tracker", "fake", "--dataset", dataset, "--root", str(root)]
    arguments += ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]
    assert __main__.main(arguments) == 1
    error = capsys.readouterr().err
    names = SequenceView(open_datasets(dataset, root)[0]).seq_names
    assert f"frame 5 of {FRAMES}" in error
    assert names[0] in error
    files = {path.name for path in (tmp_path / "results").rglob("*.txt")}
    assert any(name.startswith(names[1]) for name in files)
    assert not any(name.startswith(names[0]) for name in files)
    # The tracker is mended; the same command finishes the run and reports.
    FAMILY.make = lambda name: DriftingTracker()
    assert __main__.main(arguments) == 0
    (summary,) = (tmp_path / "reports").rglob("summary.json")
    assert json.loads(summary.read_text())
    assert "FPS" in capsys.readouterr().out


def test_test_set_makes_a_valid_zip(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # the toolkit waits for two seconds
    FAMILY.make = lambda name: DriftingTracker()
    monkeypatch.chdir(tmp_path)
    make_got10k(tmp_path / "data", "test")
    arguments = ["--tracker", "fake", "--dataset", "got10k-test", "--root", "data"]
    assert __main__.main([*arguments, "--results", "results", "--reports", "reports"]) == 0
    assert Path.cwd() == tmp_path
    assert "drifting.zip: valid, 2 sequences" in capsys.readouterr().out


def test_trackingnet_without_truth_points_to_submit(tmp_path, monkeypatch, capsys):
    FAMILY.make = lambda name: DriftingTracker()
    root = make_trackingnet(tmp_path / "data", with_truth=False)
    arguments = ["--tracker", "fake", "--dataset", "trackingnet", "--root", str(root)]
    arguments += ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]
    assert __main__.main(arguments) == 0
    assert "submit trackingnet" in capsys.readouterr().out


def test_sequence_and_max_frames(tmp_path, monkeypatch, capsys):
    FAMILY.make = lambda name: DriftingTracker()
    root = make_got10k(tmp_path / "data")
    arguments = ["--tracker", "fake", "--dataset", "got10k-val", "--root", str(root)]
    arguments += ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]
    limits = ["--sequence", "GOT-10k_Val_000002", "--max-frames", "5"]
    assert __main__.main([*arguments, *limits]) == 0
    (file,) = (tmp_path / "results").rglob("*_001.txt")
    assert file.name == "GOT-10k_Val_000002_001.txt"
    assert len(file.read_text().splitlines()) == 5
    assert __main__.main([*arguments, "--sequence", "nothing"]) == 1
    assert "no sequence nothing; there are 2" in capsys.readouterr().err


def test_not_installed(monkeypatch, capsys):
    for name in [n for n in sys.modules if n.split(".")[0] == "got10k"]:
        monkeypatch.delitem(sys.modules, name)
    for name in [n for n in sys.modules if n.startswith("toolkit_adapters.got10k.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "got10k", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "hit-trackers\[got10k\]"'):
        importlib.import_module("toolkit_adapters.got10k.tracker")
    assert __main__.main(["--tracker", "hit"]) == 1
    assert "hit-trackers[got10k]" in capsys.readouterr().err
