"""Text files in a folder or a zip: listed once, read into memory one at a time, never extracted.

A zip may come from a stranger. Sizes are limited before anything is unpacked, and checked again
during it. Names only serve to look up a sequence, so a path that points elsewhere has no effect.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from types import TracebackType

from hit_trackers.errors import ResultFileError

MAX_MEMBERS = 200_000
MAX_MEMBER_BYTES = 64 * 1024**2
MAX_TOTAL_BYTES = 4 * 1024**3
SUFFIXES = (".txt", ".label", ".ini")
_FRAMES = {"img", "frames"}


class Files:
    """The text files below a folder, or in a zip, by their paths from its top.

    >>> with Files(Path("SiamRPN++.zip")) as files:
    ...     text = files.read("airplane-1.txt")
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self._entries: dict[str, zipfile.ZipInfo | Path] = {}
        #: Names that a zip holds more than once; reading one is an error.
        self.repeated: set[str] = set()
        if path.is_dir():
            self._list_folder()
        elif path.is_file():
            self._list_zip()
        else:
            raise ResultFileError(f"{path}: no such folder or zip")

    @property
    def names(self) -> tuple[str, ...]:
        """Paths from the top, with forward slashes."""
        return tuple(self._entries)

    @cached_property
    def names_set(self) -> frozenset[str]:
        """The same, for look-ups."""
        return frozenset(self._entries)

    def __enter__(self) -> Files:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._zip is not None:
            self._zip.close()

    def where(self, name: str) -> str:
        """How a message calls the file."""
        return f"{self.path}:{name}" if self._zip is not None else str(self.path / name)

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            ResultFileError: it is too large, damaged, encrypted, there twice, or cannot be read.
        """
        if name in self.repeated:
            raise ResultFileError(f"{self.where(name)}: the zip holds this name more than once")
        entry = self._entries[name]
        try:
            if isinstance(entry, Path):
                if entry.stat().st_size > MAX_MEMBER_BYTES:
                    raise _too_large(self.where(name))
                return entry.read_bytes()
            assert self._zip is not None
            with self._zip.open(entry) as stream:
                data = stream.read(MAX_MEMBER_BYTES + 1)
        except ResultFileError:
            raise
        except Exception as error:
            # zipfile lets through whatever its decompressors raise on damaged data.
            raise ResultFileError(
                f"{self.where(name)}: cannot be read ({type(error).__name__}: {error})"
            ) from error
        if len(data) > MAX_MEMBER_BYTES:
            raise _too_large(self.where(name))
        return data

    def _list_folder(self) -> None:
        for folder, subfolders, names in os.walk(self.path):
            # Frames of a dataset lie beside its annotations: hundreds of thousands, and never
            # needed.
            subfolders[:] = sorted(
                n for n in subfolders if n not in _FRAMES and not n.startswith(".")
            )
            for name in sorted(names):
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    path = Path(folder, name)
                    self._entries[path.relative_to(self.path).as_posix()] = path
            if len(self._entries) > MAX_MEMBERS:
                raise ResultFileError(f"{self.path}: more than {MAX_MEMBERS} text files")

    def _list_zip(self) -> None:
        try:
            self._zip = zipfile.ZipFile(self.path)
            members = self._zip.infolist()
        except Exception as error:  # struct.error, UnicodeDecodeError, ... of damaged directories
            raise ResultFileError(
                f"{self.path}: neither a folder nor a readable zip: {error}"
            ) from error
        if len(members) > MAX_MEMBERS:
            raise ResultFileError(
                f"{self.path}: {len(members)} members, at most {MAX_MEMBERS} allowed"
            )
        total = 0
        for member in members:
            path = PurePosixPath(member.filename)
            hidden = "__MACOSX" in path.parts or path.name.startswith(".")
            # Not `is_dir`, which trips over an empty name; folders have no suffix anyway.
            if hidden or not path.name.lower().endswith(SUFFIXES):
                continue
            if member.file_size > MAX_MEMBER_BYTES:
                raise _too_large(self.where(member.filename))
            total += member.file_size
            if member.filename in self._entries:
                self.repeated.add(member.filename)
            self._entries[member.filename] = member
        if total > MAX_TOTAL_BYTES:
            raise ResultFileError(
                f"{self.path}: inflates to {total} bytes, at most {MAX_TOTAL_BYTES} allowed"
            )


def by_stem(names: tuple[str, ...]) -> Mapping[str, list[str]]:
    """Paths by their file name without folder and `.txt`."""
    stems: dict[str, list[str]] = {}
    for name in names:
        path = PurePosixPath(name)
        if path.suffix.lower() == ".txt":
            stems.setdefault(path.stem, []).append(name)
    return stems


def _too_large(where: str) -> ResultFileError:
    return ResultFileError(
        f"{where}: larger than {MAX_MEMBER_BYTES // 1024**2} MiB, which no text file of boxes is"
    )
