"""Devices: whether one is available, and settings of the whole process."""

from __future__ import annotations

import torch

from hit_trackers.errors import EngineError


def require(device: str) -> None:
    """Raise unless PyTorch can compute on `device`.

    Raises:
        EngineError: a CUDA device where there is none.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise EngineError(
            f"device {device!r}: PyTorch {torch.__version__} finds no CUDA device here; "
            'use device "cpu" (--device cpu)'
        )


def make_deterministic() -> None:
    """Deterministic algorithms and full float32 on CUDA, for the whole process."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
