"""Attempts to get a false verdict, on the runner's tiny dataset and quick trackers."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner"))

from runner.conftest import loaded, results, root, run

__all__ = ["loaded", "results", "root", "run"]
