from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from toolkit_adapters import cli

PROBE = """
import sys
from toolkit_adapters import cli
try:
    cli.main({arguments!r})
except SystemExit:
    pass
heavy = {{"torch", "numpy", "cv2", "scipy", "matplotlib", "got10k", "vot", "ray"}}
heavy &= set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.parametrize("arguments", [["list"], ["--help"], ["run", "--help"], ["doctor", "-h"]])
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(arguments=arguments)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_list_shows_claims(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "--size", "nano"]) == 0
    out = capsys.readouterr().out
    assert "hit_nano_exact" in out
    assert "hit_base" not in out
    assert "bitwise" in out
    assert "LASOT_ROOT" in out


def test_doctor_says_what_is_found_and_what_is_wrong(
    shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HIT_TRACKERS_CONFIG", "/nowhere/config.ini")
    for name in ("lasot", "trackingnet", "got10k"):
        monkeypatch.setenv(f"{name.upper()}_ROOT", str(shared / "data" / name))
    assert cli.main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "lasot: 1 sequences, 300 frames, 1 with full truth" in out
    assert "279 not on disk" in out
    assert "torch" in out
    monkeypatch.setenv("LASOT_ROOT", "/nowhere")
    assert cli.main(["doctor"]) == 1
    assert "PROBLEM lasot: /nowhere (from LASOT_ROOT)" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["verify"], ["doctor"]])
def test_a_folder_without_results(
    tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--max-frames", "0"), ("--open-loop", "-1"), ("--controls", "x"), ("--dataset", "otc")],
)
def test_wrong_options_are_usage_errors(option: str, value: str) -> None:
    with pytest.raises(SystemExit) as error:
        cli.main(["run", "--tracker", "hit", "--dataset", "demo", "--results", "r", option, value])
    assert error.value.code == 2


def test_an_unknown_tracker(tmp_path: Path, capsys: pytest.CaptureFixture[str], root: Path) -> None:
    arguments = ["run", "--tracker", "fake_exakt", "--dataset", "got10k-val"]
    assert cli.main([*arguments, "--root", str(root), "--results", str(tmp_path / "r")]) == 1
    assert "did you mean 'exact'" in capsys.readouterr().err
