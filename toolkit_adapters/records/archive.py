"""Arrays from an `.npz` that anybody may have written: nothing is executed, and no more memory is
taken than the file has bytes.
"""

from __future__ import annotations

import functools
import io
import math
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADERS: dict[tuple[int, int], Callable[..., Any]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


#: Of a member in the zip itself, before its name, its extra field and its content.
_LOCAL_HEADER = struct.Struct("<4s22xHH")


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file that `numpy.savez` wrote, by name.

    Raises:
        ValueError: it is compressed, as records never are, or states sizes that it does not have.
        zipfile.BadZipFile, OSError, and others: it is damaged.
    """
    # A done run reads thousands of these: the file is read at once, its members are slices of it.
    content = memoryview(path.read_bytes())
    members = zipfile.ZipFile(io.BytesIO(content)).infolist()
    if len({member.filename for member in members}) != len(members):
        raise ValueError("it holds a name twice")
    # A few compressed MB may stand for GB, so the sizes are looked at before anything is read.
    stored = all(
        m.compress_type == zipfile.ZIP_STORED and m.file_size == m.compress_size for m in members
    )
    if not stored:
        raise ValueError("it is compressed, and records are not")
    if sum(member.file_size for member in members) > len(content):
        raise ValueError("it states more bytes than it has")
    return {m.filename.removesuffix(".npy"): _array(_member(content, m)) for m in members}


def _member(content: memoryview, member: zipfile.ZipInfo) -> memoryview:
    magic, name, extra = _LOCAL_HEADER.unpack_from(content, member.header_offset)
    if magic != b"PK\x03\x04":
        raise ValueError(f"no {member.filename} where it states one")
    start = member.header_offset + _LOCAL_HEADER.size + name + extra
    stated = bytes(content[start - name - extra : start - extra])
    found = content[start : start + member.file_size]
    if stated != member.filename.encode() or zlib.crc32(found) != member.CRC:
        raise ValueError(f"{member.filename} is not what was written")
    return found


def _array(content: memoryview) -> NDArray[Any]:
    start = 10 + int.from_bytes(content[8:10], "little")
    if content[6] == 2:
        start = 12 + int.from_bytes(content[8:12], "little")
    shape, by_columns, dtype = _header(bytes(content[:start]))
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(content) - start:
        raise ValueError(f"an array that is no {dtype} {shape}, as it states")
    flat: NDArray[Any] = np.empty(0, dtype)
    if len(content) > start:
        flat = np.frombuffer(content, dtype, offset=start)
    array: NDArray[Any] = flat.reshape(shape, order="F" if by_columns else "C").copy()
    return array


@functools.lru_cache(maxsize=4096)
def _header(text: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type; most records have the headers of another."""
    stream = io.BytesIO(text)
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f"an array of format {version}")
    shape, by_columns, dtype = _HEADERS[version](stream)
    if stream.tell() != len(text):
        raise ValueError("an array whose header is not as long as it states")
    return shape, by_columns, dtype
