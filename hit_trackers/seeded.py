"""Weights that need no file: random, seeded by their names, equal on every machine.

They track nothing. They serve where only the arithmetic counts: benchmarks of speed and memory, and
the comparison with what the official network computes from the same weights. Each family has its
own rule, so that attention is neither flat nor hard and boxes differ from frame to frame.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import nn

#: (key, shape, generator) -> the values, float64; None: left as the network made them.
Rule = Callable[[str, tuple[int, ...], Generator], NDArray[np.float64] | None]


def fill(network: nn.Module, rule: Rule, salt: Callable[[str], str] = lambda key: "") -> None:
    """Give every tensor of the state dict its seeded value, in place.

    Args:
        network: whose state dict is filled.
        rule: the family's.
        salt: what stands before a key where its generator is seeded.
    """
    state = network.state_dict()
    for key, value in state.items():
        seed = zlib.crc32((salt(key) + key).encode())
        rng = Generator(np.random.PCG64(seed))
        made = rule(key, tuple(value.shape), rng)
        if made is not None:
            state[key] = torch.from_numpy(np.asarray(made)).to(value.dtype)
    network.load_state_dict(state, strict=True)


def usual(
    key: str, shape: tuple[int, ...], rng: Generator, gain: float = 1.0
) -> NDArray[np.float64]:
    """What most tensors get; `gain` is of those with two dimensions or more."""
    if key.endswith("running_mean"):
        return np.asarray(0.1 * rng.standard_normal(shape))
    if key.endswith("running_var"):
        return rng.uniform(0.5, 1.5, shape)
    if len(shape) >= 2:
        return np.asarray(gain / math.sqrt(math.prod(shape[1:])) * rng.standard_normal(shape))
    if key.endswith("weight"):
        return rng.uniform(0.5, 1.5, shape)
    return np.asarray(0.1 * rng.standard_normal(shape))
