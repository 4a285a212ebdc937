"""A kind of file to fuzz, and good contents that several kinds share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

FRAMES = 5
BOXES = b"10,10,8,8\n" * FRAMES
ONE_BOX = b"10.5,10,8,8\n"
RESULTS = [
    BOXES,
    BOXES.replace(b",", b"\t"),
    BOXES.replace(b",", b" "),
    b"1.5,2e1,3,4\r\n" * FRAMES,
]
SECONDS = b"0.01000000\n" * FRAMES


@dataclass(frozen=True)
class Target:
    """One kind of file."""

    contents: st.SearchStrategy[Any]
    read: Callable[[Path, Any], object]


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
