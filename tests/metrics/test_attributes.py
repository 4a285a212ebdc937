"""Scores over some frames: two halves make the whole, and what was repaired stays repaired."""

from __future__ import annotations

import numpy as np
import pytest

from hit_trackers.errors import DatasetError
from toolkit_adapters.scoring import Truth, find
from toolkit_adapters.scoring.attributes import Attributes, attributes_of, by_attribute


@pytest.mark.parametrize(
    "convention",
    [
        *(find("lasot"), find("lasot", "official"), find("got10k"), find("nfs30")),
        *(find("vot"), find("otb", "pytracking"), find("uav123"), find("uav123", "official")),
    ],
    ids=lambda convention: convention.name,
)
def test_two_halves_make_the_whole(convention):
    rng = np.random.default_rng(0)
    truth = Truth(np.hstack([rng.uniform(5, 50, (40, 2)), rng.uniform(20, 40, (40, 2))]))
    boxes = truth.boxes + rng.normal(0, 3, (40, 4))
    boxes[7, 2] = 0  # no box: conventions repair it, out of a row of the other half
    half = np.arange(40) % 2 == 1
    whole = convention.score(boxes, truth)
    parts = [convention.score(boxes, truth, only=mask) for mask in (half, ~half)]
    assert sum(part.frames for part in parts) == whole.frames
    for name, value in whole.values.items():
        mean = sum(part.values[name] * part.frames for part in parts) / whole.frames
        assert mean == pytest.approx(value, abs=1e-12), name


class Two:
    """A dataset of two sequences, of which one has a file that is malformed."""

    def attributes(self, name):
        if name == "bad":
            raise DatasetError("bad.txt: 2 flags, expected 12")
        return ("FM",)

    def frame_attributes(self, name):
        return {"lost": np.array([False, True])}


def test_a_malformed_file_ends_an_evaluation_and_no_report():
    with pytest.raises(DatasetError, match="2 flags"):
        attributes_of(Two(), ["good", "bad"])
    found = attributes_of(Two(), ["good", "bad"], strict=False)
    assert found.sequences == {"FM": ("good",)}
    assert list(found.frames["lost"]) == ["good"]
    assert not Attributes({}, {})


def test_what_has_no_score_is_in_no_group():
    convention = find("got10k")
    truth = Truth(np.array([[0.0, 0, 9, 9], [0, 0, 9, 9]]), cover=np.array([8, 0]))
    attributes = attributes_of(Two(), ["good"])

    def part(name, only):
        return convention.score(truth.boxes, truth, only=only)

    scores = {"good": convention.score(truth.boxes, truth)}
    assert set(by_attribute(attributes, scores, part)) == {"FM"}
    assert by_attribute(attributes, {}, part) == {}
