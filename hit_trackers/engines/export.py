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
from hit_trackers.engines.program import Program
from hit_trackers.errors import EngineError, HitTrackersError, MissingDependencyError
from hit_trackers.variants import TOLERANCE_PX, Variant
from hit_trackers.version import VERSION

CACHE = "HIT_TRACKERS_CACHE"
OPSET = 17  # the newest that PyTorch's TorchScript exporter writes without upgrading operators
INPUTS = ("patch", "template")
OUTPUT = "result"

Execute = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Exported:
    """A network that left PyTorch.

    Attributes:
        path: the ONNX file, inputs `patch` uint8 (S, S, 3) and `template`, what the program holds
            of a template; output `result` float32 (K,).
        program: embeds a template; that stays in PyTorch, as it runs once per sequence.
        patch, template: a fixed search region, and what is held of a fixed template.
        expected: what the eager engine computes for the two.
    """

    path: Path
    program: Program
    patch: np.ndarray
    template: np.ndarray
    expected: np.ndarray

    @property
    def quantised(self) -> bool:
        """Whether this is the 8-bit version."""
        return self.path.stem.endswith("-int8")

    @torch.no_grad()
    def embed(self, patch: np.ndarray) -> np.ndarray:
        """RGB uint8 (T, T, 3) -> what the program holds of it."""
        return np.ascontiguousarray(self.program.embed(torch.from_numpy(patch)).numpy())

    def check(self, execute: Execute, variant: Variant) -> None:
        """Compare a runtime with the eager engine; another precision must only be finite.

        Raises:
            EngineError: it computes something else.
        """
        found = execute(self.patch, self.template)
        if found.shape != self.expected.shape:
            raise EngineError(f"{variant.name}: its output is of shape {found.shape}")
        difference = float(np.abs(found - self.expected).max())
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


def export(program: Program, variant: Variant) -> Exported:
    """Export a float32 program on a CPU, unless the cache holds it.

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
    patch, template = (_test_pattern(size) for size in (program.search_size, program.template_size))
    with torch.no_grad():
        inputs = (torch.from_numpy(patch), program.embed(torch.from_numpy(template)))
        expected = program(*inputs).numpy()
    path = cache_folder() / f"{variant.baseline}-{_key(program)[:24]}.onnx"
    write_once(path, lambda target: _export(program, inputs, target))
    if variant.part("precision") == "int8":
        path = quantised_path(path)
        if not path.is_file():
            raise EngineError(
                f"{variant.name}: these weights have not been quantised yet; run\n"
                f"  hit-trackers quantise {variant.name}\n"
                "with the same --checkpoint: it calibrates on the demo"
            )
    return Exported(path, program, patch, inputs[1].contiguous().numpy(), expected)


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


def _test_pattern(size: int) -> np.ndarray:
    """A fixed image with structure at every scale; noise would mean nothing to a network."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float64) / size
    waves = [np.sin(2 * np.pi * ((1 + c) * x * x + (3 - c) * y + c * x * y)) for c in range(3)]
    return np.asarray(np.uint8(np.round(127.5 + 120 * np.stack(waves, axis=-1))))


def _export(program: Program, inputs: tuple[torch.Tensor, torch.Tensor], path: Path) -> None:
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
            input_names=list(INPUTS),
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
    """What the runtimes of exported networks share; each brings its `_execute`."""

    kind: str
    precision: str
    runtime: str
    network_seconds = math.nan
    device_seconds = math.nan
    patch_buffer: np.ndarray | None = None
    weights_bytes: int | None = None

    def __init__(self, exported: Exported) -> None:
        self.exported = exported
        self._template: np.ndarray | None = None

    def _execute(self, patch: np.ndarray, template: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def set_template(self, patch: np.ndarray) -> None:
        """Embed the template (in PyTorch, once per sequence)."""
        self._template = self.exported.embed(patch)

    def run(self, patch: np.ndarray) -> np.ndarray:
        """One search region; see `Engine.run`. Network time here includes the normalisation."""
        assert self._template is not None, "init() comes before update()"
        start = time.perf_counter()
        output = self._execute(patch, self._template)
        self.network_seconds = time.perf_counter() - start
        return output

    def inputs(self, patch: np.ndarray) -> dict[str, np.ndarray]:
        """What the runtime is given for a search region, by input name; for calibration."""
        assert self._template is not None, "init() comes before update()"
        return dict(zip(INPUTS, (patch, self._template), strict=True))

    def workloads(self, patch: np.ndarray) -> Mapping[str, Callable[[], object]]:
        """None: another runtime executes the network."""
        return {}
