"""The truth of every dataset in a results folder, and the scores of records against it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError, HitTrackersError, RecordError
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.datasets.catalogue import DEMO_PARTS, FOLDERS, open_folder
from toolkit_adapters.datasets.folder import Folder
from toolkit_adapters.datasets.listed import Listed
from toolkit_adapters.datasets.trackingnet import truth_folder
from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.records import Results, Run
from toolkit_adapters.scoring import Convention, Score, combine, find
from toolkit_adapters.scoring.rawresults.annotations import Annotations
from toolkit_adapters.scoring.rawresults.evaluation import annotation_root
from toolkit_adapters.scoring.rawresults.files import Files
from toolkit_adapters.verdict.levels import Entries


@dataclass(frozen=True)
class DatasetTruth:
    """What is known of one dataset; `reason` says why nothing can be scored, "" where it can."""

    name: str
    convention: Convention
    truths: Mapping[str, Truth] = field(default_factory=dict)
    reason: str = ""
    dataset: Dataset | None = None
    max_frames: int | None = None
    _scored: dict[tuple[str, bytes], Score] = field(default_factory=dict, repr=False)

    def score(self, sequence: str, boxes: NDArray[np.float64]) -> Score | None:
        """Score one sequence; None where its truth is unknown, or the boxes cannot be scored.

        What is wrong with such boxes (frames missing, no numbers) the verdict says.
        """
        truth = self.truths.get(sequence)
        if truth is None or len(boxes) < len(truth.boxes) or not np.isfinite(boxes).all():
            return None
        # A report asks for the same scores several times: by sequence, and for every table.
        key = (sequence, hashlib.sha256(np.ascontiguousarray(boxes).tobytes()).digest())
        if key not in self._scored:
            self._scored[key] = self.convention.score(boxes, truth)
        return self._scored[key]

    def score_part(
        self, sequence: str, boxes: NDArray[np.float64], only: NDArray[np.bool_]
    ) -> Score:
        """Score the frames of one sequence that are true in `only`; the sequence has a score."""
        truth = self.truths[sequence]
        return self.convention.score(boxes, truth, only=only[: len(truth.boxes)])


@dataclass(frozen=True)
class Accuracy:
    """Scores of records, by dataset."""

    datasets: Mapping[str, DatasetTruth]

    def printed(self, dataset: str, boxes: Mapping[str, NDArray[np.float64]]) -> Entries | None:
        """What a table prints for these sequences; None where none of them has a truth."""
        known = self.datasets[dataset]
        scores = [known.score(name, rows) for name, rows in boxes.items()]
        found = [score for score in scores if score is not None]
        if not found:
            return None
        overall = combine(found)
        values = (f"{100 * overall.values[name]:.2f}" for name in known.convention.headline)
        return Entries(tuple(values), len(found))


def open_accuracy(
    results: Results, roots: Mapping[str, Path], conventions: Mapping[str, str], truth: Path | None
) -> Accuracy:
    """Read the truth of every dataset of a results folder.

    Args:
        results: the results.
        roots: where datasets are now, by name; otherwise where the run found them.
        conventions: names of conventions by dataset ("lasot"); otherwise the defaults.
        truth: folder of TrackingNet's full annotations.

    Raises:
        RecordError: a dataset on disk is another version than the one that was run.
        DatasetError: no such folder of annotations, a convention of no dataset here, or one that
            its dataset does not have.
    """
    if truth is not None and not truth.exists():
        raise DatasetError(f"--truth {truth}: there is none; expected a folder of <sequence>.txt")
    for dataset, wanted in conventions.items():
        matching = [name for name in results.datasets if dataset in name]
        if not matching:
            raise DatasetError(
                f"--convention {dataset}={wanted}: these results have no such dataset; they have "
                f"{', '.join(results.datasets)}"
            )
        find(matching[0], wanted)
    found = {}
    for name in results.datasets:
        tracker = next(t for t in results.trackers if results.has_run(t, name))
        run = results.run(tracker, name)
        asked = next((c for d, c in conventions.items() if d in name), None)
        convention = find(name, asked)
        root = roots.get(name, Path(run.root))
        part = root / name.removeprefix("demo-")
        if name in DEMO_PARTS and part.is_dir():  # the root given is the demo's
            root = part
        found[name] = _read(run, root, convention, truth)
    return Accuracy(found)


def _read(run: Run, root: Path, convention: Convention, truth: Path | None) -> DatasetTruth:
    if not root.exists():
        reason = f"{root} is not there any more; --root {run.dataset}=DIR says where it is"
        return DatasetTruth(run.dataset, convention, reason=reason)
    dataset = _reopen(run, root)
    _require_same_data(run, dataset, root)
    limit = run.identity.get("max_frames")
    if run.dataset == "got10k-test":
        reason = "its truth is known to the server alone: submit"
        return DatasetTruth(run.dataset, convention, reason=reason, dataset=dataset)
    if isinstance(dataset, (Folder, Listed)):
        return _of_dataset(run, dataset, convention)
    place = annotation_root(root, convention.dataset)
    if convention.dataset == "trackingnet":
        known_truth = truth or truth_folder(root)
        if known_truth is None:
            reason = "only the server has all of its boxes; if you do, --truth DIR says where"
            return DatasetTruth(run.dataset, convention, reason=reason, dataset=dataset)
        place = known_truth
    truths = {}
    try:
        with Files(place) as files:
            table = Annotations(files)
            known = set(table.names)
            for name in run.sequences:
                if name in known:
                    truths[name] = table.load(name).first(limit)
    except HitTrackersError as error:
        return DatasetTruth(run.dataset, convention, reason=str(error), dataset=dataset)
    return DatasetTruth(run.dataset, convention, truths, "", dataset, limit)


def _of_dataset(run: Run, dataset: Dataset, convention: Convention) -> DatasetTruth:
    """The truth as the dataset's own reader has it."""
    limit = run.identity.get("max_frames")
    truths = {}
    for name in run.sequences:
        try:
            sequence = dataset.load(name)
        except HitTrackersError:
            continue  # it has no record either
        if sequence.has_truth:
            truths[name] = sequence.truth.first(limit)
    reason = "" if truths else "no file has a box for every frame"
    return DatasetTruth(run.dataset, convention, truths, reason, dataset, limit)


def _reopen(run: Run, root: Path) -> Dataset | None:
    """The dataset that a run was made on; None where its frames are gone."""
    from toolkit_adapters.datasets.demo import open_demo

    name = run.dataset
    try:
        if name in FOLDERS:
            return open_folder(name, root, run.provenance.get("first_boxes"))
        if name in DEMO_PARTS:
            return next(part for part in open_demo(root.parent) if part.name == name)
        return open_datasets(name, root)[0]
    except (HitTrackersError, ValueError, TypeError, AttributeError):
        return None


def _require_same_data(run: Run, dataset: Dataset | None, root: Path) -> None:
    if dataset is None:
        return
    stored, current = run.identity.get("dataset_fingerprint"), dataset.fingerprint()
    if stored != current:
        raise RecordError(
            f"{root}: dataset_fingerprint of {run.dataset} is {current[:12]}..., but the records "
            f"were made on {str(stored)[:12]}...: another version or subset of the dataset. "
            "Give the one that was run with --root, or run again"
        )
