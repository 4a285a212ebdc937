from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from scripted import smooth_clip


@pytest.fixture(scope="session", autouse=True)
def export_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Exported networks of this session: the user's cache must neither help nor suffer."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIT_TRACKERS_CACHE", str(folder))
        yield folder / "onnx"


@pytest.fixture(scope="session")
def clip() -> list[np.ndarray]:
    """Four smooth frames in which everything drifts."""
    return smooth_clip(4)
