"""A process that has imported what is slow to import, and runs programs in forks of itself.

    python -m tests.redteam.warm torch cv2

Reads a job a line from standard input, as JSON: `paths` (before all others on `sys.path`), `module`
and `arguments` (as of `python -m`), `folder` (to work in), `log` (of standard error) and `seconds`
(that it may take). Answers each with its exit status; -1: it took too long.

Nothing of this project is imported before the fork: each job brings its own.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SLOW = ("torch", "torch._dynamo", "cv2", "scipy.stats", "safetensors.torch", "PIL.Image", "tqdm")
_STEP = 0.05  # seconds from one look at a fork to the next


class Warm:
    """The other side: one such process, with these imported; use as a context."""

    def __init__(self, imported: Sequence[str] = SLOW) -> None:
        command = [sys.executable, "-m", "tests.redteam.warm", *imported]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(
        self, module: str, arguments: Sequence[str], paths: Sequence[str], folder: Path, log: Path
    ) -> int:
        """Run `python -m module arguments` there; its exit status, -1 where it did not end."""
        job = {"module": module, "arguments": list(arguments), "paths": list(paths)}
        job |= {"folder": str(folder), "log": str(log), "seconds": 600}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def _serve() -> None:
    for name in sys.argv[1:]:
        importlib.import_module(name)
    ours = {name.partition(".")[0] for name in sys.modules} & {"hit_trackers", "toolkit_adapters"}
    assert not ours, f"{ours} would be the same in every job"
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _work(job)
        print(_wait(child, job["seconds"]), flush=True)


def _wait(child: int, seconds: float) -> int:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_STEP)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1


def _work(job: dict[str, Any]) -> None:
    status = 1
    try:
        log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream, file in enumerate((nothing, nothing, log)):
            os.dup2(file, stream)
        os.chdir(job["folder"])
        sys.path[:0] = job["paths"]
        os.environ["PYTHONPATH"] = os.pathsep.join(job["paths"])
        sys.argv = [job["module"], *job["arguments"]]
        runpy.run_module(job["module"], run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve()
