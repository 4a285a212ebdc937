"""The VOT toolkit, the real one, driven in process; `test_vot_process.py` has the rest."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from toolkit_samples import FRAMES, SIZE, DriftingTracker, make_got10k, make_lasot, make_trackingnet
from toolkit_samples import truth as sample_truth

from hit_trackers.errors import HitTrackersError
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.base import Sequence
from toolkit_adapters.datasets.truth import Truth

pytest.importorskip("vot")
pytest.importorskip("trax")

import vot
import yaml
from vot.dataset import load_dataset
from vot.region import Rectangle, Special
from vot.tracker import Trajectory
from vot_samples import SETTINGS, make_workspace

from toolkit_adapters.vot import __main__, workspace
from toolkit_adapters.vot.evaluation import evaluate, pack, report
from toolkit_adapters.vot.sequences import find_anchors, write_stubs

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("settings"),
]


def trajectory(folder: Path, experiment: str, sequence: str, run: str = "001") -> Trajectory:
    space = workspace.load(folder)
    results = space.stack[experiment].results(space.registry["drifting"], space.dataset[sequence])
    return Trajectory.read(results, f"{sequence}_{run}")


def boxes(regions: list[object]) -> np.ndarray:
    """float64 (N, 4), NaN where there is no rectangle."""
    rows = np.full((len(regions), 4), np.nan)
    for row, region in zip(rows, regions, strict=True):
        if isinstance(region, Rectangle):
            row[:] = region.x, region.y, region.width, region.height
    return rows


# --- stub sequences --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dataset", "make"),
    [("got10k-val", make_got10k), ("lasot", make_lasot), ("trackingnet", make_trackingnet)],
)
def test_stubs_show_every_frame_and_copy_none(dataset, make, tmp_path):
    sequences = list(open_datasets(dataset, make(tmp_path / "data"))[0])
    names = write_stubs(tmp_path / "space", sequences)
    loaded = load_dataset(str(tmp_path / "space"))
    assert names == [sequence.name for sequence in sequences]
    for sequence in sequences:
        stub = loaded[sequence.name]
        assert len(stub) == FRAMES
        assert stub.size == SIZE
        for index in (0, FRAMES - 1):
            seen = Path(stub.frame(index).filename()).resolve()
            assert seen == sequence.frames[index].resolve()
        absent = np.zeros(FRAMES, bool) if sequence.truth.absent is None else sequence.truth.absent
        for index in range(FRAMES):
            region = stub.groundtruth(index)
            if absent[index]:
                assert isinstance(region, Special)
                assert "absent" in stub.tags(index)
            else:
                got = [region.x, region.y, region.width, region.height]
                assert got == [float(np.float32(value)) for value in sequence.truth.boxes[index]]
    copied = [p for p in (tmp_path / "space").rglob("*.jpg") if not p.is_symlink()]
    assert copied == []


def test_the_first_frame_of_trackingnet_is_not_dropped(tmp_path):
    root = make_trackingnet(tmp_path / "data", with_truth=False)
    write_stubs(tmp_path / "space", open_datasets("trackingnet", root)[0])
    stub = load_dataset(str(tmp_path / "space"))["zz_1"]
    assert Path(stub.frame(0).filename()).resolve().name == "0.jpg"
    assert isinstance(stub.groundtruth(1), Special)


def test_names_of_two_datasets_are_told_apart(tmp_path):
    first = list(open_datasets("lasot", make_lasot(tmp_path / "a"))[0])
    second = [Sequence(s.name, "demo-lasot", s.frames, s.truth) for s in first]
    names = write_stubs(tmp_path / "space", [*first, *second])
    assert names[0] == "lasot-airplane-1"
    assert len(set(names)) == 4


def test_anchors_run_towards_the_longer_side_and_skip_absence():
    visible = np.ones(200, bool)
    visible[100:103] = False
    anchors = find_anchors(visible)
    assert {int(i): int(anchors[i]) for i in np.flatnonzero(anchors)} == {
        0: 1,
        50: 1,
        103: -1,
        150: -1,
        199: -1,
    }
    lone = np.zeros(120, bool)
    lone[0] = True
    assert np.flatnonzero(find_anchors(lone)).tolist() == [0]


# --- the four experiments --------------------------------------------------------------------


def drifted(start: np.ndarray, frames: int) -> np.ndarray:
    steps = np.arange(frames)[:, None] * [1.25, 0.5, 0, 0]
    return (start + steps).astype(np.float32)


def test_four_experiments_report_and_pack(got10k, tmp_path):
    space = make_workspace(tmp_path / "space", got10k)
    assert evaluate(space) == []
    assert SETTINGS["starts"] == 1  # one process for all sequences and experiments
    name = got10k[0].name
    tracked = drifted(sample_truth(0)[0], FRAMES)
    for experiment in ("unsupervised", "realtime", "supervised"):
        stored = trajectory(space, experiment, name)
        np.testing.assert_array_equal(boxes(stored.regions())[1:], tracked[1:])
        assert stored.properties(3)["time"] == 0.001
        assert stored.properties(3)["confidence"] == 0.75
    np.testing.assert_array_equal(
        boxes(trajectory(space, "multistart", name, "00000000").regions())[1:], tracked[1:]
    )
    backwards = trajectory(space, "multistart", name, f"{FRAMES - 1:08d}")
    np.testing.assert_array_equal(
        boxes(backwards.regions())[1:], drifted(sample_truth(0)[-1], FRAMES)[1:]
    )

    table = report(space)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]
    measures = {(row[0], row[1].lower()): float(row[2]) for row in rows}
    assert 0.5 < measures["unsupervised", "accuracy"] < 1
    assert measures["realtime", "accuracy"] == measures["unsupervised", "accuracy"]
    assert measures["supervised", "robustness"] == 0
    assert 0.4 < measures["supervised", "accuracy"] < 1
    assert measures["multistart", "robustness"] == 1
    assert 0.3 < measures["multistart", "accuracy"] < 1
    assert (space / "reports" / "report" / "report.html").is_file()
    assert (space / "analysis" / "report.json").is_file()

    archive = pack(space, "drifting")
    with zipfile.ZipFile(archive) as packed:
        manifest = yaml.safe_load(packed.read("manifest.yml"))
        assert f"supervised/{name}/{name}_001.bin" in packed.namelist()
    assert manifest["identifier"] == "drifting"
    assert manifest["toolkit"] == vot.toolkit_version()
    assert manifest["stack"] == "stack.yaml"


def test_unsupervised_accuracy_is_the_mean_overlap(got10k, tmp_path):
    """The toolkit's overlap is of rasterised regions; on whole pixels it is plain IoU."""
    sequence = got10k[0]
    still = np.tile([20.0, 30, 40, 20], (FRAMES, 1))
    whole = Sequence(sequence.name, sequence.dataset, sequence.frames, Truth(still))
    space = make_workspace(tmp_path / "space", [whole], ["unsupervised"])

    class Still(DriftingTracker):
        def update(self, image):
            return super().update(image)._replace(box=np.array([30.0, 30, 40, 20]))

    import vot_samples

    original, vot_samples.DriftingTracker = vot_samples.DriftingTracker, Still
    try:
        assert evaluate(space) == []
    finally:
        vot_samples.DriftingTracker = original
    (row,) = report(space).splitlines()[2:]
    assert float(row.split("|")[3]) == pytest.approx(30 / 50, abs=1e-4)


def test_supervised_starts_again_after_a_failure(got10k, tmp_path):
    SETTINGS["lost_at"] = 3
    space = make_workspace(tmp_path / "space", got10k[:1], ["supervised"])
    assert evaluate(space) == []
    regions = trajectory(space, "supervised", got10k[0].name).regions()
    codes = [int(region.code) if isinstance(region, Special) else None for region in regions]
    # Started at 0, failed at 3, and again five frames later.
    assert codes[:10] == [1, None, None, 2, 0, 0, 0, 0, 1, None]
    assert "| supervised   | Robustness | 2.0000" in report(space)


def test_supervised_neither_fails_nor_starts_where_the_target_is_absent(tmp_path):
    (_, sequence) = open_datasets("lasot", make_lasot(tmp_path / "data"))[0]
    assert np.flatnonzero(sequence.truth.absent).tolist() == [6, 7]
    SETTINGS["lost_at"] = 6
    space = make_workspace(tmp_path / "space", [sequence], ["supervised"])
    assert evaluate(space) == []
    regions = trajectory(space, "supervised", sequence.name).regions()
    codes = [int(region.code) if isinstance(region, Special) else None for region in regions]
    assert codes[:9] == [1, None, None, None, None, None, None, None, 2]
    # Failed at 1, would start again at 6.
    SETTINGS["lost_at"] = 1
    assert evaluate(space, force=True) == []
    regions = trajectory(space, "supervised", sequence.name).regions()
    assert int(regions[1].code) == 2
    assert int(regions[8].code) == 1


def test_realtime_holds_the_last_answer_of_a_slow_tracker(got10k, tmp_path):
    SETTINGS["seconds"] = 0.1  # three frames of a camera with 30 a second
    space = make_workspace(tmp_path / "space", got10k[:1], ["realtime"])
    text = (space / "stack.yaml").read_text()
    (space / "stack.yaml").write_text(text.replace("grace: 3", "grace: 0"))
    assert evaluate(space) == []
    stored = boxes(trajectory(space, "realtime", got10k[0].name).regions())
    held = [i for i in range(2, FRAMES) if (stored[i] == stored[i - 1]).all()]
    assert held
    assert len(held) < FRAMES - 2


# --- resume, failures, caches ----------------------------------------------------------------


def test_a_failing_tracker_is_named_and_costs_its_sequence_only(got10k, tmp_path, capsys):
    SETTINGS["fail_in"] = f"{got10k[0].name}/00000004.jpg"
    space = make_workspace(tmp_path / "space", got10k, ["unsupervised", "multistart"])
    assert __main__.main(["evaluate", str(space)]) == 1
    error = capsys.readouterr().err
    assert f"drifting/unsupervised/{got10k[0].name}: NaN in" in error
    assert "00000004.jpg" in error
    assert trajectory(space, "unsupervised", got10k[1].name)
    for command in (["report", str(space)], ["pack", str(space), "--tracker", "drifting"]):
        assert __main__.main(command) == 1
        assert f"results are missing, such as drifting/unsupervised/{got10k[0].name}" in (
            capsys.readouterr().err
        )
    # Mended, the same command runs what is missing, and only that.
    SETTINGS["fail_in"] = None
    path = space / "results" / "drifting" / "unsupervised" / got10k[1].name
    before = [file.stat().st_mtime_ns for file in sorted(path.iterdir())]
    assert __main__.main(["evaluate", str(space)]) == 0
    assert [file.stat().st_mtime_ns for file in sorted(path.iterdir())] == before


@pytest.mark.parametrize("spoil", ["half", "no times"])
def test_half_a_result_is_run_again(spoil, got10k, tmp_path):
    space = make_workspace(tmp_path / "space", got10k, ["unsupervised", "multistart"])
    assert evaluate(space) == []
    for experiment in ("unsupervised", "multistart"):
        folder = space / "results" / "drifting" / experiment / got10k[0].name
        file = sorted(folder.glob("*.bin"))[0]
        whole = file.read_bytes()
        if spoil == "half":
            file.write_bytes(whole[: len(whole) // 2])
        else:
            file.with_name(f"{file.stem}_time.value").unlink()
        with pytest.raises(HitTrackersError, match=f"drifting/{experiment}/{got10k[0].name}"):
            pack(space, "drifting")
        assert evaluate(space) == []
        assert file.read_bytes() == whole


def test_a_report_never_shows_the_scores_of_older_results(got10k, tmp_path, monkeypatch):
    monkeypatch.setattr(vot.config, "persistent_cache", True)  # as a plain `vot` process has it
    space = make_workspace(tmp_path / "space", got10k, ["unsupervised"])
    assert evaluate(space) == []
    first = report(space)
    SETTINGS["lost_at"] = 5
    assert evaluate(space, force=True) == []
    second = report(space)
    assert first != second
    document = (space / "reports" / "report" / "report.html").read_text()
    value = second.splitlines()[2].split("|")[3].strip()
    assert value[:5] in document


def test_unknown_names(got10k, tmp_path, capsys):
    space = make_workspace(tmp_path / "space", got10k, ["unsupervised"])
    assert __main__.main(["evaluate", str(space), "--tracker", "nobody"]) == 1
    assert "it has drifting" in capsys.readouterr().err
    assert __main__.main(["evaluate", str(space), "--experiment", "nothing"]) == 1
    assert "it has unsupervised" in capsys.readouterr().err
    assert __main__.main(["report", str(tmp_path / "nowhere")]) == 1
    assert "is no workspace" in capsys.readouterr().err
    (space / "stack.yaml").write_text("experiments:\n  a:\n    type: no.such.Class\n")
    assert __main__.main(["evaluate", str(space)]) == 1
    assert "cannot load this workspace" in capsys.readouterr().err
