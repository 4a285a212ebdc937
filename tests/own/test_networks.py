"""What is seen of an own tracker's networks: time, outputs, operators, and that nothing changes."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from own_samples import KEEPING, MINE, NETWORK, write

from hit_trackers import load_tracker
from hit_trackers.own import outputs, trial
from hit_trackers.protocol import outputs_of
from toolkit_adapters.running.activations import peak_activations


def tracked(name: str, seed: int = 3) -> tuple:
    """A tracker after two updates, the second recorded, and its boxes."""
    tracker = load_tracker(name)
    tracker.init(trial.image(seed, 0), trial.BOX)
    boxes = []
    for step in (1, 2):
        tracker.probe.recording = step == 2
        boxes.append(tracker.update(trial.image(seed, step)).box)
    return tracker, np.array(boxes)


def test_watching_changes_no_box() -> None:
    write("mine.py", NETWORK)
    _, boxes = tracked("mine=mine.py:Tracker")
    space: dict = {}
    exec(NETWORK, space)
    own = space["Tracker"]()
    own.initialize(trial.image(3, 0), {"init_bbox": list(trial.BOX)})
    expected = [list(own.track(trial.image(3, step))["target_bbox"]) for step in (1, 2)]
    assert boxes.tolist() == expected


def test_the_network_is_timed_and_counted() -> None:
    write("mine.py", NETWORK)
    tracker, _ = tracked("mine=mine.py:Tracker")
    probe = tracker.probe
    assert 0 < probe.network_seconds < 1
    assert math.isnan(probe.device_seconds)
    network = tracker.probe.watch.modules["network"]
    assert probe.parameters == sum(p.numel() for p in network.parameters())
    assert probe.weights_bytes == 4 * probe.parameters
    ran = probe.executed(probe.network_input)
    assert (ran.engine, ran.precision) == ("eager", "fp32")
    assert ran.operators["aten._softmax.default"] == 1
    work = probe.workloads(probe.network_input)
    # The scores and the weights of 2 heads, 640 x 640, at the same time.
    assert peak_activations(work["frame"], "cpu").bytes >= 2 * 2 * 640 * 640 * 4


def test_only_calls_from_outside_count() -> None:
    write("mine.py", NETWORK)
    tracker, _ = tracked("mine=mine.py:Tracker")
    assert [call.entry for call in tracker.probe.network_input.calls] == ["network.forward"]
    assert not load_tracker("mine").probe.network_input, "nothing was called yet"


def test_a_tracker_without_networks_has_no_probe() -> None:
    write("mine.py", MINE)
    assert load_tracker("mine=mine.py:Mine").probe is None


def test_open_loop_feeds_the_variant_what_the_baseline_was_given() -> None:
    write("mine.py", NETWORK)
    baseline, _ = tracked("mine=mine.py:Tracker")
    given = baseline.probe.network_input
    exact, fused, lossy = (tracked(f"mine_{part}", 5)[0] for part in ("exact", "memeff", "bf16"))
    expected = outputs_of(baseline.probe, given)
    found = [outputs_of(each.probe, given) for each in (baseline, exact, fused, lossy)]
    assert [one.digest == expected.digest for one in found] == [True, True, False, False]
    far = [np.abs(one.values - expected.values).max() / expected.ranges.max() for one in found]
    assert far[:2] == [0, 0]
    assert 0 < far[2] < 1e-5
    assert far[3] > 1e-4


def test_replaying_leaves_no_trace() -> None:
    write("mine.py", KEEPING)
    tracker, _ = tracked("mine=mine.py:Tracker")
    kept = tracker.probe.watch.modules["network"].kept
    other, _ = tracked("mine", 4)
    given = copy.deepcopy(other.probe.network_input)
    given.calls[:0] = [copy.copy(given.calls[0])]
    before = outputs_of(tracker.probe, given)
    assert outputs_of(tracker.probe, given).digest == before.digest
    assert tracker.probe.watch.modules["network"].kept is kept


def test_another_networks_calls_are_of_no_use() -> None:
    write("mine.py", NETWORK)
    write("keeping.py", KEEPING)
    mine, _ = tracked("mine=mine.py:Tracker")
    keeping, _ = tracked("keeping=keeping.py:Tracker")
    assert outputs_of(mine.probe, keeping.probe.network_input) is None
    assert outputs_of(mine.probe, np.zeros((8, 8, 3), np.uint8)) is None


def test_a_network_may_write_on_what_it_is_given() -> None:
    write(
        "mine.py",
        NETWORK.replace("tokens = torch.cat", "search.mul_(2)\n        tokens = torch.cat"),
    )
    tracker, _ = tracked("mine=mine.py:Tracker")
    given = tracker.probe.network_input
    first = outputs_of(tracker.probe, given)
    assert outputs_of(tracker.probe, given).digest == first.digest


def test_a_copy_of_a_network_is_not_watched() -> None:
    write("mine.py", NETWORK)
    tracker, _ = tracked("mine=mine.py:Tracker")
    network = tracker.probe.watch.modules["network"]
    twin = copy.deepcopy(network)
    with torch.no_grad():
        twin.head.bias += 1
        answers = [
            net(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 96, 96)) for net in (network, twin)
        ]
    assert not torch.equal(*(answer["score"] for answer in answers)), "it computes with its own"


@pytest.mark.parametrize("place", [0, 600_000, -1])
def test_every_bit_and_every_nan_of_large_outputs_is_seen(place: int) -> None:
    numbers = torch.rand(1_000_000)
    first = outputs.summarise([numbers])
    assert len(first.values) == outputs.SAMPLE
    assert first.ranges[0] == pytest.approx(1, abs=1e-3)
    changed = numbers.clone()
    changed[place] = torch.nextafter(changed[place], torch.tensor(2.0))
    assert outputs.summarise([changed]).digest != first.digest
    changed[place] = math.nan
    assert np.isnan(outputs.summarise([changed]).values).any()


def test_a_sample_has_something_of_every_tensor() -> None:
    answers = [{"a": torch.ones(3), "b": (torch.zeros(10_000), 2.5)}, None, "word"]
    found = outputs.summarise(answers)
    assert len(found.values) <= outputs.SAMPLE
    assert {0.0, 1.0, 2.5} == set(found.values.tolist())
    assert outputs.summarise([]).digest == 0
    shapes = [outputs.summarise([torch.zeros(shape)]).digest for shape in ((2, 3), (3, 2))]
    assert shapes[0] != shapes[1]


def test_how_far_apart_answers_are() -> None:
    a = torch.tensor([0.0, 1.0, 4.0])
    assert outputs.furthest([a], [a.clone()]) == 0
    assert outputs.furthest([a], [a + 0.04]) == pytest.approx(0.01)
    assert outputs.furthest([a], [a[:2]]) == math.inf
    assert outputs.furthest([a], [a * math.nan]) == math.inf
