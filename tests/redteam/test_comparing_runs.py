"""Two runs of the same code on a machine in another mood: `compare` must not see a change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolkit_adapters.records import Record, open_results
from toolkit_adapters.reporting import snapshot
from toolkit_adapters.reporting.collect import collect
from toolkit_adapters.reporting.tables.changes import changes

SECONDS = {"hit_nano": 0.010, "hit_nano_exact": 0.009, "hit_nano_memeff": 0.008}


def write(
    maker: Any, folder: Path, mood: float, seed: int, repeat: bool = True, **seconds: float
) -> dict[str, Any]:
    """A run: every time `mood` times as long, with noise of 5 % a frame; its snapshot."""
    maker = type(maker)(folder)
    dataset = maker.dataset(sequences=6)
    rng = np.random.default_rng(seed)

    def noisy(record: Record) -> Record:
        for scope in ("network", "update", "frame"):
            times = getattr(record, scope)
            times *= mood * rng.normal(1, 0.05, len(times))
        return record

    plain = type(maker).record
    type(maker).record = lambda *args: noisy(plain(*args))
    try:
        for name, usual in SECONDS.items():
            maker.write(name, dataset, seconds=seconds.get(name, usual))
        if repeat:
            maker.write("hit_nano@repeat", dataset)
    finally:
        type(maker).record = plain
    return snapshot.take(collect(open_results(maker.results)))


def verdicts(before: dict[str, Any], after: dict[str, Any]) -> dict[tuple[str, str], str]:
    table = next(t for t in changes(before, after, ("a", "b")) if t.name == "changes_speed")
    return {(row[0].text, row[1].text): row[-1].text for row in table.rows}


@pytest.mark.parametrize("mood", [0.8, 1.0, 1.3])
def test_identical_code_in_another_mood_is_neither_faster_nor_slower(
    maker: Any, tmp_path: Path, mood: float
) -> None:
    before = write(maker, tmp_path / "before", 1.0, seed=1)
    after = write(maker, tmp_path / "after", mood, seed=2)
    found = verdicts(before, after)
    assert len(found) == 9
    assert not set(found.values()) & {"faster", "slower"}
    assert found["hit_nano_exact", "update"] == "no difference found"
    assert found["hit_nano", "update"].startswith("no verdict"), "nothing to pair it with"


def test_a_change_of_the_code_is_still_seen_in_another_mood(maker: Any, tmp_path: Path) -> None:
    before = write(maker, tmp_path / "before", 1.0, seed=1)
    after = write(maker, tmp_path / "after", 1.5, seed=2, hit_nano_exact=0.006)
    found = verdicts(before, after)
    assert found["hit_nano_exact", "network, wall"] == "faster"
    assert found["hit_nano_memeff", "network, wall"] == "no difference found"
    assert verdicts(after, before)["hit_nano_exact", "network, wall"] == "slower"


def test_a_run_that_does_not_show_its_noise_gets_no_verdict(maker: Any, tmp_path: Path) -> None:
    before = write(maker, tmp_path / "before", 1.0, seed=1, repeat=False)
    after = write(maker, tmp_path / "after", 1.0, seed=2, hit_nano_exact=0.006)
    found = verdicts(before, after)["hit_nano_exact", "network, wall"]
    assert found == "no verdict: a run without the baseline repeated"


def test_other_sequences_get_no_verdict(maker: Any, tmp_path: Path) -> None:
    before = write(maker, tmp_path / "before", 1.0, seed=1)
    after = write(maker, tmp_path / "after", 1.0, seed=2, hit_nano_exact=0.006)
    del after["trackers"]["hit_nano_exact"]["datasets"]["demo-lasot"]["sequences"]["thing-1"]
    found = verdicts(before, after)["hit_nano_exact", "network, wall"]
    assert found == "no verdict: other sequences"


def test_a_snapshot_of_an_older_release_gets_no_verdict(maker: Any, tmp_path: Path) -> None:
    before = write(maker, tmp_path / "before", 1.0, seed=1)
    for tracker in before["trackers"].values():
        for latency in tracker["latency"].values():
            latency.pop("ratio", None)
            latency.pop("repeat", None)
    after = write(maker, tmp_path / "after", 1.0, seed=2, hit_nano_exact=0.006)
    assert set(verdicts(before, after).values()) == {
        "no verdict: no pair with a baseline in each run"
    }
