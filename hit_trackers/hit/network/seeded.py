"""Weights that need no file: random, seeded by their names, equal on every machine.

They track nothing. They serve where only the arithmetic counts: benchmarks of speed and memory, and
the comparison with what the official network computes from the same weights.
"""

from __future__ import annotations

import math
import re
import zlib

import numpy as np
import torch
from torch import Tensor, nn

_UNTOUCHED = ("num_batches_tracked", "attention_bias_idxs")
# The layers that close a residual branch get small gains, or activations would grow with depth.
_BRANCH_END = re.compile(r"body.*(proj\.1|m\.2)\.bn\.weight$")


def fill(network: nn.Module) -> None:
    """Give every tensor of the state dict its seeded value, in place."""
    state = network.state_dict()
    filled = {
        key: value if key.endswith(_UNTOUCHED) else _value(key, value)
        for key, value in state.items()
    }
    network.load_state_dict(filled, strict=True)


def _value(key: str, like: Tensor) -> Tensor:
    shape = tuple(like.shape)
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(key.encode())))
    if key.endswith("running_mean"):
        value = 0.1 * rng.standard_normal(shape)
    elif key.endswith("running_var"):
        value = rng.uniform(0.5, 1.5, shape)
    elif key.endswith("attention_biases"):
        value = 0.5 * rng.standard_normal(shape)
    elif len(shape) >= 2:
        # Scores need a wide range, or the corner maps are flat and every box is the same.
        gain = 16.0 if "conv5_" in key else 1.0
        value = gain / math.sqrt(math.prod(shape[1:])) * rng.standard_normal(shape)
    elif key.endswith("weight"):
        value = rng.uniform(0.5, 1.5, shape) * (0.3 if _BRANCH_END.search(key) else 1.0)
    else:
        value = 0.1 * rng.standard_normal(shape)
    return torch.from_numpy(np.asarray(value)).to(like.dtype)
