"""What a network answered, however much: a digest over every bit, and a sample of it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch

from hit_trackers.own.calls import leaves
from hit_trackers.protocol import Outputs

#: Numbers kept of one frame. A feature map has 100 times as many, and a record many frames.
SAMPLE = 512


def tensors_of(answers: list[Any]) -> list[torch.Tensor]:
    """All tensors, arrays and numbers among answers, in order, on the CPU."""
    found = []
    for leaf in leaves(answers):
        if isinstance(leaf, torch.Tensor):
            found.append(leaf.detach().cpu())
        elif isinstance(leaf, np.ndarray | np.generic) and np.asarray(leaf).dtype.kind in "fiub":
            found.append(torch.from_numpy(np.array(leaf)))
        elif isinstance(leaf, bool | int | float):
            found.append(torch.tensor(leaf, dtype=torch.float64))
    return found


def summarise(answers: list[Any]) -> Outputs:
    """Digest and sample of everything that a network answered on one frame.

    Every tensor has the same share of the sample, at evenly spaced places. One that holds anything
    that is not finite has NaN there.
    """
    tensors = [tensor for tensor in tensors_of(answers) if tensor.numel()]
    sha = hashlib.blake2b(digest_size=8)
    values: list[np.ndarray] = []
    ranges: list[np.ndarray] = []
    left = SAMPLE
    for number, tensor in enumerate(tensors):
        sha.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.contiguous().reshape(-1)
        sha.update(flat.view(torch.uint8).numpy().tobytes())
        numbers = flat.to(torch.float32)
        share = min(len(flat), left // (len(tensors) - number))
        if not share:
            continue
        sample = numbers[torch.linspace(0, len(flat) - 1, share).long()].numpy().copy()
        if not bool(torch.isfinite(numbers).all()):
            sample[:] = np.nan
        left -= share
        values.append(sample)
        ranges.append(np.full(share, range_of(numbers), np.float32))
    if not values:
        return Outputs(np.zeros(0, np.float32), np.zeros(0, np.float32), 0)
    digest = int.from_bytes(sha.digest(), "little")
    return Outputs(np.concatenate(values), np.concatenate(ranges), digest)


def range_of(numbers: torch.Tensor) -> float:
    """From the smallest to the largest number of a tensor, zero among them.

    With zero, so that a tensor of a single number has one too.
    """
    return float(numbers.max().clamp(min=0) - numbers.min().clamp(max=0))


def furthest(expected: list[Any], found: list[Any]) -> float:
    """Largest difference of any number, over the range of its tensor; infinite for other shapes."""
    pairs = [tensors_of(expected), tensors_of(found)]
    shapes = [[tensor.shape for tensor in side] for side in pairs]
    if shapes[0] != shapes[1]:
        return float("inf")
    worst = 0.0
    for a, b in zip(*pairs, strict=True):
        a, b = a.to(torch.float64), b.to(torch.float64)
        if not a.numel() or torch.equal(a, b):
            continue
        far = float((a - b).abs().max() / range_of(a)) if range_of(a) else float("inf")
        worst = max(worst, far if far == far else float("inf"))
    return worst
