"""What a user says of an own tracker, on the command line or in a `trackers.toml`.

    [mine]
    make = "mine.py:make"              # or "package.module:name"; a class or a function
    arguments = {checkpoint = "a.pth"} # given to it by name
    root = "/home/me/checkout"         # first on sys.path, and the working directory
    baseline = "other"                 # the tracker that it must be compared with
    claim = "bitwise"                  # what it says of itself: bitwise, tolerance or lossy
    colour = "bgr"                     # of the images it wants (default: "rgb")
    box = "xyxy"                       # of its answers (default: "xywh")
    seconds = 60                       # that one call of it may take (default: 60)
    cuda = "redirect"                  # its `.cuda()` goes to the device that was chosen
    numpy_aliases = true               # it still has np.float, np.int, ... of old NumPy

    [theirs]
    trax = "bin/tracker --fast"        # in place of `make`: an executable that speaks TraX

Imports nothing heavy.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from hit_trackers.errors import FamilyError
from hit_trackers.variants import Claim

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "trackers.toml"
#: Where another such file is, of the configuration.
FILE_VARIABLE = "HIT_TRACKERS_FILE"
#: What makes a tracker of an executable, where the vot-toolkit is installed.
TRAX = "toolkit_adapters.vot.client:TraxTracker"
#: Declarations of the command line, as JSON: child processes and other machines read them too.
VARIABLE = "HIT_TRACKERS_OWN"
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_CHOICES = {
    "colour": ("rgb", "bgr"),
    "box": ("xywh", "xyxy"),
    "cuda": ("as written", "redirect"),
}


@dataclass(frozen=True)
class Declaration:
    """An own tracker; see the module.

    Attributes:
        name: the tracker's name.
        make: `file.py:name` or `package.module:name`; of an executable, what runs it.
        root: folder of the tracker's code.
        baseline: name of its baseline; empty: it is one.
        claim: what it says of itself; empty for a baseline, and `tolerance` for a variant.
        colour, box: of the images that it wants, and of the boxes that it answers.
        seconds: that one call may take, where Python can interrupt it.
        cuda: "redirect": what its code sends to CUDA goes to the device that was chosen.
        numpy_aliases: its code finds the names that NumPy has removed.
        trax: the command of an executable that speaks the TraX protocol; "" where Python makes it.
    """

    name: str
    make: str
    root: str
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    baseline: str = ""
    claim: str = ""
    colour: str = "rgb"
    box: str = "xywh"
    seconds: float = 60.0
    cuda: str = "as written"
    numpy_aliases: bool = False
    trax: str = ""

    def __post_init__(self) -> None:
        if self.trax:
            command = {"command": self.trax, "root": self.root, "seconds": self.seconds}
            object.__setattr__(self, "make", TRAX)
            object.__setattr__(self, "arguments", command)
        if not _NAME.fullmatch(self.name):
            raise FamilyError(
                f"own tracker {self.name!r}: expected a name of small letters, digits and _, such "
                "as mine or mine_fast"
            )
        module, colon, attribute = self.make.rpartition(":")
        if not (module and colon and attribute.isidentifier()):
            raise FamilyError(
                f"own tracker {self.name}: make is {self.make!r}; expected `file.py:name` or "
                "`package.module:name`, a class or a function that makes a tracker"
            )
        for key, known in _CHOICES.items():
            if getattr(self, key) not in known:
                raise FamilyError(
                    f"own tracker {self.name}: {key} is {getattr(self, key)!r}; expected one of "
                    f"{', '.join(known)}"
                )
        if self.claim and self.claim not in {claim.value for claim in Claim}:
            raise FamilyError(
                f"own tracker {self.name}: claim is {self.claim!r}; expected one of "
                f"{', '.join(Claim)}"
            )
        if bool(self.baseline) == (self.claim in ("", Claim.BASELINE.value)) and self.claim:
            raise FamilyError(
                f"own tracker {self.name}: a claim is about a baseline; give both, or neither"
            )

    @property
    def file(self) -> Path | None:
        """The file that `make` names; None where it names a module."""
        module = self.make.rpartition(":")[0]
        return Path(self.root, module) if module.endswith(".py") else None


def of_option(text: str) -> Declaration | None:
    """Read `--tracker NAME=FILE.py:NAME`; None where the text is a plain name."""
    name, equals, make = text.partition("=")
    if not equals:
        return None
    module, colon, attribute = make.rpartition(":")
    if module.endswith(".py"):
        path = Path(module).expanduser().resolve()
        return Declaration(name, f"{path.name}{colon}{attribute}", str(path.parent))
    return Declaration(name, make, str(Path.cwd()))


def of_file(path: Path) -> list[Declaration]:
    """Read a `trackers.toml`; relative roots and files start at its folder.

    Raises:
        FamilyError: it is not TOML, or a table of it is no declaration; file and table are named.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FamilyError(f"{path}: cannot be read as TOML ({error})") from error
    return [_of_table(path, name, table) for name, table in tables.items()]


def _of_table(path: Path, name: str, table: Any) -> Declaration:
    known = {one.name for one in fields(Declaration)} - {"name"}
    made = isinstance(table, dict) and len({"make", "trax"} & table.keys()) == 1
    if not made or not table.keys() <= known:
        raise FamilyError(
            f'{path}: [{name}]: expected `make = "file.py:name"` or `trax = "command"`, and of '
            f"these what is needed: {', '.join(sorted(known - {'make', 'trax'}))}; got {table!r}"
        )
    root = (path.parent / str(table.get("root", "."))).resolve()
    values = {"make": "", **table, "root": str(root)}
    types: dict[str, Any] = {"arguments": dict, "seconds": (int, float), "numpy_aliases": bool}
    wrong = [key for key in values if not isinstance(values[key], types.get(key, str))]
    if wrong:
        raise FamilyError(f"{path}: [{name}]: {', '.join(wrong)}: of another type than expected")
    return Declaration(name, **values)


def declare(declarations: Iterable[Declaration]) -> None:
    """Make own trackers known to this process and to those that it starts."""
    known = {one.name: one for one in [*_declared(), *declarations]}
    os.environ[VARIABLE] = json.dumps([asdict(one) for one in known.values()])


def _declared() -> list[Declaration]:
    try:
        return [Declaration(**values) for values in json.loads(os.environ.get(VARIABLE, "[]"))]
    except (ValueError, TypeError) as error:
        raise FamilyError(f"{VARIABLE} holds no declarations of trackers: {error}") from error


def declarations() -> list[Declaration]:
    """All own trackers.

    Of equal names the first counts: of the command line (and `--trackers FILE`), of `trackers.toml`
    in the working directory, of the file that the configuration names.
    """
    files = [Path(FILE)] if Path(FILE).is_file() else []
    if named := os.environ.get(FILE_VARIABLE):
        files.append(Path(named))
    found: dict[str, Declaration] = {}
    for one in (*_declared(), *(one for path in files for one in of_file(path))):
        found.setdefault(one.name, one)
    return list(found.values())
