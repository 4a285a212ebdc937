"""Zips: written with the same bytes for the same content, read without trusting them.

Nothing is ever extracted to disk: members are read in memory, each and all below a limit, so that
neither a path such as `../../.bashrc` nor a small file that expands to gigabytes does harm.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hit_trackers.errors import SubmissionError
from toolkit_adapters.servers.problems import Problem

#: The longest official sequence has some 3000 frames; a line is at most about 100 bytes.
MAX_FILE_BYTES = 4 * 2**20
MAX_TOTAL_BYTES = 256 * 2**20
MAX_FILES = 5000

_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Archive:
    """A zip's files, read, and what is wrong with it as a zip.

    Attributes:
        name: file name of the zip, for messages.
        files: member name -> content; folders are left out.
        folders: members that are folders.
        problems: of the zip; members named in them are not in `files`.
    """

    name: str
    files: Mapping[str, bytes]
    folders: tuple[str, ...]
    problems: tuple[Problem, ...]


def read_archive(path: Path, content: bytes | None = None) -> Archive:
    """Read a zip in memory.

    Args:
        path: the zip, or the name it is going to have.
        content: its bytes, where it is not written yet.

    Raises:
        SubmissionError: it does not exist, is no zip, or is too large to be a submission.
    """
    if content is None and not path.is_file():
        raise SubmissionError(f"{path}: no such file; expected a zip of result files")
    try:
        with zipfile.ZipFile(path if content is None else io.BytesIO(content)) as archive:
            return _read(path.name, archive)
    except SubmissionError:
        raise
    except Exception as error:  # zipfile raises NotImplementedError, IndexError, struct.error too
        raise SubmissionError(
            f"{path}: cannot be read as a zip ({error}); make it again, with `submit` or `zip -r`"
        ) from error


def _read(name: str, archive: zipfile.ZipFile) -> Archive:
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    if len(members) > MAX_FILES or total > MAX_TOTAL_BYTES:
        raise SubmissionError(
            f"{name}: {len(members)} members, {total / 2**20:.0f} MiB unpacked; no submission has "
            f"more than {MAX_FILES} and {MAX_TOTAL_BYTES // 2**20} MiB. Nothing was unpacked"
        )
    files: dict[str, bytes] = {}
    folders, problems = [], []
    seen: set[str] = set()
    for member in members:
        where = f"{name}:{member.filename}"
        if member.filename in seen:
            problems.append(Problem(where, None, "is in the zip twice; remove one"))
            files.pop(member.filename, None)
            continue
        seen.add(member.filename)
        reason = _refuse(member)
        if reason:
            problems.append(Problem(where, None, reason))
        elif member.is_dir():
            folders.append(member.filename)
        else:
            try:
                files[member.filename] = archive.read(member)
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
                problems.append(Problem(where, None, f"is damaged ({error}); make the zip again"))
            except (NotImplementedError, RuntimeError) as error:
                problems.append(
                    Problem(where, None, f"cannot be unpacked ({error}); use plain deflate")
                )
    return Archive(name, files, tuple(folders), tuple(problems))


def _refuse(member: zipfile.ZipInfo) -> str | None:
    path = PurePosixPath(member.filename)
    if not member.filename:
        return "is a file without a name; make the zip again"
    if path.is_absolute() or ".." in path.parts or "\\" in member.orig_filename or ":" in path.name:
        return "is a path out of the zip, or a Windows path; servers refuse it"
    if member.flag_bits & 1:
        return "is encrypted; make the zip without a password"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a symbolic link; put the file itself in the zip"
    if member.file_size > MAX_FILE_BYTES:
        return (
            f"unpacks to {member.file_size / 2**20:.0f} MiB; no result file has more than "
            f"{MAX_FILE_BYTES // 2**20} MiB, it was not unpacked"
        )
    return None


def build_archive(files: Mapping[str, bytes]) -> bytes:
    """A zip of these files, sorted by name; the same files give the same bytes on any machine.

    Stored, not deflated: compressed bytes depend on the zlib that wrote them.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = 3  # Unix, wherever it is written
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, files[name])
    return stream.getvalue()
