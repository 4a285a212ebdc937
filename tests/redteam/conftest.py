"""Attacks from outside: what a user, a file or a machine can do to this project.

The samples of other areas are used here, too.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parents[1]
for area in ("runner", "toolkits", "submission"):
    sys.path.append(str(TESTS / area))
sys.path.append(str(TESTS.parent))  # benchmarks


@pytest.fixture
def maker(tmp_path: Path) -> Any:
    """Writes synthetic results, as the tests of reports do."""
    path = TESTS / "report" / "conftest.py"
    spec = importlib.util.spec_from_file_location("report_samples", path)
    assert spec is not None
    assert spec.loader is not None
    samples = importlib.util.module_from_spec(spec)
    sys.modules["report_samples"] = samples
    spec.loader.exec_module(samples)
    return samples.Maker(tmp_path)
