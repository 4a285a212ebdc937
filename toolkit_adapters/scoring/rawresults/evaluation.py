"""All sequences of one tracker, scored under one convention."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from hit_trackers.errors import ResultFileError
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.datasets.benchmarks import BENCHMARKS
from toolkit_adapters.datasets.lasot import Lasot, official_names
from toolkit_adapters.datasets.listed import Listed
from toolkit_adapters.datasets.trackingnet import truth_folder
from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.scoring import Convention, InvalidBoxError, Score, combine
from toolkit_adapters.scoring.attributes import Group, attributes_of, by_attribute
from toolkit_adapters.scoring.geometry import Bools, bad_rows, previous_row_where
from toolkit_adapters.scoring.rawresults.annotations import Annotations
from toolkit_adapters.scoring.rawresults.files import Files
from toolkit_adapters.scoring.rawresults.predictions import Predictions

#: Folder of a dataset root that holds the annotations to score with, where it has such a folder.
_BELOW = {"got10k": "val", "trackingnet": "truth"}


@dataclass(frozen=True)
class Evaluation:
    """Scores of one tracker's raw results.

    scores: by sequence, in the order of the annotations.
    missing: sequences without a result; scored or left out as the convention says.
    unused: files that belong to no sequence.
    bad: number of rows with NaN or of no size, by sequence.
    attributes: scores by attribute, of sequences and of frames; {} where they were not asked for,
        or the benchmark says nothing.
    """

    convention: Convention
    scores: Mapping[str, Score]
    sequences: int
    missing: tuple[str, ...]
    unused: tuple[str, ...]
    bad: Mapping[str, int]
    attributes: Mapping[str, Group] = field(default_factory=dict)

    @property
    def overall(self) -> Score:
        """The mean over the sequences scored."""
        return combine(list(self.scores.values()))

    def over(self, names: Sequence[str]) -> Score | None:
        """The mean over some of them (those with an attribute, of a class); None where none is."""
        chosen = [self.scores[name] for name in names if name in self.scores]
        return combine(chosen) if chosen else None


def evaluate(
    raw: Path,
    annotations: Path,
    convention: Convention,
    *,
    skip_missing: bool = False,
    repair: bool = False,
    truncate: bool = False,
    dataset: str = "",
    attributes: bool = False,
) -> Evaluation:
    """Score the raw results in a folder or zip.

    Args:
        raw: results of one tracker, pytracking, got10k or pysot layout.
        annotations: dataset root, folder of annotations, or zip.
        convention: who scores.
        skip_missing: leave out sequences without a result instead of stopping (conventions that
            score them as zeros still do).
        repair: replace rows that the convention refuses by the row before.
        truncate: cut boxes to integers first, as pytracking and HiT did before saving.
        dataset: name of the dataset, where its annotations have a layout of their own ("otb",
            "uav20l", ...).
        attributes: score by attribute, too, as far as the benchmark says who has which.

    Raises:
        ResultFileError, DatasetError: naming file, line and reason.
    """
    root = annotation_root(annotations, convention.dataset)
    with Files(raw) as results, Files(root) as truths:
        predictions = Predictions(results)
        listed = _listed(dataset, annotations)
        table = listed or Annotations(truths, below=_BELOW.get(convention.dataset, ""))
        names = _names_to_score(table, dataset or convention.dataset)
        find = predictions.find_as_server if convention.zeros_for_missing else predictions.find
        spelled = {name: listed.aliases(name) if listed else (name,) for name in names}
        found = {
            name: next(filter(None, map(find, spellings)), [])
            for name, spellings in spelled.items()
        }
        missing = tuple(name for name in names if not found[name])
        if len(missing) == len(names):
            raise ResultFileError(
                f"{raw}: no result for any of the {len(names)} sequences of {root}; expected "
                f"{names[0]}.txt or {names[0]}/{names[0]}_001.txt, found "
                + (", ".join(results.names[:3]) or "no text file")
            )
        if missing and not (skip_missing or convention.zeros_for_missing):
            raise ResultFileError(
                f"{raw}: {len(missing)} of {len(names)} sequences have no result: "
                f"{', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}; "
                "--skip-missing scores the others, and says so"
            )

        truth = functools.cache(table.load)

        # Kept, for each attribute of frames asks again.
        @functools.cache
        def load(name: str) -> np.ndarray:
            boxes = predictions.load(found[name])
            return np.trunc(boxes) if truncate else boxes

        def score(name: str) -> tuple[Score, int]:
            if not found[name]:
                return convention.score(None, truth(name)), 0
            boxes, where = load(name), results.where(found[name][0])
            bad = int(bad_rows(boxes.reshape(-1, 4)).sum())
            return _score(convention, boxes, truth(name), where, repair), bad

        def part(name: str, only: Bools) -> Score:
            where = results.where(found[name][0])
            return _score(convention, load(name), truth(name), where, repair, only)

        scored = [name for name in names if found[name] or convention.zeros_for_missing]
        # Inflating releases the interpreter's lock, so one file is parsed while the next inflates.
        with ThreadPoolExecutor(2) as pool:
            both = dict(zip(scored, pool.map(score, scored), strict=True))
        scores = {name: score for name, (score, _) in both.items()}
        known = _with_attributes(dataset, annotations) if attributes else None
        groups = {}
        if known is not None:
            groups = by_attribute(attributes_of(known, scores), scores, part)
        unused = predictions.unused(tuple(itertools.chain.from_iterable(spelled.values())))
    return Evaluation(
        convention,
        scores=scores,
        sequences=len(names),
        missing=missing,
        unused=tuple(unused),
        bad={name: bad for name, (_, bad) in both.items() if bad},
        attributes=groups,
    )


class _Table(Protocol):
    """The truth of a dataset, by sequence."""

    @property
    def names(self) -> tuple[str, ...]:
        """All sequences."""

    def load(self, sequence: str) -> Truth:
        """Everything known of one."""


class _ListedTruth:
    """The truth of a benchmark of the table, which has its own layout and names."""

    def __init__(self, dataset: Listed) -> None:
        self._dataset = dataset
        self.names: tuple[str, ...] = tuple(
            name
            for name, entry in dataset.entries.items()
            if dataset.boxes_file(entry, dataset.rule(entry)).is_file()
        )
        self.aliases = dataset.aliases

    def load(self, sequence: str) -> Truth:
        """As `Annotations.load`."""
        return self._dataset.truth(sequence)


def _listed(dataset: str, root: Path) -> _ListedTruth | None:
    """The truth in a benchmark's own layout; None where the root has none of it."""
    if dataset not in BENCHMARKS or not root.is_dir():
        return None
    truth = _ListedTruth(Listed(root, dataset))
    return truth if truth.names else None


def _with_attributes(dataset: str, annotations: Path) -> Dataset | None:
    """A dataset that knows the attributes of its sequences; None where that needs its folders.

    Those of LaSOT, OTB and TNL2K are tables of ours.
    """
    if dataset == "lasot":
        return Lasot(annotations)
    if dataset in BENCHMARKS:
        return Listed(annotations, dataset)
    if annotations.is_dir():
        return open_datasets(dataset, annotations)[0]
    return None


def annotation_root(path: Path, dataset: str) -> Path:
    """Where below or beside a dataset's root its truth is; the path itself for anything else.

    GOT-10k's is in `val` (listing the training set takes long), TrackingNet's in `truth`, or beside
    the root as `<root>_truth`.
    """
    if not path.is_dir():
        return path
    if dataset == "trackingnet":
        return truth_folder(path) or path
    validation = path / "val"
    return validation if dataset == "got10k" and validation.is_dir() else path


def _names_to_score(table: _Table, dataset: str) -> tuple[str, ...]:
    """LaSOT's root holds the training set too: its test sequences are scored, where it has any."""
    if dataset == "lasot":
        official = set(official_names())
        chosen = tuple(name for name in table.names if name in official)
        return chosen or table.names
    return table.names


def _score(
    convention: Convention,
    boxes: np.ndarray,
    truth: Truth,
    where: str,
    repair: bool,
    only: Bools | None = None,
) -> Score:
    """The score of one sequence, or of some frames, with its file named in every error."""
    if boxes.ndim == 3 and convention.name != "got10k":
        raise ResultFileError(
            f"{where}: {len(boxes)} repetitions, but {convention.name} scores a single run"
        )
    if repair:
        runs = boxes if boxes.ndim == 3 else boxes[None]
        boxes = np.stack([previous_row_where(run, bad_rows(run)) for run in runs])
        boxes = boxes if len(runs) > 1 else boxes[0]
    try:
        return convention.score(boxes, truth, **({} if only is None else {"only": only}))
    except InvalidBoxError as error:
        raise ResultFileError(f"{where}: {error}; --repair takes the row before instead") from error
    except ResultFileError as error:
        raise ResultFileError(f"{where}: {error}") from error
