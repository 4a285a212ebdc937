"""Weights: where they are looked for, and loading that never executes code from a file."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hit_trackers.errors import CheckpointError

if TYPE_CHECKING:
    from torch import Tensor, nn

ENVIRONMENT = "HIT_CHECKPOINTS"
SEEDED = "seeded"  # as a checkpoint: random weights that are equal on every machine
SUFFIXES = (".pth.tar", ".pth", ".pt", ".safetensors")


def folders() -> list[Path]:
    """Where checkpoints are looked for: `HIT_CHECKPOINTS`, then the user's data folder."""
    import platformdirs  # not above: a network with seeded weights runs without it

    named = os.environ.get(ENVIRONMENT, "")
    found = [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    return [*found, Path(platformdirs.user_data_dir("hit-trackers")) / "checkpoints"]


def search(names: Iterable[str]) -> Path | None:
    """The first of some file names that is in one of `folders()`, or None."""
    candidates = list(names)
    for folder in folders():
        for name in candidates:
            if (folder / name).is_file():
                return folder / name
    return None


def given(checkpoint: str | Path) -> Path | None:
    """The file that the user named; None for seeded weights.

    Raises:
        CheckpointError: it does not exist.
    """
    if checkpoint == SEEDED:
        return None
    path = Path(checkpoint).expanduser()
    if not path.is_file():
        raise CheckpointError(f"checkpoint {path} does not exist, or is no file")
    return path


def find(
    baseline: str, names: Sequence[str], origin: str, checkpoint: str | Path | None, without: str
) -> Path | None:
    """The weight file to load; None for seeded weights.

    Args:
        baseline: the tracker that reads it.
        names: of the file below a checkpoint folder, the official one first.
        origin: where it comes from, in words.
        checkpoint: what the user named; None: look for it.
        without: what works without the file, in words.

    Raises:
        CheckpointError: nothing there; says which file, where to put it, and what works without.
    """
    if checkpoint is not None:
        return given(checkpoint)
    found = search(names)
    if found is None:
        raise CheckpointError(
            f"no weights for {baseline}. Expected {names[0]} (from {origin}) in one of: "
            f"{', '.join(str(folder) for folder in folders())}.\n"
            f"Put it there, set {ENVIRONMENT} to its folder, or give --checkpoint FILE. "
            f"Without it, {without}."
        )
    return found


def load_into(
    network: nn.Module,
    path: Path | None,
    fill: Callable[[nn.Module], None],
    constants: tuple[str, ...] = (),
) -> str:
    """Load weights strictly; returns the file's SHA-256, or "seeded-..." for seeded weights.

    Args:
        network: whose state dict is filled.
        path: the file; None for seeded weights.
        fill: gives a network its seeded weights.
        constants: ends of keys that hold constants of the geometry. Where a file leaves them out
            the network's own stand, and where it has them they must be equal.

    Raises:
        CheckpointError: unreadable, unsafe, or weights of another network.
    """
    import torch

    if path is None:
        fill(network)
        return f"seeded-{digest(network.state_dict())}"
    state = read(path)
    own = network.state_dict()
    for key in own.keys() & state.keys():
        _require_kind(path, key, state[key], own[key])
    for key, value in own.items():
        if key.endswith(constants) and not torch.equal(state.setdefault(key, value), value):
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


def _require_kind(path: Path, key: str, value: Tensor, own: Tensor) -> None:
    """Refuse what PyTorch would silently cast: whole or complex numbers for weights, and so on."""
    floating = value.is_floating_point() and own.is_floating_point()
    if not floating and value.dtype is not own.dtype:
        raise CheckpointError(f"{path}: {key} holds {value.dtype}, expected {own.dtype}")


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
    import torch
    from torch import Tensor

    if isinstance(content, dict) and "net" in content:
        content = content["net"]
    if not isinstance(content, dict) or not content:
        raise CheckpointError(f"{path}: expected a state dict, found {type(content).__name__}")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise CheckpointError(f"{path}: expected tensors by name, found {key!r}")
        if value.layout is not torch.strided or value.is_quantized:
            raise CheckpointError(f"{path}: {key} is sparse or quantised, expected a plain tensor")
        if value.is_meta:
            raise CheckpointError(f"{path}: {key} has a shape and no values (device 'meta')")
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
_TRAINERS = ("lib.train.", "ltr.")  # of STARK and its descendants, of pytracking and TransT


def _read_pickle(path: Path) -> Any:
    """Read with PyTorch's restricted unpickler, the trainer's classes replaced by inert ones."""
    import torch

    if not zipfile.is_zipfile(path):
        # Written by PyTorch before 1.6: the globals cannot be listed ahead, so only plain weights.
        return torch.load(path, map_location="cpu", weights_only=True)
    unknown = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    foreign = [name for name in unknown if not name.startswith(_TRAINERS)]
    if foreign:
        raise CheckpointError(
            f"{path} is refused: it asks for {_few(set(foreign))}, which no checkpoint needs and "
            "which may run code. Nothing of it was executed."
        )
    inert: list[Any] = [(type("Inert", (_Inert,), {}), name) for name in unknown]
    with torch.serialization.safe_globals(inert):
        return torch.load(path, map_location="cpu", weights_only=True)
