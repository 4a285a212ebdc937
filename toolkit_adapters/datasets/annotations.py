"""The one reader of annotations: text to arrays, with file and line in every error.

Strict, where a run begins: official files in their official form, for records made on a truth that
was misread would be worthless. Lenient, the default, where files of anybody are scored as they are:
any separator, empty lines, NaN; what becomes of such rows is the convention's business.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError, HitTrackersError, ResultFileError
from hit_trackers.geometry import is_box
from toolkit_adapters.datasets.truth import Truth

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_COMPLEX = re.compile(r"[+-]?[0-9.eE+-]*[ij]", re.IGNORECASE)
_DIGIT = re.compile(rb"[0-9]")
_LINE_END = re.compile(r"\r\n?|\n")
_SEPARATORS = re.compile(r"[,\s;]+")
# Official files have "key: value"; others in the same layout "key = value".
_RESOLUTION = re.compile(
    rb"^\s*resolution\s*[:=]\s*\(?\s*(\d{1,6})(?:\.\d*)?\s*,\s*(\d{1,6})(?:\.\d*)?\s*\)?",
    re.IGNORECASE | re.MULTILINE,
)
_ROOT_CLASS = re.compile(rb"^\s*root_class\s*[:=]([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_MARKS = np.frombuffer(b"\n\r, \t", dtype=np.uint8)


class Text(NamedTuple):
    """A file's content, and how messages call the file."""

    content: bytes
    where: str


def read_text(path: Path) -> Text:
    """A file on disk.

    Raises:
        DatasetError: it is missing, or cannot be read.
    """
    try:
        return Text(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise DatasetError(f"{path}: missing; download the annotations again") from None
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read ({error})") from error


def read_truth(
    boxes: Text,
    absent: Sequence[Text] = (),
    cover: Text | None = None,
    meta: Text | None = None,
    *,
    frames: int | None = None,
    first_only: bool = False,
    strict: bool = False,
) -> Truth:
    """All that the files of one sequence say.

    Args:
        boxes: a box a frame.
        absent: files of zeros and ones; a frame is absent where one of them says so.
        cover: GOT-10k's `cover.label`.
        meta: GOT-10k's `meta_info.ini`, which knows the size of the images.
        frames: number of frames; None takes that of the boxes.
        first_only: accept the first box alone, as test sets have it.
        strict: see above.

    Raises:
        DatasetError, ResultFileError: a file is malformed, or has not an entry a frame.
    """
    rows = parse_boxes(*boxes, strict=strict)
    count = len(rows) if frames is None else frames
    if not (first_only and len(rows) == 1):
        _expect_count(boxes, len(rows), count)

    def labels(text: Text, largest: int) -> NDArray[np.int64]:
        values = parse_labels(*text, largest, strict=strict)
        _expect_count(text, len(values), count)
        return values

    flags = [labels(text, 1).astype(bool) for text in absent]
    return Truth(
        rows,
        absent=np.logical_or.reduce(flags) if flags else None,
        cover=None if cover is None else labels(cover, 8),
        size=None if meta is None else parse_size(meta.content),
    )


def parse_boxes(content: bytes, where: str, *, strict: bool = False) -> NDArray[np.float64]:
    """Rows of four numbers, exactly those of the file: float64 (N, 4).

    Lenient: separated by commas, tabs, spaces or semicolons; empty lines are passed over, NaN and
    infinities read as such, and MATLAB's complex numbers as NaN. Strict: `x,y,w,h` a line, finite.
    Sizes of zero or less are kept in all rows but the first: official truths hold a few.

    Raises:
        ResultFileError: text that is no number, or a line with another number of them.
        DatasetError: the same, strict; and no line at all, or a first box of no size.
    """
    if not strict and (quick := _parse_quickly(content)) is not None:
        return quick
    lines = _lines(content, where, strict=strict)
    if strict:
        return _parse_strictly(lines, where)
    rows = []
    for number, line in enumerate(lines, start=1):
        tokens = _SEPARATORS.split(line.strip(" \t\r,;"))
        if tokens == [""]:
            continue
        if len(tokens) != 4:
            reason = f"expected 4 numbers, found {len(tokens)}: {line[:60]!r}"
            raise _refusal(where, number, reason)
        rows.append([_number(token, where, number) for token in tokens])
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def _parse_quickly(content: bytes) -> NDArray[np.float64] | None:
    """Boxes of a file that is regular; None: look closer."""
    first = content[: content.find(b"\n") + 1] or content
    separator = next((mark for mark in (",", "\t") if mark.encode() in first), None)
    if not _DIGIT.search(content):
        return None  # NumPy warns of empty files
    try:
        rows = np.loadtxt(io.BytesIO(content), delimiter=separator, comments=None, ndmin=2)
    except (ValueError, UnicodeDecodeError):
        return None
    return rows if rows.shape[1] == 4 else None


def _parse_strictly(lines: list[str], where: str) -> NDArray[np.float64]:
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise DatasetError(f"{where}: empty; expected one box `x,y,w,h` a line")
    rows = []
    for number, line in enumerate(lines, start=1):
        parts = [part.strip() for part in line.split(",")]
        if len(parts) != 4 or not all(_NUMBER.fullmatch(part) for part in parts):
            reason = f"expected four finite numbers `x,y,w,h`, got {line[:80]!r}"
            raise _refusal(where, number, reason, strict=True)
        row = [float(part) for part in parts]
        if not all(map(math.isfinite, row)):  # 1e999
            reason = f"expected finite numbers, got {line[:80]!r}"
            raise _refusal(where, number, reason, strict=True)
        rows.append(row)
    boxes = np.array(rows, dtype=np.float64)
    if not is_box(boxes[0]):
        reason = (
            "the first box starts the tracker and needs a positive width and height, "
            f"got {lines[0][:80]!r}"
        )
        raise _refusal(where, 1, reason, strict=True)
    return boxes


def _number(token: str, where: str, line: int) -> float:
    try:
        if "_" not in token:  # Python reads 1_000, nobody writes it
            return float(token)
    except ValueError:
        pass
    if _COMPLEX.fullmatch(token):
        return float("nan")
    raise _refusal(where, line, f"{token[:40]!r} is no number")


def parse_labels(
    content: bytes, where: str, largest: int, *, strict: bool = False
) -> NDArray[np.int64]:
    """Integers 0..largest, a line each or separated by commas: int64 (N,).

    Lenient: separated by spaces or semicolons, too, and `1.0` is 1.

    Raises:
        ResultFileError: anything else, with the line (LaSOT puts all on one) and the entry.
        DatasetError: the same, strict.
    """
    if not strict and (digits := _single_digits(content)) is not None and np.all(digits <= largest):
        return digits
    labels = []
    for number, line in enumerate(_lines(content, where, strict=strict), start=1):
        if not line.strip():
            continue
        if strict:
            parts = line.rstrip().rstrip(",").split(",")
        else:
            parts = [part for part in _SEPARATORS.split(line) if part]
        for entry, part in enumerate(parts, start=1):
            label = _label(part.strip(), largest, strict=strict)
            if label is None:
                reason = f"entry {entry}: expected an integer 0..{largest}, got {part[:40]!r}"
                raise _refusal(where, number, reason, strict=strict)
            labels.append(label)
    return np.array(labels, dtype=np.int64)


def parse_flags(content: bytes, where: str) -> NDArray[np.bool_]:
    """A lenient reading of zeros and ones: bool (N,); raises as `parse_labels`."""
    return parse_labels(content, where, 1).astype(bool)


def _single_digits(content: bytes) -> NDArray[np.int64] | None:
    """The numbers of a file whose numbers all have one digit; None for another file."""
    codes = np.frombuffer(content, dtype=np.uint8)
    places = np.flatnonzero((codes >= ord("0")) & (codes <= ord("9")))
    # Two digits side by side would be another number: there must be a mark between any two.
    if len(places) + np.isin(codes, _MARKS).sum() != len(codes) or np.any(np.diff(places) == 1):
        return None
    return codes[places].astype(np.int64) - ord("0")


def _label(text: str, largest: int, *, strict: bool) -> int | None:
    if strict and not (text.isascii() and text.isdigit() and len(text) < 4):
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if value.is_integer() and 0 <= value <= largest else None


def parse_root_class(content: bytes) -> str:
    """The kind of target, from GOT-10k's `meta_info.ini`; "" where it does not say one."""
    match = _ROOT_CLASS.search(content)
    found = match[1].decode("utf-8", "replace").strip() if match else ""
    return "" if found == "unknown" else found


def parse_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of the images, from GOT-10k's `meta_info.ini`; None: it does not say."""
    match = _RESOLUTION.search(content)
    return None if match is None else (int(match[1]), int(match[2]))


def decode_text(content: bytes, where: str, *, strict: bool = False) -> str:
    """UTF-8, with or without a mark in front, as text.

    Raises:
        ResultFileError: it is none.
        DatasetError: the same, strict.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _refusal(where, line, f"not text (byte {error.start})", strict=strict) from error


def _lines(content: bytes, where: str, *, strict: bool) -> list[str]:
    # Not splitlines, which counts a form feed as the end of a line, as no editor does.
    return _LINE_END.split(decode_text(content, where, strict=strict))


def _refusal(where: str, line: int, reason: str, *, strict: bool = False) -> HitTrackersError:
    if strict:
        return DatasetError(f"{where}:{line}: {reason}")
    # Behind the name of a member of a zip, which has a colon in front, a line is said in words.
    return ResultFileError(f"{where}, line {line}: {reason}")


def _expect_count(text: Text, found: int, frames: int) -> None:
    if found != frames:
        raise DatasetError(
            f"{text.where}: {found} entries for {frames} frames; one a frame is expected. "
            "Download the sequence again, or remove it from the root to leave it out"
        )
