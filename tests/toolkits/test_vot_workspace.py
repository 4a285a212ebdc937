"""Making a workspace of the VOT toolkit, its TraX tracker, and what is said without them."""

from __future__ import annotations

import configparser
import importlib
import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from toolkit_samples import DriftingTracker, make_lasot, make_trackingnet

from hit_trackers.errors import HitTrackersError, MissingDependencyError

pytest.importorskip("vot")
pytest.importorskip("trax")

import trax
from vot_samples import make_workspace

from toolkit_adapters.vot import __main__, server, stacks, workspace
from toolkit_adapters.vot.evaluation import evaluate, report

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
    pytest.mark.usefixtures("settings"),
]


# --- making a workspace ----------------------------------------------------------------------


def test_init_writes_a_workspace_the_toolkit_reads(tmp_path, monkeypatch, capsys):
    space, root = tmp_path / "space", make_lasot(tmp_path / "data")
    checkpoint = tmp_path / "100%.safetensors"
    checkpoint.touch()
    arguments = ["init", str(space), "--tracker", "fake", "--dataset", f"lasot={root}"]
    arguments += ["--sequence", "airplane-9", "--max-frames", "7", "--checkpoint", str(checkpoint)]
    assert __main__.main(arguments) == 0
    parser = configparser.ConfigParser()
    parser.read(space / "trackers.ini")
    assert parser["fake"]["protocol"] == "traxpython"
    assert parser["fake"]["env_hit_checkpoint"] == str(checkpoint)
    loaded = workspace.load(space)
    assert [sequence.name for sequence in loaded.dataset] == ["airplane-9"]
    assert len(loaded.dataset["airplane-9"]) == 7
    assert len(loaded.stack) == 4
    # The root in the spelling of the other commands.
    plain = ["init", str(tmp_path / "plain"), "--tracker", "hit", "--dataset", "lasot"]
    assert __main__.main([*plain, "--root", str(root)]) == 0
    assert len(workspace.load(tmp_path / "plain").dataset) == 2
    # A second time: refused, and nothing is touched.
    assert __main__.main(arguments) == 1
    assert "is a workspace already" in capsys.readouterr().err
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert __main__.main(["init", str(tmp_path / "full"), *arguments[2:]]) == 1
    assert "not empty" in capsys.readouterr().err


def test_init_is_whole_or_nothing(got10k, tmp_path, monkeypatch):
    monkeypatch.setattr(workspace, "registry", lambda trackers: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make_workspace(tmp_path / "space", got10k)
    assert not (tmp_path / "space").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["got10k"]


def test_only_first_boxes(tmp_path, monkeypatch, capsys):
    root = make_trackingnet(tmp_path / "data", with_truth=False)
    arguments = ["--tracker", "fake", "--dataset", f"trackingnet={root}"]
    assert __main__.main(["init", str(tmp_path / "a"), *arguments]) == 0
    assert list(workspace.load(tmp_path / "a").stack.experiments) == ["unsupervised", "realtime"]
    capsys.readouterr()
    supervised = ["--experiment", "supervised"]
    assert __main__.main(["init", str(tmp_path / "b"), *arguments, *supervised]) == 1
    assert "need the box of every frame" in capsys.readouterr().err


def test_a_bundled_stack_gets_working_experiments():
    stack = stacks.make_stack("vot2022/shorttermbox", None, own_data=True)
    assert "dataset" not in stack
    assert {key: value["type"] for key, value in stack["experiments"].items()} == {
        "baseline": "toolkit_adapters.vot.experiments.MultiStart",
        "realtime": "toolkit_adapters.vot.experiments.MultiStart",
        "unsupervised": "toolkit_adapters.vot.experiments.Unsupervised",
    }
    assert stack["experiments"]["realtime"]["realtime"] == {"grace": 3}
    assert "dataset" in stacks.make_stack("vot2022/shorttermbox", None, own_data=False)


@pytest.mark.parametrize("text", ["[", "title: x", "experiments: 3", "experiments: {a: {type: 3}}"])
def test_a_stack_that_is_none(tmp_path, text):
    (tmp_path / "stack.yaml").write_text(text)
    with pytest.raises(HitTrackersError, match=r"stack\.yaml"):
        stacks.make_stack(str(tmp_path / "stack.yaml"), None, own_data=True)
    with pytest.raises(HitTrackersError, match="vot2022/shorttermbox"):
        stacks.make_stack("no/such/stack", None, own_data=True)


def test_a_whole_bundled_stack_runs(got10k, tmp_path):
    space = tmp_path / "space"
    stack = stacks.make_stack("vot2022/shorttermbox", None, own_data=True)
    workspace.create(space, {"drifting": {"tracker": "drifting"}}, stack, got10k)
    text = (space / "trackers.ini").read_text()
    (space / "trackers.ini").write_text(text.replace("traxpython", "inprocess"))
    assert evaluate(space) == []
    assert "baseline" in report(space)


# --- the TraX tracker ------------------------------------------------------------------------


def test_annotations_survive_float32():
    for value in (291.827, 1291.827, 0.1, 150.346, 99.99999):
        assert server.exact_box((float(np.float32(value)),) * 4).tolist() == [value] * 4


class FakeServer:
    """Requests in, answers out, as `trax.Server`."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths
        self.answers: list[tuple[float, ...]] = []
        self.step = -1

    def wait(self):
        self.step += 1
        if self.step >= len(self.paths):
            return SimpleNamespace(type=trax.TraxStatus.QUIT)
        kind = trax.TraxStatus.FRAME if self.step else trax.TraxStatus.INITIALIZE
        image = SimpleNamespace(path=lambda: self.paths[self.step])
        region = trax.Rectangle.create(20.5, 15.25, 30, 24)
        return SimpleNamespace(type=kind, image={"color": image}, objects=[(region, {})])

    def status(self, objects, properties):
        (region, values) = objects[0]
        self.answers.append((*region.bounds(), float(values["confidence"])))


def test_trax_answers_with_boxes_and_confidence(got10k):
    fake = FakeServer([str(path) for path in got10k[0].frames[:3]])
    assert server._loop(trax, fake, DriftingTracker()) == ""
    assert fake.answers == [
        (20.5, 15.25, 30.0, 24.0, 1.0),
        (21.75, 15.75, 30.0, 24.0, 0.75),
        (23.0, 16.25, 30.0, 24.0, 0.75),
    ]


@pytest.mark.parametrize("failure", [{"nan_at": 2}, {"crash_at": 2}])
def test_trax_names_the_frame_of_a_failure(got10k, failure):
    fake = FakeServer([str(path) for path in got10k[0].frames])
    reason = server._loop(trax, fake, DriftingTracker(**failure))
    assert reason.startswith("drifting, 2 frames after its start")
    assert str(got10k[0].frames[2]) in reason
    assert len(fake.answers) == 2


# --- not installed ---------------------------------------------------------------------------


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    for name in [n for n in sys.modules if n.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)


def test_vot_is_not_installed(monkeypatch, capsys, tmp_path):
    without(monkeypatch, "vot")
    assert __main__.main(["init", str(tmp_path / "space"), "--tracker", "hit"]) == 1
    assert 'pip install "hit-trackers[vot]"' in capsys.readouterr().err


def test_trax_is_not_installed(monkeypatch, capsys):
    without(monkeypatch, "trax")
    monkeypatch.setenv("TRAX", "1")
    assert __main__.main([]) == 1
    assert 'pip install "hit-trackers[vot]"' in capsys.readouterr().err


def test_an_attributee_that_breaks_vot(monkeypatch):
    toolkit = importlib.import_module("toolkit_adapters.vot.toolkit")
    without(monkeypatch, "vot")
    monkeypatch.delitem(sys.modules, "vot")

    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "vot":
                raise TypeError("dataclass_transform() takes 0 positional arguments")

    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    with pytest.raises(MissingDependencyError, match=r"attributee 0\.1\.10 breaks it"):
        toolkit.require()


def test_without_arguments_a_terminal_gets_help(monkeypatch, capsys):
    monkeypatch.delenv("TRAX", raising=False)
    assert __main__.main([]) == 2
    assert "init" in capsys.readouterr().err
    assert os.environ.get("TRAX") is None
