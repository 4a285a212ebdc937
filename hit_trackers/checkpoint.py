"""Weights: where they are looked for, and loading that never executes code from a file."""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs
import torch
from torch import Tensor, nn

from hit_trackers import zoo
from hit_trackers.errors import CheckpointError
from hit_trackers.hit.network import seeded
from hit_trackers.hit.network.config import OFFICIAL_NAMES

EMBEDDED = Path(__file__).parent / "weights" / "hit_nano.safetensors"
ENVIRONMENT = "HIT_CHECKPOINTS"
SEEDED = "seeded"  # as a checkpoint: random weights that are equal on every machine
_INDICES = "attention_bias_idxs"


def folders() -> list[Path]:
    """Where checkpoints are looked for: `HIT_CHECKPOINTS`, then the user's data folder."""
    named = os.environ.get(ENVIRONMENT, "")
    found = [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    return [*found, Path(platformdirs.user_data_dir("hit-trackers")) / "checkpoints"]


def candidates(size: str) -> list[str]:
    """Names of a size's weight file below a checkpoint folder, in order of preference."""
    official = OFFICIAL_NAMES.get(size, "HiT_Nano")
    return [
        f"{official}/VT_ep1500.pth.tar",
        f"train/HiT/{official}/VT_ep1500.pth.tar",
        f"checkpoints/train/HiT/{official}/VT_ep1500.pth.tar",
        *(f"{stem}{suffix}" for stem in (official, f"hit_{size}") for suffix in _SUFFIXES),
    ]


_SUFFIXES = (".pth.tar", ".pth", ".pt", ".safetensors")


def search(size: str) -> Path | None:
    """The weight file of a size in `folders()`, or None."""
    for folder in folders():
        for name in candidates(size):
            if (folder / name).is_file():
                return folder / name
    return None


def default_size(name: str, checkpoint: str | Path | None) -> str:
    """The size that a name without one gets: Base with an official checkpoint, else Nano."""
    unsized = zoo.parse(name, default_size="base") != zoo.parse(name, default_size="nano")
    if checkpoint is not None or search("base") is not None:
        return "base"
    if unsized:
        resolved = zoo.parse(name, default_size="nano").name
        print(
            f"hit-trackers: no official checkpoint is configured, so {name!r} is {resolved!r}: "
            f"the small network that comes with the package, not HiT-Base",
            file=sys.stderr,
        )
    return "nano"


def find(size: str, checkpoint: str | Path | None = None) -> Path | None:
    """The weight file to load; None for seeded weights.

    Raises:
        CheckpointError: nothing there; says which file, where to put it, and what works without.
    """
    if checkpoint == SEEDED:
        return None
    if checkpoint is not None:
        path = Path(checkpoint).expanduser()
        if not path.is_file():
            raise CheckpointError(f"checkpoint {path} does not exist, or is no file")
        return path
    path_found = search(size)
    if path_found is not None:
        return path_found
    if size == "nano" and EMBEDDED.is_file():
        return EMBEDDED
    official = OFFICIAL_NAMES.get(size, "HiT_Nano")
    raise CheckpointError(
        f"no weights for hit_{size}. Expected {official}/VT_ep1500.pth.tar (from the official HiT "
        f"repository) in one of: {', '.join(str(folder) for folder in folders())}.\n"
        f"Put it there, set {ENVIRONMENT} to its folder, or give --checkpoint FILE. "
        f"Without it, `hit_nano` works: its weights come with the package."
    )


def load_into(network: nn.Module, path: Path | None) -> str:
    """Load weights strictly; returns the file's SHA-256, or "seeded-..." for seeded weights.

    `attention_bias_idxs` are constants of the geometry: where a file leaves them out the network's
    own stand, and where it has them they must be equal.

    Raises:
        CheckpointError: unreadable, unsafe, or weights of another network.
    """
    if path is None:
        seeded.fill(network)
        return f"seeded-{digest(network.state_dict())}"
    state = read(path)
    own = network.state_dict()
    for key, value in own.items():
        if key.endswith(_INDICES) and not torch.equal(state.setdefault(key, value), value):
            raise CheckpointError(f"{path}: {key} is of another geometry than this network's")
    missing, extra = own.keys() - state.keys(), state.keys() - own.keys()
    shapes = {
        key: (tuple(state[key].shape), tuple(own[key].shape))
        for key in own.keys() & state.keys()
        if state[key].shape != own[key].shape
    }
    problems = [f"lacks {_few(missing)}"] if missing else []
    problems += [f"has unknown {_few(extra)}"] if extra else []
    problems += [
        f"{key} is {found}, expected {expected}"
        for key, (found, expected) in list(shapes.items())[:3]
    ]
    if problems:
        raise CheckpointError(
            f"{path} holds the weights of another network: it {'; '.join(problems)}. "
            "Is the size in the tracker's name the checkpoint's?"
        )
    network.load_state_dict(state, strict=True)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _few(keys: set[str] | Any) -> str:
    ordered = sorted(keys)
    return ", ".join(ordered[:3]) + (f" and {len(ordered) - 3} more" if len(ordered) > 3 else "")


def digest(state: Mapping[str, Tensor]) -> str:
    """SHA-256 over names and values of a state dict."""
    sha = hashlib.sha256()
    for key, value in state.items():
        sha.update(key.encode())
        sha.update(value.detach().cpu().contiguous().numpy().tobytes())
    return sha.hexdigest()


def read(path: Path) -> dict[str, Tensor]:
    """The state dict in a file, whatever its form: `.safetensors`, bare, or an official checkpoint.

    Raises:
        CheckpointError: unreadable, or it asks for code that no checkpoint needs.
    """
    try:
        content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    except CheckpointError:
        raise
    except Exception as error:  # of a broken file PyTorch raises IndexError, struct.error, ...
        raise CheckpointError(
            f"{path} cannot be read as a checkpoint ({type(error).__name__}: {error}); "
            "download it again"
        ) from error
    if isinstance(content, dict) and "net" in content:
        content = content["net"]
    if not isinstance(content, dict) or not content:
        raise CheckpointError(f"{path}: expected a state dict, found {type(content).__name__}")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise CheckpointError(f"{path}: expected tensors by name, found {key!r}")
    return dict(content)


def _read_safetensors(path: Path) -> Any:
    import safetensors
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except safetensors.SafetensorError as error:
        raise ValueError(error) from error


class _Inert:
    """Stands in for a training-time object; keeps nothing and does nothing."""

    def __setstate__(self, state: object) -> None:
        pass


# An official checkpoint carries its trainer's statistics and settings beside the weights.
_TRAINER = "lib.train."


def _read_pickle(path: Path) -> Any:
    """Read with PyTorch's restricted unpickler, the trainer's classes replaced by inert ones."""
    if not zipfile.is_zipfile(path):
        # Written by PyTorch before 1.6: the globals cannot be listed ahead, so only plain weights.
        return torch.load(path, map_location="cpu", weights_only=True)
    unknown = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    foreign = [name for name in unknown if not name.startswith(_TRAINER)]
    if foreign:
        raise CheckpointError(
            f"{path} is refused: it asks for {_few(set(foreign))}, which no checkpoint needs and "
            "which may run code. Nothing of it was executed."
        )
    inert: list[Any] = [(type("Inert", (_Inert,), {}), name) for name in unknown]
    with torch.serialization.safe_globals(inert):
        return torch.load(path, map_location="cpu", weights_only=True)
