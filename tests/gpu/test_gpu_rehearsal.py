"""Every part of the GPU report starts, writes, is cut off, goes on and reports: without a GPU."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from toolkit_adapters.gpu import subject
from toolkit_adapters.gpu.parts import PARTS, named
from toolkit_adapters.gpu.rehearsal import rehearsed
from toolkit_adapters.gpu.steps import REHEARSED, one_of_each

ROOT = Path(__file__).resolve().parents[2]
#: What a bare machine with PyTorch may lack, and what one had that was looked at.
LACKING = "cv2 scipy tabulate matplotlib jinja2 simplejpeg platformdirs filelock tqdm safetensors"
LESS = "simplejpeg platformdirs"
BLOCKER = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in LACKING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def rehearse(out: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "toolkit_adapters", "gpu-report", "--rehearse"]
    paths = [environment.pop("PYTHONPATH", ""), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [*command, "--out", str(out), *options],
        env={
            **os.environ,
            **environment,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


@pytest.mark.slow
def test_every_part_is_cut_off_once_and_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "rehearsal"
    done = rehearse(out)
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads((out / f"{REHEARSED}.json").read_text(encoding="utf-8"))
    assert content["rehearsal"] is True
    assert list(content["parts"]) == [part.name for part in PARTS]
    for part in PARTS:
        kept = content["parts"][part.name]
        expected = {step.key for step in one_of_each(part.steps())}
        assert kept["steps"].keys() == expected
        assert {step["state"] for step in kept["steps"].values()} == {"done"}, part.name
        assert sorted(kept["begun"].values())[-1] == 2, f"{part.name} was not cut off"
        assert f"{part.name}: cut off" in done.stdout
        # No number and no truth is written: nobody can take it for a measurement.
        found = leaves([step["result"] for step in kept["steps"].values()])
        assert all(leaf is None or isinstance(leaf, str) for leaf in found), part.name
    assert {claim["state"] for claim in content["claims"].values()} == {"open"}
    page = (out / f"{REHEARSED}.md").read_text(encoding="utf-8")
    assert page.startswith("# REHEARSAL: nothing was measured")
    assert not re.search(r"\d ms|\dx|\d px|\d %", page.partition("## machine")[2])
    assert not (out / "report.md").exists()

    again = rehearse(out)
    assert again.returncode == 0
    assert again.stdout.count("done already") == len(PARTS)

    (out / "report.md").write_text("a real one")
    refused = rehearse(out)
    assert refused.returncode == 1
    assert "rehearse in another folder" in refused.stderr


def lack(folder: Path, names: str) -> None:
    (folder / "sitecustomize.py").write_text(f"LACKING = {names.split()!r}\n{BLOCKER}")


@pytest.mark.slow
def test_the_demo_runs_on_a_machine_without_the_smallest(tmp_path: Path) -> None:
    lack(tmp_path, LESS)
    out = tmp_path / "rehearsal"
    done = rehearse(out, "--only", "demo", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads((out / f"{REHEARSED}.json").read_text(encoding="utf-8"))["parts"]
    assert {step["state"] for step in content["demo"]["steps"].values()} == {"done"}


@pytest.mark.slow
def test_a_bare_machine_leaves_out_what_it_lacks(tmp_path: Path) -> None:
    lack(tmp_path, LACKING)
    out = tmp_path / "rehearsal"
    parts = [word for name in ("memory", "demo") for word in ("--only", name)]
    done = rehearse(out, *parts, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads((out / f"{REHEARSED}.json").read_text(encoding="utf-8"))["parts"]
    assert content["memory"]["steps"]["frame/hit_base"]["state"] == "done"
    demo = content["demo"]["steps"]
    assert {step["state"] for step in demo.values()} == {"left out"}
    assert "No module named" in demo["run"]["reason"]


def test_without_opencv_networks_are_timed_and_updates_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_opencv(_: object) -> None:
        raise ModuleNotFoundError("No module named 'cv2'")

    monkeypatch.setattr(subject, "start", no_opencv)
    step = named("speed").steps()[0]
    with rehearsed() as device:
        device.scratch = tmp_path
        found = step.work(device)
    assert found["update"] == "not timed: No module named 'cv2'"
    assert found["ratio"]["network"]
    assert "update" not in found["ratio"]
    assert (tmp_path / "weights" / "hit_nano.pt").is_file()
