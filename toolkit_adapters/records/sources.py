"""The code that decides a record: which files, and the digest that a run's identity holds.

Everything of `hit_trackers` but other families' folders, the files of the tracker's own family, and
the modules here that feed images to a tracker and keep its boxes. In a wheel as in a checkout.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from hit_trackers import families

_TRACKERS = Path(families.__file__).parent
_HARNESS = Path(__file__).parents[1]
#: What stands between a file on disk and a stored box.
_FEEDING = (
    "running/passes.py",
    "running/entrant.py",
    "datasets/decoding.py",
    "datasets/jpeg.py",
    "datasets/truth.py",
)


def sources_of(family: str) -> Mapping[str, str]:
    """SHA-256 of each file that decides the records of a family's trackers, by a short path.

    Paths begin with the name of the package, so that they are the same wherever it is installed. To
    be asked after the trackers are loaded: what own trackers import is known only then.
    """
    return {**_inside(family), **_digests(_outside(family))}


@functools.cache
def _inside(family: str) -> Mapping[str, str]:
    others = set(families.OWN) - {family}
    files = {
        f"hit_trackers/{path.relative_to(_TRACKERS).as_posix()}": path
        for path in _TRACKERS.rglob("*.py")
        if path.relative_to(_TRACKERS).parts[0] not in others
    }
    return _digests(files | {f"toolkit_adapters/{name}": _HARNESS / name for name in _FEEDING})


def harness() -> Mapping[str, str]:
    """The same of the files that decide every tracker's records: those of no family."""
    return _inside("")


def _digests(files: Mapping[str, Path]) -> dict[str, str]:
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(files.items())
        if path.is_file()
    }


def _outside(family: str) -> dict[str, Path]:
    """Files of a family that is not of this package."""
    found = families.registry().families.get(family)
    if found is None or family in families.OWN:
        return {}
    files = [path.resolve() for path in found.sources()]
    top = Path(os.path.commonpath([path.parent for path in files])) if files else Path()
    return {f"{family}/{path.relative_to(top).as_posix()}": path for path in files}


def digest(sources: Mapping[str, str]) -> str:
    """One SHA-256 over names and digests."""
    text = json.dumps(dict(sources), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of the files that differ, are new or are gone."""
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]


def listed(names: Sequence[str]) -> str:
    """The first few of them, in words."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
