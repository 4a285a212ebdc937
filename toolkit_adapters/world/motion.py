"""Smooth random movement, as functions of time that can be evaluated in any order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from toolkit_adapters.world.textures import Rng


class Path(Protocol):
    """A quantity over time."""

    def __call__(self, t: float) -> float:
        """Value at time `t` in frames."""

    def slope(self, t: float) -> float:
        """Change per frame at time `t`."""


@dataclass(frozen=True)
class Wave:
    """A sum of sines: value and slope at any time, bounded by the sum of its amplitudes."""

    amplitudes: npt.NDArray[np.float64]
    rates: npt.NDArray[np.float64]
    starts: npt.NDArray[np.float64]
    middle: float = 0.0

    def __call__(self, t: float) -> float:
        """Value at time `t` in frames."""
        return self.middle + float(self.amplitudes @ np.sin(self.rates * t + self.starts))

    def slope(self, t: float) -> float:
        """Change per frame at time `t`."""
        return float((self.amplitudes * self.rates) @ np.cos(self.rates * t + self.starts))


def wave(rng: Rng, reach: float, period: float, middle: float = 0.0, terms: int = 3) -> Wave:
    """A random wave within `middle` plus or minus `reach`, its slowest about `period` frames."""
    weights = rng.uniform(0.2, 1, terms) / np.arange(1, terms + 1)
    rates = 2 * np.pi / period * np.arange(1, terms + 1) * rng.uniform(0.7, 1.3, terms)
    starts = rng.uniform(0, 2 * np.pi, terms)
    return Wave(reach * weights / weights.sum(), rates, starts, middle)


@dataclass(frozen=True)
class Drift:
    """Another path left behind at a steady speed, met at time `meeting`."""

    base: Path
    speed: float
    meeting: float

    def __call__(self, t: float) -> float:
        """Value at time `t` in frames."""
        return self.base(t) + self.speed * (t - self.meeting)

    def slope(self, t: float) -> float:
        """Change per frame at time `t`."""
        return self.base.slope(t) + self.speed


@dataclass(frozen=True)
class Excursion:
    """Another path with one detour of `reach`, about `width` frames long, around time `middle`."""

    base: Path
    reach: float
    middle: float
    width: float

    def __call__(self, t: float) -> float:
        """Value at time `t` in frames."""
        return self.base(t) + self.reach * float(np.exp(-(((t - self.middle) / self.width) ** 2)))

    def slope(self, t: float) -> float:
        """Change per frame at time `t`."""
        z = (t - self.middle) / self.width
        return self.base.slope(t) - 2 * z / self.width * self.reach * float(np.exp(-z * z))
