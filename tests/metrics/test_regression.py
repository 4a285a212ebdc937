"""Figures that the authorities' own code gives, to their last digit."""

import numpy as np
import pytest

from toolkit_adapters.scoring import Truth, combine, find
from toolkit_adapters.scoring.rawresults.annotations import Annotations
from toolkit_adapters.scoring.rawresults.evaluation import evaluate
from toolkit_adapters.scoring.rawresults.files import Files

TOY = np.tile([100.0, 100, 50, 50], (10, 1))
SHIFTED = TOY + np.outer(np.arange(10.0), [1, 1, 0, 0])


@pytest.mark.parametrize("name", ["official", "pytracking"])
def test_toy_sequence_under_lasot(name):
    values = find("lasot", name).score(SHIFTED, Truth(TOY)).values
    assert round(values["AUC"], 10) == 0.7095238095
    assert (values["P"], values["P_Norm"]) == (1.0, 0.8)


def test_toy_sequence_under_trackingnet():
    values = find("trackingnet").score(SHIFTED, Truth(TOY)).values
    found = [round(100 * values[name], 10) for name in ("Success", "Precision", "NormPrec")]
    assert found == [72.25, 87.25, 74.25]


def test_toy_sequence_under_got10k():
    values = find("got10k").score(SHIFTED, Truth(TOY)).values
    assert round(values["AO"], 10) == 0.6949456911


def test_got10k_bounds_boxes_by_its_own_rule():
    inside, outside = np.array([[0.0, 0, 50, 50]] * 2), np.array([[-10.0, 0, 50, 50]] * 2)
    convention = find("got10k")
    assert convention.score(outside, Truth(inside, size=(640, 480))).values["AO"] == 1.0
    assert convention.score(outside, Truth(inside)).values["AO"] == pytest.approx(40 / 60)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("official", {"AUC": 92.741398, "OP50": 97.378467, "P": 97.378971, "P_Norm": 97.378971}),
        ("pytracking", {"AUC": 92.741398, "OP50": 97.378467, "P": 97.378467}),
    ],
)
def test_perfect_predictions_on_lasot(shared, name, expected):
    convention = find("lasot", name)
    with Files(shared / "published/lasot/annotations.zip") as files:
        scores = []
        for _, truth in Annotations(files):
            boxes = truth.boxes.copy()
            # Three truths are no box: what is predicted there must not matter, but pytracking's
            # code stops at negative sizes, so a real tracker's output takes their place.
            boxes[(boxes[:, 2:] <= 0).any(axis=1)] = 1.0
            scores.append(convention.score(boxes, truth))
    assert sum(score.frames for score in scores) == 685_360
    overall = combine(scores)
    assert {name: round(100 * overall.values[name], 6) for name in expected} == expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tracker", "expected"),
    [
        ("SiamRPN++", {"AUC": 49.559, "P": 49.144, "P_Norm": 56.941}),
        ("ATOM", {"AUC": 51.43, "P": 50.54, "P_Norm": 57.68}),
    ],
)
def test_published_trackers_on_lasot(shared, tracker, expected):
    folder = shared / "published/lasot"
    convention = find("lasot", "official")
    values = evaluate(
        folder / f"{tracker}.zip", folder / "annotations.zip", convention
    ).overall.values
    for name, value in expected.items():
        assert 100 * values[name] == pytest.approx(value, abs=0.005)


def test_published_tracker_on_got10k(shared):
    folder = shared / "published/got10k_val"
    evaluation = evaluate(
        folder / "NanoTrackV3.zip", folder / "annotations.zip", find("got10k-val")
    )
    values = evaluation.overall.values
    assert evaluation.sequences == 180
    assert not evaluation.missing
    assert (round(values["AO"], 3), round(values["SR0.5"], 3)) == (0.717, 0.846)


def test_trackingnet_devkit_example(shared):
    folder = shared / "published/trackingnet"
    evaluation = evaluate(folder / "dummy_subm.zip", folder / "dummy_GT.zip", find("trackingnet"))
    expected = {"Coverage": 88.9556, "Precision": 87.8025, "NormPrec": 87.8025, "Success": 88.0796}
    values = evaluation.overall.values
    assert {name: round(100 * values[name], 4) for name in expected} == expected
    assert evaluation.missing == ("a9jgDU5THOU_0",)
