"""Attempts to get a false verdict, on the runner's tiny dataset and quick trackers.

And attacks from outside: what a user, a file or a machine can do to this project.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "toolkits"))
sys.path.append(str(Path(__file__).resolve().parents[2]))  # benchmarks

from report.conftest import maker
from runner.conftest import loaded, results, root, run

__all__ = ["loaded", "maker", "results", "root", "run"]
