"""The runner's tiny dataset, fake trackers and `run` command, for several workers."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner"))

from runner.conftest import loaded, root, run

__all__ = ["loaded", "root", "run"]
