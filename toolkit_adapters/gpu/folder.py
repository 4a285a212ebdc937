"""The folder of a report: a file for each part, that is complete after every step."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hit_trackers.errors import RecordError
from toolkit_adapters.records.files import write_atomically

#: Times that a process may end in a step before the step is given up.
ATTEMPTS = 2
#: Folder of what steps leave between two processes; no part of a report.
SCRATCH = "scratch"


@dataclass
class Kept:
    """What a part has so far.

    Attributes:
        identity: of machine, versions and code; a part is never continued on another.
        steps: by key, `{"state": "done", "seconds", "result"}`, or `"left out"` or `"failed"` with
            a `"reason"`.
        begun: by key, how often a step was begun.
    """

    part: str
    identity: dict[str, Any]
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    begun: dict[str, int] = field(default_factory=dict)

    @property
    def results(self) -> Mapping[str, Any]:
        """Of the steps that are done, by key."""
        return {key: s["result"] for key, s in self.steps.items() if s["state"] == "done"}

    @property
    def failures(self) -> list[str]:
        """Of the steps that failed: part, step and reason."""
        failed = {key: step for key, step in self.steps.items() if step["state"] == "failed"}
        return [f"{self.part} {key}: {step['reason']}" for key, step in failed.items()]


def path_of(folder: Path, part: str) -> Path:
    """The file of a part."""
    return folder / f"part-{part}.json"


def read(folder: Path, part: str) -> Kept | None:
    """What a part has; None where it was not begun.

    Raises:
        RecordError: it is no such file.
    """
    path = path_of(folder, part)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Kept(content["part"], content["identity"], content["steps"], content["begun"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(
            f"{path}: not a part of a GPU report ({error}); delete it and run the command again"
        ) from error


def write(folder: Path, kept: Kept) -> None:
    """Replace a part's file."""
    text = json.dumps(_finite(vars(kept)), indent=1, allow_nan=False) + "\n"
    write_atomically(path_of(folder, kept.part), text.encode())


def require_same(path: Path, stored: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    """Raise unless a part may be continued here.

    Raises:
        RecordError: naming what differs.
    """
    keys = [key for key in sorted({*stored, *current}) if stored.get(key) != current.get(key)]
    if keys:
        found = "; ".join(f"{key} was {stored.get(key)!r}, is {current.get(key)!r}" for key in keys)
        raise RecordError(
            f"{path}: begun on another machine, or with other code: {found}. Figures of two are "
            "never mixed: choose another --out, or --fresh to begin anew"
        )


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
