from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hit_trackers.errors import RecordError
from hit_trackers.variants import Claim
from toolkit_adapters.records import Flag, Record, Run, files, load_record, load_run, save_record


def make_record(frames: int = 6, seed: int = 0, **changes) -> Record:
    rng = np.random.default_rng(seed)
    record = Record(
        boxes=rng.uniform(1, 100, (frames, 4)),
        scores=rng.uniform(0, 1, frames),
        **{name: rng.uniform(0, 1, frames) for name in ("decode", "network", "update", "frame")},
        device=np.full(frames, np.nan),
        flags=np.array([Flag.INIT] + [Flag.WARMUP] * 2 + [0] * (frames - 3), np.uint8),
        open_index=np.array([2, 4]),
        open_outputs=rng.uniform(0, 1, (2, 4)).astype(np.float32),
        patch_size=256,
        identity="i" * 64,
        pairing="p",
        notes=("1 grey frame",),
    )
    return replace(record, **changes)


def test_a_record_comes_back_bit_for_bit(tmp_path: Path) -> None:
    record = make_record(boxes=np.array([[-0.0, 1e-308, 0.1, np.nextafter(1, 2)]] * 6))
    save_record(tmp_path / "a" / "s.npz", record)
    loaded = load_record(tmp_path / "a" / "s.npz")
    assert loaded.digest() == record.digest()
    assert loaded.boxes.tobytes() == record.boxes.tobytes()
    assert loaded.notes == record.notes
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["s.npz"]


def test_timed_leaves_out_init_and_warmup_and_shared() -> None:
    record = make_record()
    assert record.timed.tolist() == [False, False, False, True, True, True]
    shared = replace(record, flags=record.flags | np.uint8(Flag.SHARED))
    assert not shared.timed.any()


def test_result_digest_ignores_times_and_nothing_else() -> None:
    record = make_record()
    assert replace(record, update=record.update * 2, pairing="q").result_digest() == (
        record.result_digest()
    )
    boxes = record.boxes.copy()
    boxes[3, 2] = np.nextafter(boxes[3, 2], np.inf)
    assert replace(record, boxes=boxes).result_digest() != record.result_digest()


@settings(max_examples=150, deadline=None)
@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_of_the_data_goes_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, position: float, bit: int
) -> None:
    path = tmp_path_factory.mktemp("r") / "s.npz"
    record = make_record()
    save_record(path, record)
    content = bytearray(path.read_bytes())
    content[int(position * len(content))] ^= 1 << bit
    path.write_bytes(content)
    # A flip in zip metadata that no reader looks at harms nothing.
    with contextlib.suppress(RecordError):
        assert load_record(path).digest() == record.digest()


@pytest.mark.parametrize("keep", [0, 10, 500, -1])
def test_a_truncated_record_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "s.npz"
    save_record(path, make_record())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(RecordError, match=r"s\.npz: a damaged record"):
        load_record(path)


def test_a_rewritten_record_fails_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "s.npz"
    save_record(path, make_record())
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays["boxes"][3, 0] += 1e-9
    np.savez(path, **arrays)
    with pytest.raises(RecordError, match="digest"):
        load_record(path)


def test_pickled_objects_are_never_loaded(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "executed",))

    path = tmp_path / "s.npz"
    np.savez(path, boxes=np.array([Bomb()], dtype=object))
    with pytest.raises(RecordError):
        load_record(path)
    assert not (tmp_path / "executed").exists()


def test_arrays_of_the_wrong_kind_are_not_saved(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"boxes is float32 \(6, 4\), expected float64"):
        save_record(tmp_path / "s.npz", make_record(boxes=np.ones((6, 4), np.float32)))
    with pytest.raises(RecordError, match=r"scores is float64 \(5,\), expected float64 \(6,\)"):
        save_record(tmp_path / "s.npz", make_record(scores=np.ones(5)))
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.npz"
    save_record(path, make_record())
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(RecordError, match="No space left on device"):
        save_record(path, make_record(seed=1))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s.npz"]


def make_run(**changes) -> Run:
    identity = {"tracker": "hit_nano", "weights_sha256": "w", "device": "cpu"}
    run = Run(
        tracker="hit_nano",
        baseline="hit_nano",
        claim=Claim("baseline"),
        family="hit",
        parts={"size": "nano"},
        dataset="lasot",
        root="/data",
        sequences=("a-1", "a-2"),
        identity=identity,
        provenance={},
    )
    return replace(run, **changes)


def test_run_json_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(make_run().to_json())
    assert load_run(path) == make_run()
    assert load_run(path).identity_sha256 == make_run().identity_sha256
    other = make_run(identity={**make_run().identity, "weights_sha256": "x"})
    assert other.identity_sha256 != make_run().identity_sha256


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"tracker": 1}', "[" * 100_000, "\ufeff{", json.dumps({"tracker": None})],
)
def test_a_malformed_run_json_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=r"run\.json"):
        load_run(path)
