"""A report's folder, its processes, and what they leave of a step that goes wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hit_trackers.errors import EngineError, RecordError
from toolkit_adapters.cli import main
from toolkit_adapters.gpu import conduct, folder, worker
from toolkit_adapters.gpu.parts import PARTS, WHOLE, Part, named
from toolkit_adapters.gpu.steps import REHEARSED, LeftOut, Step, blank, one_of_each


class Nowhere:
    """A device that nothing asks."""

    rehearsal = False

    def facts(self) -> dict[str, Any]:
        return {"device": "none"}


def part_of(*steps: Step) -> Any:
    return SimpleNamespace(name="machine", steps=lambda: list(steps))


def test_all_parts_fit_into_nine_minutes() -> None:
    assert sum(part.limit for part in PARTS) <= WHOLE == 540
    assert all(part.limit < 180 for part in PARTS)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_steps_have_names_of_their_own(part: Part) -> None:
    keys = [step.key for step in part.steps()]
    assert keys
    assert len(keys) == len(set(keys))
    assert {step.key for step in one_of_each(part.steps())} <= set(keys)


def test_a_step_has_an_end_whatever_happens_in_it(tmp_path: Path) -> None:
    def broken(_: object) -> dict[str, Any]:
        raise ValueError("no such shape")

    def missing(_: object) -> dict[str, Any]:
        raise LeftOut("no such\nlibrary")

    def unfit(_: object) -> dict[str, Any]:
        raise EngineError("not on this device")

    steps = [Step("good", lambda _: {"a": float("nan")}), Step("bad", broken)]
    steps += [Step("missing", missing), Step("unfit", unfit)]
    assert worker.work(tmp_path, part_of(*steps), Nowhere()) == 0  # type: ignore[arg-type]
    kept = folder.read(tmp_path, "machine")
    assert kept is not None
    assert [step["state"] for step in kept.steps.values()] == ["done", "failed", *["left out"] * 2]
    assert kept.results == {"good": {"a": None}}
    assert kept.steps["missing"]["reason"] == "no such library"
    assert kept.failures == ["machine bad: ValueError: no such shape"]


def test_a_broken_context_gets_a_new_process(tmp_path: Path) -> None:
    def illegal(_: object) -> dict[str, Any]:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    after: list[int] = []
    steps = [Step("bad", illegal), Step("after", lambda _: after.append(1) or {})]
    part = part_of(*steps)
    assert worker.work(tmp_path, part, Nowhere()) == worker.AGAIN  # type: ignore[arg-type]
    assert not after
    assert worker.work(tmp_path, part, Nowhere()) == 0  # type: ignore[arg-type]
    assert after == [1]


def test_a_step_that_ends_its_process_twice_is_given_up(tmp_path: Path) -> None:
    def dies(_: object) -> dict[str, Any]:
        raise KeyboardInterrupt  # as a signal would

    part = part_of(Step("dies", dies), Step("after", lambda _: {}))
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            worker.work(tmp_path, part, Nowhere())  # type: ignore[arg-type]
    assert worker.work(tmp_path, part, Nowhere()) == 0  # type: ignore[arg-type]
    kept = folder.read(tmp_path, "machine")
    assert kept is not None
    assert kept.steps["dies"] == {"state": "failed", "reason": "the process ended in it 2 times"}
    assert kept.steps["after"]["state"] == "done"


def test_a_part_is_not_continued_elsewhere(tmp_path: Path) -> None:
    part = part_of(Step("a", lambda _: {}))
    worker.work(tmp_path, part, Nowhere())  # type: ignore[arg-type]
    elsewhere = Nowhere()
    elsewhere.rehearsal = True
    with pytest.raises(RecordError, match=r"rehearsal was False, is True.*--fresh"):
        worker.work(tmp_path, part, elsewhere)  # type: ignore[arg-type]
    folder.path_of(tmp_path, "machine").write_text("{}")
    with pytest.raises(RecordError, match="not a part of a GPU report"):
        folder.read(tmp_path, "machine")


def test_a_part_that_takes_too_long_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conduct, "LEAST", 0.0)
    monkeypatch.setattr(conduct, "PATIENCE", 1)
    said: list[str] = []
    wanted = conduct.Wanted(tmp_path, [named("memory")], rehearse=True, seconds=0.3)
    start = time.monotonic()
    assert conduct.conduct(wanted, said.append) == []
    assert time.monotonic() - start < 20
    assert said == ["memory: its time is up; what it has is kept"]


def test_a_process_that_cannot_begin_is_not_tried_for_ever(tmp_path: Path) -> None:
    said: list[str] = []
    folder.write(tmp_path, folder.Kept("memory", {"device": "another"}, begun={"x": 1}))
    wanted = conduct.Wanted(tmp_path, [named("memory")], rehearse=True)
    assert conduct.conduct(wanted, said.append) == []
    assert said == ["memory: its process ends (status 1) before it measures anything"]


def test_a_signal_leaves_a_report_and_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[Any] = []

    class Asked(subprocess.Popen):  # type: ignore[type-arg]
        def wait(self, timeout: float | None = None) -> int:
            if timeout is not None:
                started.append(self)
                os.kill(os.getpid(), signal.SIGTERM)
            return super().wait(timeout)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(conduct.subprocess, "Popen", Asked)
    try:
        assert main(["gpu-report", "--rehearse", "--out", str(tmp_path), "--only", "memory"]) == 130
    finally:
        signal.signal(signal.SIGTERM, before)
    assert "run the same command again to resume" in capsys.readouterr().err
    assert (tmp_path / f"{REHEARSED}.md").is_file()
    assert [process.returncode for process in started] == [-signal.SIGKILL]


def test_a_rehearsal_has_no_numbers() -> None:
    found = blank({"a": 1.5, "b": [True, "word", None, (2,)], "c": {"d": False}})
    assert found == {
        "a": REHEARSED,
        "b": [REHEARSED, "word", None, [REHEARSED]],
        "c": {"d": REHEARSED},
    }


def test_the_command_explains_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["gpu-report", "--dry-run", "--only", "roofline"]) == 0
    out = capsys.readouterr().out
    assert "roofline: rates of the device" in out
    assert "    launches" in out
    assert main(["gpu-report"]) == 1
    assert "--out DIR is missing" in capsys.readouterr().err
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert main(["gpu-report", "--out", str(tmp_path)]) == 1
    assert "no CUDA device" in capsys.readouterr().err
    assert main(["gpu-report", "--out", str(tmp_path), "--device", "cpu"]) == 1
    assert "--rehearse" in capsys.readouterr().err
    assert main(["gpu-report", "--out", str(tmp_path), "--sentences"]) == 0
    told = capsys.readouterr().out
    assert "OPEN" in told
    assert "docs/" in told
    assert not list(tmp_path.iterdir())
