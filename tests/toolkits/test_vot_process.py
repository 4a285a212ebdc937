"""The real tracker in a process of its own, started by the real toolkit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from toolkit_samples import FRAMES, make_got10k

from toolkit_adapters.vot import __main__

pytest.importorskip("vot")
pytest.importorskip("trax")

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = ("unsupervised", "supervised", "multistart", "realtime")


def init(space: Path, root: Path, *options: str) -> int:
    arguments = ["init", str(space), "--tracker", "hit_nano", "--dataset", f"got10k-val={root}"]
    return __main__.main([*arguments, "--checkpoint", "seeded", *options])


def test_the_tracker_never_imports_the_toolkit():
    """vot-toolkit is GPL; the process that the toolkit starts is ours."""
    code = (
        "import sys, toolkit_adapters.vot.__main__, toolkit_adapters.vot.server, trax;"
        "import toolkit_adapters.datasets.decoding;"
        "sys.exit('vot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_vot_command_runs_all_four_experiments(tmp_path):
    space, root = tmp_path / "space", make_got10k(tmp_path / "data")
    assert init(space, root, "--sequence", "GOT-10k_Val_000001") == 0
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    # The command asks the network for a newer release first; a proxy that is not there says no.
    environment["HTTPS_PROXY"] = environment["https_proxy"] = "http://127.0.0.1:9"
    command = [sys.executable, "-m", "vot", "evaluate", "hit_nano", "--workspace", str(space)]
    run = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    output = run.stdout + run.stderr
    assert run.returncode == 0, output
    assert "Evaluation concluded successfuly" in output
    for experiment in EXPERIMENTS:
        folder = space / "results" / "hit_nano" / experiment / "GOT-10k_Val_000001"
        assert list(folder.glob("*.bin")), experiment
        times = next(folder.glob("*_time.value")).read_text().splitlines()
        assert len(times) == FRAMES
    # What the command left is whole for our side too, which has nothing more to run.
    assert __main__.main(["evaluate", str(space)]) == 0
    assert __main__.main(["report", str(space)]) == 0
    assert __main__.main(["pack", str(space), "--tracker", "hit_nano"]) == 0
    assert len(list(space.glob("hit_nano_*.zip"))) == 1


def test_what_the_tracker_says_is_not_lost(tmp_path, capsys):
    """The toolkit knows no more than that a pipe broke; the frame and the reason are named."""
    root = make_got10k(tmp_path / "data")
    space = tmp_path / "space"
    assert init(space, root, "--experiment", "unsupervised") == 0
    image = root / "val" / "GOT-10k_Val_000001" / "00000006.jpg"
    image.write_bytes(image.read_bytes()[:700])
    assert __main__.main(["evaluate", str(space)]) == 1
    error = capsys.readouterr().err
    assert "failed: hit_nano/unsupervised/GOT-10k_Val_000001: hit_nano, 5 frames after" in error
    assert f"{image}: the image is truncated" in error
    results = space / "results" / "hit_nano" / "unsupervised"
    assert (results / "GOT-10k_Val_000002" / "GOT-10k_Val_000002_001.bin").is_file()
    assert not (results / "GOT-10k_Val_000001").exists()
    (log,) = (space / "logs").iterdir()
    assert log.name in error


def test_weights_that_are_gone_are_said(tmp_path, capsys):
    root, space = make_got10k(tmp_path / "data"), tmp_path / "space"
    assert init(space, root, "--experiment", "unsupervised") == 0
    registry = space / "trackers.ini"
    registry.write_text(registry.read_text().replace("= seeded", "= /nowhere/gone.safetensors"))
    (space / "sequences" / "list.txt").write_text("GOT-10k_Val_000001\n")
    assert __main__.main(["evaluate", str(space)]) == 1
    assert "/nowhere/gone.safetensors" in capsys.readouterr().err
