"""What a run was made with: the identity a resumed run must share, and everything else."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from hit_trackers.errors import RecordError
from hit_trackers.variants import Variant
from hit_trackers.version import VERSION
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.records import sources
from toolkit_adapters.records.run import Run

SEED = 0


_PACKAGES = ("torch", "numpy", "opencv-python", "onnxruntime", "openvino", "safetensors", "triton")


@dataclass(frozen=True)
class Options:
    """How sequences are run; the part of the command line that decides what records hold."""

    device: str = "cpu"
    threads: int | None = None
    deterministic: bool = False
    max_frames: int | None = None
    open_loop: int = 10
    ahead: int | None = None
    tolerate_damage: bool = False

    @property
    def decoded_ahead(self) -> int:
        """Frames decoded ahead: none on a CPU, where the thread would disturb what is timed."""
        return self.ahead if self.ahead is not None else 4 if self.device != "cpu" else 0


@dataclass(frozen=True)
class Machine:
    """What affects a box or a time beside the tracker; equal for all workers of one run."""

    device: str
    threads: int
    versions: Mapping[str, str]
    cuda: str | None  # the version that PyTorch was built with
    #: By family: digests of the files that decide its records (`records.sources`).
    sources: Mapping[str, Mapping[str, str]]
    platform: str = field(compare=False)


def describe_machine(options: Options, families: Iterable[str]) -> Machine:
    """The machine as this process sees it, threads already set, for trackers of some families."""
    import torch

    return Machine(
        device=device_name(options.device),
        threads=torch.get_num_threads(),
        versions=versions(),
        cuda=torch.version.cuda,
        sources={family: sources.sources_of(family) for family in families},
        platform=platform.platform(),
    )


@functools.cache
def device_name(device: str) -> str:
    """`cpu (AMD EPYC 7B13)`, `cuda (NVIDIA H100)`: times of different ones never mix."""
    if device.startswith("cuda"):
        import torch

        return f"cuda ({torch.cuda.get_device_name(device)})"
    return f"cpu ({_processor()})"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


@functools.cache
def commit() -> str | None:
    """Commit of the source tree, with `+changes` where it has any; None for an installed wheel."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None
    answers = []
    for command in ("rev-parse HEAD", "status --porcelain --untracked-files=no"):
        try:
            done = subprocess.run(
                ["git", *command.split()],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        answers.append(done.stdout.strip())
    return answers[0] + ("+changes" if answers[1] else "")


def versions() -> dict[str, str]:
    """Versions of what decides a box or a time, as far as installed."""
    found = {"hit-trackers": VERSION, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    if "opencv-python" not in found:
        import cv2

        found["opencv"] = cv2.__version__
    return found


def describe_run(
    variant: Variant,
    dataset: Dataset,
    fingerprint: str,
    options: Options,
    machine: Machine,
    *,
    command: str,
    control: bool = False,
) -> Run:
    """Provenance of one tracker on one dataset, as it would run now on such a machine."""
    identity: dict[str, Any] = {
        "tracker": variant.name,
        **variant.identity,
        "dataset": dataset.name,
        "dataset_fingerprint": fingerprint,
        "device": machine.device,
        "threads": machine.threads,
        "deterministic": options.deterministic,
        "seed": SEED,
        "max_frames": options.max_frames,
        "open_loop": options.open_loop,
        "versions": dict(machine.versions),
        "sources": sources.digest(machine.sources[variant.family]),
        "harness": sources.digest(sources.harness()),
    }
    provenance = {
        "commit": commit(),
        "command": command,
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "platform": machine.platform,
        "options": {**asdict(options), "ahead": options.decoded_ahead},
        "cuda": machine.cuda,
        "control": control,
        "sources": dict(machine.sources[variant.family]),
        "first_boxes": {name: box.tolist() for name, box in dataset.first_boxes.items()},
    }
    return Run(
        tracker=variant.name,
        baseline=variant.baseline,
        family=variant.family,
        claim=variant.claim,
        parts=dict(variant.parts),
        dataset=dataset.name,
        root=str(dataset.root.resolve()),
        sequences=dataset.sequence_names,
        identity=identity,
        provenance=provenance,
    )


def require_same(stored: Run, current: Run, where: Path) -> None:
    """Raise unless a run on disk may be resumed as `current`.

    Raises:
        RecordError: naming each field that differs, both values, and what to do.
    """
    keys = [
        key
        for key in sorted({*stored.identity, *current.identity})
        if stored.identity.get(key) != current.identity.get(key)
    ]
    if not keys:
        return
    differing = [
        f"{key} was {stored.identity.get(key)!r} and is {current.identity.get(key)!r}"
        for key in keys
        if key not in ("sources", "harness")
    ]
    if "sources" in keys:
        before, now = (run.provenance.get("sources") or {} for run in (stored, current))
        few = sources.listed(sources.changed(before, now))
        differing.append(f"the code that computes them changed since ({few})")
    raise RecordError(
        f"{where}: these results are of another run: {'; '.join(differing)}. "
        "Records of different runs never share a folder: choose another --results, or --fresh to "
        "delete these records and make them anew"
    )
