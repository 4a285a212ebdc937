"""Where the local workers run: each on its own GPU, or on its own cores."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A device and the cores beside it."""

    device: str  # what two workers share when theirs are equal
    visible: str | None  # CUDA_VISIBLE_DEVICES of the worker; None leaves it
    cores: tuple[int, ...]  # none: wherever the system likes

    def take(self) -> None:
        """Move this process here; to be called before PyTorch is imported."""
        if self.visible is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = self.visible
        if self.cores:
            os.sched_setaffinity(0, self.cores)


def places(workers: int, device: str) -> list[Place]:
    """One place per worker: GPUs in turn for `cuda`, one for `cuda:1`, equal shares of cores."""
    gpus = visible_gpus() if device == "cuda" else []
    shares = _shares(workers)
    if gpus:
        return [
            Place(f"cuda {gpu}", gpu, cores)
            for index, cores in enumerate(shares)
            for gpu in [gpus[index % len(gpus)]]
        ]
    return [Place(device, None, cores) for cores in shares]


def shared_devices(found: list[Place]) -> set[str]:
    """Devices on which more than one worker runs."""
    return {device for device, count in Counter(p.device for p in found).items() if count > 1}


def threads_per_worker(workers: int) -> int:
    """CPU threads for each worker, so that all together have as many as there are cores."""
    return max(1, len(_cores()) // workers)


def visible_gpus() -> list[str]:
    """What CUDA_VISIBLE_DEVICES may name on this machine, within what it names already."""
    stated = os.environ.get("CUDA_VISIBLE_DEVICES")
    if stated is not None:
        return [name.strip() for name in stated.split(",") if name.strip()]
    import torch

    return [str(index) for index in range(torch.cuda.device_count())]


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _shares(workers: int) -> list[tuple[int, ...]]:
    cores = _cores()
    size = len(cores) // workers
    if not size or not hasattr(os, "sched_setaffinity"):
        return [()] * workers
    return [tuple(cores[i * size : (i + 1) * size]) for i in range(workers)]
