from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hit_trackers.errors import DatasetError
from toolkit_adapters import world
from toolkit_adapters.datasets import demo
from toolkit_adapters.datasets.catalogue import DEMO_PARTS


def test_an_interrupted_rendering_leaves_no_half_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(tmp_path / "cache"))
    calls = []

    def render(root: Path, progress: bool = True) -> None:
        calls.append(root)
        (root / "lasot").mkdir(parents=True)
        if len(calls) == 1:
            raise KeyboardInterrupt
        (root / "whole").touch()

    monkeypatch.setattr(world, "render_demo", render)
    with pytest.raises(KeyboardInterrupt):
        demo.demo_root(progress=False)
    # A killed process leaves its scratch folder behind.
    (tmp_path / "cache" / "rendering-killed").mkdir()
    root = demo.demo_root(progress=False)
    assert (root / "whole").exists()
    assert demo.demo_root(progress=False) == root
    assert len(calls) == 2, "rendered once"
    assert sorted(p.name for p in (tmp_path / "cache").iterdir() if p.is_dir()) == [root.name]


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HIT_TRACKERS_CACHE", str(tmp_path / "file"))
    with pytest.raises(DatasetError, match="HIT_TRACKERS_CACHE"):
        demo.demo_root(progress=False)


def test_parts_have_names_of_their_own(tmp_path: Path) -> None:
    names = [dataset.name for dataset in demo.open_demo(tmp_path)]
    assert tuple(names) == DEMO_PARTS
    shutil.rmtree(tmp_path)
