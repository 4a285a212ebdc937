"""The real network, with seeded weights, through the real commands."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from toolkit_adapters import cli
from toolkit_adapters.records import open_results
from toolkit_adapters.verdict.levels import Boxes
from toolkit_adapters.verdict.verification import verify


def test_three_trackers_and_both_controls(root: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    arguments = ["run", "--dataset", "got10k-val", "--root", str(root), "--no-memory"]
    arguments += ["--checkpoint", "seeded", "--max-frames", "5", "--open-loop", "2"]
    arguments += ["--sequence", "a", "--sequence", "b", "--controls", "1"]
    for name in ("hit_nano", "hit_nano_exact", "hit_nano_memeff"):
        arguments += ["--tracker", name]
    assert cli.main([*arguments, "--results", str(results)]) == 0
    opened = open_results(results)
    verification = verify(opened)
    assert verification.failures == ()
    levels = {c.tracker: c.boxes for c in verification.certificates}
    assert levels["hit_nano_exact"] is Boxes.BITWISE
    memeff = next(c for c in verification.certificates if c.tracker == "hit_nano_memeff")
    assert memeff.open_frames == 4
    record = opened.record("hit_nano", "got10k-val", "a")
    assert np.isfinite(record.network[1:]).all()
    assert (record.network[1:] <= record.update[1:]).all()
    assert (record.update[1:] <= record.frame[1:]).all()
    assert record.patch_size == 256
    assert (record.scores[1:] > 0).all()
