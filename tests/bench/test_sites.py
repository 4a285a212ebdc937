"""The command that shows every attention of a tracker."""

from __future__ import annotations

import pytest

from hit_trackers import load_tracker
from hit_trackers.errors import EngineError
from toolkit_adapters import cli
from toolkit_adapters.bench.sites import AS_WRITTEN, survey_tracker
from toolkit_adapters.datasets.catalogue import open_datasets
from toolkit_adapters.datasets.decoding import decode_ahead


def frames(count: int = 3):
    sequence = next(iter(open_datasets("demo")[0]))
    images = [frame.image for frame in decode_ahead(sequence.frames[:count])]
    return images, sequence.first_box


def test_all_attentions_of_hit_nano_are_found_and_exact_is_exact():
    images, box = frames()
    found = survey_tracker(load_tracker("hit_nano"), images, box, "cpu")
    assert sum(len(one.names) for one in found.attentions) == 7
    for one in found.attentions:
        assert one.steps == ("mul", "add")
        official, exact, memeff = (one.trials[n] for n in (AS_WRITTEN, "exact", "memeff"))
        assert official.apart == exact.apart == 0.0
        assert 0 < memeff.apart < 1e-4
        assert exact.bytes <= official.bytes


def test_a_look_changes_nothing():
    images, box = frames(4)
    tracker = load_tracker("hit_nano")
    survey_tracker(tracker, images, box, "cpu")
    plain = load_tracker("hit_nano")
    for one in (tracker, plain):
        one.init(images[0], box)
    for image in images[1:]:
        assert tracker.update(image).box.tobytes() == plain.update(image).box.tobytes()
    assert "forward" not in vars(tracker.engine.program.network)


def test_the_command_prints_a_row_for_those_that_are_alike(capsys):
    assert cli.main(["sites", "hit_nano"]) == 0
    out = capsys.readouterr().out
    assert "and 1 more" in out
    assert "7 attentions" in out


def test_too_many_threads_are_refused(capsys):
    assert cli.main(["sites", "hit_nano", "--threads", "100000"]) != 0
    assert "100000 threads" in capsys.readouterr().err


def test_a_tracker_without_networks_is_refused():
    images, box = frames()
    with pytest.raises(EngineError, match="nothing to see"):
        survey_tracker(load_tracker("hit_nano_onnx"), images, box, "cpu")
