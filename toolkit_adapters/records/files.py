"""Writing files completely or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hit_trackers.errors import RecordError

#: Suffix of files being written; a file with it can be deleted once its writer has ended.
TEMPORARY = ".partial"


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary name beside `path`, fsync, rename, fsync the folder.

    Raises:
        RecordError: the folder cannot be written or the disk is full; `path` is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise RecordError(
            f"{path}: cannot be written ({error.strerror or error}); nothing finished is lost: "
            "make room or choose another folder, then run the same command again"
        ) from error


def _sync_folder(folder: Path) -> None:
    # Without it a power cut may forget the rename. Windows cannot open a folder.
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
