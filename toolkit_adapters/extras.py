"""Packages that only some adapters need."""

from __future__ import annotations

from hit_trackers.errors import MissingDependencyError


def missing(error: ImportError, extra: str) -> MissingDependencyError:
    """What to raise when an optional package cannot be imported: which extra brings it."""
    return MissingDependencyError(
        f"{error.name or extra} cannot be imported ({error}); "
        f'install it: pip install "hit-trackers[{extra}]"'
    )
