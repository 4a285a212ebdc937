"""STARK's weights that need no file (see `hit_trackers.seeded`).

The gains keep the residual stack level, attention peaked, and the corner maps peaked.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch import nn

from hit_trackers import seeded

# The first that is found in a key.
_GAINS = (
    (r"in_proj_weight$", 3.0),
    (r"out_proj", 0.15),
    (r"linear2", 0.2),
    (r"backbone.*rbr_", 0.9),
    (r"backbone", 1.2),
    (r"bottleneck", 1.0),
    (r"cls_head", 1.6),
    (r"box_head\.conv1_", 0.3),
    (r"box_head.*(conv5_|conv_tower\.2\.weight)", 4.0),
    (r"box_head", 1.4),
)
# The last norm of a residual branch.
_BRANCH_ENDS = ("bn3.weight", "rbr_identity.weight")


def fill(network: nn.Module, salt: str) -> None:
    """Give every tensor of the state dict its seeded value, in place."""
    seeded.fill(network, _value, salt=lambda key: salt)


def _value(key: str, shape: tuple[int, ...], rng: Generator) -> NDArray[np.float64] | None:
    if key.endswith("num_batches_tracked"):
        return None
    gain = next((gain for pattern, gain in _GAINS if re.search(pattern, key)), 1.0)
    value = seeded.usual(key, shape, rng, gain)
    if key == "bottleneck.weight":  # behind a ReLU: without its mean, tokens differ more
        value -= value.mean(axis=1, keepdims=True)
    if key.endswith(_BRANCH_ENDS):
        value *= 0.3
    return value
