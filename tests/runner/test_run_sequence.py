from __future__ import annotations

import gc
import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fake_tracker import FakeTracker
from runner_fakes import FRAMES

from hit_trackers.errors import PredictionError
from hit_trackers.families import repeated
from hit_trackers.protocol import Decision, Prediction
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.base import Sequence
from toolkit_adapters.records import Flag
from toolkit_adapters.running.entrant import Entrant
from toolkit_adapters.running.passes import Interrupted, run_sequence
from toolkit_adapters.running.timing import WARMUP_UPDATES
from toolkit_adapters.running.turns import in_turn


@pytest.fixture
def sequence(root: Path) -> Sequence:
    (dataset,) = open_datasets("got10k-val", root)
    return dataset.load("a")


def entrant(name: str, tracker: FakeTracker | None = None) -> Entrant:
    fake = tracker or FakeTracker(name.partition("@")[0])
    return Entrant(fake, repeated(fake.variant, name) if "@" in name else fake.variant)


def test_a_record_is_whole(sequence: Sequence) -> None:
    base = entrant("fake")
    outcome = run_sequence([base], sequence, identities={"fake": "i"}, open_loop=5)
    record = outcome.records["fake"]
    assert outcome.failures == {}
    assert len(record) == FRAMES
    assert record.boxes[0].tolist() == sequence.truth.boxes[0].tolist()
    assert np.isnan(record.scores[0])
    assert record.identity == "i"
    assert record.flags[0] == Flag.INIT
    assert (record.flags[1 : 1 + WARMUP_UPDATES] == Flag.WARMUP).all()
    assert not record.flags[1 + WARMUP_UPDATES :].any()
    assert record.open_index.tolist() == [5, 10]
    assert record.patch_size == 32
    assert np.isnan(record.device).all()
    assert np.isfinite(record.update).all()
    assert np.array_equal(record.frame, record.decode + record.update)
    again = run_sequence([base], sequence).records["fake"]
    assert not (again.flags & Flag.WARMUP).any(), "this process is warm already"
    assert np.array_equal(again.boxes, record.boxes)


@pytest.mark.parametrize("count", range(1, 9))
def test_each_takes_every_place_and_follows_every_other_equally_often(count: int) -> None:
    frames = range(count if count % 2 == 0 else 2 * count)
    orders = [in_turn(range(count), index) for index in frames]
    assert all(sorted(order) == list(range(count)) for order in orders)
    places = Counter(pair for order in orders for pair in enumerate(order))
    neighbours = Counter(pair for order in orders for pair in itertools.pairwise(order))
    assert set(places.values()) == {len(frames) // count}
    assert len(neighbours) == count * (count - 1)
    assert len(set(neighbours.values())) <= 1


def test_all_see_the_same_frames_in_changing_order(sequence: Sequence) -> None:
    seen: list[tuple[str, int]] = []

    class Watching(FakeTracker):
        def update(self, image: np.ndarray) -> Prediction:
            seen.append((self.name, id(image)))
            return super().update(image)

    names = ["fake", "fake_exact", "fake_memeff"]
    outcome = run_sequence([entrant(n, Watching(n)) for n in names], sequence, open_loop=0)
    rounds = [seen[i : i + 3] for i in range(0, len(seen), 3)]
    assert len(rounds) == FRAMES - 1
    for turn in rounds:
        assert sorted(name for name, _ in turn) == names
        assert len({image for _, image in turn}) == 1
    assert {turn[0][0] for turn in rounds} == set(names)
    assert len({record.pairing for record in outcome.records.values()}) == 1
    other = run_sequence([entrant("fake")], sequence).records["fake"]
    assert other.pairing not in {record.pairing for record in outcome.records.values()}


def test_open_loop_feeds_the_baselines_patch(sequence: Sequence) -> None:
    class Cropping(FakeTracker):
        def update(self, image: np.ndarray) -> Prediction:
            prediction = super().update(image)
            self.network_input = np.zeros((32, 32, 3), np.uint8)
            return prediction

    entrants = [entrant("fake"), entrant("fake_exact", Cropping("fake_exact"))]
    records = run_sequence(entrants, sequence, open_loop=4).records
    base, exact = records["fake"], records["fake_exact"]
    assert base.open_index.tolist() == exact.open_index.tolist() == [4, 8, 12]
    assert np.array_equal(base.open_boxes, exact.open_boxes), "its own patches are black"
    alone = run_sequence([entrant("fake_exact")], sequence, open_loop=4).records
    assert len(alone["fake_exact"].open_index) == 0


BAD: list[Callable[[], np.ndarray]] = [
    lambda: np.array([np.nan, 1, 1, 1]),
    lambda: np.array([1, np.inf, 1, 1]),
    lambda: np.array([1.0, 1, 0, 1]),
    lambda: np.array([1.0, 1, 1, -1]),
]


@pytest.mark.parametrize("bad", BAD)
def test_an_unusable_box_is_flagged_and_the_previous_kept(
    sequence: Sequence, bad: Callable[[], np.ndarray]
) -> None:
    class Wrong(FakeTracker):
        count = 0

        def update(self, image: np.ndarray) -> Prediction:
            prediction = super().update(image)
            self.count += 1
            return Prediction(bad(), 0.5) if self.count == 7 else prediction

    record = run_sequence([entrant("fake", Wrong("fake"))], sequence).records["fake"]
    assert np.flatnonzero(record.flags & Flag.INVALID).tolist() == [7]
    assert np.array_equal(record.boxes[7], record.boxes[6])
    assert not np.array_equal(record.boxes[8], record.boxes[7])


def test_a_prediction_error_is_an_invalid_frame(sequence: Sequence) -> None:
    class Refusing(FakeTracker):
        def update(self, image: np.ndarray) -> Prediction:
            raise PredictionError("not finite")

    record = run_sequence([entrant("fake", Refusing("fake"))], sequence).records["fake"]
    assert (record.flags[1:] & Flag.INVALID).all()
    assert (record.boxes == record.boxes[0]).all()


@pytest.mark.parametrize("error", [RuntimeError("out of memory"), MemoryError(), KeyError("x")])
@pytest.mark.parametrize("method", ["init", "update", "run_network"])
def test_an_exception_fails_that_tracker_only(
    sequence: Sequence, error: Exception, method: str
) -> None:
    broken = FakeTracker("fake_exact")

    def fail(*args: object) -> None:
        raise error

    setattr(broken, method, fail)
    outcome = run_sequence([entrant("fake"), entrant("fake_exact", broken)], sequence, open_loop=5)
    assert list(outcome.records) == ["fake"]
    assert type(error).__name__ in outcome.failures["fake_exact"]
    alone = run_sequence([entrant("fake")], sequence, open_loop=5).records["fake"]
    assert outcome.records["fake"].result_digest() == alone.result_digest()


def test_a_box_of_the_wrong_shape_fails_the_tracker(sequence: Sequence) -> None:
    class Odd(FakeTracker):
        def update(self, image: np.ndarray) -> Prediction:
            return Prediction(np.ones(5), 0.5)

    outcome = run_sequence([entrant("fake", Odd("fake"))], sequence)
    assert "box of shape (5,)" in outcome.failures["fake"]


def test_max_frames_and_sharing(sequence: Sequence) -> None:
    record = run_sequence([entrant("fake")], sequence, max_frames=6, shared=True).records["fake"]
    assert len(record) == 6
    assert (record.flags & Flag.SHARED).all()
    assert not record.timed.any()


def test_stopping_gives_the_sequence_up_and_restores_the_collector(sequence: Sequence) -> None:
    calls = iter(range(100))
    assert gc.isenabled()
    with pytest.raises(Interrupted):
        run_sequence([entrant("fake")], sequence, should_stop=lambda: next(calls) == 5)
    assert gc.isenabled()


def test_unusual_images_are_recorded(sequence: Sequence) -> None:
    import cv2

    grey = cv2.imread(str(sequence.frames[3]), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite(str(sequence.frames[3]), grey)
    cv2.imwrite(str(sequence.frames[5]), grey[:40])
    record = run_sequence([entrant("fake")], sequence).records["fake"]
    assert record.notes == (
        "2 frames: grey, read as 8-bit RGB",
        "2 frames: image size changes",
    )


def test_a_first_box_outside_its_image(sequence: Sequence) -> None:
    sequence.truth.boxes[0] = [64, 10, 5, 5]
    outcome = run_sequence([entrant("fake")], sequence)
    assert outcome.records == {}
    assert "outside its image" in outcome.failures["fake"]
    assert "64 x 48" in outcome.failures["fake"]


def test_decisions_are_recorded_closed_and_open_loop(sequence: Sequence) -> None:
    class Deciding(FakeTracker):
        decisions: dict[str, Decision]
        count = 0

        def update(self, image: np.ndarray) -> Prediction:
            self.count += 1
            self.decisions = {"template": Decision(self.count, 0.25)} if self.count != 2 else {}
            return super().update(image)

        def run_network(self, network_input: object) -> np.ndarray:
            self.decisions = {"template": Decision(-5 + 100 * self.count, 0.0)}
            return super().run_network(network_input)  # type: ignore[arg-type]

    outcome = run_sequence([entrant("fake", Deciding("fake"))], sequence, open_loop=4)
    record = outcome.records["fake"]
    assert record.decision_names == ("template",)
    assert record.decisions[:4, 0].tolist() == [-1, 1, -1, 3]
    assert record.margins[1, 0] == 0.25
    assert np.isnan(record.margins[[0, 2], 0]).all()
    assert record.open_decisions[:, 0].tolist() == [395, 795, 1195]
