from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest


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
    y, x = np.mgrid[0:150, 0:200] / 20.0
    frames = []
    for shift in np.arange(4) * 0.4:
        waves = [np.sin(x + shift + c) * np.cos(1.3 * y - shift * c) for c in range(3)]
        frames.append(np.uint8(np.round(127.5 + 120 * np.stack(waves, axis=-1))))
    return frames
