"""The baseline is MixFormer: what the official code computed from the same seeded weights.

But for Precise RoI pooling, a CUDA extension that no CPU runs: the golden data has it by its
definition, and so has the network here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hit_trackers import load_tracker
from hit_trackers.mixformer.config import Setting
from hit_trackers.mixformer.network.mixformer import build
from hit_trackers.mixformer.tracker import MixFormerTracker

SIZES = ["cvt", "vit"]


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "golden/mixformer/mixformer_official.npz") as arrays:
        return dict(arrays)


@pytest.mark.parametrize("size", SIZES)
def test_state_dict_is_the_official_one(shared: Path, size: str) -> None:
    official = json.loads((shared / "golden/mixformer/state_dicts.json").read_text())
    expected = [(k, *v) for k, v in official[f"mixformer_{size}_online"].items()]
    state = build(size).state_dict()
    found = [(k, list(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in state.items()]
    assert found == expected


@pytest.fixture(scope="module", params=SIZES)
def tracker(request: pytest.FixtureRequest, shared: Path) -> Any:
    return load_tracker(f"mixformer_{request.param}", "seeded")


@torch.inference_mode()
def test_both_ways_of_a_frame(golden: dict[str, np.ndarray], tracker: Any) -> None:
    """With both templates in the frame, and with two online templates kept."""
    size = tracker.variant.part("size")
    program = tracker.engine.program
    network, name = program.network, f"mixformer_{size}_online"
    search, first, online = (
        program.normalise(torch.from_numpy(golden[key][0]))
        for key in (f"search_{program.search_size}", "template_128", "online_template_128")
    )
    whole = network(first, online, search)
    kept = network.search(search, network.keep(first, torch.cat([online, first])))
    for output, prefix in ((whole, ""), (kept, "cached_")):
        boxes, scores = (golden[f"{name}/{prefix}pred_{of}"][0] for of in ("boxes", "scores"))
        np.testing.assert_allclose(output.boxes[0], boxes, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(output.scores, scores, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_closed_loop_through_a_change_of_templates(
    golden: dict[str, np.ndarray], shared: Path
) -> None:
    loaded = load_tracker("mixformer_cvt", "seeded")
    # As the golden data was made: the search factor of the yaml, a change every five frames.
    tracker = MixFormerTracker(loaded.engine, loaded.variant, "cpu", Setting(5.0, 5, 1))
    with np.load(shared / "golden/hit_official.npz") as arrays:
        frames, first = arrays["video"], arrays["video_boxes_xywh"][0]
    tracker.init(frames[0], first)
    boxes, highest = [], []
    for frame in frames[1:8]:
        boxes.append(tracker.update(frame).box)
        highest.append(tracker._highest)
    name = "mixformer_cvt_online/{}_online1_every5"
    np.testing.assert_allclose(boxes, golden[name.format("track_xywh")][1:8], rtol=0, atol=1e-2)
    np.testing.assert_allclose(highest, golden[name.format("max_pred_score")][:7], atol=1e-4)
