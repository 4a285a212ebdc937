"""HiT's weight files: official checkpoints, and the small network that comes with the package."""

from __future__ import annotations

from pathlib import Path

from hit_trackers import checkpoint as checkpoints
from hit_trackers.errors import CheckpointError
from hit_trackers.hit.network.config import OFFICIAL_NAMES

EMBEDDED = Path(__file__).parents[1] / "weights" / "hit_nano.safetensors"
#: Constants of the geometry that official checkpoints carry beside the weights.
CONSTANTS = ("attention_bias_idxs",)


def expected(size: str) -> str:
    """The official name of a size's weight file below a checkpoint folder."""
    return f"{OFFICIAL_NAMES.get(size, 'HiT_Nano')}/VT_ep1500.pth.tar"


def candidates(size: str) -> list[str]:
    """Names of a size's weight file below a checkpoint folder, in order of preference."""
    official = OFFICIAL_NAMES.get(size, "HiT_Nano")
    return [
        expected(size),
        f"train/HiT/{expected(size)}",
        f"checkpoints/train/HiT/{expected(size)}",
        *(f"{s}{suffix}" for s in (official, f"hit_{size}") for suffix in checkpoints.SUFFIXES),
    ]


def search(size: str) -> Path | None:
    """The weight file of a size in the checkpoint folders, or None."""
    return checkpoints.search(candidates(size))


def find(size: str, checkpoint: str | Path | None = None) -> Path | None:
    """The weight file to load; None for seeded weights.

    Raises:
        CheckpointError: nothing there; says which file, where to put it, and what works without.
    """
    if checkpoint is not None:
        return checkpoints.given(checkpoint)
    found = search(size)
    if found is not None:
        return found
    if size == "nano" and EMBEDDED.is_file():
        return EMBEDDED
    raise CheckpointError(
        f"no weights for hit_{size}. Expected {expected(size)} (from the official HiT repository) "
        f"in one of: {', '.join(str(folder) for folder in checkpoints.folders())}.\n"
        f"Put it there, set {checkpoints.ENVIRONMENT} to its folder, or give --checkpoint FILE. "
        f"Without it, `hit_nano` works: its weights come with the package."
    )
