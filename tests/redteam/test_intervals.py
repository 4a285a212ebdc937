"""Intervals that promise more than they hold: coverage on noise that is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import coverage
from toolkit_adapters.reporting.latency import BLOCK_FRAMES, Speed, judge, ratio
from toolkit_adapters.reporting.tables.cells import ratio_cell

#: So many that chance moves a coverage of 95 % by 1 point (one standard error).
REPEATS = 400


@pytest.mark.parametrize("kind", ["independent", "spikes", "ar 0.5", "ar 0.8", "drift", "walk"])
@pytest.mark.parametrize("blocks", [10, 20])
def test_few_blocks_of_noisy_times_do_not_pass_for_certainty(kind: str, blocks: int) -> None:
    held = coverage.of_ratios(kind, blocks, REPEATS)
    assert held is not None
    assert 0.92 <= held <= 0.995


def test_many_frames_that_hang_together_do_not_pass_for_many_measurements() -> None:
    held = coverage.of_ratios("ar 0.9", 60, REPEATS)
    assert held is not None
    assert held >= 0.92


@pytest.mark.parametrize("blocks", [1, 2, 5, 9])
def test_too_few_frames_give_no_interval_and_no_verdict(blocks: int) -> None:
    times = np.random.default_rng(0).normal(1, 0.01, (2, blocks * BLOCK_FRAMES))
    found = ratio([(1.5 * times[0], times[1])])
    assert found is not None
    assert np.isnan(found.interval.low)
    assert judge(found.interval) is Speed.TOO_FEW
    assert ratio_cell(found).text == f"{found.value:.3f} (too few frames)"


def test_no_block_reaches_over_the_end_of_a_sequence() -> None:
    """Sequences of other sizes take other times: a block of two would scatter by that alone."""
    rng = np.random.default_rng(1)
    pairs = []
    for seconds in (0.01, 0.5) * 10:
        times = seconds * rng.normal(1, 0.001, (2, BLOCK_FRAMES))
        pairs.append((1.2 * times[0], times[1]))
    found = ratio(pairs)
    assert found is not None
    assert 1.2 in found.interval
    assert found.interval.high - found.interval.low < 0.002


@pytest.mark.parametrize("sequences", [10, 20])
def test_scores_of_few_sequences_do_not_pass_for_certainty(sequences: int) -> None:
    for held in (
        coverage.of_scores(sequences, REPEATS),
        coverage.of_differences("normal", sequences, REPEATS),
        coverage.of_differences("heavy", sequences, REPEATS),
    ):
        assert held is not None
        assert held >= 0.9


def test_fewer_than_ten_sequences_give_no_interval() -> None:
    assert coverage.of_scores(9, 5) is None
    assert coverage.of_differences("normal", 9, 5) is None


def test_one_sequence_that_differs_is_no_measure_of_the_others() -> None:
    """Equal on nine in ten, worse on the tenth: an interval of few such cases never holds."""
    assert coverage.of_differences("rare", 20, 200) is None
    held = coverage.of_differences("rare", 180, REPEATS)
    assert held is not None
    assert held >= 0.9
