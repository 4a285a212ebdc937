"""TransT's weights that need no file (see `hit_trackers.seeded`).

The gains keep activations level, attention peaked, and scores and boxes varied.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch import nn

from hit_trackers import seeded

_SALT = "2"  # with which a closed loop keeps boxes of some size
# The first that is found in a key.
_GAINS = (
    (r"in_proj_weight$", 3.0),
    (r"out_proj", 0.15),
    (r"linear\d?2", 0.2),
    (r"backbone", 1.2),
    (r"bbox_embed.layers.2", 0.5),
    (r"_embed", 1.4),
)


def fill(network: nn.Module) -> None:
    """Give every tensor of the state dict its seeded value, in place."""
    seeded.fill(network, _value, salt=lambda key: _SALT)


def _value(key: str, shape: tuple[int, ...], rng: Generator) -> NDArray[np.float64] | None:
    if key.endswith("num_batches_tracked"):
        return None
    gain = next((gain for pattern, gain in _GAINS if re.search(pattern, key)), 1.0)
    value = seeded.usual(key, shape, rng, gain)
    if key == "input_proj.weight":  # behind a ReLU: without its mean, tokens differ more
        value -= value.mean(axis=1, keepdims=True)
    if key.endswith("bn3.weight"):  # the last norm of a residual branch
        value *= 0.3
    if key == "bbox_embed.layers.2.bias":  # sizes about a quarter of the search region
        value += np.array([0.0, 0.0, -1.1, -1.1])
    return value
