"""The network as an ONNX file for other runtimes: exported once, cached, checked at every load."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import inspect
import math
import os
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import filelock
import numpy as np
import platformdirs
import torch

from hit_trackers.checkpoint import digest
from hit_trackers.engines.program import Program, Tensors, each
from hit_trackers.errors import EngineError, HitTrackersError, MissingDependencyError
from hit_trackers.variants import TOLERANCE_PX, Variant
from hit_trackers.version import VERSION

CACHE = "HIT_TRACKERS_CACHE"
OPSET = 17  # the newest that PyTorch's TorchScript exporter writes without upgrading operators
PATCH = "patch"
OUTPUT = "result"

#: What the program holds of templates, as arrays.
Held = tuple[np.ndarray, ...]
Execute = Callable[[dict[str, np.ndarray]], np.ndarray]


@dataclass(frozen=True)
class Exported:
    """A network that left PyTorch.

    Attributes:
        path: the ONNX file, inputs `patch` uint8 (S, S, C) and, by `names`, what the program holds
            of templates; output `result` float32 (K,).
        program: embeds templates; that stays in PyTorch, as it runs once per sequence or rarely.
        patch, held: a fixed search region, and what is held of fixed templates.
        expected: what the eager engine computes for the two.
    """

    path: Path
    program: Program
    patch: np.ndarray
    held: Held
    expected: np.ndarray

    @property
    def quantised(self) -> bool:
        """Whether this is the 8-bit version."""
        return self.path.stem.endswith("-int8")

    @torch.no_grad()
    def embed(self, patch: np.ndarray) -> Held:
        """Templates, uint8 ([n,] T, T, C) -> what the program holds of them."""
        held = self.program.embed(torch.from_numpy(patch))
        return tuple(np.ascontiguousarray(tensor.numpy()) for tensor in each(held))

    def inputs(self, patch: np.ndarray, held: Held) -> dict[str, np.ndarray]:
        """A search region and what is held of templates, by input name."""
        return {PATCH: patch, **dict(zip(_names(held), held, strict=True))}

    def check(self, execute: Execute, variant: Variant) -> None:
        """Compare a runtime with the eager engine; another precision must only be finite.

        Raises:
            EngineError: it computes something else.
        """
        found = execute(self.inputs(self.patch, self.held))
        if found.shape != self.expected.shape:
            raise EngineError(f"{variant.name}: its output is of shape {found.shape}")
        compared = self.program.compared
        difference = float(np.abs(found - self.expected)[compared].max())
        # Outputs are fractions of the search region; 2e-6 was seen of ONNX Runtime and OpenVINO.
        limit = TOLERANCE_PX / self.program.search_size
        limit = limit if variant.part("precision") == "fp32" else np.inf
        if not np.isfinite(found).all() or not difference <= limit:
            raise EngineError(
                f"{variant.name}: on a fixed patch its output differs from the eager engine's by "
                f"{difference:.2g} (tolerance {limit:g}): {found} against {self.expected}. "
                f"Delete {self.path} if it may be damaged; else this runtime's version computes "
                "something else, and its speed would be that of another tracker"
            )


def cache_folder() -> Path:
    """Where exported networks are kept: `HIT_TRACKERS_CACHE`, else the user's cache folder."""
    named = os.environ.get(CACHE)
    root = named if named else platformdirs.user_cache_dir("hit-trackers", appauthor=False)
    return Path(root).expanduser() / "onnx"


def export(program: Program, variant: Variant, templates: int | None = None) -> Exported:
    """Export a float32 program on a CPU, unless the cache holds it.

    Args:
        program: whose shapes are fixed in the file.
        variant: names the file, and says what is asked for.
        templates: how many, where there are several; None: as many as at first.

    Raises:
        EngineError: the cache cannot be written, PyTorch cannot export, or an 8-bit network has
            not been made yet.
        MissingDependencyError: the onnx package, which the exporter needs, is not installed.
    """
    attention, engine = variant.part("attention"), variant.part("engine")
    if attention != "eager":
        raise EngineError(
            f"{variant.name}: {engine} plans attention itself, so {attention!r} would name what "
            f"does not run; use {variant.baseline}_{engine}"
        )
    program.eval()
    patch = _test_pattern(program.search_size, program.channels)
    template = _test_pattern(program.template_size, program.channels)
    count = templates or program.templates
    if count is not None:
        template = np.stack([np.roll(template, number, axis=1) for number in range(count)])
    with torch.no_grad():
        inputs = (torch.from_numpy(patch), program.embed(torch.from_numpy(template)))
        expected = program(*inputs).numpy()
    several = f"-{count}" if count is not None else ""
    path = cache_folder() / f"{variant.baseline}-{_key(program)[:24]}{several}.onnx"
    write_once(path, lambda target: _export(program, inputs, target))
    if variant.part("precision") == "int8":
        path = quantised_path(path)
        if not path.is_file():
            raise EngineError(
                f"{variant.name}: these weights have not been quantised yet; run\n"
                f"  hit-trackers quantise {variant.name}\n"
                "with the same --checkpoint: it calibrates on the demo"
            )
    held = tuple(tensor.contiguous().numpy() for tensor in each(inputs[1]))
    return Exported(path, program, patch, held, expected)


def _names(held: tuple[object, ...]) -> list[str]:
    """Names of the inputs for what is held of templates."""
    return ["template"] if len(held) == 1 else [f"template{n}" for n in range(len(held))]


def quantised_path(path: Path) -> Path:
    """Where the 8-bit version of an exported network belongs."""
    return path.with_name(f"{path.stem}-int8.onnx")


def _key(program: Program) -> str:
    """Of weights, geometry, and everything that decides what is written."""
    sha = hashlib.sha256()
    classes = {type(module) for module in program.modules()}
    own = {c for c in classes if not c.__module__.startswith("torch.")}
    sources = {Path(inspect.getfile(c)) for c in own}
    package = Path(__file__).parents[1]
    sources |= {Path(__file__), package / "attention" / "eager.py", package / "engines/pixels.py"}
    for source in sorted(sources):
        sha.update(source.read_bytes())
    for part in (VERSION, torch.__version__, str(OPSET), program.search_size):
        sha.update(str(part).encode())
    sha.update(digest(program.state_dict()).encode())
    return sha.hexdigest()


def _test_pattern(size: int, channels: int = 3) -> np.ndarray:
    """A fixed image with structure at every scale; noise would mean nothing to a network.

    A fourth channel says that an eighth of it is padding.
    """
    y, x = np.mgrid[0:size, 0:size].astype(np.float64) / size
    waves = [np.sin(2 * np.pi * ((1 + c) * x * x + (3 - c) * y + c * x * y)) for c in range(3)]
    image = np.uint8(np.round(127.5 + 120 * np.stack(waves, axis=-1)))
    if channels == 3:
        return np.asarray(image)
    return np.dstack([image, np.uint8(255 * (x < 1 / 8))])


def _export(program: Program, inputs: tuple[torch.Tensor, Tensors], path: Path) -> None:
    try:
        importlib.import_module("onnx")
    except ImportError as error:
        raise MissingDependencyError(
            f"exporting a network needs the onnx package ({error}); install it with "
            "`pip install 'hit-trackers[onnx]'` or `'hit-trackers[openvino]'`"
        ) from error
    with warnings.catch_warnings(), torch.no_grad():
        # Deprecation, and constants of the geometry that tracing fixes as it should.
        warnings.simplefilter("ignore")
        # The TorchScript exporter: the newer one needs onnxscript, and gains nothing here.
        torch.onnx.export(
            program,
            inputs,
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=[PATCH, *_names(each(inputs[1]))],
            output_names=[OUTPUT],
        )


def write_once(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file under a temporary name and rename it, one process at a time."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(f"{path}.lock"):
            if not path.is_file():
                write(temporary)
                with open(temporary, "rb") as file:
                    os.fsync(file.fileno())
                os.replace(temporary, path)
    except OSError as error:
        raise EngineError(
            f"{path}: the exported network cannot be written ({error.strerror or error}); set "
            f"{CACHE} to a folder with about 200 MB to spare"
        ) from error
    except HitTrackersError:
        raise
    except Exception as error:  # the exporter raises RuntimeError and a dozen subclasses
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise EngineError(
            f"{path.name}: the network cannot be converted (PyTorch {torch.__version__}): {reason}"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


class ExportedEngine:
    """What the runtimes of exported networks share; each brings its `_load`.

    Shapes are fixed in a file, so where templates grow in number there is a file for each number.

    Attributes:
        exported: what runs now.
    """

    kind: str
    precision: str
    runtime: str
    network_seconds = math.nan
    device_seconds = math.nan
    patch_buffer: np.ndarray | None = None
    weights_bytes: int | None = None

    def __init__(self, program: Program, variant: Variant) -> None:
        self._variant = variant
        self._loaded: dict[tuple[int, ...], tuple[Exported, Execute]] = {}
        self._held: Held | None = None
        self._use(export(program, variant), program.template_shape)

    def _load(self, exported: Exported, variant: Variant) -> Execute:
        """Open the file; sets `precision` and `runtime`."""
        raise NotImplementedError

    def _use(self, exported: Exported, shape: tuple[int, ...]) -> None:
        execute = self._load(exported, self._variant)
        exported.check(execute, self._variant)
        self._loaded[shape] = self.exported, self._execute = exported, execute

    def set_template(self, patch: np.ndarray) -> None:
        """Embed the templates (in PyTorch, as that is done rarely)."""
        if patch.shape not in self._loaded:
            program = self.exported.program
            self._use(export(program, self._variant, len(patch)), patch.shape)
        self.exported, self._execute = self._loaded[patch.shape]
        self._held = self.exported.embed(patch)

    def run(self, patch: np.ndarray) -> np.ndarray:
        """One search region; see `Engine.run`. Network time here includes the normalisation."""
        inputs = self.inputs(patch)
        start = time.perf_counter()
        output = self._execute(inputs)
        self.network_seconds = time.perf_counter() - start
        return output

    def inputs(self, patch: np.ndarray) -> dict[str, np.ndarray]:
        """What the runtime is given for a search region, by input name; for calibration too."""
        assert self._held is not None, "init() comes before update()"
        return self.exported.inputs(patch, self._held)

    def workloads(self, patch: np.ndarray) -> Mapping[str, Callable[[], object]]:
        """None: another runtime executes the network."""
        return {}
