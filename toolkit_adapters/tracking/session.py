"""One source from its first picture to the files that are left."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from hit_trackers.errors import BoxError, DatasetError, HitTrackersError
from toolkit_adapters.datasets.boxfiles import read_boxes
from toolkit_adapters.records.provenance import Options
from toolkit_adapters.running.passes import Entrant
from toolkit_adapters.running.signals import stop_on_signals
from toolkit_adapters.running.worker import Worker
from toolkit_adapters.tracking.boxes import named, save_boxes
from toolkit_adapters.tracking.follow import Follower, Step
from toolkit_adapters.tracking.history import History, State
from toolkit_adapters.tracking.overlay import Overlay
from toolkit_adapters.tracking.sources import Source, open_source
from toolkit_adapters.tracking.window import Window, Wish, require_screen
from toolkit_adapters.video.background import BackgroundWriter
from toolkit_adapters.video.reader import Picture
from toolkit_adapters.video.writer import VideoWriter, require_writable


@dataclass(frozen=True)
class Request:
    """What to track, and what to leave.

    Attributes:
        source: text of a source (`sources.open_source`).
        trackers: names, a baseline before its variants.
        box: x, y, w, h on the first picture; None: see `boxes` and `select`.
        boxes: a file whose first box starts the trackers; more of them are the truth.
        select: draw the first box with the mouse.
        out: video to write, with what was found drawn on it.
        save: text file of boxes to write, one for each tracker.
        precise: whether that file is unrounded.
        show: open a window.
        side_by_side: each tracker on a picture of its own.
        fps: pictures a second of images.
        box_format: of files of boxes: "xywh" or "xyxy".
        max_frames: end after so many pictures.
        options: device and threads.
        checkpoints: weight files, as for a run.
        roots: where datasets are, by name.
    """

    source: str
    trackers: tuple[str, ...]
    box: Sequence[float] | None = None
    boxes: Path | None = None
    select: bool = False
    out: Path | None = None
    save: Path | None = None
    precise: bool = False
    show: bool = False
    side_by_side: bool = False
    fps: Fraction | None = None
    box_format: str = "xywh"
    max_frames: int | None = None
    options: Options = field(default_factory=Options)
    checkpoints: Mapping[str, str] = field(default_factory=dict)
    roots: Mapping[str, Path] = field(default_factory=dict)


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


def require_possible(request: Request) -> None:
    """Find what cannot be done before anything slow begins.

    Raises:
        HitTrackersError: no screen, a name that no video can have, and so on.
    """
    if request.select or request.show:
        require_screen()
    if request.out is not None:
        require_writable(request.out)
        if (
            Path(request.source).exists()
            and Path(request.source).resolve() == request.out.resolve()
        ):
            raise DatasetError(f"--out {request.out}: that is the source; choose another name")


def open_request(request: Request) -> Source:
    """The source of a request, with the truth of its file of boxes."""
    source = open_source(
        request.source, roots=request.roots, fps=request.fps, box_format=request.box_format
    )
    if request.boxes is None:
        return source
    truth = read_boxes(request.boxes, request.box_format).boxes
    return Source(**{**vars(source), "truth": truth})


def first_box(request: Request, source: Source, image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What the trackers start from.

    Raises:
        BoxError: nobody says it.
    """
    if request.box is not None:
        return np.array(request.box, np.float64)
    if request.select:
        window = Window()
        box = window.select(image)
        if not request.show:
            window.close()
        if box is None:
            raise BoxError("no box was drawn; nothing to track")
        return box
    if source.truth is not None:
        return np.array(source.truth[0])
    raise BoxError(
        f"{request.source}: no box to start from; give --box x,y,w,h (in pixels of the first "
        "picture), --boxes FILE, or --select to draw one with the mouse"
    )


def load(request: Request) -> list[Entrant]:
    """The trackers of a request.

    Raises:
        HitTrackersError: one cannot be had.
    """
    worker = Worker(request.options, request.checkpoints)
    return list({e.name: e for e in map(worker.load, request.trackers)}.values())


def baselines_of(entrants: Iterable[Entrant]) -> dict[str, str]:
    """The baseline of each tracker, by its name."""
    return {entrant.name: entrant.variant.baseline for entrant in entrants}


class _Desk:
    """Who looks on: a window, where there is one, and what its user wants next."""

    def __init__(self, request: Request) -> None:
        self.window = Window() if request.show else None
        self.wish = Wish.GO_ON

    def show(self, image: NDArray[np.uint8]) -> None:
        """Show an image, and hear what is wanted."""
        if self.window is not None:
            self.wish = self.window.show(image)

    def reselected(self, image: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        """The box to start anew from, where that was asked for."""
        if self.window is None or self.wish is not Wish.RESELECT:
            return None
        return self.window.select(image)

    def close(self) -> None:
        """Take the window away."""
        if self.window is not None:
            self.window.close()


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
    desk = _Desk(request)
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
        summary = _take(request, source, wanted, baselines, _Desk(request), progress)
    return dataclasses.replace(summary, signal=stop.signal)


def _tracked(
    request: Request,
    source: Source,
    follower: Follower,
    desk: _Desk,
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
    desk: _Desk,
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
