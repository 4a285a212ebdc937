"""How often a 95 % interval of this project holds the truth, on noise that is known.

Times: both trackers of a pair get noise of 5 % a frame, and the interval is the one that tables
print of their ratio. Kinds of noise: independent; `ar`, where a frame keeps that share of the last
frame's deviation; `spikes`, skewed, a frame in a hundred twice as long; `drift` and `walk`, where
the machine slows down and recovers, the same for both.

Scores: means over sequences, and differences between two trackers. `rare` shows what no interval
can do: a tracker that is worse on one sequence in ten, and equal on the others.

    python -m benchmarks.coverage [--repeats 1000]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

import numpy as np
from scipy.signal import lfilter

from toolkit_adapters.reporting.latency import BLOCK_FRAMES, ratio
from toolkit_adapters.scoring.scores import Score
from toolkit_adapters.scoring.statistics import paired_difference, score_intervals

Rng = np.random.Generator
TRUE_RATIO = 1.1
BLOCKS = (5, 10, 15, 20, 40, 100)
SEQUENCES = (5, 10, 20, 60, 180)


def autocorrelated(rng: Rng, n: int, share: float) -> np.ndarray:
    """Deviations of unit size, each keeping a share of the one before; (N,)."""
    fresh = rng.standard_normal(n) * np.sqrt(1 - share**2)
    return lfilter([1], [1, -share], fresh, zi=[share * rng.standard_normal()])[0]


def spikes(rng: Rng, n: int) -> np.ndarray:
    values = 0.5 * np.exp(rng.standard_normal(n)) + 20 * (rng.random(n) < 0.01)
    return values - 0.5 * np.exp(0.5) - 0.2


def drift(rng: Rng, n: int) -> np.ndarray:
    return 1 + 0.3 * np.sin(np.linspace(0, 3, n) + rng.uniform(0, 2 * np.pi))


def walk(rng: Rng, n: int) -> np.ndarray:
    return np.exp(0.3 * np.cumsum(rng.standard_normal(n)) / np.sqrt(n))


Noise = Callable[[Rng, int], np.ndarray]
#: Noise of each tracker for itself, and what both share.
KINDS: dict[str, tuple[Noise, Noise | None]] = {
    "independent": (lambda rng, n: rng.standard_normal(n), None),
    "spikes": (spikes, None),
    "ar 0.5": (lambda rng, n: autocorrelated(rng, n, 0.5), None),
    "ar 0.8": (lambda rng, n: autocorrelated(rng, n, 0.8), None),
    "ar 0.9": (lambda rng, n: autocorrelated(rng, n, 0.9), None),
    "drift": (lambda rng, n: rng.standard_normal(n), drift),
    "walk": (lambda rng, n: autocorrelated(rng, n, 0.5), walk),
}


def of_ratios(kind: str, blocks: int, repeats: int, seed: int = 0) -> float | None:
    """Share of the intervals of a ratio of times that hold it; None where none is printed."""
    rng = np.random.default_rng([seed, blocks, *kind.encode()])
    own, shared = KINDS[kind]
    held = []
    for _ in range(repeats):
        n = blocks * BLOCK_FRAMES
        machine = 1.0 if shared is None else shared(rng, n)
        times = [0.01 * s * machine * (1 + 0.05 * own(rng, n)) for s in (TRUE_RATIO, 1.0)]
        found = ratio([(times[0], times[1])])
        assert found is not None
        if np.isnan(found.interval.low):
            return None
        held.append(TRUE_RATIO in found.interval)
    return float(np.mean(held))


def _scores(values: Iterable[float]) -> list[Score]:
    return [Score(100, {"AUC": float(value)}) for value in values]


def bathtub(rng: Rng, n: int) -> np.ndarray:
    """Most sequences go well, one in five is lost early; the mean is `BATHTUB`."""
    return np.where(rng.random(n) < 0.2, rng.beta(1, 8, n), rng.beta(6, 2.5, n))


BATHTUB = 0.2 * 1 / 9 + 0.8 * 6 / 8.5
RARE = -0.1 * 0.1 * np.sqrt(2 / np.pi)
#: Differences between two trackers, and their mean.
DIFFERENCES: dict[str, tuple[Noise, float]] = {
    "normal": (lambda rng, n: 0.01 * rng.standard_normal(n), 0.0),
    "heavy": (lambda rng, n: 0.01 * rng.standard_t(2.5, n), 0.0),
    "rare": (
        lambda rng, n: np.where(rng.random(n) < 0.1, -np.abs(0.1 * rng.standard_normal(n)), 0.0),
        RARE,
    ),
}


def of_scores(sequences: int, repeats: int, seed: int = 0) -> float | None:
    """Share of the intervals of a mean score that hold it."""
    rng = np.random.default_rng([seed, sequences])
    held = []
    for _ in range(repeats):
        interval = score_intervals(_scores(bathtub(rng, sequences)))["AUC"]
        if not np.isnan(interval.low):
            held.append(BATHTUB in interval)
    return float(np.mean(held)) if held else None


def of_differences(kind: str, sequences: int, repeats: int, seed: int = 0) -> float | None:
    """Share of the intervals of a difference that hold it, of those that are printed."""
    rng = np.random.default_rng([seed, sequences, *kind.encode()])
    draw, mean = DIFFERENCES[kind]
    held = []
    for _ in range(repeats):
        first = np.full(sequences, 0.6)
        found = paired_difference(_scores(first), _scores(first + draw(rng, sequences)), "AUC")
        if not np.isnan(found.interval.low):
            held.append(mean in found.interval)
    return float(np.mean(held)) if held else None


def _row(title: str, shares: Iterable[float | None]) -> str:
    cells = ["none" if share is None else f"{100 * share:.1f}" for share in shares]
    return f"{title:12}" + "".join(f"{cell:>7}" for cell in cells)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=1000, help="default: %(default)s")
    repeats = parser.parse_args().repeats
    print(f"per cent of {repeats} intervals that hold the truth; none: no interval is printed\n")
    print(f"ratio of times, by blocks of {BLOCK_FRAMES} frames")
    print(f"{'':12}" + "".join(f"{blocks:7}" for blocks in BLOCKS))
    for kind in KINDS:
        print(_row(kind, (of_ratios(kind, blocks, repeats) for blocks in BLOCKS)), flush=True)
    print("\nscores, by sequences")
    print(f"{'':12}" + "".join(f"{count:7}" for count in SEQUENCES))
    print(_row("mean", (of_scores(count, repeats) for count in SEQUENCES)))
    for kind in DIFFERENCES:
        title = f"diff. {kind}"
        print(_row(title, (of_differences(kind, count, repeats) for count in SEQUENCES)))


if __name__ == "__main__":
    main()
