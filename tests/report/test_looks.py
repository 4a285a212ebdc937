"""The scatter of speed against accuracy, and the curves of distance, say what the tables say."""

from __future__ import annotations

import re

import pytest

from toolkit_adapters.records import open_results
from toolkit_adapters.reporting.collect import collect
from toolkit_adapters.reporting.sparklines import sparklines
from toolkit_adapters.reporting.tradeoff import SPAN, at_least, look, tradeoff


@pytest.fixture(scope="module")
def collection(standard):
    return collect(open_results(standard))


def test_the_mark_is_what_was_found(collection):
    words = {name: look(collection, name).words for name in collection.subjects}
    assert words == {
        "hit_nano": "the baseline",
        "hit_nano_exact": "bit for bit the baseline",
        "hit_nano_memeff": "within a pixel of the baseline",
    }
    assert look(collection, "hit_nano_bf16").words == "different from the baseline"


def test_a_broken_claim_is_marked_as_such(maker):
    dataset = maker.dataset()
    maker.write("hit_nano", dataset)
    maker.write("hit_nano_exact", dataset, drift=0.01)
    collection = collect(open_results(maker.results))
    assert look(collection, "hit_nano_exact").words == "its claim is broken"


def test_the_scatter_has_every_tracker_on_every_dataset(collection):
    figure = tradeoff(collection)
    for dataset in collection.datasets:
        for name in collection.subjects:
            latency = collection.latency(name, collection.network_scope(name))
            assert f"{name} {latency.fps:.1f} frames a second" in figure.alt
        assert f"{dataset}: " in figure.alt
    assert figure.svg.count(">hit_nano_exact<") == len(collection.datasets)


def test_a_tracker_alone_has_no_scatter(maker):
    maker.write("hit_nano", maker.dataset())
    assert tradeoff(collect(open_results(maker.results))) is None


def test_sparklines_are_sorted_by_the_largest_distance(collection):
    bf16, memeff = sparklines(collection)
    assert (bf16.name, memeff.name) == ("sparklines_hit_nano_bf16", "sparklines_hit_nano_memeff")
    for figure in (bf16, memeff):
        values = [float(text) for text in re.findall(r">([\d.e-]+) px<", figure.svg)]
        assert values == sorted(values, reverse=True)
    assert len(re.findall(r">thing-\d<", memeff.svg)) == 3
    assert len(re.findall(r">video_\d<", memeff.svg)) == 3


@pytest.mark.parametrize(
    ("limits", "widened"),
    [((65.26, 65.26), (64.76, 65.76)), ((60.0, 60.5), (59.75, 60.75)), ((40.0, 70.0), (40, 70))],
)
def test_a_difference_that_no_table_prints_does_not_look_large(limits, widened):
    assert at_least(SPAN, limits) == pytest.approx(widened)
