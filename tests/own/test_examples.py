"""The examples, as they are written: each runs, and tracks better than a box that stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from hit_trackers import families, load_tracker
from hit_trackers.optimise import operators
from toolkit_adapters import cli
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.decoding import decode
from toolkit_adapters.records import Results
from toolkit_adapters.scoring.geometry import iou

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SHARED = ROOT.parent / "shared"
Run = Callable[..., int]

needs_published = pytest.mark.skipif(
    not (SHARED / "weights").is_dir(),
    reason="../shared/weights, the weights that others published, is not here",
)


@pytest.fixture(scope="module")
def frames() -> tuple[list[np.ndarray], np.ndarray]:
    """Twelve frames of the demo whose target moves, and its boxes."""
    dataset = open_datasets("demo")[0]
    sequence = dataset.load(dataset.sequence_names[0])
    images = [decode(path).image for path in sequence.frames[:12]]
    return images, sequence.truth.boxes[:12]


def overlap_of(name: str, frames: tuple[list[np.ndarray], np.ndarray]) -> float:
    images, truth = frames
    tracker = load_tracker(name)
    tracker.init(images[0], truth[0])
    boxes = np.array([tracker.update(image).box for image in images[1:]])
    return float(iou(boxes, truth[1:], undefined=0.0).mean())


@pytest.mark.parametrize("name", ["mine", "mil", "ridge", "matcher"])
def test_it_tracks(name: str, frames: tuple[list[np.ndarray], np.ndarray]) -> None:
    if name == "ridge":
        pytest.importorskip("got10k")
    families.declare_file(EXAMPLES / "trackers.toml")
    still = float(iou(np.repeat(frames[1][:1], 11, 0), frames[1][1:], undefined=0.0).mean())
    assert overlap_of(name, frames) > still


@pytest.mark.skipif(not hasattr(cv2, "TrackerCSRT"), reason="this OpenCV is built without CSRT")
def test_csrt(frames: tuple[list[np.ndarray], np.ndarray], tmp_path: Path) -> None:
    make = f'make = "{EXAMPLES / "opencv.py"}:OpenCV"'
    (tmp_path / "csrt.toml").write_text(
        f'[csrt]\n{make}\narguments = {{kind = "CSRT"}}\ncolour = "bgr"\n'
    )
    families.declare_file(tmp_path / "csrt.toml")
    assert overlap_of("csrt", frames) > 0.5


def test_the_checkout_is_certified_with_no_line_of_it_changed(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    families.declare_file(EXAMPLES / "trackers.toml")
    names = [word for name in ("", "_exact", "_bf16") for word in ("--tracker", f"matcher{name}")]
    assert run(*names) == 0
    assert "matcher: demo: search factor 3.0" in capsys.readouterr().err
    assert cli.main(["verify", str(results)]) == 0
    record = Results(results).record("matcher_exact", "got10k-val", "a")
    assert np.isfinite(record.network[1:]).all()
    assert "network.forward_test" in record.executed, "which is no `forward`"


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("WEIGHTS", str(SHARED / "weights"))
    families.declare_file(EXAMPLES / "published" / "trackers.toml")


@needs_published
@pytest.mark.parametrize("name", ["fear", "nanotrack", "vittrack"])
def test_published_weights_track_a_real_sequence(published: None, name: str) -> None:
    (dataset,) = open_datasets("got10k-val", SHARED / "data" / "got10k")
    sequence = dataset.load("Crossing")
    images = [decode(path).image for path in sequence.frames[:12]]
    assert overlap_of(name, (images, sequence.truth.boxes[:12])) > 0.5


@needs_published
def test_vittrack_in_pytorch_is_the_network_of_the_file(published: None) -> None:
    import onnxruntime

    tracker = load_tracker("vittrack")
    rng = np.random.default_rng(0)
    tracker.init(rng.integers(0, 256, (240, 320, 3), np.uint8), [100, 80, 50, 40])
    tracker.probe.recording = True
    tracker.update(rng.integers(0, 256, (240, 320, 3), np.uint8))
    (call,) = tracker.probe.network_input.calls
    session = onnxruntime.InferenceSession(os.path.join(SHARED, "weights", "vitTracker.onnx"))
    given = dict(zip(("template", "search"), (one.numpy() for one in call.args), strict=True))
    expected = session.run(None, given)
    for ours, theirs in zip(
        tracker.probe.watch.replay(tracker.probe.network_input)[0], expected, strict=True
    ):
        assert np.abs(ours.numpy() - theirs).max() < 1e-5


@pytest.mark.slow
@needs_published
def test_what_vittracks_variants_change(
    published: None,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Query tiles no bit, the fused kernel some, bfloat16 the boxes."""
    # Its maps of 0.4 MB fit a cache, and would be left as they are: here 64 queries at a time.
    for name, value in {
        "SMALL_BYTES": 0,
        "WHOLE_BYTES": 0,
        "TILE_BYTES": 0,
        "TILE_ROWS": 64,
    }.items():
        monkeypatch.setattr(operators, name, value)
    names = [f"vittrack_{part}" for part in ("exact", "memeff", "bf16")]
    only = [word for name in names for word in ("--only", name)]
    where = ["--dataset", "got10k-val", "--root", str(SHARED / "data" / "got10k")]
    where += ["--sequence", "Crossing", "--sequence", "Deer", "--max-frames", "22"]
    options = ["--results", str(tmp_path / "r"), "--threads", "1", "--no-memory"]
    assert cli.main(["optimise", "vittrack", *only, *where, *options]) == 0
    said = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split("|")] for line in said.splitlines()]
    verdicts = {row[1]: row[2] for row in rows if len(row) > 2}
    assert verdicts["vittrack_exact"] == "bitwise"
    assert verdicts["vittrack_memeff"] != "bitwise"
    assert verdicts["vittrack_bf16"] != "bitwise"
    assert "broken" not in said, "the fused kernel keeps its tolerance, open loop"
