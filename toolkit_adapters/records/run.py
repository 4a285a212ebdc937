"""Where the records of one tracker on one dataset came from (`run.json`)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hit_trackers.errors import RecordError
from hit_trackers.variants import Claim

RUN_FILE = "run.json"
#: Ends the name of a baseline that is run once more, as a control.
REPEAT = "@repeat"


@dataclass(frozen=True)
class Run:
    """Where all records of one tracker on one dataset came from (`run.json`)."""

    tracker: str  # name of the folder: the resolved name, or `<baseline>@repeat`
    baseline: str  # the tracker it is compared with
    family: str
    claim: Claim
    parts: dict[str, str]  # what the name means, by kind: size, attention, engine, precision
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
        types: dict[str, type] = {
            "identity": dict,
            "provenance": dict,
            "parts": dict,
            "sequences": list,
        }
        types["claim"] = Claim
        run = Run(**{**values, "claim": Claim(values["claim"])})
        for f in dataclasses.fields(Run):
            if not isinstance(getattr(run, f.name), types.get(f.name, str)):
                raise TypeError(f"{f.name} is a {type(getattr(run, f.name)).__name__}")
        if not {"weights_sha256", "device"} <= set(run.identity):
            raise TypeError("identity lacks weights_sha256 or device")
    except FileNotFoundError:
        raise RecordError(
            f"{path}: missing; records without provenance count for nothing"
        ) from None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise RecordError(
            f"{path}: no provenance of a run ({error}); "
            "delete the folder and run the same command again"
        ) from error
    return dataclasses.replace(run, sequences=tuple(str(name) for name in run.sequences))
