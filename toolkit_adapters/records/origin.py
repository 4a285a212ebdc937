"""What a toolkit's result files come from, kept beside them: their formats do not say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from hit_trackers.errors import ResultFileError
from toolkit_adapters.records.files import write_atomically


def keep_origin(path: Path, origin: Mapping[str, object], otherwise: str) -> None:
    """Write where results come from, or check that those that are there come from the same.

    Args:
        path: the file that says it.
        origin: tracker, weights, device, data and so on; plain values.
        otherwise: what to do where results are of another origin, beside deleting them.

    Raises:
        ResultFileError: they are, or the file cannot be read.
    """
    if path.is_file():
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            differing = [
                f"{field} {known.get(field)!r}, this run has {value!r}"
                for field, value in origin.items()
                if known.get(field) != value
            ]
        except (OSError, ValueError, AttributeError) as error:
            raise ResultFileError(
                f"{path}: cannot be read ({error}), so nothing says what the results beside "
                f"it come from; delete {path.with_suffix('')} and {path.name}"
            ) from error
        if differing:
            raise ResultFileError(
                f"{path}: the results beside it have {'; '.join(differing)}. {otherwise}, or "
                f"delete {path.with_suffix('')} and {path.name}"
            )
    write_atomically(path, (json.dumps(dict(origin), indent=2) + "\n").encode())
