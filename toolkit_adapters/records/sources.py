"""The code that decides a record: which files, and the digest that a run's identity holds.

Everything of `hit_trackers` but other families' folders, the files of the tracker's own family, and
the modules here that feed images to a tracker and keep its boxes. In a wheel as in a checkout.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import json
from collections.abc import Mapping
from pathlib import Path

from hit_trackers import families

_TRACKERS = Path(families.__file__).parent
_HARNESS = Path(__file__).parents[1]
#: What stands between a file on disk and a stored box.
_FEEDING = ("running/passes.py", "datasets/decoding.py", "datasets/jpeg.py", "datasets/truth.py")


@functools.cache
def sources_of(family: str) -> Mapping[str, str]:
    """SHA-256 of each file that decides the records of a family's trackers, by a short path.

    Paths begin with the name of the package, so that they are the same wherever it is installed.
    """
    files = {
        f"hit_trackers/{path.relative_to(_TRACKERS).as_posix()}": path
        for path in _TRACKERS.rglob("*.py")
        if path.relative_to(_TRACKERS).parts[0] not in set(families.OWN) - {family}
    }
    files |= {f"toolkit_adapters/{name}": _HARNESS / name for name in _FEEDING}
    files |= _of_another_distribution(family)
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest()
        for name, path in sorted(files.items())
        if path.is_file()
    }


def _of_another_distribution(family: str) -> dict[str, Path]:
    found = families.registry().families.get(family)
    if found is None or family in families.OWN:
        return {}
    path = Path(inspect.getfile(type(found)))
    top = type(found).__module__.partition(".")[0]
    if path.stem == top:
        return {f"{top}/{file.name}": file for file in _imported(path, {path})}
    package = next(parent for parent in path.parents if parent.name == top)
    return {f"{top}/{file.relative_to(package).as_posix()}": file for file in package.rglob("*.py")}


def _imported(module: Path, seen: set[Path]) -> set[Path]:
    """A module that stands alone, and those beside it that it imports."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for name in names:
            beside = module.with_name(f"{name.partition('.')[0]}.py")
            if beside.is_file() and beside not in seen:
                seen.add(beside)
                _imported(beside, seen)
    return seen


def digest(sources: Mapping[str, str]) -> str:
    """One SHA-256 over names and digests."""
    text = json.dumps(dict(sources), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of the files that differ, are new or are gone."""
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
