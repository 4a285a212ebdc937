"""HiT's weight files: official checkpoints, and the small network that comes with the package."""

from __future__ import annotations

from pathlib import Path

from hit_trackers import checkpoint as checkpoints
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
    if checkpoint is None and size == "nano" and EMBEDDED.is_file() and search(size) is None:
        return EMBEDDED
    return checkpoints.find(
        f"hit_{size}",
        candidates(size),
        "the official HiT repository",
        checkpoint,
        "`hit_nano` works: its weights come with the package",
    )
