from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hit_trackers import load_tracker
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.errors import HitTrackersError, RecordError
from hit_trackers.hit.network.products import PackedLinear
from toolkit_adapters.records import Results
from toolkit_adapters.running import memory


def test_peak_memory_of_the_real_tracker(tmp_path: Path) -> None:
    values = memory.measure("hit_nano", "seeded", threads=1)
    assert values["tracker"] == "hit_nano"
    assert values["weights_bytes"] > 1e6
    # 320 x 320 float32 scores of one head, at the very least; and not the whole process.
    assert 320 * 320 * 4 < values["activations_peak_bytes"] < 100e6
    assert values["allocated_peak_bytes"] == (
        values["weights_bytes"] + values["activations_peak_bytes"]
    )
    assert values["reserved_peak_bytes"] is None
    assert values["rss_peak_bytes"] > 50e6
    memory.store(Results(tmp_path), values)
    assert Results(tmp_path).memory("hit_nano") == values
    assert Results(tmp_path).memory("hit_base") is None


def test_weights_kept_in_two_layouts_count_twice() -> None:
    image = np.zeros((256, 256, 3), np.uint8)
    sizes, packed = [], 0
    for name in ("hit_small", "hit_small_exact"):
        tracker = load_tracker(name, "seeded")
        tracker.init(image, (60, 60, 60, 60))
        tracker.update(image)
        sizes.append(tracker.probe.weights_bytes)
        assert isinstance(tracker.engine, EagerEngine)
        modules = tracker.engine.program.network.modules()
        linears = [module for module in modules if isinstance(module, PackedLinear)]
        packed = sum(m.weight.nbytes for m in linears if None not in m.found.values())
    assert sizes[1] == sizes[0] + packed


def test_a_failing_measurement_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HitTrackersError, match=r"hit_nano failed .*nowhere\.pth.*--no-memory"):
        memory.measure("hit_nano", "/nowhere.pth")


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_damaged_memory_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "hit_nano" / "memory.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(RecordError, match=r"memory\.json"):
        Results(tmp_path).memory("hit_nano")
    path.write_text(json.dumps({"a": 1}))
    assert Results(tmp_path).memory("hit_nano") == {"a": 1}


PARENT = """
import subprocess, sys
import numpy
held = numpy.ones(300_000_000, numpy.uint8)
child = "from toolkit_adapters.running.memory import peak_resident; print(peak_resident())"
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="a trap of Linux")
def test_the_resident_set_is_not_the_parents() -> None:
    done = subprocess.run([sys.executable, "-c", PARENT], capture_output=True, text=True)
    assert 1e6 < int(done.stdout) < 250e6
