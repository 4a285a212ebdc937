"""OSTrack's rule for seeded weights: attention spreads over some 20 of 320 keys."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from torch import nn

from hit_trackers import seeded

_GAINS = {"qkv.weight": 2.0, "conv5_ctr": 2.0, "conv5_": 0.3, "box_head.": 1.4}


def fill(network: nn.Module) -> None:
    """Give every tensor of the state dict its seeded value, in place."""
    seeded.fill(network, _value)


def _value(key: str, shape: tuple[int, ...], rng: Generator) -> NDArray[np.float64] | None:
    if key.endswith("num_batches_tracked"):
        return None
    if "pos_embed" in key or "cls_token" in key:
        return np.asarray(0.3 * rng.standard_normal(shape))
    gain = next((gain for part, gain in _GAINS.items() if part in key), 1.0)
    value = seeded.usual(key, shape, rng, gain)
    return value - 1.3 if key.endswith("conv5_size.bias") else value
