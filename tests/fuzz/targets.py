"""What is fuzzed: for each kind of file, contents to try and the code that reads it.

A target's `read` gets a folder of its own and the contents; it must return, or raise an exception
of ours. What it returns is counted by its name.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from hypothesis import strategies as st

from hit_trackers import checkpoint, zoo
from hit_trackers.errors import HitTrackersError
from toolkit_adapters import certificates, config
from toolkit_adapters.datasets.got10k import Got10k
from toolkit_adapters.datasets.lasot import Lasot
from toolkit_adapters.datasets.trackingnet import TrackingNet
from toolkit_adapters.decoding import decode
from toolkit_adapters.inspection import inspect_dataset, inspect_results
from toolkit_adapters.metrics import CONVENTIONS
from toolkit_adapters.rawresults.evaluation import evaluate
from toolkit_adapters.rawresults.files import Files
from toolkit_adapters.records import Record, Results, Run, load_record, load_run, save_record
from toolkit_adapters.submission.expected import of_names
from toolkit_adapters.submission.validator import check_zip, detect_kind

from .edits import anything, zips

FRAMES = 5
BOXES = b"10,10,8,8\n" * FRAMES
ONE_BOX = b"10.5,10,8,8\n"
RESULTS = [
    BOXES,
    BOXES.replace(b",", b"\t"),
    BOXES.replace(b",", b" "),
    b"1.5,2e1,3,4\r\n" * FRAMES,
]
SECONDS = b"0.01000000\n" * FRAMES


@dataclass(frozen=True)
class Target:
    """One kind of file."""

    contents: st.SearchStrategy[Any]
    read: Callable[[Path, Any], object]


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _frames(folder: Path, first: int) -> None:
    for number in range(first, first + FRAMES):
        _write(folder / f"{number:08d}.jpg", b"")


# Annotations


def _got10k(folder: Path, contents: tuple[bytes, ...]) -> str:
    listing, truth, cover, absence = contents
    sequence = folder / "val" / "a"
    _frames(sequence, 1)
    _write(folder / "val" / "list.txt", listing)
    _write(sequence / "groundtruth.txt", truth)
    _write(sequence / "cover.label", cover)
    _write(sequence / "absence.label", absence)
    return _dataset(Got10k(folder), folder)


def _lasot(folder: Path, contents: tuple[bytes, ...]) -> str:
    truth, occluded, hidden = contents
    sequence = folder / "airplane" / "airplane-1"
    _frames(sequence / "img", 1)
    _write(sequence / "groundtruth.txt", truth)
    _write(sequence / "full_occlusion.txt", occluded)
    _write(sequence / "out_of_view.txt", hidden)
    return _dataset(Lasot(folder), folder)


def _trackingnet(folder: Path, contents: tuple[bytes, ...]) -> str:
    first, truth = contents
    _frames(folder / "TEST" / "frames" / "a", 0)
    _write(folder / "TEST" / "anno" / "a.txt", first)
    _write(folder / "truth" / "a.txt", truth)
    return _dataset(TrackingNet(folder), folder)


def _dataset(dataset: Any, folder: Path) -> str:
    findings = list(inspect_dataset(dataset))
    assert findings
    for name in dataset.sequence_names:
        sequence = dataset.load(name)
        assert all(frame.resolve().is_relative_to(folder.resolve()) for frame in sequence.frames)
        assert np.isfinite(sequence.truth).all()
    assert len(dataset.fingerprint()) == 64
    return "sound"


_LABEL = anything([b"1\n0\n0\n0\n0\n", b"1,0,0,0,0", b"8\n8\n8\n8\n8\n"])

# Raw results and submissions


def _evaluate(folder: Path, contents: tuple[bytes, bytes, str, bool, bool]) -> str:
    result, truth, convention, repair, truncate = contents
    _write(folder / "raw" / "a.txt", result)
    _write(folder / "raw" / "b.txt", BOXES)
    _write(folder / "truth" / "a.txt", truth)
    _write(folder / "truth" / "b.txt", BOXES)
    scored = evaluate(
        folder / "raw",
        folder / "truth",
        CONVENTIONS[convention],
        repair=repair,
        truncate=truncate,
        skip_missing=True,
    )
    for name, value in vars(scored.overall).items():
        if isinstance(value, float):
            assert np.isfinite(value), (name, value)
    return "scored"


def _result_zip(folder: Path, content: bytes) -> str:
    path = _write(folder / "results.zip", content)
    with Files(path) as files:
        for name in files.names:
            with contextlib.suppress(HitTrackersError):
                files.read(name)
    _write(folder / "truth" / "a.txt", BOXES)
    evaluate(path, folder / "truth", CONVENTIONS["lasot_official"], skip_missing=True)
    return "scored"


def _submission(folder: Path, content: bytes) -> str:
    path = _write(folder / "submission.zip", content)
    expected = {
        "trackingnet": of_names("trackingnet", ["a", "airplane-1"]),
        "got10k": of_names("got10k", ["GOT-10k_Test_000001"]),
    }
    problems = [check_zip(path, each) for each in expected.values()]
    kind = detect_kind(path)
    assert kind in expected
    return "sound" if not all(problems) else "problems"


# Configuration and names


def _config(folder: Path, content: bytes) -> str:
    os.environ["HIT_TRACKERS_CONFIG"] = str(_write(folder / "config.ini", content))
    os.environ.pop("HIT_CHECKPOINTS", None)
    try:
        config.use_configured_checkpoints()
        config.find_root("lasot")
    finally:
        os.environ.pop("HIT_TRACKERS_CONFIG", None)
        os.environ.pop("HIT_CHECKPOINTS", None)
    return "read"


_CONFIG = b"""[roots]
lasot = /data/LaSOT
got10k: ~/got10k

[checkpoints]
folder = /data/weights
"""


def _name(folder: Path, content: str) -> str:
    spec = zoo.parse(content, default_size="nano")
    assert zoo.parse(spec.name) == spec
    return "parsed"


_TOKENS = ["hit", "base", "nano", "exact", "memeff", "graph", "bf16", "onnx", "x", ""]

# Images


def _images() -> list[bytes]:
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)
    found = []
    for suffix, image in [
        (".jpg", colour),
        (".png", colour),
        (".bmp", colour),
        (".webp", colour),
        (".tiff", colour),
        (".png", colour[..., 0].astype(np.uint16)),
        (".png", np.dstack([colour, colour[..., :1]])),
        (".jpg", colour[..., 0]),
    ]:
        found.append(cv2.imencode(suffix, image)[1].tobytes())
    return found


def _image(folder: Path, content: bytes) -> str:
    frame = decode(_write(folder / "00000001.jpg", content))
    assert frame.image.dtype == np.uint8
    assert frame.image.ndim == 3
    assert frame.image.shape[2] == 3
    assert frame.image.flags["C_CONTIGUOUS"]
    return "decoded"


# Checkpoints


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch executed",)


def _checkpoints() -> list[bytes]:
    from safetensors.torch import save

    state = {"a.weight": torch.zeros(2, 3), "b": torch.ones(2, dtype=torch.int64)}
    found = [save(state)]
    for content, options in [
        (state, {}),
        ({"net": state, "epoch": 3}, {}),
        (state, {"_use_new_zipfile_serialization": False}),
        ({"net": state, "settings": _Evil()}, {}),
    ]:
        buffer = io.BytesIO()
        torch.save(content, buffer, **options)  # type: ignore[arg-type]
        found.append(buffer.getvalue())
    found += [pickle.dumps(_Evil()), pickle.dumps({"a": 1}), pickle.dumps([1, 2])]
    return found


def _checkpoint(folder: Path, contents: tuple[bytes, str]) -> str:
    content, suffix = contents
    before = Path("executed").exists()
    try:
        state = checkpoint.read(_write(folder / f"weights{suffix}", content))
    finally:
        assert Path("executed").exists() == before, "a checkpoint was executed"
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    return "read"


# Results


def _record(number: int, frames: int = FRAMES) -> Record:
    rng = np.random.default_rng(number)
    return Record(
        boxes=rng.uniform(1, 50, (frames, 4)),
        scores=rng.uniform(0, 1, frames),
        **{scope: rng.uniform(0, 1, frames) for scope in ("decode", "network", "device")},
        update=rng.uniform(0, 1, frames),
        frame=rng.uniform(0, 1, frames),
        flags=np.array([1, 2, *[0] * (frames - 2)], np.uint8),
        open_index=np.array([2, 4]),
        open_boxes=rng.uniform(0, 1, (2, 4)).astype(np.float32),
        patch_size=256,
        identity=_run("hit_nano", "baseline").identity_sha256,
        pairing="p",
        notes=("1 frames: grey",),
    )


def _run(tracker: str, claim: str) -> Run:
    return Run(
        tracker=tracker,
        baseline="hit_nano",
        claim=claim,
        spec={"size": "nano", "attention": "eager", "engine": "eager", "precision": "fp32"},
        dataset="lasot",
        root="/data",
        sequences=("a", "b"),
        identity={"weights_sha256": "w", "device": "cpu (x)", "dataset": "lasot"},
        provenance={"command": "c", "control": False},
    )


def _npz() -> list[bytes]:
    path = Path(f"/tmp/hit-trackers-fuzz-{os.getpid()}.npz")
    try:
        save_record(path, _record(0))
        return [path.read_bytes()]
    finally:
        path.unlink(missing_ok=True)


def _load_record(folder: Path, content: bytes) -> str:
    record = load_record(_write(folder / "a.npz", content))
    # Bits that are not data (dates of the zip, padding) may differ: the data may not.
    assert record.digest() == _record(0).digest(), "other data with a right digest"
    return "the record"


def _load_run(folder: Path, content: bytes) -> str:
    run = load_run(_write(folder / "run.json", content))
    assert len(run.identity_sha256) == 64
    assert isinstance(run.on_cuda, bool)
    return "read"


def _verify(folder: Path, contents: tuple[bytes, bytes, bytes]) -> str:
    """All readers of a results folder in which three files are anybody's."""
    run, record, memory = contents
    results = folder / "results"
    for tracker, claim in (("hit_nano", "baseline"), ("hit_nano_exact", "bitwise")):
        where = results / tracker / "lasot"
        _write(where / "run.json", _run(tracker, claim).to_json().encode())
        for name in ("a", "b"):
            save_record(where / f"{name}.npz", _record(ord(name)))
    _write(results / "hit_nano_exact" / "lasot" / "run.json", run)
    _write(results / "hit_nano_exact" / "lasot" / "a.npz", record)
    _write(results / "hit_nano_exact" / "memory.json", memory)
    assert list(inspect_results(results))
    with contextlib.suppress(HitTrackersError):
        Results(results).memory("hit_nano_exact")
    verification = certificates.verify(Results(results))
    json.dumps([each.to_json() for each in verification.certificates])
    return "broken" if verification.failures else "holds"


_RUN = [_run("hit_nano_exact", "bitwise").to_json().encode()]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@st.composite
def _other_values(draw: st.DrawFn) -> bytes:
    """A run.json with any value in place of one of its own."""
    values = json.loads(_RUN[0])
    key = draw(st.sampled_from(sorted(values)))
    values[key] = draw(_JSON)
    return json.dumps(values).encode()


# TraX


def _trax(folder: Path, contents: list[tuple[str, bytes, Any]]) -> str:
    """The loop of the TraX tracker, on messages as the toolkit's library hands them over."""
    from toolkit_adapters.vot import server

    class Prediction(tuple):
        pass

    class Tracker:
        name = "hit_nano"

        def init(self, image: Any, box: Any) -> None:
            if not (np.isfinite(box).all() and (box[2:] > 0).all()):
                raise HitTrackersError("no box")
            self.box = box

        def update(self, image: Any) -> Any:
            return self.box, 0.5

    status = types.SimpleNamespace(INITIALIZE=1, FRAME=2)
    rectangle = types.SimpleNamespace(create=lambda *values: tuple(map(float, values)))
    trax = types.SimpleNamespace(TraxStatus=status, Rectangle=rectangle)
    requests = []
    for number, (kind, content, bounds) in enumerate(contents):
        path = folder / f"{number}.jpg"
        if kind != "no file":
            _write(path, content)
        image = types.SimpleNamespace(path=lambda path=path: str(path))
        region = types.SimpleNamespace(bounds=lambda bounds=bounds: bounds)
        requests.append(
            types.SimpleNamespace(
                type={"init": 1, "no file": 1, "frame": 2}.get(kind, 3),
                image={} if kind == "no image" else {"color": image},
                objects=[] if bounds is None else [(region, {})],
            )
        )
    answers: list[Any] = []
    requests.append(types.SimpleNamespace(type=0, image={}, objects=[]))
    source = iter(requests)
    fake = types.SimpleNamespace(wait=lambda: next(source), status=lambda *a: answers.append(a))
    reason = server._loop(trax, fake, Tracker())  # type: ignore[arg-type]
    assert isinstance(reason, str)
    return "stopped with a reason" if reason else "answered"


_BOUNDS = st.none() | st.tuples(*[st.floats(width=32)] * 4) | st.just((1.0, 1.0, 8.0, 8.0))
_MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(["init", "frame", "frame", "no file", "no image", "quit"]),
        st.sampled_from(_images()) | anything(_images()),
        _BOUNDS,
    ),
    max_size=4,
)

TARGETS: dict[str, Target] = {
    "got10k annotations": Target(
        st.tuples(anything([b"a\n", b"a\nb\n", b"../a\n"]), anything([BOXES]), _LABEL, _LABEL),
        _got10k,
    ),
    "lasot annotations": Target(st.tuples(anything([BOXES]), _LABEL, _LABEL), _lasot),
    "trackingnet annotations": Target(
        st.tuples(anything([ONE_BOX, BOXES]), anything([BOXES])), _trackingnet
    ),
    "raw results": Target(
        st.tuples(
            anything(RESULTS),
            st.just(BOXES) | anything([BOXES]),
            st.sampled_from(sorted(CONVENTIONS)),
            st.booleans(),
            st.booleans(),
        ),
        _evaluate,
    ),
    "zips of results": Target(zips(RESULTS), _result_zip),
    "zips to submit": Target(zips([*RESULTS, SECONDS]), _submission),
    "configuration": Target(anything([_CONFIG]), _config),
    "tracker names": Target(
        st.text(max_size=30)
        | st.lists(
            st.sampled_from(_TOKENS),
            max_size=6,
        ).map("_".join),
        _name,
    ),
    "images": Target(anything(_images()), _image),
    "checkpoints": Target(
        st.tuples(anything(_checkpoints()), st.sampled_from([".safetensors", ".pth", ".pth.tar"])),
        _checkpoint,
    ),
    "records": Target(anything(_npz()), _load_record),
    "run.json": Target(anything(_RUN) | _other_values(), _load_run),
    "results folders": Target(
        st.tuples(
            st.just(_RUN[0]) | anything(_RUN) | _other_values(),
            st.just(_npz()[0]) | anything(_npz()),
            anything([b'{"tracker": "hit_nano", "rss_peak_bytes": 1}']),
        ),
        _verify,
    ),
    "TraX messages": Target(_MESSAGES, _trax),
}
if sys.platform == "win32":  # libtrax is not there
    del TARGETS["TraX messages"]
