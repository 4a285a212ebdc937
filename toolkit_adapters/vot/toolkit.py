"""Importing the real toolkit, with its traps out of the way."""

from __future__ import annotations

import os
from types import ModuleType

from hit_trackers.errors import MissingDependencyError


def require() -> ModuleType:
    """The `vot` package, its persistent cache off: it outlives a re-run and serves stale scores.

    Raises:
        MissingDependencyError: it is not installed, or beside a release of `attributee` that
            breaks it.
    """
    os.environ["VOT_PERSISTENT_CACHE"] = "0"
    try:
        import vot
        import vot.workspace
    except ImportError as error:
        raise MissingDependencyError.of(error, "vot") from error
    except TypeError as error:  # attributee 0.1.10: dataclass_transform() takes 0 arguments
        raise MissingDependencyError(
            f"vot cannot be imported ({error}); attributee 0.1.10 breaks it, the extra pins "
            'another: pip install "hit-trackers[vot]"'
        ) from error
    found: ModuleType = vot
    return found
