"""One tracker on one sequence: unrounded boxes, scores, and the times of every frame."""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import RecordError
from toolkit_adapters.records.archive import read_arrays
from toolkit_adapters.records.files import write_atomically

#: Scopes of time, each a float64 column of seconds, NaN where not measured.
SCOPES = ("decode", "network", "device", "update", "frame")


class Flag(enum.IntFlag):
    """What to know about a frame before using it in a statistic."""

    INIT = 1  # frame 0: the tracker was initialised, not updated
    WARMUP = 2  # among the first updates of a process
    INVALID = 4  # the prediction was not finite or not positive; the previous box was kept
    SHARED = 8  # other work ran on the same device


@dataclass(frozen=True, eq=False)
class Record:
    """One tracker on one sequence of N frames; boxes are unrounded."""

    boxes: NDArray[np.float64]  # (N, 4) x, y, w, h in pixels
    scores: NDArray[np.float64]  # (N,) in [0, 1], NaN at frame 0
    decode: NDArray[np.float64]  # (N,) seconds: file to RGB image
    network: NDArray[np.float64]  # (N,) seconds of wall clock: patches on the device to box
    device: NDArray[np.float64]  # (N,) seconds by CUDA events, NaN on a CPU
    update: NDArray[np.float64]  # (N,) seconds: image in memory to box
    frame: NDArray[np.float64]  # (N,) seconds: decode + update
    flags: NDArray[np.uint8]  # (N,) of `Flag`
    #: Frames at which the network was fed the *baseline's* input, and what it said: (M, K) with
    #: cx, cy, w, h first, as fractions of a patch whose side is `patch_size` pixels. Where that is
    #: 0 they are a sample of all outputs: with the range (M, K) of the tensor that each is from,
    #: and a digest (M,) of every bit. See `hit_trackers.protocol.Outputs`.
    open_index: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    open_outputs: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    open_ranges: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    open_digests: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    patch_size: int = 0
    #: (N,) digest of each frame's file (`datasets.decoding.file_digest`); none where not known.
    files: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    #: (N, 2) bytes, and ns of last modification, of each frame's file; none where not known.
    stamps: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    #: What the tracker chose in each frame, where it says: names (D,), a whole number for each
    #: choice (N, D), -1 for none, and by how much it was chosen (N, D); the same open loop (M, D).
    decision_names: tuple[str, ...] = ()
    decisions: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    margins: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0), np.float64))
    open_decisions: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    executed: str = ""  # what ran, as `hit_trackers.executed.Executed.to_json` writes it
    identity: str = ""  # SHA-256 of the run's identity
    pairing: str = ""  # the same for records measured together on the same decoded frames
    notes: tuple[str, ...] = ()  # what was done to unusual images

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def open_boxes(self) -> NDArray[np.float32]:
        """(M, 4): the boxes among the open-loop outputs."""
        return self.open_outputs[:, :4]

    @property
    def timed(self) -> NDArray[np.bool_]:
        """bool (N,): frames that count in statistics of time (no INIT, WARMUP or SHARED)."""
        return np.asarray((self.flags & (Flag.INIT | Flag.WARMUP | Flag.SHARED)) == 0)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that is stored, as arrays, in a fixed order."""
        names = [f.name for f in dataclasses.fields(self)]
        if not self.decision_names:
            names = [name for name in names if name not in _DECISIONS]
        values = {name: getattr(self, name) for name in names}
        for name in _TEXTS & values.keys():
            values[name] = np.array(values[name], dtype=np.str_).reshape(len(values[name]))
        return {name: np.asarray(value) for name, value in values.items()}

    def digest(self) -> str:
        """SHA-256 of all arrays: names, types, shapes and bytes."""
        return _digest(self.arrays())

    def result_digest(self) -> str:
        """SHA-256 of what a repeated run must reproduce: all but times, flags and pairing."""
        names = ["boxes", "scores", "open_index", "open_outputs", "open_ranges", "open_digests"]
        names += ["patch_size", "files", "executed", "identity", "notes"]
        arrays = self.arrays()
        names += [name for name in arrays if name in _DECISIONS]
        return _digest({name: arrays[name] for name in names})


#: Arrays that a record has only where its tracker tells of decisions.
_DECISIONS = ("decision_names", "decisions", "margins", "open_decisions")
#: Several words each.
_TEXTS = {"notes", "decision_names"}
_SHAPES: dict[str, tuple[type[Any], tuple[int | None, ...]]] = {
    "boxes": (np.float64, (None, 4)),
    "scores": (np.float64, (None,)),
    **dict.fromkeys(SCOPES, (np.float64, (None,))),
    "flags": (np.uint8, (None,)),
    "open_index": (np.int64, (None,)),
    "open_outputs": (np.float32, (None, None)),
    "open_ranges": (np.float32, (None, None)),
    "open_digests": (np.uint64, (None,)),
    "files": (np.uint64, (None,)),
    "stamps": (np.int64, (None, 2)),
    "decisions": (np.int64, (None, None)),
    "margins": (np.float64, (None, None)),
    "open_decisions": (np.int64, (None, None)),
}
#: Kinds of NumPy types of all else: a single value each, but for the notes.
_KINDS = {
    "patch_size": "i",
    **dict.fromkeys(("executed", "identity", "pairing", "digest", *_TEXTS), "U"),
}


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _check(record: Record, where: str) -> Record:
    for name, (dtype, shape) in _SHAPES.items():
        array = getattr(record, name)
        rows = len(record.open_index) if name.startswith("open_") else len(record.boxes)
        if name in ("files", "stamps", "open_ranges", "open_digests") and not len(array):
            rows = 0
        width = array.shape[1:] if None in shape[1:] and array.ndim == 2 else shape[1:]
        if name in _DECISIONS and not record.decision_names:
            continue  # not stored
        if name in _DECISIONS:
            width = (len(record.decision_names),)
        expected = (rows, *width)
        if array.dtype != dtype or array.shape != expected:
            raise RecordError(
                f"{where}: {name} is {array.dtype} {array.shape}, "
                f"expected {np.dtype(dtype)} {expected}"
            )
    index = record.open_index
    if len(index) and not (index[0] > 0 and index[-1] < len(record) and (np.diff(index) > 0).all()):
        raise RecordError(f"{where}: open_index is no list of frames after the first, in order")
    return record


def save_record(path: Path, record: Record) -> None:
    """Write a record atomically.

    Raises:
        RecordError: an array of the wrong type or shape, or a folder that cannot be written.
    """
    _check(record, str(path))
    arrays = record.arrays()
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, digest=np.array(_digest(arrays)))  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())


def load_record(path: Path) -> Record:
    """Read a record and check its digest; nothing in the file is ever executed.

    Raises:
        RecordError: missing, damaged, tampered with, or no record.
    """
    try:
        arrays = read_arrays(path)
    except FileNotFoundError:
        raise RecordError(f"{path}: missing; run the same command again to make it") from None
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as e:
        raise RecordError(_damaged(path, str(e))) from e
    except Exception as error:  # struct.error, tokenize.TokenError of a forged header, ...
        raise RecordError(_damaged(path, f"{type(error).__name__}: {error}")) from error
    names = [f.name for f in dataclasses.fields(Record)]
    if not arrays.keys() & set(_DECISIONS):
        names = [name for name in names if name not in _DECISIONS]
    if sorted(arrays) != sorted([*names, "digest"]):
        raise RecordError(_damaged(path, f"it holds {sorted(arrays)}"))
    for name in _KINDS.keys() & arrays.keys():
        array, kind = arrays[name], _KINDS[name]
        if array.dtype.kind != kind or array.ndim != (name in _TEXTS):
            raise RecordError(_damaged(path, f"{name} is {array.dtype} {array.shape}"))
    digest = str(arrays.pop("digest"))
    if digest != _digest({name: arrays[name] for name in names}):
        raise RecordError(_damaged(path, "its contents do not have the digest it states"))
    return _check(
        Record(
            **{name: arrays[name] for name in _SHAPES.keys() & arrays.keys()},
            decision_names=tuple(str(name) for name in arrays.get("decision_names", ())),
            patch_size=int(arrays["patch_size"]),
            executed=str(arrays["executed"]),
            identity=str(arrays["identity"]),
            pairing=str(arrays["pairing"]),
            notes=tuple(str(note) for note in arrays["notes"]),
        ),
        str(path),
    )


def _damaged(path: Path, why: str) -> str:
    return (
        f"{path}: a damaged record ({why}); delete it and run the same command again to remake it"
    )
