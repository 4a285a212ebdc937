"""The baseline is OSTrack: what the official code computed from the same seeded weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hit_trackers import load_tracker
from hit_trackers.ostrack.config import CONFIGS
from hit_trackers.ostrack.network.ostrack import build
from hit_trackers.ostrack.program import OSTrackProgram

# Frames of the golden clip; the whole of it is `python -m benchmarks.official`.
FRAMES = 3


@pytest.fixture(scope="module")
def golden(shared: Path) -> dict[str, np.ndarray]:
    with np.load(shared / "golden/ostrack/ostrack_official.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def video(shared: Path) -> tuple[np.ndarray, np.ndarray]:
    with np.load(shared / "golden/hit_official.npz") as arrays:
        return arrays["video"], arrays["video_boxes_xywh"][0]


@pytest.mark.parametrize("which", [("256", ""), ("384", ""), ("256", "noce")])
def test_state_dict_is_the_official_one(shared: Path, which: tuple[str, str]) -> None:
    official = json.loads((shared / "golden/ostrack/state_dicts.json").read_text())
    expected = [(k, *v) for k, v in official[CONFIGS[which].name].items()]
    with torch.device("meta"):
        state = build(*which).state_dict()
    found = [(k, list(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in state.items()]
    assert found == expected


@pytest.fixture(scope="module", params=["ostrack_256", "ostrack_384", "ostrack_256_noce"])
def tracker(request: pytest.FixtureRequest, golden: dict[str, np.ndarray]) -> Any:
    return load_tracker(request.param, "seeded")


def test_maps(golden: dict[str, np.ndarray], tracker: Any) -> None:
    config = tracker.config
    search = golden[f"search_{config.search_size}"][0]
    tracker.engine.set_template(golden[f"template_{config.template_size}"][0])
    program: OSTrackProgram = tracker.engine.program
    with torch.inference_mode():
        output = program.predict(tracker.engine.normalise(search), tracker.engine.held)
    for name in ("score", "size", "offset"):
        found = getattr(output, f"{name}s")[0].numpy()
        expected = golden[f"{config.name}/{name}_map"][0]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    everything = set(range(config.search_side**2))
    for number, kept in enumerate(output.kept):
        removed = set(golden[f"{config.name}/removed_{number}"][0].tolist())
        everything -= removed
        assert set(kept.removed[0].tolist()) == removed
        assert set(kept.tokens[0].tolist()) == everything
    assert len(output.kept) == (3 if config.eliminates else 0)


def test_closed_loop(golden: dict[str, np.ndarray], video: Any, tracker: Any) -> None:
    frames, first = video
    tracker.init(frames[0], first)
    boxes = [tracker.update(frame).box for frame in frames[1 : FRAMES + 1]]
    expected = golden[f"{tracker.config.name}/track_xywh"][1 : FRAMES + 1]
    np.testing.assert_allclose(boxes, expected, rtol=0, atol=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ostrack_256", "ostrack_384", "ostrack_256_noce"])
def test_exact_is_bitwise(video: Any, name: str) -> None:
    frames, first = video
    found = []
    for each in (name, f"{name}_exact"):
        tracker = load_tracker(each, "seeded")
        tracker.init(frames[0], first)
        boxes = [tracker.update(frame).box for frame in frames[1 : FRAMES + 1]]
        found.append((np.array(boxes), tracker.run_network(tracker.network_input)))
    assert np.array_equal(found[0][0], found[1][0])
    assert np.array_equal(found[0][1], found[1][1])
