"""The room of an own tracker: its folder first on `sys.path`, its directory, its prints in a log.

Research code changes the working directory, prints, exits, and calls its package `lib`. What it
does stays here: each call is made in its directory and leaves the harness's own as it was.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from hit_trackers.declarations import Declaration
from hit_trackers.errors import FamilyError
from hit_trackers.own.lent import cuda_led_to, numpy_aliases

#: Top-level packages that a room has brought in, by name, and whose they are.
_TAKEN: dict[str, str] = {}


#: Nobody's, even where a root is the checkout of this project.
_OURS = ("hit_trackers", "toolkit_adapters")


class Room:
    """Where the code of one own tracker runs."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.seconds = declaration.seconds
        self.device = "cpu"
        self.root = Path(declaration.root)
        self.directory = self.root
        self.log: TextIO = _Log(declaration.name)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Be in the room: what the tracker does to directory and prints ends with it.

        Raises:
            FamilyError: its folder does not exist, or it calls `sys.exit`.
        """
        before = os.getcwd()
        try:
            os.chdir(self.directory)
        except OSError as error:
            raise FamilyError(
                f"own tracker {self.declaration.name}: {self.directory} cannot be entered "
                f"({error.strerror or error})"
            ) from error
        with contextlib.ExitStack() as stack:
            stack.callback(os.chdir, before)
            stack.enter_context(contextlib.redirect_stdout(self.log))
            if not self.declaration.trax:  # its client watches the time
                stack.enter_context(_limited(self.seconds))
            if self.declaration.cuda == "redirect":
                stack.enter_context(cuda_led_to(self.device))
            if self.declaration.numpy_aliases:
                stack.enter_context(numpy_aliases())
            try:
                yield
            except SystemExit as error:
                raise FamilyError(
                    f"own tracker {self.declaration.name} called sys.exit({error.code!r})"
                ) from error
            # A tracker that changed directory goes on there the next time.
            self.directory = Path.cwd()

    def import_maker(self) -> Any:
        """What `make` names, imported with the root first on `sys.path`.

        Raises:
            FamilyError: missing, or it raises on import; or another tracker of this process has
                brought in a package of the same name from elsewhere.
        """
        name, attribute = self.declaration.make.rsplit(":", 1)
        before = set(sys.modules)
        with self.entered():
            sys.path.insert(0, str(self.root))
            try:
                module = self._import(name)
            except FamilyError:
                raise
            except Exception as error:
                raise FamilyError(
                    f"own tracker {self.declaration.name}: importing {name} from {self.root} "
                    f"raised {type(error).__name__}: {error}"
                ) from error
        self._claim(before)
        if not hasattr(module, attribute):
            raise FamilyError(
                f"own tracker {self.declaration.name}: {name} has no {attribute!r}; it has "
                f"{', '.join(n for n in vars(module) if not n.startswith('_'))}"
            )
        return getattr(module, attribute)

    def _import(self, name: str) -> ModuleType:
        top = name.removesuffix(".py").partition(".")[0]
        owner = _TAKEN.get(top)
        if owner is not None and owner != str(self.root):
            raise FamilyError(
                f"own tracker {self.declaration.name}: the package {top!r} of {self.root} cannot "
                f"be imported, as {owner} has one of the same name; run the two in commands of "
                "their own and `compare` the results"
            )
        path = self.declaration.file
        if path is None:
            return importlib.import_module(name)
        if not path.is_file():
            raise FamilyError(f"own tracker {self.declaration.name}: {path} does not exist")
        spec = importlib.util.spec_from_file_location(f"own_{self.declaration.name}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    def _claim(self, before: set[str]) -> None:
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in _OURS:
                continue
            if _is_below(sys.modules[name], self.root):
                _TAKEN.setdefault(name.partition(".")[0], str(self.root))

    def sources(self) -> list[Path]:
        """Files below the root that this process has imported."""
        modules = list(sys.modules.values())
        files = {Path(str(m.__file__)) for m in modules if _is_below(m, self.root)}
        return sorted(path for path in files if path.suffix == ".py")


class _Log(io.StringIO):
    """What a tracker prints goes to standard error, where it is, a line at a time and marked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._line = ""

    def write(self, text: str) -> int:
        """Keep text until its line ends."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            print(f"{self._name}: {line}", file=sys.stderr)
        return len(text)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what takes longer; only in the main thread, where signals arrive."""
    main = threading.current_thread() is threading.main_thread()
    if not (main and hasattr(signal, "setitimer")):
        yield
        return

    def end(*_: object) -> None:
        raise TimeoutError(f"it took longer than {seconds:g} s (`seconds` of its declaration)")

    before = signal.signal(signal.SIGALRM, end)
    # Somebody else's alarm, if there is one, goes off later by what the call takes.
    others = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *others)


def _is_below(module: ModuleType, root: Path) -> bool:
    file = Path(str(getattr(module, "__file__", None) or ""))
    # PyTorch has modules that are made of nothing, with a name of a file and no folder.
    return file.is_absolute() and file.resolve().is_relative_to(root.resolve())
