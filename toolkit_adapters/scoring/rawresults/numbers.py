"""Text to arrays: quick where the text is regular, exact about the place where it is not."""

from __future__ import annotations

import io
import re

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import ResultFileError

_DIGIT = re.compile(rb"[0-9]")
_SEPARATORS = re.compile(r"[,\s;]+")
_COMPLEX = re.compile(r"[+-]?[0-9.eE+-]*[ij]", re.IGNORECASE)


def parse_boxes(data: bytes, where: str, columns: int = 4) -> NDArray[np.float64]:
    """Rows of numbers separated by commas, tabs, spaces or semicolons: float64 (N, columns).

    Empty lines are passed over. NaN and infinities are read as such, and so are MATLAB's complex
    numbers (as NaN); what becomes of them is the convention's business.

    Raises:
        ResultFileError: naming file and line, for text that is no number, and for lines with
            another number of them.
    """
    first = data[: data.find(b"\n") + 1] or data
    separator = next((mark for mark in (",", "\t") if mark.encode() in first), None)
    if _DIGIT.search(data):
        try:
            rows = np.loadtxt(io.BytesIO(data), delimiter=separator, comments=None, ndmin=2)
        except (ValueError, UnicodeDecodeError):
            pass
        else:
            if rows.shape[1] == columns:
                return rows
    return _parse_slowly(data, where, columns)


def _parse_slowly(data: bytes, where: str, columns: int) -> NDArray[np.float64]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ResultFileError(f"{where}, line {line}: not text (byte {error.start})") from error
    rows = []
    for number, row in enumerate(text.split("\n"), start=1):
        tokens = _SEPARATORS.split(row.strip(" \t\r,;"))
        if tokens == [""]:
            continue
        if len(tokens) != columns:
            raise ResultFileError(
                f"{where}, line {number}: expected {columns} numbers, found {len(tokens)}: "
                f"{row[:60]!r}"
            )
        rows.append([_number(token, where, number) for token in tokens])
    return np.array(rows, dtype=np.float64).reshape(-1, columns)


def _number(token: str, where: str, line: int) -> float:
    try:
        if "_" not in token:  # Python reads 1_000, nobody writes it
            return float(token)
    except ValueError:
        pass
    if _COMPLEX.fullmatch(token):
        return float("nan")
    raise ResultFileError(f"{where}, line {line}: {token[:40]!r} is no number")


def parse_flags(data: bytes, where: str) -> NDArray[np.bool_]:
    """A label file of zeros and ones, a line each or separated by commas: bool (N,)."""
    codes = np.frombuffer(data, dtype=np.uint8)
    digits = codes[(codes >= ord("0")) & (codes <= ord("9"))]
    separators = np.isin(codes, np.frombuffer(b"\n\r, \t", dtype=np.uint8)).sum()
    if len(digits) + separators == len(codes) and np.all(digits <= ord("1")):
        # Two digits side by side would be another number: there must be a mark between any two.
        places = np.flatnonzero((codes >= ord("0")) & (codes <= ord("9")))
        if not np.any(np.diff(places) == 1):
            return np.asarray(digits == ord("1"))
    values = parse_labels(data, where)
    if not np.isin(values, (0, 1)).all():
        line = int(np.flatnonzero(~np.isin(values, (0, 1)))[0]) + 1
        raise ResultFileError(f"{where}, entry {line}: expected 0 or 1, found {values[line - 1]}")
    return values.astype(bool)


def parse_labels(data: bytes, where: str) -> NDArray[np.int64]:
    """A label file of integers, a line each or separated by commas: int64 (N,)."""
    tokens = [token for token in _SEPARATORS.split(data.decode("ascii", "replace")) if token]
    values = np.array([_number(token, where, i + 1) for i, token in enumerate(tokens)], np.float64)
    if not np.all((values == np.floor(values)) & (np.abs(values) < 2**53)):
        raise ResultFileError(f"{where}: expected integers")
    return values.astype(np.int64)
