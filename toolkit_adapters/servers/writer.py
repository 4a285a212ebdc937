"""Submission zips made from records; the records are only read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import SubmissionError
from toolkit_adapters.records import Record
from toolkit_adapters.records.files import write_atomically
from toolkit_adapters.servers.archive import build_archive
from toolkit_adapters.servers.expected import Expected
from toolkit_adapters.servers.problems import summarise
from toolkit_adapters.servers.validator import check_zip

Rounding = Literal["float", "int"]


def trackingnet_files(
    records: Iterable[tuple[str, Record]], rounding: Rounding = "float"
) -> dict[str, bytes]:
    """`<sequence>.txt`, `x,y,w,h` a line, at the root of the zip.

    Args:
        records: sequence name and record.
        rounding: "float" writes every box so that it reads back as the same float64; "int" rounds
            half to even, as the server does with whatever it is given.
    """
    files = {}
    for sequence, record in records:
        boxes = np.rint(record.boxes) if rounding == "int" else record.boxes
        files[f"{sequence}.txt"] = "".join(
            ",".join(np.format_float_positional(value, trim="-") for value in box) + "\n"
            for box in boxes
        ).encode()
    return files


def got10k_files(records: Iterable[tuple[str, Record]]) -> dict[str, bytes]:
    """`<sequence>/<sequence>_001.txt` (`%.3f`) and `<sequence>/<sequence>_time.txt` (`%.8f`).

    The formats of `ExperimentGOT10k._record`. One repetition, as the trackers are deterministic.
    Times are seconds from the image in memory to the box (the record's `update` column).
    """
    files = {}
    for sequence, record in records:
        files[f"{sequence}/{sequence}_001.txt"] = format_rows(record.boxes, "%.3f")
        seconds = np.nan_to_num(record.update, nan=0.0)[:, None]
        files[f"{sequence}/{sequence}_time.txt"] = format_rows(seconds, "%.8f")
    return files


def format_rows(rows: NDArray[np.float64], number: str) -> bytes:
    """Rows of numbers as the got10k toolkit writes them: commas, a line end after every row."""
    return "".join(",".join(number % value for value in row) + "\n" for row in rows).encode()


def write_submission(path: Path, files: Mapping[str, bytes], expected: Expected) -> str:
    """Validate the zip of these files, then write it, whole or not at all.

    Returns:
        SHA-256 of the zip; the same records always give the same bytes.

    Raises:
        SubmissionError: the server would reject it; nothing is written.
    """
    content = build_archive(files)
    problems = check_zip(path, expected, content)
    if problems:
        raise SubmissionError(
            f"{path}: not written, the server would reject it:\n{summarise(problems)}"
        )
    write_atomically(path, content)
    return hashlib.sha256(content).hexdigest()
