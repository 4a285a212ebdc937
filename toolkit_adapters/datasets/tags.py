"""Tags: files beside a sequence that say of each frame whether something is so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets.annotations import decode_text, read_text


def read_tags(folder: Path, frames: int) -> dict[str, NDArray[np.bool_]]:
    """VOT's tags, `camera_motion.tag` and others, also called `.label`: bool (N,) by name.

    A line is a frame, and `1` says yes; frames behind the last line have no tag. So read them
    vot/dataset/common.py of the VOT toolkit and got10k's datasets/vot.py.

    Raises:
        DatasetError: a file that cannot be read, or has more lines than there are frames.
    """
    tags = {}
    for path in sorted((*folder.glob("*.tag"), *folder.glob("*.label"))):
        lines = decode_text(*read_text(path), strict=True).splitlines()
        if len(lines) > frames:
            raise DatasetError(f"{path}: {len(lines)} lines for {frames} frames")
        tags[path.stem] = np.zeros(frames, bool)
        tags[path.stem][: len(lines)] = [line.strip() == "1" for line in lines]
    return tags
