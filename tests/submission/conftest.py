"""Two tiny datasets in official layouts, and records on them."""

from __future__ import annotations

from pathlib import Path

import pytest
from submission_samples import FRAMES, make_boxes, make_record

from hit_trackers.variants import Claim
from toolkit_adapters.records import Run, save_record
from toolkit_adapters.records.files import write_atomically


@pytest.fixture
def trackingnet_root(tmp_path: Path) -> Path:
    root = tmp_path / "trackingnet"
    for seed, (name, frames) in enumerate(FRAMES.items()):
        folder = root / "TEST" / "frames" / name
        folder.mkdir(parents=True)
        for index in range(frames):
            (folder / f"{index}.jpg").touch()
        (root / "TEST" / "anno").mkdir(exist_ok=True)
        first = ",".join(f"{value:.4f}" for value in make_boxes(frames, seed)[0])
        (root / "TEST" / "anno" / f"{name}.txt").write_text(first + "\n")
    return root


@pytest.fixture
def got10k_root(tmp_path: Path) -> Path:
    root = tmp_path / "got10k"
    for seed, (name, frames) in enumerate(FRAMES.items()):
        folder = root / "test" / name
        folder.mkdir(parents=True)
        for index in range(1, frames + 1):
            (folder / f"{index:08d}.jpg").touch()
        first = ",".join(f"{value:.4f}" for value in make_boxes(frames, seed)[0])
        (folder / "groundtruth.txt").write_text(first + "\n")
    (root / "test" / "list.txt").write_text("\n".join(FRAMES) + "\n")
    return root


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Records of `hit_nano` on both datasets."""
    folder = tmp_path / "results"
    for dataset in ("trackingnet", "got10k-test"):
        run = Run(
            tracker="hit_nano",
            baseline="hit_nano",
            family="hit",
            claim=Claim.BASELINE,
            parts={},
            dataset=dataset,
            root="",
            sequences=tuple(FRAMES),
            identity={"weights_sha256": "0" * 64, "device": "cpu"},
            provenance={},
        )
        target = folder / "hit_nano" / dataset
        write_atomically(target / "run.json", run.to_json().encode())
        for seed, (name, frames) in enumerate(FRAMES.items()):
            save_record(target / f"{name}.npz", make_record(frames, seed, run.identity_sha256))
    return folder
