"""A VOT workspace after its tracker, device, threads or data were replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_family import FAMILY
from fake_tracker import FakeTracker

pytest.importorskip("vot")
pytest.importorskip("trax")

from toolkit_samples import make_lasot
from vot_samples import SETTINGS

from hit_trackers.errors import ResultFileError
from toolkit_adapters.vot import __main__, workspace
from toolkit_adapters.vot.evaluation import evaluate, pack, report

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    SETTINGS.clear()
    return make_lasot(tmp_path / "data")


@pytest.fixture
def space(tmp_path: Path, data: Path) -> Path:
    """A workspace of `fake`, whose answers come from this process."""
    folder = tmp_path / "space"
    arguments = ["init", str(folder), "--tracker", "fake", "--dataset", f"lasot={data}"]
    assert __main__.main([*arguments, "--experiment", "unsupervised", "--threads", "1"]) == 0
    edit(folder, "traxpython", "inprocess")
    return folder


def edit(space: Path, old: str, new: str) -> None:
    text = (space / "trackers.ini").read_text()
    assert old in text
    (space / "trackers.ini").write_text(text.replace(old, new))


def replace_weights() -> None:
    FAMILY.make = lambda name: FakeTracker(name, weights="x" * 64)


def test_replaced_weights_do_not_give_old_results(space: Path, capsys: Any) -> None:
    assert evaluate(space) == []
    replace_weights()
    assert __main__.main(["evaluate", str(space)]) == 1
    said = capsys.readouterr().err
    assert "weights_sha256 'wwww" in said
    assert "this run has 'xxxx" in said
    assert f"delete {space.resolve()}/results/fake and fake.json" in said
    with pytest.raises(ResultFileError):
        evaluate(space, force=True, experiments=["unsupervised"])


def test_weights_replaced_before_the_first_evaluation(space: Path) -> None:
    replace_weights()
    with pytest.raises(ResultFileError, match="weights_sha256"):
        evaluate(space)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("env_hit_device = cpu", "env_hit_device = cuda", "device 'cpu'"),
        ("env_hit_threads = 1", "env_hit_threads = 2", "threads '1'"),
        ("env_hit_tracker = fake", "env_hit_tracker = fake_exact", "tracker 'fake'"),
    ],
)
def test_settings_changed_in_the_registry(
    space: Path, old: str, new: str, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hit_trackers.engines.devices.require", lambda device: None)
    assert evaluate(space) == []
    edit(space, old, new)
    with pytest.raises(ResultFileError, match=field):
        evaluate(space)


def test_other_images_and_other_boxes(space: Path, data: Path) -> None:
    assert evaluate(space) == []
    truth = space / "sequences" / "airplane-1" / "groundtruth.txt"
    whole = truth.read_text()
    truth.write_text(whole.replace("20.5", "21.5", 1))
    with pytest.raises(ResultFileError, match="sequences_sha256"):
        evaluate(space)
    truth.write_text(whole)
    image = data / "airplane" / "airplane-1" / "img" / "00000001.jpg"
    image.write_bytes(image.with_name("00000002.jpg").read_bytes())
    with pytest.raises(ResultFileError, match="sequences_sha256"):
        evaluate(space)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"tracker": 1}'])
def test_a_damaged_account_of_the_origin(space: Path, content: str) -> None:
    (space / "results" / "fake.json").write_text(content)
    with pytest.raises(ResultFileError, match=r"fake\.json"):
        evaluate(space)


def test_results_of_unknown_origin(space: Path) -> None:
    assert evaluate(space) == []
    (space / "results" / "fake.json").unlink()
    with pytest.raises(ResultFileError, match="nothing says"):
        evaluate(space)


def test_the_account_disturbs_neither_resuming_nor_report_nor_zip(space: Path) -> None:
    assert evaluate(space) == []
    starts = SETTINGS["starts"]
    assert evaluate(space) == []
    assert SETTINGS["starts"] <= starts + 1
    assert "unsupervised" in report(space)
    assert pack(space, "fake").is_file()


def test_a_strangers_tracker_is_run_all_the_same(space: Path) -> None:
    edit(space, "env_hit_tracker = fake", "env_hit_tracker = somebodys")
    assert evaluate(space) == []


def test_threads_reach_the_process_of_the_toolkit(space: Path) -> None:
    settings = workspace.load(space).registry["fake"]._envvars
    assert {name.upper(): value for name, value in settings.items()}["HIT_THREADS"] == "1"
