"""All parts, one process after the other, within nine minutes; and the report of what there is."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from toolkit_adapters.gpu import folder
from toolkit_adapters.gpu.parts import WHOLE, Part
from toolkit_adapters.gpu.steps import one_of_each

#: Less than this is not worth the start of a process.
LEAST = 10.0
#: Times a rehearsal may take as long.
PATIENCE = 10


@dataclass(frozen=True)
class Wanted:
    """What is to be measured.

    Attributes:
        out: folder of the report.
        parts: in order.
        device: PyTorch's name of it.
        rehearse: without a device.
        seconds: for all parts together.
    """

    out: Path
    parts: Sequence[Part]
    device: str = "cuda"
    rehearse: bool = False
    seconds: float = WHOLE


def conduct(wanted: Wanted, say: Callable[[str], None] = print) -> list[str]:
    """Run what is left of every part; returns the names of those that have an end.

    Raises:
        KeyboardInterrupt: somebody asks it to stop, by SIGINT or SIGTERM; no process is left.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    end = time.monotonic() + wanted.seconds * (PATIENCE if wanted.rehearse else 1)
    ended = []
    for part in wanted.parts:
        keys = {step.key for step in part.steps()}
        kept = folder.read(wanted.out, part.name)
        if wanted.rehearse:
            keys = {step.key for step in one_of_each(part.steps())}
        if kept is not None and keys <= kept.steps.keys():
            say(f"{part.name}: done already")
            ended.append(part.name)
            continue
        if _run(wanted, part, end, say):
            ended.append(part.name)
    return ended


def _run(wanted: Wanted, part: Part, end: float, say: Callable[[str], None]) -> bool:
    """Processes of one part until it has an end, or its time is up; whether it has an end."""
    # A rehearsal measures no time, on machines that are small and busy.
    patience = PATIENCE if wanted.rehearse else 1
    limit = min(end, time.monotonic() + part.limit * patience)
    begun = _begun(wanted.out, part)
    # A rehearsal is cut off once in every part, as a machine is that is taken away.
    cut = wanted.rehearse and not begun
    while True:
        left = limit - time.monotonic()
        if left < LEAST:
            say(f"{part.name}: no time left; run the same command again to go on")
            return False
        status = _process(wanted, part, left, cut)
        if status == 0:
            return True
        if status is None:
            say(f"{part.name}: its time is up; what it has is kept")
            return False
        if _begun(wanted.out, part) == begun:
            say(f"{part.name}: its process ends (status {status}) before it measures anything")
            return False
        say(f"{part.name}: cut off (status {status}); going on with what is left")
        begun, cut = _begun(wanted.out, part), False


def _begun(out: Path, part: Part) -> int:
    kept = folder.read(out, part.name)
    return 0 if kept is None else sum(kept.begun.values())


def _process(wanted: Wanted, part: Part, seconds: float, cut: bool) -> int | None:
    """Exit status of one process; None where its time was up."""
    command = [sys.executable, "-m", "toolkit_adapters.gpu.worker", str(wanted.out), part.name]
    command += ["--device", wanted.device]
    command += ["--rehearse"] if wanted.rehearse else []
    command += ["--cut"] if cut else []
    home = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    # A session of its own, so that its children, such as a compiler's, end with it.
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": path}, start_new_session=True
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
