"""What each convention does with rows that are not as they should be, and what holds for all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hit_trackers.errors import DatasetError
from toolkit_adapters.scoring import (
    CONVENTIONS,
    InvalidBoxError,
    ShortResultError,
    Truth,
    combine,
    find,
)

OFFICIAL, PYTRACKING, GOT10K_LASOT = (
    find("lasot", name) for name in ("official", "pytracking", "got10k")
)


def boxes(rows=10):
    return np.tile([10.0, 20, 30, 40], (rows, 1))


@st.composite
def tracks(draw):
    """Predictions and truth of 2 to 30 frames, on halves of pixels so that ties happen."""
    frames = draw(st.integers(2, 30))

    def halves(low, high):
        numbers = hnp.arrays(np.int64, (frames, 2), elements=st.integers(2 * low, 2 * high))
        return draw(numbers) / 2

    truth = np.hstack([halves(1, 60), halves(1, 40)])
    predictions = np.hstack([halves(-20, 60), halves(1, 40)])
    absent = draw(hnp.arrays(bool, frames))
    return predictions, Truth(truth, absent=absent, cover=np.where(absent, 0, 8))


def naive_iou(a, b):
    width = max(0.0, min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1]))
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


@settings(max_examples=60, deadline=None)
@given(tracks())
def test_lasot_agrees_with_a_loop_over_frames(track):
    predictions, truth = track
    frames = len(predictions)
    success, precision, normalised = np.zeros(21), 0, 0
    for i in range(frames):
        box = truth.boxes[0] if i == 0 else predictions[i]
        target = truth.boxes[i]
        if truth.absent[i]:
            continue
        overlap = naive_iou(box, target)
        success += [overlap > 0.05 * k for k in range(21)]
        dx, dy = ((box[j] + box[j + 2] / 2) - (target[j] + target[j + 2] / 2) for j in (0, 1))
        precision += np.hypot(dx, dy) <= 20
        normalised += np.sqrt((dx / target[2]) ** 2 + (dy / target[3]) ** 2) <= 0.20
    for convention in (OFFICIAL, PYTRACKING):
        score = convention.score(predictions, truth)
        np.testing.assert_allclose(score.curves["success"], success / frames, atol=1e-12)
        assert score.values["P"] == pytest.approx(precision / frames)
        assert score.values["P_Norm"] == pytest.approx(normalised / frames)


@settings(max_examples=60, deadline=None)
@given(tracks())
def test_trackingnet_agrees_with_a_loop_over_frames(track):
    predictions, truth = track
    curves = np.zeros((3, 21))
    for i, (box, target) in enumerate(
        zip(np.round(predictions), np.round(truth.boxes), strict=True)
    ):
        if i == 0:
            box = target
        overlap = naive_iou(box, target) if target[2:].any() and box[2:].any() else np.nan
        dx, dy = ((box[j] + box[j + 2] / 2) - (target[j] + target[j + 2] / 2) for j in (0, 1))
        curves[0] += overlap >= np.linspace(0, 1, 21)
        curves[1] += np.sqrt(dx * dx + dy * dy) <= np.linspace(0, 50, 21)
        if (target[2:] > 0).all():
            scaled = np.sqrt(dx / target[2] * dx / target[2] + dy / target[3] * dy / target[3])
            curves[2] += scaled <= np.linspace(0, 0.5, 21)
    areas = ((curves[:, 1:] + curves[:, :-1]) / 2).mean(axis=1) / len(predictions)
    values = find("trackingnet").score(predictions, truth).values
    if not (np.round(truth.boxes[:, 2:]) == 0).any():
        found = [values[name] for name in ("Success", "Precision", "NormPrec")]
        np.testing.assert_allclose(found, areas, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(tracks(), st.sampled_from(sorted(CONVENTIONS)), st.integers(-8, 8), st.integers(-8, 8))
def test_scores_are_shares_and_do_not_move_with_the_image(track, name, dx, dy):
    predictions, truth = track
    convention = CONVENTIONS[name]
    score = convention.score(predictions, truth)
    assert all(0 <= value <= 1 for value in score.values.values())
    assert set(convention.headline) <= set(score.values)
    for curve, values in score.curves.items():
        assert values.shape == convention.thresholds[curve].shape
        steps = np.diff(values)
        assert (steps <= 0).all() if curve == "success" else (steps >= 0).all()
    if name == "trackingnet":
        # Half to even: an odd shift changes which halves are rounded up.
        dx, dy = 2 * dx, 2 * dy
    # LaSOT's official rule wants positive truths, so the picture only moves right and down.
    shift = np.array([abs(dx), abs(dy), 0, 0])
    moved = Truth(truth.boxes + shift, truth.absent, truth.cover)
    shifted = convention.score(predictions + shift, moved)
    for key in set(score.values) - {"Coverage"}:
        assert shifted.values[key] == score.values[key], key


@settings(max_examples=30, deadline=None)
@given(
    st.lists(tracks(), min_size=1, max_size=5), st.sampled_from(sorted(CONVENTIONS)), st.randoms()
)
def test_the_mean_does_not_depend_on_the_order_of_sequences(pairs, name, random):
    scores = [CONVENTIONS[name].score(*pair) for pair in pairs]
    shuffled = list(scores)
    random.shuffle(shuffled)
    for key, value in combine(scores).values.items():
        assert combine(shuffled).values[key] == pytest.approx(value, abs=1e-12)
        assert 0 <= value <= 1


def test_absent_frames_fail_but_stay_in_the_denominator():
    truth = Truth(boxes(), absent=np.arange(10) >= 5)
    for convention in (OFFICIAL, PYTRACKING):
        values = convention.score(boxes(), truth).values
        assert (values["P"], values["P_Norm"], values["OP50"]) == (0.5, 0.5, 0.5)
    assert GOT10K_LASOT.score(boxes(), truth).values["P"] == 1.0


def test_broken_truth_of_a_visible_frame():
    target = boxes()
    target[4] = [1, 1, -1, -1]
    official = OFFICIAL.score(boxes(), Truth(target)).values
    assert (official["OP50"], official["P"], official["P_Norm"]) == (0.9, 1.0, 1.0)
    pytracking = PYTRACKING.score(boxes(), Truth(target)).values
    assert (pytracking["OP50"], pytracking["P"], pytracking["P_Norm"]) == (0.9, 0.9, 1.0)


def test_truth_at_the_border_is_valid_for_the_papers_and_not_for_the_official_toolkit():
    target = boxes()
    target[:, 0] = 0
    assert OFFICIAL.score(target, Truth(target)).values["OP50"] == 0
    assert PYTRACKING.score(target, Truth(target)).values["OP50"] == 1


@pytest.mark.parametrize("bad", [[np.nan] * 4, [1, np.nan, 2, 2], [0, 0, -1, 5], [0, 0, 3, 0]])
def test_official_takes_the_row_before_a_bad_one(bad):
    predictions = boxes()
    predictions[4:6] = bad
    score = OFFICIAL.score(predictions, Truth(boxes()))
    assert score.values["OP50"] == 1
    assert score.notes == ("2 rows that are no box replaced by the row before",)


@pytest.mark.parametrize("bad", [[np.nan] * 4, [0, 0, -1, 5]])
def test_pytracking_stops_at_nan_and_negative_sizes(bad):
    predictions = boxes()
    predictions[4] = bad
    with pytest.raises(InvalidBoxError, match="line 5"):
        PYTRACKING.score(predictions, Truth(boxes()))
    assert PYTRACKING.score(predictions, Truth(boxes()), repair=True).values["OP50"] == 1


def test_pytracking_takes_the_row_before_a_zero_size():
    predictions = boxes()
    predictions[4, 2] = 0
    assert PYTRACKING.score(predictions, Truth(boxes())).values["OP50"] == 1


def test_the_first_prediction_counts_as_the_truth_but_not_in_got10k():
    predictions = boxes()
    predictions[0] += 500
    for name in ("lasot_official", "lasot_pytracking", "lasot_got10k", "trackingnet", "got10k"):
        values = CONVENTIONS[name].score(predictions, Truth(boxes())).values
        first = CONVENTIONS[name].headline[0]
        assert values[first] == CONVENTIONS[name].score(boxes(), Truth(boxes())).values[first]


@pytest.mark.parametrize(
    ("name", "longer", "shorter"),
    [
        ("lasot_official", "cut off", ShortResultError),
        ("lasot_pytracking", "cut off", ShortResultError),
        ("lasot_got10k", "both cut to 10", "both cut to 8"),
        ("trackingnet", "ignored", "2 of 10 rows missing"),
        ("got10k", ShortResultError, ShortResultError),
    ],
)
def test_lines_unlike_frames(name, longer, shorter):
    for rows, expected in ((12, longer), (8, shorter)):
        score = CONVENTIONS[name].score
        if isinstance(expected, str):
            assert expected in score(boxes(rows), Truth(boxes())).notes[0]
        else:
            with pytest.raises(expected, match=f"{rows} rows for 10 frames"):
                score(boxes(rows), Truth(boxes()))


def test_missing_rows_and_files_fail_at_the_trackingnet_server():
    convention = find("trackingnet")
    values = convention.score(boxes(8), Truth(boxes())).values
    assert values["Success"] == pytest.approx(0.8)
    missing = convention.score(None, Truth(boxes())).values
    # Zero boxes overlap by 0, and 0 >= 0 succeeds at the first threshold; the first frame is the
    # truth.
    assert missing["Success"] == pytest.approx(0.1 + 0.9 * 0.025)
    assert missing["Coverage"] == pytest.approx(0.1)


def test_trackingnet_rounds_half_to_even():
    truth = np.tile([10.0, 10, 20, 20], (2, 1))
    # 10.5 rounds to 10, 11.5 to 12.
    for x, expected in ((10.5, 10.0), (11.5, 12.0)):
        predictions = truth.copy()
        predictions[1, 0] = x
        rounded = truth.copy()
        rounded[1, 0] = expected
        convention = find("trackingnet")
        found = convention.score(predictions, Truth(truth)).values
        assert found == convention.score(rounded, Truth(truth)).values


def test_trackingnet_threshold_at_seven_tenths():
    # IoU of 7/10 misses linspace(0, 1, 21)[14] = 0.7000000000000001.
    truth = np.tile([0.0, 0, 10, 10], (2, 1))
    predictions = np.tile([0.0, 0, 7, 10], (2, 1))
    curve = find("trackingnet").score(predictions, Truth(truth)).curves["success"]
    assert (curve[13], curve[14]) == (1.0, 0.5)


def test_official_mean_leaves_out_a_sequence_without_any_success():
    lost = Truth(boxes() + np.array([500, 0, 0, 0]), absent=np.arange(10) == 0)
    kept = Truth(boxes())
    official = combine([OFFICIAL.score(boxes(), truth) for truth in (kept, lost)])
    assert official.values["OP50"] == 1.0
    pytracking = combine([PYTRACKING.score(boxes(), truth) for truth in (kept, lost)])
    assert pytracking.values["OP50"] == 0.5


def test_got10k_pools_frames_and_repetitions_and_drops_uncovered_ones():
    truth = Truth(boxes(5), cover=np.array([8, 0, 8, 8, 8]))
    predictions = boxes(5)
    predictions[1] += 500
    score = find("got10k").score(np.stack([predictions, predictions]), truth)
    assert (score.values["AO"], score.frames) == (1.0, 6)
    short = find("got10k").score(boxes(3) + np.array([500, 0, 0, 0]), Truth(boxes(3)))
    assert combine([score, short]).values["AO"] == pytest.approx(6 / 8)


def test_unknown_conventions_and_datasets_are_named():
    with pytest.raises(DatasetError, match="lasot_official"):
        find("lasot", "matlab")
    with pytest.raises(DatasetError, match="trackingnet"):
        find("otc")


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(N, 4\)"):
        OFFICIAL.score(np.zeros((3, 5)), Truth(boxes(3)))
    with pytest.raises(ValueError, match="no sequence"):
        combine([])
