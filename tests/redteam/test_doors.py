"""What comes in at the doors: every senseless argument or file is an error of ours, in words."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from runner_fakes import FRAMES

from hit_trackers import checkpoint, load_tracker
from hit_trackers.errors import BoxError, CheckpointError, EngineError, HitTrackersError
from hit_trackers.hit import weights
from hit_trackers.hit.network import seeded
from hit_trackers.hit.network.hit import build
from toolkit_adapters import cli
from toolkit_adapters.running.arguments import THREADS_PER_CORE, set_threads

Run = Callable[..., int]


# --- devices and threads ---------------------------------------------------------------------


@pytest.mark.parametrize("device", ["gpu", "", "mps", "cuda:", "cuda:-1", "cuda:x", "CPU", "cpu:0"])
def test_a_device_that_there_is_not(device: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(EngineError, match="expected cpu, cuda or cuda:<index>"):
        load_tracker("hit_nano", device=device)
    for command in (["run", "--tracker", "fake", "--dataset", "demo", "--results", "x"], ["bench"]):
        with pytest.raises(SystemExit) as caught:
            cli.main([*command, "--device", device])
        assert caught.value.code == 2
    assert "expected cpu, cuda" in capsys.readouterr().err


def test_mps_is_said_to_be_unsupported() -> None:
    with pytest.raises(EngineError, match=r"\(mps\) are not supported"):
        load_tracker("hit_nano", device="mps")


@pytest.mark.parametrize("threads", [100_000, 2**31, 2**70])
def test_more_threads_than_pytorch_survives(
    threads: int, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--threads", str(threads)) == 1
    assert f"{threads} threads: expected 1 to" in capsys.readouterr().err


@pytest.mark.parametrize("threads", [-1, 0])
def test_fewer_threads_than_one(threads: int) -> None:
    with pytest.raises(HitTrackersError, match="threads: expected 1 to"):
        set_threads(threads)


def test_the_bound_on_threads_follows_the_cores() -> None:
    before = torch.get_num_threads()
    try:
        set_threads(2 * (os.cpu_count() or 1))
        with pytest.raises(HitTrackersError):
            set_threads(THREADS_PER_CORE * (os.cpu_count() or 1) + 1)
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(not hasattr(os, "getloadavg"), reason="this system states no load")
def test_the_got10k_adapter_takes_threads_and_says_when_the_machine_is_busy(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("got10k")
    from toolkit_adapters.got10k.__main__ import main

    before = torch.get_num_threads()
    monkeypatch.setattr(os, "getloadavg", lambda: (4.0 * (os.cpu_count() or 1), 0.0, 0.0))
    arguments = ["--tracker", "fake", "--dataset", "got10k-val", "--root", str(root)]
    arguments += ["--results", str(tmp_path / "r"), "--no-report", "--sequence", "a"]
    try:
        assert main([*arguments, "--threads", "1"]) == 0
        assert "other processes take part" in capsys.readouterr().err
        assert torch.get_num_threads() == 1
        assert main([*arguments, "--threads", "2"]) == 1
        assert "threads 1, this run has 2" in capsys.readouterr().err
        assert main([*arguments, "--threads", "100000"]) == 1
    finally:
        torch.set_num_threads(before)


# --- checkpoints -----------------------------------------------------------------------------


def spoilt(path: Path, change: Callable[[torch.Tensor], torch.Tensor]) -> Path:
    """Weights of HiT-Nano of which one matrix is another kind of tensor."""
    torch.manual_seed(0)
    state = build("nano").state_dict()
    key = next(k for k, v in state.items() if v.dim() == 2 and v.is_floating_point())
    torch.save({**state, key: change(state[key])}, path)
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.to_sparse(),
        lambda value: value.to_sparse_csr(),
        lambda value: value.to("meta"),
        lambda value: value.to(torch.int32),
        lambda value: value.to(torch.bool),
        lambda value: value.to(torch.complex64),
        lambda value: torch.quantize_per_tensor(value, 0.1, 0, torch.qint8),
    ],
    ids=["sparse", "csr", "meta", "int32", "bool", "complex", "quantised"],
)
def test_weights_that_are_no_plain_numbers(
    tmp_path: Path, change: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    path = spoilt(tmp_path / "odd.pth", change)
    with pytest.raises(CheckpointError, match=r"odd\.pth"):
        checkpoint.load_into(build("nano"), path, seeded.fill, weights.CONSTANTS)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_another_precision_are_taken(tmp_path: Path, dtype: torch.dtype) -> None:
    path = spoilt(tmp_path / "half.pth", lambda value: value.to(dtype))
    checkpoint.load_into(build("nano"), path, seeded.fill, weights.CONSTANTS)


def test_constants_of_another_kind(tmp_path: Path) -> None:
    state = build("nano").state_dict()
    key = next(k for k in state if k.endswith(weights.CONSTANTS))
    torch.save({**state, key: state[key].to(torch.int32)}, tmp_path / "odd.pth")
    with pytest.raises(CheckpointError, match=re.escape(key)):
        checkpoint.load_into(build("nano"), tmp_path / "odd.pth", seeded.fill, weights.CONSTANTS)


# --- boxes -----------------------------------------------------------------------------------

BOXES = ["10,10,1e300,8", "10,10,8,1e300", "1e300,10,8,8", "-1e300,10,1e300,8", "0,0,5000,5000"]


@pytest.mark.parametrize("box", BOXES)
def test_a_first_box_without_measure(
    box: str, root: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    tracker = load_tracker("hit_nano", checkpoint="seeded")
    with pytest.raises(BoxError, match="first box"):
        tracker.init(np.zeros((48, 64, 3), np.uint8), np.array([float(v) for v in box.split(",")]))
    (root / "val" / "a" / "groundtruth.txt").write_text(f"{box}\n" + "10,10,8,8\n" * (FRAMES - 1))
    assert run("--sequence", "a", "--controls", "0") == 1
    said = capsys.readouterr().err
    assert "got10k-val/a: first box" in said
    assert "Error:" not in said


# --- words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("convention", "reason"),
    [("got10k=nobody", "no convention 'nobody'"), ("uav123=official", "no such dataset")],
)
def test_an_unknown_convention(
    convention: str,
    reason: str,
    run: Run,
    results: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run() == 0
    command = ["report", str(results), "--out", str(tmp_path / "out")]
    assert cli.main([*command, "--convention", convention]) == 1
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_unknown_convention_of_result_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", str(tmp_path), "--annotations", str(tmp_path), "--dataset", "lasot"]
    assert cli.main([*command, "--convention", "nobody"]) == 1
    assert "no convention 'nobody'" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="pipes of another kind")
@pytest.mark.parametrize("command", ["verify", "doctor", "list"])
def test_a_reader_that_has_enough(command: str, run: Run, results: Path) -> None:
    assert run() == 0
    words = [command, *([] if command == "list" else [str(results)])]
    reader, writer = os.pipe()
    os.close(reader)  # as `head` has closed it, however soon
    try:
        done = subprocess.run(
            [sys.executable, "-m", "toolkit_adapters", *words],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    assert done.returncode == 128 + 13
