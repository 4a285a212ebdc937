"""Arrays from an `.npz` that anybody may have written: nothing is executed, and no more memory is
taken than the file has bytes.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADERS: dict[tuple[int, int], Callable[..., Any]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file that `numpy.savez` wrote, by name.

    Raises:
        ValueError: it is compressed, as records never are, or states sizes that it does not have.
        zipfile.BadZipFile, OSError, and others: it is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len({member.filename for member in members}) != len(members):
            raise ValueError("it holds a name twice")
        # A few compressed MB may stand for GB, so the sizes are looked at before anything is read.
        stored = all(
            m.compress_type == zipfile.ZIP_STORED and m.file_size == m.compress_size
            for m in members
        )
        if not stored:
            raise ValueError("it is compressed, and records are not")
        if sum(member.file_size for member in members) > path.stat().st_size:
            raise ValueError("it states more bytes than it has")
        return {m.filename.removesuffix(".npy"): _array(archive.read(m)) for m in members}


def _array(content: bytes) -> NDArray[Any]:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"an array of format {version}")
    shape, by_columns, dtype = _HEADERS[version](stream)
    start = stream.tell()
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - start:
        raise ValueError(f"an array that is no {dtype} {shape}, as it states")
    flat: NDArray[Any] = np.empty(0, dtype)
    if len(content) > start:
        flat = np.frombuffer(content, dtype, offset=start)
    array: NDArray[Any] = flat.reshape(shape, order="F" if by_columns else "C").copy()
    return array
