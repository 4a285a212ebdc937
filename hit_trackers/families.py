"""The families of trackers: found by name, in this package and in any other distribution.

A distribution adds a family by an entry point of the group `hit_trackers.families`:

    [project.entry-points."hit_trackers.families"]
    mine = "my_package:FAMILY"

where `FAMILY` is an instance of a subclass of `Family`. Imports nothing heavy: a family loads
PyTorch, or whatever it needs, in `load`.
"""

from __future__ import annotations

import abc
import ast
import functools
import importlib
import importlib.metadata
import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hit_trackers import declarations as own
from hit_trackers.errors import EngineError, FamilyError, UnknownTrackerError
from hit_trackers.references import Reference
from hit_trackers.references import find as find_references
from hit_trackers.variants import Claim, Variant, unknown

if TYPE_CHECKING:
    from hit_trackers.protocol import Tracker

GROUP = "hit_trackers.families"
#: Families of this package, which need no installation: a checkout on the path is enough.
OWN = ("hit", "mixformer", "ostrack", "stark", "transt")


@dataclass(frozen=True)
class Weights:
    """The weight file of a baseline.

    Attributes:
        baseline: the tracker that reads it.
        expected: its file name below a checkpoint folder.
        found: where it is; None where it is not.
        embedded: weights come with the package, for when it is not.
    """

    baseline: str
    expected: str
    found: Path | None
    embedded: bool = False


@dataclass(frozen=True)
class Sketch:
    """One frame of a variant on tensors that have shapes and no contents (device "meta").

    Attributes:
        frame: makes the calls that the tracker makes on CUDA.
        weights: bytes of parameters and buffers.
    """

    frame: Callable[[], object]
    weights: int


class Family(abc.ABC):
    """Trackers of one architecture. Only `name`, `parse` and `load` are needed."""

    #: The first word of its trackers' names.
    name: str

    @abc.abstractmethod
    def parse(self, name: str) -> Variant:
        """What a name means; reads nothing from disk.

        Raises:
            UnknownTrackerError: it is no name of this family.
        """

    @abc.abstractmethod
    def load(self, variant: Variant, checkpoint: str | Path | None, device: str) -> Tracker:
        """Make a tracker ready to run; its `variant` carries the identity.

        Raises:
            CheckpointError: no weights, or none that fit.
            EngineError: it cannot run on this device.
            MissingDependencyError: a library is not installed.
        """

    def resolve(self, name: str, checkpoint: str | Path | None = None) -> Variant:
        """As `parse`; what the name leaves open, such as a size, follows from this machine."""
        return self.parse(name)

    def variants(self) -> Sequence[Variant]:
        """Those worth listing; tokens may combine further."""
        return [self.parse(self.name)]

    def tokens(self) -> Mapping[str, str]:
        """Parts of a name, and what each means."""
        return {}

    def lossy_controls(self, baseline: str) -> Sequence[str]:
        """Variants of a baseline that must differ from it, to show that a comparison works."""
        return ()

    def bench_variants(self, device: str) -> Sequence[str]:
        """What `bench` measures on "cpu" or "cuda" when no tracker is named."""
        return [variant.name for variant in self.variants()]

    def weights(self) -> Sequence[Weights]:
        """The weight files that it reads, and where they are."""
        return ()

    def references(self) -> Sequence[Reference]:
        """Published figures, shown beside this family's trackers."""
        return find_references(self.name)

    def sources(self) -> Sequence[Path]:
        """The files whose code decides a box, those of `hit_trackers` itself aside.

        By default the package that the family comes from, or its module and those beside it that
        it imports.
        """
        module = Path(inspect.getfile(type(self)))
        top = type(self).__module__.partition(".")[0]
        if module.stem == top:
            return sorted(_imported(module, {module}))
        package = next(parent for parent in module.parents if parent.name == top)
        return sorted(package.rglob("*.py"))

    def sketch(self, variant: Variant) -> Sketch | None:
        """One frame without contents, to count what a GPU would execute; None: not offered."""
        return None


def _imported(module: Path, seen: set[Path]) -> set[Path]:
    """A module that stands alone, and those beside it that it imports."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for name in names:
            beside = module.with_name(f"{name.partition('.')[0]}.py")
            if beside.is_file() and beside not in seen:
                seen.add(beside)
                _imported(beside, seen)
    return seen


@dataclass(frozen=True)
class Registry:
    """The families that were found, and why others could not be imported."""

    families: Mapping[str, Family]
    broken: Mapping[str, str] = field(default_factory=dict)


@functools.cache
def registry() -> Registry:
    """Import all families, once per process; those that fail are kept with the reason."""
    found: dict[str, Family] = {}
    broken: dict[str, str] = {}
    sources: list[tuple[str, Callable[[], object]]] = [
        (name, functools.partial(_built_in, name)) for name in OWN
    ]
    points = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda point: point.name)
    sources += [(point.name, point.load) for point in points]
    try:
        declared = own.declarations()
    except FamilyError as error:
        declared, broken[own.FILE] = [], str(error)
    sources += [(one.name, functools.partial(_declared, one)) for one in declared]
    for name, load in sources:
        try:
            family = load()
            if not isinstance(family, Family):
                raise TypeError(f"expected an instance of Family, got {type(family).__name__}")
            if family.name in found:
                raise ValueError(f"the name {family.name!r} is taken")
            found[family.name] = family
        except Exception as error:  # somebody else's module may raise anything
            broken[name] = f"{type(error).__name__}: {error}"
    return Registry(found, broken)


def _built_in(name: str) -> object:
    return importlib.import_module(f"hit_trackers.{name}").FAMILY


def _declared(declaration: own.Declaration) -> object:
    return importlib.import_module("hit_trackers.own.family").OwnFamily(declaration)


def tracker_name(text: str) -> str:
    """Read a tracker as users write it, and return its name.

    `NAME=FILE.py:MAKE` declares an own tracker on the way, for this process and its children.

    Raises:
        FamilyError: it is no declaration.
    """
    declaration = own.of_option(text)
    if declaration is None:
        return text
    declare([declaration])
    return declaration.name


def declare_file(path: Path) -> None:
    """Make the trackers of a `trackers.toml` known, for this process and its children.

    Raises:
        FamilyError: it is no such file.
    """
    declare(own.of_file(path))


def declare(declarations: Iterable[own.Declaration]) -> None:
    """Make own trackers known."""
    own.declare(declarations)
    registry.cache_clear()


def is_declared(name: str) -> bool:
    """Whether a tracker is somebody's own, or a variant of one."""
    lowered = name.lower()
    try:
        names = [one.name for one in own.declarations()]
    except FamilyError:
        return False
    return any(lowered == one or lowered.startswith(f"{one}_") for one in names)


def family_of(name: str) -> Family:
    """The family of a tracker's name.

    Raises:
        UnknownTrackerError: no family has this first word.
        FamilyError: it has one, which cannot be imported.
    """
    known = registry()
    lowered = name.lower()
    # The longest first, for a family's name may begin with another's.
    for word in sorted({*known.families, *known.broken}, key=len, reverse=True):
        if lowered == word or lowered.startswith(f"{word}_"):
            if word in known.families:
                return known.families[word]
            raise FamilyError(f"the family {word!r} cannot be imported: {known.broken[word]}")
    raise UnknownTrackerError(unknown(name, lowered.split("_")[0], known.families))


def parse(name: str) -> Variant:
    """What a tracker's name means; see `Family.parse`."""
    return family_of(name).parse(name)


def list_trackers() -> list[Variant]:
    """The variants worth naming, of all families; tokens combine further."""
    return [variant for family in registry().families.values() for variant in family.variants()]


def require_device_name(device: str) -> str:
    """The name, if it is one of a device that trackers can run on; it need not be there.

    Raises:
        EngineError: it is not.
    """
    if not re.fullmatch(r"cpu|cuda(:\d{1,3})?", device, re.ASCII):
        mps = "; Apple's GPUs (mps) are not supported" if device.startswith("mps") else ""
        raise EngineError(f"device {device!r}: expected cpu, cuda or cuda:<index>{mps}")
    return device


def load_tracker(
    name: str,
    checkpoint: str | Path | None = None,
    device: str = "cpu",
    *,
    deterministic: bool = False,
) -> Tracker:
    """Make a tracker ready to run.

    Args:
        name: `<family>[_<size>][_<optimisation>...]`, such as `hit_base_exact`; or an own tracker,
            declared in `trackers.toml` or here: `mine=mine.py:make`.
        checkpoint: official checkpoint, bare state dict, or `.safetensors`; "seeded" for random
            weights that are equal on every machine; without one the family looks for it.
        device: "cpu", "cuda" or "cuda:1".
        deterministic: ask PyTorch for deterministic algorithms and full float32, for the whole
            process. Without it PyTorch's defaults hold, as for the official tracker.

    Raises:
        UnknownTrackerError: the name does not parse.
        CheckpointError: no weights, or none that fit.
        EngineError: no such device, or the engine cannot run on it.
        MissingDependencyError: a library is not installed.
    """
    require_device_name(device)
    name = tracker_name(name)
    family = family_of(name)
    variant = family.resolve(name, checkpoint)
    if deterministic or device.startswith("cuda"):
        from hit_trackers.engines.devices import make_deterministic, require

        require(device)
        if deterministic:
            make_deterministic()
    return family.load(variant, checkpoint, device)


def repeated(variant: Variant, name: str) -> Variant:
    """The same tracker again under another name, as a control: it must be its baseline."""
    return replace(variant, name=name, claim=Claim.BASELINE)
