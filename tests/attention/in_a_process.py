"""Triton decides at import whether it interprets, so what needs it runs in processes."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

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


def compile_for_h100(kernel: Any, constants: Mapping[str, Any], types: Mapping[str, str]) -> None:
    """Print what a kernel becomes, as a line of JSON: its PTX, and the shared memory it takes.

    Args:
        kernel: of Triton.
        constants: its `constexpr` arguments.
        types: of arguments that are neither pointers to float32 (`..._at`) nor int32 (the others).
    """
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    usual = {name: "*fp32" if name.endswith("_at") else "i32" for name in kernel.arg_names}
    signature = {**usual, **types, **dict.fromkeys(constants, "constexpr")}
    compiled = triton.compile(
        ASTSource(kernel, signature, constants),
        target=GPUTarget("cuda", 90, 32),
        options={"enable_fp_fusion": False, "num_warps": 4},
    )
    print(json.dumps({"shared": compiled.metadata.shared, "ptx": compiled.asm["ptx"]}))
