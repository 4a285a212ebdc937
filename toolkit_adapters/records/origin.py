"""What a toolkit's result files come from, kept beside them: their formats do not say it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from hit_trackers.errors import ResultFileError
from toolkit_adapters.records import sources
from toolkit_adapters.records.files import write_atomically


def keep_origin(
    path: Path, origin: Mapping[str, object], code: Mapping[str, str], otherwise: str
) -> None:
    """Write where results come from, or check that those that are there come from the same.

    Args:
        path: the file that says it.
        origin: tracker, weights, device, data and so on; plain values.
        code: SHA-256 of the files that decide the results (`sources.sources_of`). Files that only
            one side knows are no difference: what an own tracker imports is known bit by bit.
        otherwise: what to do where results are of another origin, beside deleting them.

    Raises:
        ResultFileError: they are, or the file cannot be read.
    """
    known_code: Mapping[str, str] = {}
    if path.is_file():
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            differing = [
                f"{field} {known.get(field)!r}, this run has {value!r}"
                for field, value in origin.items()
                if known.get(field) != value
            ]
            known_code = known.get("sources", {})
            shared = known_code.keys() & code.keys()
            changed = sources.changed(*({n: of[n] for n in shared} for of in (known_code, code)))
        except (OSError, ValueError, AttributeError) as error:
            raise ResultFileError(
                f"{path}: cannot be read ({error}), so nothing says what the results beside "
                f"it come from; delete {path.with_suffix('')} and {path.name}"
            ) from error
        if changed:
            differing.append(f"code that changed since ({sources.listed(changed)})")
        if differing:
            raise ResultFileError(
                f"{path}: the results beside it have {'; '.join(differing)}. {otherwise}, or "
                f"delete {path.with_suffix('')} and {path.name}"
            )
    content = {**origin, "sources": {**known_code, **code}}
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())
