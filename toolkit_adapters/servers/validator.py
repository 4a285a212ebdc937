"""Would the server take it? Every rule of the TrackingNet and GOT-10k servers, checked here.

TrackingNet: `metrics.py` of the official development kit, which is the server's code. GOT-10k:
`ExperimentGOT10k` of the official toolkit, whose zip is what its server expects.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import SubmissionError
from hit_trackers.geometry import is_box
from toolkit_adapters.servers.archive import Archive, read_archive
from toolkit_adapters.servers.expected import Expected, Kind
from toolkit_adapters.servers.problems import Problem

_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_GOT10K_BOXES = re.compile(r"(?P<sequence>[^/]+)/(?P=sequence)_(?P<repetition>\d{3})\.txt")
#: Files rounded or truncated to integers may differ from the given box by less than this.
_FIRST_BOX_PIXELS = 1.0
#: No image has a pixel that far out, and larger numbers yet overflow in the official code.
_LARGEST = 1e5
_MISSING = {
    "trackingnet": "the server scores a missing sequence as zero boxes",
    "got10k": "the server refuses a submission without it",
}


def check_zip(path: Path, expected: Expected, content: bytes | None = None) -> list[Problem]:
    """Everything in a zip that the server would reject or score as something else.

    Args:
        path: the zip, or the name it is going to have.
        expected: what it has to hold.
        content: its bytes, where it is not written yet.

    Raises:
        SubmissionError: it is no readable zip at all.
    """
    archive = read_archive(path, content)
    if expected.kind == "trackingnet":
        return [*archive.problems, *_check_trackingnet(archive, expected)]
    return [*archive.problems, *_check_got10k(archive, expected)]


def detect_kind(path: Path) -> Kind:
    """Tell a TrackingNet zip (flat files) from a GOT-10k one (sequence folders, time files).

    Raises:
        SubmissionError: it holds no `.txt` file, or is no zip.
    """
    names = [name for name in read_archive(path).files if name.endswith(".txt")]
    if not names:
        raise SubmissionError(f"{path}: holds no .txt file; expected one or two a sequence")
    is_got10k = any(name.endswith("_time.txt") or _GOT10K_BOXES.search(name) for name in names)
    return "got10k" if is_got10k else "trackingnet"


def _check_trackingnet(archive: Archive, expected: Expected) -> list[Problem]:
    problems = [
        Problem(f"{archive.name}:{name}", None, "is a folder; files belong at the zip's root")
        for name in archive.folders
    ]
    by_name: dict[str, list[str]] = defaultdict(list)
    for name in archive.files:
        by_name[PurePosixPath(name).name].append(name)
    wanted = {f"{sequence}.txt" for sequence in expected.frames}
    problems += _missing(archive, expected, sorted(wanted - by_name.keys()))
    for sequence in expected.frames:
        found = by_name.get(f"{sequence}.txt", [])
        if len(found) > 1:
            reason = f"{' and '.join(found)} are both {sequence}; the server then takes neither"
            problems.append(Problem(archive.name, None, reason))
    for name, content in sorted(archive.files.items()):
        where = f"{archive.name}:{name}"
        base = PurePosixPath(name).name
        if base not in wanted:
            problems.append(
                Problem(where, None, f"is no sequence of the {_size(expected)}; remove it")
            )
            continue
        if base != name:
            problems.append(Problem(where, None, f"is in a folder; expected {base} at the root"))
        problems += _check_boxes(where, content, expected, base.removesuffix(".txt"))[1]
    return problems


def _check_got10k(archive: Archive, expected: Expected) -> list[Problem]:
    problems = []
    boxes: dict[str, set[int]] = {sequence: set() for sequence in expected.frames}
    counts: dict[str, int] = {}
    times = {f"{sequence}/{sequence}_time.txt": sequence for sequence in expected.frames}
    for name, content in sorted(archive.files.items()):
        where = f"{archive.name}:{name}"
        match = _GOT10K_BOXES.fullmatch(name)
        if match and match["sequence"] in boxes:
            sequence = match["sequence"]
            boxes[sequence].add(int(match["repetition"]))
            rows, found = _check_boxes(where, content, expected, sequence)
            problems += found
            if counts.setdefault(sequence, rows) != rows:
                reason = f"{rows} lines, other repetitions of {sequence} have {counts[sequence]}"
                problems.append(Problem(where, None, reason))
        elif name not in times:
            problems.append(Problem(where, None, _stray(name, expected)))
    for folder in archive.folders:
        if folder.rstrip("/") not in boxes:
            problems.append(Problem(f"{archive.name}:{folder}", None, _stray(folder, expected)))
    missing = [f"{s}/{s}_001.txt" for s, repetitions in boxes.items() if not repetitions]
    missing += [name for name in times if name not in archive.files]
    problems += _missing(archive, expected, sorted(missing))
    for name, sequence in times.items():
        repetitions = boxes[sequence]
        if repetitions != set(range(1, len(repetitions) + 1)):
            reason = (
                f"{sequence} has repetitions {sorted(repetitions)}; expected 1, 2, ... in a row"
            )
            problems.append(Problem(archive.name, None, reason))
        if name in archive.files and repetitions:
            problems += _check_times(
                f"{archive.name}:{name}", archive.files[name], counts[sequence], len(repetitions)
            )
    return problems


def _stray(name: str, expected: Expected) -> str:
    parts = PurePosixPath(name).parts
    if any(part in expected.frames for part in parts[1:-1]):
        return "is one folder too deep; sequence folders belong at the zip's root"
    if len(parts) == 1 and not name.endswith("/"):
        return "is at the zip's root; expected <sequence>/<sequence>_001.txt and _time.txt"
    return (
        f"does not belong to the {_size(expected)}; only <sequence>/<sequence>_001.txt and "
        "<sequence>/<sequence>_time.txt do: remove it"
    )


def _check_boxes(
    where: str, content: bytes, expected: Expected, sequence: str
) -> tuple[int, list[Problem]]:
    """Rows of a file of boxes, and what is wrong with it."""
    lines, problems = _lines(where, content)
    numbers, bad = _numbers(where, lines, 4, "x,y,w,h")
    problems += bad
    frames = expected.frames[sequence]
    if frames is not None and len(lines) != frames:
        reason = f"{len(lines)} lines for {frames} frames; expected one a frame, the first included"
        problems.append(Problem(where, min(len(lines), frames) + 1, reason))
    read = np.asarray(np.isfinite(numbers).all(axis=1))  # the other lines are problems already
    if frames is None and not lines and not problems:
        problems.append(Problem(where, None, "is empty; expected one box a frame"))
    sized = is_box(numbers)
    checks = [
        (read & ~sized, "width and height must be positive"),
        (read & (np.abs(numbers) > _LARGEST).any(axis=1), "the box is outside of any image"),
    ]
    if expected.kind == "trackingnet":
        lost = sized & (np.rint(numbers[:, 2:]) == 0).any(axis=1)
        checks.append((lost, "the server rounds boxes, and nothing of this one is left"))
    for rows, why in checks:
        found = np.flatnonzero(rows)
        if len(found):
            reason = f"{why}, got {lines[found[0]][:60]!r}"
            problems.append(Problem(where, int(found[0]) + 1, reason, len(found)))
    first = expected.first.get(sequence)
    if (
        first is not None
        and len(numbers)
        and read[0]
        and (np.abs(numbers[0] - first) >= _FIRST_BOX_PIXELS).any()
    ):
        given = ",".join(f"{value:g}" for value in first)
        reason = f"expected the given first box {given}, got {lines[0]!r}"
        problems.append(Problem(where, 1, reason))
    return len(lines), problems


def _check_times(where: str, content: bytes, frames: int, repetitions: int) -> list[Problem]:
    lines, problems = _lines(where, content)
    shape = f"{repetitions} number{'s' * (repetitions > 1)} of seconds, one a repetition"
    numbers, bad = _numbers(where, lines, repetitions, shape)
    problems += bad
    if len(lines) != frames:
        reason = f"{len(lines)} lines; expected {frames}, as many as boxes"
        problems.append(Problem(where, min(len(lines), frames) + 1, reason))
    negative = np.flatnonzero((numbers < 0).any(axis=1))
    if len(negative):
        reason = f"seconds cannot be negative, got {lines[negative[0]]!r}"
        problems.append(Problem(where, int(negative[0]) + 1, reason, len(negative)))
    if not len(negative) and not bad and len(numbers) and not (numbers > 0).any():
        problems.append(Problem(where, None, "no time is positive; the server finds no speed"))
    return problems


def _lines(where: str, content: bytes) -> tuple[list[str], list[Problem]]:
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        reason = f"byte {content[error.start]:#04x} is no ASCII text; save it without a BOM"
        return [], [Problem(where, line, reason)]
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines], []


def _numbers(
    where: str, lines: list[str], columns: int, shape: str
) -> tuple[NDArray[np.float64], list[Problem]]:
    """The lines as float64 (N, columns), NaN where a line does not parse."""
    numbers = np.full((len(lines), columns), np.nan)
    bad: dict[str, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        fields = line.split(",")
        if len(fields) == columns and all(_NUMBER.fullmatch(field) for field in fields):
            numbers[index] = [float(field) for field in fields]
        else:
            bad[_why(line, fields, columns)].append(index + 1)
    infinite = ~np.isfinite(numbers).all(axis=1)
    infinite[[line - 1 for found in bad.values() for line in found]] = False
    if infinite.any():
        bad["the number is too large"] += (np.flatnonzero(infinite) + 1).tolist()
    return numbers, [
        Problem(
            where,
            found[0],
            f"{why}; expected {shape}, got {lines[found[0] - 1][:60]!r}",
            len(found),
        )
        for why, found in bad.items()
    ]


def _why(line: str, fields: list[str], columns: int) -> str:
    if not line.strip():
        return "empty line"
    if any(field.strip().lstrip("+-").lower() in {"nan", "inf", "infinity"} for field in fields):
        return "not a finite number"
    if len(re.split(r"[\s;]+", line.strip())) == columns > 1:
        return "separated by spaces, tabs or semicolons, not commas"
    if len(fields) != columns:
        return f"{len(fields)} fields"
    return "not a number"


def _missing(archive: Archive, expected: Expected, names: list[str]) -> list[Problem]:
    """A problem a missing file, or one for all where there are many: the first few say enough."""
    consequence = _MISSING[expected.kind]
    if len(names) > 5:
        listed = ", ".join(names[:5])
        reason = f"{len(names)} files are missing ({listed}, ...); {consequence}"
        return [Problem(archive.name, None, reason)]
    return [Problem(archive.name, None, f"{name} is missing; {consequence}") for name in names]


def _size(expected: Expected) -> str:
    return f"{len(expected.frames)} expected sequence{'s' * (len(expected.frames) > 1)}"
