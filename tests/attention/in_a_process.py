"""Triton decides at import whether it interprets, so what needs it runs in processes."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

WITHOUT = "Triton is not installed (Linux only; extra: triton)"


def in_a_process(file: str, task: str, **environment: str) -> list[str]:
    """Lines that a file prints as a program with one argument."""
    if importlib.util.find_spec("triton") is None:
        pytest.skip(WITHOUT)
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, file, task],
        env={**os.environ, "PYTHONPATH": path, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
