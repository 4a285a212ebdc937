"""OTB, UAV123, NFS and TNL2K: what their authorities do where frames or rows are odd."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit_adapters.scoring import InvalidBoxError, ShortResultError, Truth, find

TRUTH = np.array([[100.0, 80, 40, 30]] * 10)


def score(dataset, boxes, truth=TRUTH, name=None):
    return find(dataset, name).score(np.array(boxes, float), Truth(truth))


def test_who_scores_what():
    names = {d: find(d).name for d in ("otb", "uav123", "uav20l", "nfs30", "tnl2k", "lasot-ext")}
    assert names == {
        "otb": "otb_official",
        "uav123": "uav_pytracking",
        "uav20l": "uav_pytracking",
        "nfs30": "nfs_pytracking",
        "tnl2k": "tnl2k_pytracking",
        "lasot-ext": "lasot_pytracking",
    }
    assert find("got10k-train").name == "got10k"
    for dataset in ("folder", "folder-xyxy", "vot"):
        assert find(dataset).name == "otb_official"
    assert find("uav123", "official").name == "uav_official"


def test_a_perfect_result_passes_all_thresholds_but_the_last():
    for name in ("otb_official", "otb_pytracking"):
        found = score("otb", TRUTH, name=name)
        assert found.values["AUC"] == pytest.approx(20 / 21)
        assert found.values["P"] == 1


def test_precision_is_at_20_pixels_and_success_at_21_thresholds():
    moved = TRUTH + np.array([20.0, 0, 0, 0])
    found = score("otb", moved)
    assert found.values["P"] == 1
    assert score("otb", TRUTH + np.array([20.1, 0, 0, 0])).values["P"] == pytest.approx(0.1)
    overlap = 20 / 60
    passed = sum(overlap > 0.05 * k for k in range(21))
    # The first frame counts with the truth in its place.
    assert found.values["AUC"] == pytest.approx((9 * passed + 20) / 210)
    assert len(found.curves["success"]) == 21
    assert len(found.curves["precision"]) == 51


def test_rows_without_a_truth_count_as_each_authority_has_it():
    truth = TRUTH.copy()
    truth[4:6] = np.nan
    uav, official = score("uav123", TRUTH, truth), score("uav123", TRUTH, truth, "official")
    nfs = score("nfs30", TRUTH, truth)
    for found in (uav, official, nfs):
        assert found.values["AUC"] == pytest.approx(0.8 * 20 / 21)
    assert uav.values["P"] == official.values["P"] == 1  # their errors are marked with -1
    assert nfs.values["P"] == pytest.approx(0.8)
    assert uav.values["P_Norm"] == nfs.values["P_Norm"] == 1


def test_results_that_are_too_short():
    found = score("uav123", TRUTH[:6])
    assert found.values["AUC"] == pytest.approx(0.6 * 20 / 21)
    assert found.values["P"] == pytest.approx(0.6)
    assert "4 rows missing" in found.notes[0]
    near_origin = np.array([[0.0, 0, 8, 8]] * 10)
    assert score("uav123", near_origin[:6], near_origin).values["P"] == 1  # zeros are near it
    with pytest.raises(ShortResultError):
        score("otb", TRUTH[:6])
    assert score("tnl2k", np.vstack([TRUTH, TRUTH])).frames == 10


def test_rows_that_are_no_box():
    boxes = TRUTH.copy()
    boxes[3] = [0, 0, 0, 0]
    for dataset, name in (("otb", None), ("otb", "pytracking"), ("uav123", None)):
        assert score(dataset, boxes, name=name).values["AUC"] == pytest.approx(20 / 21)
    boxes[3] = np.nan
    assert score("otb", boxes).values["AUC"] == pytest.approx(20 / 21)
    with pytest.raises(InvalidBoxError):
        score("nfs30", boxes)
