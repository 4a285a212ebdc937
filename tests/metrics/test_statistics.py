"""Intervals and tests over sequences."""

import math

import numpy as np
import pytest

from toolkit_adapters.scoring.scores import Score
from toolkit_adapters.scoring.statistics import (
    Estimate,
    mean_interval,
    paired_difference,
    quotient,
    score_intervals,
)


def scores(values, weight=1.0):
    return [Score(10, {"AUC": float(v)}, weights={"AUC": weight}) for v in values]


def test_interval_of_a_mean_is_about_two_standard_errors_wide():
    values = np.random.default_rng(0).normal(0.5, 0.1, 200)
    interval = mean_interval(values)
    error = values.std() / math.sqrt(200)
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.3 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)
    assert values.mean() in interval
    assert mean_interval(values) == interval


def test_weights_decide():
    values = np.array([0.0] * 20 + [1.0] * 20)
    assert mean_interval(values, np.array([1.0] * 20 + [1e-9] * 20)).high < 0.01
    assert mean_interval(values, np.array([0.0] * 20 + [1.0] * 20)).low == 1.0
    assert math.isnan(mean_interval(values, np.array([1.0] + [1e-30] * 39)).low)


def test_a_quotient_is_as_unsure_as_both_of_its_parts():
    found = quotient(Estimate(3.0, 0.03, 20), Estimate(1.5, 0.015, 10))
    assert found.value == 2
    assert found.error == pytest.approx(2 * math.hypot(0.01, 0.01))
    assert 10 < found.freedom < 30
    assert math.isnan(quotient(Estimate(3.0, 0.03, 20), Estimate(1, math.nan, math.nan)).error)
    assert quotient(Estimate(2.0, 0.0, 9), Estimate(1.0, 0.0, 9)).interval.low == 2


def test_too_few_sequences_have_no_interval():
    assert math.isnan(mean_interval(np.arange(9.0)).low)
    assert not math.isnan(mean_interval(np.arange(10.0)).low)
    assert math.isnan(mean_interval(np.zeros(3), np.zeros(3)).low)


def test_equal_sequences_have_an_interval_of_no_width():
    interval = score_intervals(scores([0.25] * 12))["AUC"]
    assert (interval.low, interval.high) == (0.25, 0.25)


def test_a_constant_difference_is_found_and_none_is_not():
    rng = np.random.default_rng(1)
    first = rng.uniform(0.2, 0.8, 60)
    second = first + 0.02 + rng.normal(0, 0.005, 60)
    found = paired_difference(scores(first), scores(second), "AUC")
    assert found.mean == pytest.approx(0.02, abs=0.003)
    assert found.interval.low > 0
    assert found.p < 1e-6
    none = paired_difference(scores(first), scores(first), "AUC")
    assert (none.mean, none.p) == (0, 1)
    assert math.isnan(none.interval.low), "of sequences that do not differ nothing is learnt"
    noise = paired_difference(scores(first), scores(first + rng.normal(0, 0.05, 60)), "AUC")
    assert noise.p > 0.01


def test_unpaired_sequences_are_refused():
    with pytest.raises(ValueError, match="3 sequences with 2"):
        paired_difference(scores([1, 2, 3]), scores([1, 2]), "AUC")
