"""HiT's rule for seeded weights."""

from __future__ import annotations

import re

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch import nn

from hit_trackers import seeded

_UNTOUCHED = ("num_batches_tracked", "attention_bias_idxs")
# The layers that close a residual branch get small gains, or activations would grow with depth.
_BRANCH_END = re.compile(r"body.*(proj\.1|m\.2)\.bn\.weight$")


def fill(network: nn.Module) -> None:
    """Give every tensor of the state dict its seeded value, in place."""
    seeded.fill(network, _value)


def _value(key: str, shape: tuple[int, ...], rng: Generator) -> NDArray[np.float64] | None:
    if key.endswith(_UNTOUCHED):
        return None
    if key.endswith("attention_biases"):
        return np.asarray(0.5 * rng.standard_normal(shape))
    # Scores need a wide range, or the corner maps are flat and every box is the same.
    value = seeded.usual(key, shape, rng, gain=16.0 if "conv5_" in key else 1.0)
    return value * 0.3 if _BRANCH_END.search(key) else value
