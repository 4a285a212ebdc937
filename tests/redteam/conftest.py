"""Attempts to get a false verdict, on the runner's tiny dataset and quick trackers.

And attacks from outside: what a user, a file or a machine can do to this project.
"""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / area) for area in ("runner", "toolkits", "submission")]
sys.path.append(str(TESTS.parent))  # benchmarks

from report.conftest import maker
from runner.conftest import loaded, results, root, run

__all__ = ["loaded", "maker", "results", "root", "run"]
