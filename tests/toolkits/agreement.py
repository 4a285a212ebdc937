"""The same trackers in our runner and in a toolkit: its files hold the boxes of our records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from toolkit_adapters import cli
from toolkit_adapters.got10k import __main__ as got10k_command
from toolkit_adapters.records import Record, open_results
from toolkit_adapters.vot import __main__ as vot_command


@dataclass(frozen=True)
class Asked:
    """What is run everywhere: trackers on the first frames of sequences."""

    trackers: Sequence[str]
    sequences: Sequence[str]
    frames: int
    checkpoint: str | None = None

    @property
    def options(self) -> list[str]:
        """As every command takes them."""
        words = [word for name in self.sequences for word in ("--sequence", name)]
        words += [word for name in self.trackers for word in ("--tracker", name)]
        words += ["--checkpoint", self.checkpoint] if self.checkpoint else []
        # Other numbers of threads make other boxes, in their last bits.
        return [*words, "--max-frames", str(self.frames), "--threads", "1"]

    def recorded(self, records: Path) -> Iterator[tuple[str, str, str, Record]]:
        """Tracker, dataset, sequence and record of all that was asked for."""
        results = open_results(records)
        found = [
            (tracker, dataset, sequence, results.record(tracker, dataset, sequence))
            for tracker in self.trackers
            for dataset in results.datasets
            for sequence in results.sequences(tracker, dataset)
        ]
        assert len(found) == len(self.trackers) * len(self.sequences)
        yield from found


def run_records(folder: Path, dataset: list[str], asked: Asked) -> Path:
    """Our own run, into `folder`; `dataset` are options, such as `["--dataset", "demo"]`."""
    arguments = ["run", *dataset, *asked.options, "--results", str(folder), "--no-memory"]
    assert cli.main([*arguments, "--controls", "0", "--open-loop", "0"]) == 0
    return folder


def check_got10k(tmp_path: Path, dataset: list[str], asked: Asked, records: Path) -> None:
    """The got10k toolkit, run anew, writes the boxes of the records, to its three decimals."""
    folders = ["--results", str(tmp_path / "toolkit"), "--reports", str(tmp_path / "reports")]
    assert got10k_command.main([*dataset, *asked.options, *folders]) == 0
    for tracker, name, sequence, record in asked.recorded(records):
        (file,) = (
            path
            for path in (tmp_path / "toolkit" / name).rglob(f"{sequence}*.txt")
            if tracker in path.parts and not path.stem.endswith("_time")
        )
        written = [[float(f"{value:.3f}") for value in box] for box in record.boxes]
        np.testing.assert_array_equal(np.loadtxt(file, delimiter=","), written)
    reports = list((tmp_path / "reports").rglob("performance.json"))
    assert len(reports) == len(open_results(records).datasets)


def check_vot(tmp_path: Path, dataset: list[str], asked: Asked, records: Path) -> None:
    """The VOT toolkit, run anew, is answered with the boxes of the records, as TraX sends them."""
    pytest.importorskip("trax")
    pytest.importorskip("vot")
    space = tmp_path / "space"
    arguments = ["init", str(space), *dataset, *asked.options, "--experiment", "unsupervised"]
    assert vot_command.main(arguments) == 0
    assert vot_command.main(["evaluate", str(space)]) == 0
    assert vot_command.main(["report", str(space)]) == 0
    compare_vot(space, asked, records)


def compare_vot(space: Path, asked: Asked, records: Path) -> None:
    """What the experiment `unsupervised` of a workspace left holds the boxes of the records."""
    from vot.region.io import read_trajectory

    for tracker, _, sequence, record in asked.recorded(records):
        folder = space / "results" / tracker / "unsupervised" / sequence
        regions = read_trajectory(str(folder / f"{sequence}_001.bin"))
        for region, box in zip(regions[1:], record.boxes[1:], strict=True):
            # float32, and four decimals on the way.
            sent = [float(np.float32(f"{np.float32(value):.4f}")) for value in box]
            np.testing.assert_array_equal([region.x, region.y, region.width, region.height], sent)
