"""Reports of runs without an open loop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fake_family import FAMILY
from fake_tracker import FakeTracker

from toolkit_adapters import cli

Run = Callable[..., int]


def test_a_report_without_open_loop_frames(run: Run, results: Path, tmp_path: Path) -> None:
    def make(name: str) -> FakeTracker:
        return FakeTracker(name, drift=0 if name in ("fake", "fake@repeat") else 0.01)

    FAMILY.make = make
    assert run("--open-loop", "0") == 0
    out = tmp_path / "report"
    assert cli.main(["report", str(results), "--out", str(out)]) == 0
    assert (out / "figures/divergence.svg").is_file()


def test_a_report_whose_open_loops_are_all_equal(run: Run, results: Path, tmp_path: Path) -> None:
    class Wandering(FakeTracker):
        def run_network(self, network_input: object) -> object:
            return super().run_network(network_input) - self.drift  # type: ignore[arg-type]

    FAMILY.make = lambda name: FakeTracker(name) if name == "fake" else Wandering(name, 0.0)
    assert run("--controls", "0", "--open-loop", "13") == 0
    assert cli.main(["report", str(results), "--out", str(tmp_path / "report")]) == 0
