"""Tracking with records: a run over one sequence first, its pictures drawn from them after."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np

from hit_trackers.errors import DatasetError
from hit_trackers.families import family_of
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.datasets.folder import Folder
from toolkit_adapters.running.session import Request as Run
from toolkit_adapters.running.session import run_session
from toolkit_adapters.running.worker import checkpoint_of
from toolkit_adapters.tracking.replay import replay
from toolkit_adapters.tracking.request import (
    Request,
    first_box,
    open_request,
    require_possible,
)
from toolkit_adapters.tracking.session import Summary, draw_steps
from toolkit_adapters.tracking.sources import Source


def track_recorded(request: Request, results: Path, command: str) -> Summary:
    """As `session.track_source`, with records in a results folder, by a run like any other.

    Nothing is drawn while trackers are timed: videos and windows come from the records.

    Raises:
        HitTrackersError: as there; or the source cannot be read again, as a camera's cannot.
    """
    require_possible(request)
    source = open_request(request)
    if source.dataset is None:
        raise DatasetError(
            f"{request.source}: --results needs a video, a folder of images, or a sequence of a "
            "dataset: records are checked against pictures that can be read again. Write a "
            "video of it with --out, and track that"
        )
    dataset = _with_box(request, source)
    summary = run_session(
        Run(
            trackers=request.trackers,
            datasets=(dataset,),
            results=results,
            options=request.options,
            checkpoints=request.checkpoints,
            sequences=(source.sequence,),
            memory=False,
            command=command,
        )
    )
    if summary.failures:
        raise DatasetError("; ".join(map(str, summary.failures)))
    if summary.signal:
        return Summary(0, {}, None, 0, 0, (), summary.signal)
    held = summary.results
    records, baselines = {}, {}
    for name in dict.fromkeys(_resolved(request, name) for name in request.trackers):
        run = held.run(name, dataset.name)
        records[name] = held.record(name, dataset.name, source.sequence)
        baselines[name] = run.baseline
    frames = dataset.load(source.sequence).frames
    looked_at = request.out is not None or request.show
    decoded = None if looked_at else frozenset[int]()
    steps = replay(records, frames, source.rate, source.truth, decoded=decoded)
    drawn = draw_steps(request, source, steps, baselines)
    medians = {
        name: float(np.median(record.update[1:])) if len(record) > 1 else math.nan
        for name, record in records.items()
    }
    return dataclasses.replace(drawn, seconds=medians)


def _with_box(request: Request, source: Source) -> Dataset:
    """The dataset of a source, started from the box that was asked for."""
    dataset = source.dataset
    assert dataset is not None
    asked = request.box is not None or request.boxes is not None or request.select
    if not asked:
        return dataset
    if not isinstance(dataset, Folder):
        raise DatasetError(
            f"{request.source}: records of {dataset.name} start from its own boxes; leave out "
            "--box, --boxes and --select, or leave out --results"
        )
    picture = next(iter(source.pictures), None)
    if picture is None:
        raise DatasetError(f"{request.source}: not a single picture came")
    box = first_box(request, source, picture.image)
    return Folder(dataset.root, dataset.name, first_boxes={source.sequence: box})


def _resolved(request: Request, name: str) -> str:
    """The name that a tracker has in records: with its size, where the weights say it."""
    family = family_of(name)
    checkpoint = checkpoint_of(request.checkpoints, family.parse(name))
    return family.resolve(name, checkpoint).name
