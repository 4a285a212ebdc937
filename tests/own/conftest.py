"""Own trackers, on the runner's tiny dataset."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "toolkits"))

from runner.conftest import loaded, results, root, run

from hit_trackers.declarations import VARIABLE
from hit_trackers.families import registry
from hit_trackers.own import room

__all__ = ["loaded", "results", "root", "run"]


@pytest.fixture(autouse=True)
def nothing_declared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No test sees another's trackers."""
    monkeypatch.setenv(VARIABLE, "[]")
    monkeypatch.setattr(room, "_TAKEN", {})
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    registry.cache_clear()
    yield
    registry.cache_clear()
    for name in [one for one in sys.modules if one.partition(".")[0] in room._TAKEN]:
        del sys.modules[name]
