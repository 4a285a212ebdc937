"""Arrays from an `.npz` that anybody may have written: nothing is executed, and no more memory is
taken than the file has bytes.
"""

from __future__ import annotations

import functools
import io
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: What a file of one array begins with, in the format that NumPy writes these in.
_FORMAT = b"\x93NUMPY\x01\x00"
#: After it two bytes say how long the header is.
_LENGTH_END = 10


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
    if content[:8] != _FORMAT:
        raise ValueError("an array of an unknown format")
    start = _LENGTH_END + int.from_bytes(content[8:_LENGTH_END], "little")
    shape, by_columns, dtype = _header(content[8:start])
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - start:
        raise ValueError(f"an array that is no {dtype} {shape}, as it states")
    flat: NDArray[Any] = np.empty(0, dtype)
    if len(content) > start:
        flat = np.frombuffer(content, dtype, offset=start)
    array: NDArray[Any] = flat.reshape(shape, order="F" if by_columns else "C").copy()
    return array


@functools.lru_cache(maxsize=4096)  # reading one takes as long as reading its array
def _header(content: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether it is stored by columns, and type."""
    found: tuple[tuple[int, ...], bool, np.dtype[Any]]
    found = np.lib.format.read_array_header_1_0(io.BytesIO(content))
    return found
