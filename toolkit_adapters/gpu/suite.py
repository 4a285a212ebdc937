"""The part `suite`: the tests marked gpu, a step for each file of them."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit_adapters.gpu.checkout import checkout
from toolkit_adapters.gpu.steps import LeftOut, Result, Step

if TYPE_CHECKING:
    from toolkit_adapters.gpu.device import Device

#: Seconds that one test may take.
LIMIT = 60


def steps() -> list[Step]:
    """See `parts.PARTS`; one that says why, where there are no tests, as in a wheel."""
    root = checkout()
    files = [
        path.relative_to(root).as_posix()
        for path in sorted((root / "tests").rglob("test_*.py"))
        if re.search(r"pytest\.mark\.gpu|^@gpu$", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    return [Step(name, partial(_run, name), "tests") for name in files] or [
        Step("tests", _no_tests)
    ]


def _no_tests(device: Device) -> Result:
    raise LeftOut(f"{checkout()} has no folder tests: run from a checkout of the repository")


def _run(name: str, device: Device) -> Result:
    for library in ("pytest", "pytest_timeout"):
        if importlib.util.find_spec(library) is None:
            raise LeftOut(f"{library} is not installed: pip install pytest pytest-timeout")
    root = checkout()
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "junit.xml"
        command = [sys.executable, "-m", "pytest", name, "-m", "gpu", "-q", "--timeout", str(LIMIT)]
        command += ["-p", "no:cacheprovider", f"--junitxml={out}"]
        path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
        done = subprocess.run(
            command,
            cwd=root,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if not out.is_file():
            raise RuntimeError(f"pytest left no results: {(done.stdout + done.stderr)[-1500:]}")
        return outcomes(out.read_text(encoding="utf-8"))


def outcomes(junit: str) -> Result:
    """Passed, skipped and failed tests of pytest's XML, each with its reason."""
    found: Result = {"passed": [], "skipped": {}, "failed": {}}
    for case in ET.fromstring(junit).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        bad = next((n for kind in ("failure", "error") for n in case.iter(kind)), None)
        skipped = case.find("skipped")
        if bad is not None:
            found["failed"][name] = f"{bad.get('message') or ''}"[:600]
        elif skipped is not None:
            found["skipped"][name] = f"{skipped.get('message') or ''}"[:300]
        else:
            found["passed"].append(name)
    found["holds"] = bool(found["passed"]) and not found["failed"]
    return found
