"""Importing the real toolkit, with known faults avoided."""

from __future__ import annotations

import os
from types import ModuleType

from hit_trackers.errors import MissingDependencyError


def require() -> ModuleType:
    """The `vot` package without its persistent cache, which keeps old scores after a new run.

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
