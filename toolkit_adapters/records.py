"""What a run leaves on disk: one lossless record a sequence, and where it came from.

    results/<tracker>/<dataset>/<sequence>.npz    Record
    results/<tracker>/<dataset>/run.json          Run
    results/<tracker>/memory.json                 peak memory (see `memory`)

Control runs are trackers like any other: `hit_nano@repeat` is the baseline once more.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import RecordError
from toolkit_adapters.files import write_atomically

RUN_FILE = "run.json"
MEMORY_FILE = "memory.json"
REPEAT = "@repeat"
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
    #: Frames at which the network was fed the *baseline's* search region, and what it said:
    #: cx, cy, w, h as fractions of that patch, whose side is `patch_size` pixels.
    open_index: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    open_boxes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    patch_size: int = 0
    identity: str = ""  # SHA-256 of the run's identity
    pairing: str = ""  # the same for records measured together on the same decoded frames
    notes: tuple[str, ...] = ()  # what was done to unusual images

    def __len__(self) -> int:
        return len(self.boxes)

    @property
    def timed(self) -> NDArray[np.bool_]:
        """bool (N,): frames that count in statistics of time (no INIT, WARMUP or SHARED)."""
        return (self.flags & (Flag.INIT | Flag.WARMUP | Flag.SHARED)) == 0

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything that is stored, as arrays, in a fixed order."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        values["notes"] = np.array(self.notes, dtype=np.str_).reshape(len(self.notes))
        return {name: np.asarray(value) for name, value in values.items()}

    def digest(self) -> str:
        """SHA-256 of all arrays: names, types, shapes and bytes."""
        return _digest(self.arrays())

    def result_digest(self) -> str:
        """SHA-256 of what a repeated run must reproduce: all but times, flags and pairing."""
        names = ("boxes", "scores", "open_index", "open_boxes", "patch_size", "identity", "notes")
        arrays = self.arrays()
        return _digest({name: arrays[name] for name in names})


_SHAPES: dict[str, tuple[type[Any], tuple[int | None, ...]]] = {
    "boxes": (np.float64, (None, 4)),
    "scores": (np.float64, (None,)),
    **dict.fromkeys(SCOPES, (np.float64, (None,))),
    "flags": (np.uint8, (None,)),
    "open_index": (np.int64, (None,)),
    "open_boxes": (np.float32, (None, 4)),
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
        expected = (rows, *shape[1:])
        if array.dtype != dtype or array.shape != expected:
            raise RecordError(
                f"{where}: {name} is {array.dtype} {array.shape}, "
                f"expected {np.dtype(dtype)} {expected}"
            )
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
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise RecordError(f"{path}: missing; run the same command again to make it") from None
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as e:
        raise RecordError(_damaged(path, str(e))) from e
    except Exception as error:  # zlib.error, struct.error, MemoryError of a forged header, ...
        raise RecordError(_damaged(path, f"{type(error).__name__}: {error}")) from error
    names = [f.name for f in dataclasses.fields(Record)]
    if sorted(arrays) != sorted([*names, "digest"]):
        raise RecordError(_damaged(path, f"it holds {sorted(arrays)}"))
    digest = str(arrays.pop("digest"))
    if digest != _digest({name: arrays[name] for name in names}):
        raise RecordError(_damaged(path, "its contents do not have the digest it states"))
    return _check(
        Record(
            **{name: arrays[name] for name in _SHAPES},
            patch_size=int(arrays["patch_size"]),
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


@dataclass(frozen=True)
class Run:
    """Provenance of all records of one tracker on one dataset (`run.json`)."""

    tracker: str  # name of the folder: the resolved name, or `<baseline>@repeat`
    baseline: str  # the tracker it is compared with
    claim: str  # "baseline", "bitwise", "tolerance" or "lossy"
    spec: dict[str, str]  # size, attention, engine, precision
    dataset: str
    root: str  # where the dataset was
    sequences: tuple[str, ...]  # all sequences of the dataset, recorded or not
    #: What a resumed run must have in common with this one: tracker, weights_sha256, dataset,
    #: dataset_fingerprint, device, threads, deterministic, seed, max_frames, open_loop, versions.
    identity: dict[str, Any]
    #: Further circumstances: commit, command, started, python, platform, packages, device details.
    provenance: dict[str, Any]

    @property
    def identity_sha256(self) -> str:
        """SHA-256 of `identity`, carried by every record."""
        text = json.dumps(self.identity, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights."""
        return str(self.identity["weights_sha256"])

    @property
    def on_cuda(self) -> bool:
        """Whether times of the network are device times."""
        return str(self.identity["device"]).startswith("cuda")

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(dataclasses.asdict(self), indent=2, sort_keys=True) + "\n"


def load_run(path: Path) -> Run:
    """Read a `run.json`.

    Raises:
        RecordError: missing or malformed.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        types = {"identity": dict, "provenance": dict, "spec": dict, "sequences": list}
        run = Run(**values)
        for f in dataclasses.fields(Run):
            if not isinstance(getattr(run, f.name), types.get(f.name, str)):
                raise TypeError(f"{f.name} is a {type(getattr(run, f.name)).__name__}")
        if not {"weights_sha256", "device"} <= set(run.identity):
            raise TypeError("identity lacks weights_sha256 or device")
    except FileNotFoundError:
        raise RecordError(
            f"{path}: missing; records without provenance count for nothing"
        ) from None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise RecordError(
            f"{path}: no provenance of a run ({error}); "
            "delete the folder and run the same command again"
        ) from error
    return dataclasses.replace(run, sequences=tuple(str(name) for name in run.sequences))


@dataclass(frozen=True)
class Results:
    """A folder of results, read lazily."""

    folder: Path

    @property
    def trackers(self) -> tuple[str, ...]:
        """Names of all trackers with a run, controls included, sorted."""
        return tuple(sorted({path.parent.parent.name for path in self._runs()}))

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of all datasets with a run, sorted."""
        return tuple(sorted({path.parent.name for path in self._runs()}))

    def _runs(self) -> list[Path]:
        return list(self.folder.glob(f"*/*/{RUN_FILE}"))

    def path(self, tracker: str, dataset: str, sequence: str) -> Path:
        """Where a record is, or would be."""
        return self.folder / tracker / dataset / f"{sequence}.npz"

    def has_run(self, tracker: str, dataset: str) -> bool:
        """Whether the tracker was run on the dataset."""
        return (self.folder / tracker / dataset / RUN_FILE).is_file()

    def run(self, tracker: str, dataset: str) -> Run:
        """Provenance; RecordError where it is missing or malformed."""
        return load_run(self.folder / tracker / dataset / RUN_FILE)

    def sequences(self, tracker: str, dataset: str) -> tuple[str, ...]:
        """Names of the sequences with a record, in the dataset's order."""
        found = {path.stem for path in (self.folder / tracker / dataset).glob("[!.]*.npz")}
        return tuple(name for name in self.run(tracker, dataset).sequences if name in found)

    def record(self, tracker: str, dataset: str, sequence: str) -> Record:
        """One record, checked to be of the run that `run.json` describes.

        Raises:
            RecordError: missing, damaged, or of another run.
        """
        path = self.path(tracker, dataset, sequence)
        record = load_record(path)
        if record.identity != self.run(tracker, dataset).identity_sha256:
            raise RecordError(
                f"{path}: a record of another run than {RUN_FILE} beside it describes; "
                "delete it and run the same command again"
            )
        return record

    def memory(self, tracker: str) -> dict[str, Any] | None:
        """Peak memory as `memory.measure` stored it; None where it was not measured."""
        path = self.folder / tracker / MEMORY_FILE
        if not path.is_file():
            return None
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RecordError(f"{path}: not readable as JSON ({error}); delete it") from error
        if not isinstance(values, dict):
            raise RecordError(f"{path}: expected an object, got {type(values).__name__}; delete it")
        return values


def open_results(folder: str | Path) -> Results:
    """Open a results folder.

    Raises:
        RecordError: it does not exist or holds no run.
    """
    results = Results(Path(folder))
    if not results.trackers:
        raise RecordError(
            f"{folder}: no results here; expected <tracker>/<dataset>/{RUN_FILE}. Make some: "
            f"python -m toolkit_adapters run --tracker hit --dataset demo --results {folder}"
        )
    return results
