"""The trackers that the paper compares with, as own trackers: each in a checkout's own shape.

What stands for a checkout here (`compared`) has the folders, names and calls of the original, and
no line of it. Each is run in a process of its own, as anybody would.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.records import Results
from toolkit_adapters.scoring.geometry import iou

ROOT = Path(__file__).resolve().parents[2]
#: Of each tracker its checkout, its weights there, and how their names are stored.
CHECKOUTS = {
    "fear_xs": ("FEARTracker", "evaluate/checkpoints/FEAR-XS-NoEmbs.ckpt", "state_dict", "model."),
    "lighttrack": ("LightTrack", "snapshot/LightTrackM/LightTrackM.pth", "state_dict", "module."),
    "hcat": ("HCAT", "pysot_toolkit/models/res18_N2_q16.pth", "net", ""),
}


@pytest.mark.parametrize("name", CHECKOUTS)
def test_it_runs_beside_its_checkout(name: str, tmp_path: Path) -> None:
    checkout, weights, key, prefix = CHECKOUTS[name]
    shutil.copytree(ROOT / "examples/compared", tmp_path / "compared")
    shutil.copytree(ROOT / "tests/own/compared" / checkout, tmp_path / "compared" / checkout)
    shutil.copy(ROOT / "tests/own/compared/matching.py", tmp_path / "compared" / checkout)
    file = tmp_path / "compared" / checkout / weights
    file.parent.mkdir(parents=True)
    torch.save({key: {f"{prefix}scale": torch.ones(1)}}, file)
    (dataset,) = open_datasets("demo-got10k")
    sequence = dataset.sequence_names[0]
    run = subprocess.run(
        [
            *(sys.executable, "-m", "toolkit_adapters", "run", "--tracker", name),
            *("--dataset", "got10k-val", "--root", str(dataset.root), "--max-frames", "6"),
            *("--sequence", sequence),
            *("--results", str(tmp_path / "results"), "--no-memory"),
        ],
        cwd=tmp_path / "compared",  # where trackers.toml is
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    record = Results(tmp_path / "results").record(name, "got10k-val", sequence)
    truth = dataset.load(sequence).truth.boxes[:6]
    assert iou(record.boxes, truth, undefined=0.0)[1:].min() > 0.5
    assert np.isfinite(record.network[1:]).all(), "its network was seen, and timed"
