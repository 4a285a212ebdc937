"""The toolkit's experiments, made safe; and its missing ones for LaSOT and TrackingNet.

What is changed, and why: result files are written whole or not at all (the toolkit takes any file
that exists for a finished one), a file of times never grows with a re-run, paths are absolute (it
changes directory while zipping), a tracker that fails costs its sequence and not the run, and
results are resumed only by the tracker, weights, code and data that began them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import MissingDependencyError, PredictionError, ResultFileError
from toolkit_adapters.got10k.datasets import SequenceView
from toolkit_adapters.got10k.tracker import ToolkitTracker
from toolkit_adapters.records.files import write_atomically
from toolkit_adapters.records.origin import keep_origin
from toolkit_adapters.records.sources import sources_of
from toolkit_adapters.servers.writer import format_rows

try:
    from got10k import experiments as toolkit
except ImportError as error:
    raise MissingDependencyError.of(error, "got10k") from error


class _Guard:
    """A tracker whose failures are noted, so that the toolkit's loop goes on after them."""

    def __init__(self, tracker: ToolkitTracker) -> None:
        self.name = tracker.name
        self.is_deterministic = tracker.is_deterministic
        self.failures: list[str] = []
        self._tracker = tracker

    def track(self, img_files: Sequence[str], box: Any, visualize: bool = False) -> Any:
        try:
            return self._tracker.track(img_files, box, visualize=visualize)
        except PredictionError as error:
            self.failures.append(str(error))
            print(f"  failed: {error}")
            # Of the right length, for the toolkit asserts it; NaN is never recorded.
            return np.full((len(img_files), 4), np.nan), np.zeros(len(img_files))


class _Careful:
    """Mixed into an experiment of the toolkit, before it."""

    dataset: SequenceView
    result_dir: str
    report_dir: str

    def box_file(self, tracker: str, sequence: str) -> Path:
        """Where the boxes of a sequence are, or would be."""
        raise NotImplementedError

    def time_file(self, box_file: Path) -> Path:
        """Where the seconds are that belong to a file of boxes."""
        raise NotImplementedError

    def run(self, tracker: ToolkitTracker, visualize: bool = False) -> list[str]:
        """Run all sequences that have no result yet.

        Returns:
            what failed, one message per sequence; those sequences have no result.

        Raises:
            ResultFileError: there are results of another tracker, other weights, code or data, or
                a file that is not whole.
        """
        self._check_identity(tracker)
        self._check_files(tracker.name)
        guard = _Guard(tracker)
        super().run(guard, visualize=visualize)  # type: ignore[misc]
        return guard.failures

    def unfinished(self, tracker: str) -> list[str]:
        """Sequences without a result."""
        return [
            name for name in self.dataset.seq_names if not self.box_file(tracker, name).is_file()
        ]

    def boxes(self, tracker: str, sequence: str) -> NDArray[np.float64]:
        """A result as stored: float64 (N, 4), to the file's three decimals."""
        return np.loadtxt(self.box_file(tracker, sequence), delimiter=",", ndmin=2)

    def times(self, tracker: str, sequence: str) -> NDArray[np.float64]:
        """Seconds of each frame, float64 (N,), `init` first."""
        return np.loadtxt(self.time_file(self.box_file(tracker, sequence)), delimiter=",", ndmin=2)[
            :, 0
        ]

    def _record(self, record_file: str, boxes: Any, times: Any) -> None:
        if np.isnan(boxes).any():
            return
        # Boxes last: their file is what marks a sequence as finished.
        write_atomically(self.time_file(Path(record_file)), format_rows(times[:, None], "%.8f"))
        write_atomically(Path(record_file), format_rows(boxes, "%.3f"))
        print("  Results recorded at", record_file)

    def _check_identity(self, tracker: ToolkitTracker) -> None:
        """Keep beside the tracker's folder what its results come from; refuse to mix."""
        import torch

        keep_origin(
            Path(self.result_dir) / f"{tracker.name}.json",
            {
                "tracker": tracker.name,
                **tracker.tracker.variant.identity,
                "device": getattr(tracker.tracker, "device", ""),
                "threads": torch.get_num_threads(),
                "dataset": self.dataset.dataset.name,
                "dataset_fingerprint": self.dataset.dataset.fingerprint(),
                "max_frames": self.dataset.max_frames,
            },
            sources_of(tracker.tracker.variant.family),
            "Choose another --results",
        )

    def _check_files(self, tracker: str) -> None:
        for name in self.dataset.seq_names:
            box_file = self.box_file(tracker, name)
            if not box_file.is_file():
                continue
            frames = len(self.dataset.load(name).frames)
            for path in (box_file, self.time_file(box_file)):
                lines = path.read_bytes().count(b"\n") if path.is_file() else 0
                if lines != frames:
                    raise ResultFileError(
                        f"{path}: {lines} lines for {frames} frames, and the toolkit would take it "
                        f"for finished; delete {box_file} and run the same command again"
                    )


class ExperimentGOT10k(_Careful, toolkit.ExperimentGOT10k):  # type: ignore[misc, unused-ignore]
    """The toolkit's GOT-10k experiment; `report` of a val set scores, of the test set zips."""

    def __init__(self, view: SequenceView, results: Path, reports: Path) -> None:
        subset = "test" if view.dataset.name == "got10k-test" else "val"
        # Absolute, for the toolkit changes directory while it zips.
        super().__init__(
            str(view.dataset.root.resolve()), subset, str(results.resolve()), str(reports.resolve())
        )
        self.dataset = view

    def box_file(self, tracker: str, sequence: str) -> Path:
        """`<tracker>/<sequence>/<sequence>_001.txt`."""
        return Path(self.result_dir) / tracker / sequence / f"{sequence}_001.txt"

    def time_file(self, box_file: Path) -> Path:
        """`<sequence>_time.txt` beside it."""
        return box_file.with_name(f"{box_file.parent.name}_time.txt")

    def report(self, tracker_names: list[str]) -> Any:
        """The toolkit's report: performance on val, a zip on test (returns None)."""
        folder = os.getcwd()
        try:
            return super().report(tracker_names)
        finally:
            os.chdir(folder)  # the toolkit does not return after an error


class _OnePass(_Careful, toolkit.ExperimentOTB):  # type: ignore[misc, unused-ignore]
    """One pass evaluation in the manner of the toolkit's OTB experiment."""

    title: str

    def __init__(self, view: SequenceView, results: Path, reports: Path) -> None:
        # Not OTB's: it would download OTB.
        self.dataset = view
        self.result_dir = str(results.resolve() / self.title)
        self.report_dir = str(reports.resolve() / self.title)
        self.nbins_iou = 21
        self.nbins_ce = 51

    def box_file(self, tracker: str, sequence: str) -> Path:
        """`<tracker>/<sequence>.txt`."""
        return Path(self.result_dir) / tracker / f"{sequence}.txt"

    def time_file(self, box_file: Path) -> Path:
        """`times/<sequence>_time.txt` beside it."""
        return box_file.parent / "times" / f"{box_file.stem}_time.txt"


class ExperimentLaSOT(_OnePass):
    """LaSOT, which the released toolkit cannot run (its dataset class raises TypeError)."""

    title = "LaSOT"


class ExperimentTrackingNet(_OnePass):
    """TrackingNet's test set, on which the toolkit's own experiment fails after one sequence."""

    title = "TrackingNet"


Experiment = ExperimentGOT10k | ExperimentLaSOT | ExperimentTrackingNet


def make_experiment(view: SequenceView, results: Path, reports: Path) -> Experiment:
    """The experiment for one of our datasets; its files go under `<results>/<dataset name>/`."""
    name = view.dataset.name
    folders = results / name, reports / name
    if "got10k" in name:
        return ExperimentGOT10k(view, *folders)
    if "lasot" in name:
        return ExperimentLaSOT(view, *folders)
    return ExperimentTrackingNet(view, *folders)
