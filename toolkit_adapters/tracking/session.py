"""One source from its first picture to the files that are left."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from hit_trackers.errors import DatasetError, HitTrackersError
from toolkit_adapters.running.signals import stop_on_signals
from toolkit_adapters.tracking.boxes import named, save_boxes
from toolkit_adapters.tracking.follow import Follower, Step
from toolkit_adapters.tracking.history import History, State
from toolkit_adapters.tracking.overlay import Overlay
from toolkit_adapters.tracking.request import (
    Request,
    baselines_of,
    first_box,
    load,
    open_request,
    require_possible,
)
from toolkit_adapters.tracking.sources import Source
from toolkit_adapters.tracking.window import Desk, Wish
from toolkit_adapters.video.background import BackgroundWriter
from toolkit_adapters.video.reader import Picture
from toolkit_adapters.video.writer import VideoWriter


@dataclass(frozen=True)
class Summary:
    """How it went.

    Attributes:
        steps: number of pictures tracked.
        seconds: median seconds of an update, by tracker, over all of them.
        state: the last state; None where there was no picture.
        missed: pictures of a camera that a newer one replaced.
        left_out: pictures that the written video lacks, as the writer could not keep up.
        files: what was written.
        signal: number of the signal that ended it early, else 0.
    """

    steps: int
    seconds: Mapping[str, float]
    state: State | None
    missed: int
    left_out: int
    files: tuple[Path, ...]
    signal: int


def track_source(request: Request, *, progress: bool = True) -> Summary:
    """Track a source as a request says.

    A signal (Ctrl-C) ends it after the current picture: everything is then closed and complete up
    to there.

    Raises:
        HitTrackersError: whatever cannot be had, read, tracked or written. Then no video is left.
    """
    require_possible(request)
    source = open_request(request)
    entrants = load(request)
    desk = Desk(request.show)
    with stop_on_signals() as stop, contextlib.ExitStack() as stack:
        if source.camera is not None:
            source.camera.should_stop = stop
            stack.enter_context(source.camera)
        steps = _tracked(request, source, Follower(entrants), desk, stop)
        summary = _take(request, source, steps, baselines_of(entrants), desk, progress)
        if not summary.steps and not stop():
            raise DatasetError(f"{request.source}: not a single picture came")
    return dataclasses.replace(summary, signal=stop.signal)


def draw_steps(
    request: Request,
    source: Source,
    steps: Iterable[Step],
    baselines: Mapping[str, str],
    *,
    progress: bool = True,
) -> Summary:
    """Draw, show and save steps that were tracked before; else as `track_source`."""
    require_possible(request)
    with stop_on_signals() as stop:
        wanted = itertools.takewhile(lambda _: not stop(), steps)
        summary = _take(request, source, wanted, baselines, Desk(request.show), progress)
    return dataclasses.replace(summary, signal=stop.signal)


def _tracked(
    request: Request,
    source: Source,
    follower: Follower,
    desk: Desk,
    stop: Callable[[], bool],
) -> Iterator[Step]:
    """The source's pictures with the trackers' answers, until one asks to stop."""
    for index, picture in enumerate(itertools.islice(source.pictures, request.max_frames)):
        if stop():
            return
        if index == 0:
            box: NDArray[np.float64] | None = first_box(request, source, picture.image)
        else:
            box = desk.reselected(picture.image)
        yield _step(follower, source, picture, index, box)


def _take(
    request: Request,
    source: Source,
    steps: Iterable[Step],
    baselines: Mapping[str, str],
    desk: Desk,
    progress: bool,
) -> Summary:
    """Draw, show, write and keep steps."""
    history = History(baselines)
    kept: dict[str, list[NDArray[np.float64]]] = {name: [] for name in baselines}
    overlay = Overlay(baselines, source.count, side_by_side=request.side_by_side)
    state: State | None = None
    count = 0
    writer: BackgroundWriter | None = None
    with contextlib.ExitStack() as stack:
        stack.callback(desk.close)
        bar = stack.enter_context(_bar(source, request.max_frames, progress))
        if request.out is not None:
            file = VideoWriter(request.out, source.rate, aspect=source.aspect)
            writer = BackgroundWriter(file, live=source.camera is not None)
            stack.enter_context(writer)
        for step in steps:
            state = history.add(step)
            if request.save is not None:  # else a camera would fill the memory, day by day
                for name, answer in step.answers.items():
                    kept[name].append(answer.box)
            count += 1
            drawn = overlay.draw(state) if desk.window is not None else None
            if writer is not None:
                writer.put(partial(_drawn, overlay, state, drawn), step.time)
            if drawn is not None:
                desk.show(drawn)
            bar.update()
            if desk.wish is Wish.QUIT:
                break
    return Summary(
        count,
        {name: float(np.median(v)) if v else math.nan for name, v in history.updates.items()},
        state,
        source.camera.dropped if source.camera is not None else 0,
        writer.dropped if writer is not None else 0,
        tuple(_files(request, kept)) if count else (),
        0,
    )


def _drawn(overlay: Overlay, state: State, drawn: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    return overlay.draw(state) if drawn is None else drawn


def _files(request: Request, kept: Mapping[str, Sequence[NDArray[np.float64]]]) -> Iterator[Path]:
    """Write the boxes; gives the names of all files."""
    if request.out is not None:
        yield request.out
    if request.save is not None:
        for name, boxes in kept.items():
            path = named(request.save, name, len(kept) > 1)
            save_boxes(path, boxes, precise=request.precise)
            yield path


def _step(
    follower: Follower,
    source: Source,
    picture: Picture,
    index: int,
    box: NDArray[np.float64] | None,
) -> Step:
    try:
        if box is not None:
            answers = follower.start(picture.image, box)
        else:
            answers = follower.step(picture.image)
    except HitTrackersError as error:
        raise type(error)(f"{source.name}, picture {index}: {error}") from error
    dropped = source.camera.dropped if source.camera is not None else 0
    return Step(index, picture.image, picture.time, answers, source.truth_at(index), dropped)


def _bar(source: Source, most: int | None, progress: bool) -> tqdm[Any]:
    known = [count for count in (source.count, most) if count is not None]
    return tqdm(
        total=min(known) if known else None,
        desc=source.name,
        unit="frame",
        dynamic_ncols=True,
        disable=not progress,
    )
