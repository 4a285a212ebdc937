"""What to track and what to leave, and everything that is looked up before the first picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import BoxError, DatasetError
from toolkit_adapters.datasets.boxfiles import read_boxes
from toolkit_adapters.records.provenance import Options
from toolkit_adapters.running.entrant import Entrant
from toolkit_adapters.running.worker import Worker
from toolkit_adapters.tracking.sources import Source, open_source
from toolkit_adapters.tracking.window import Window, require_screen
from toolkit_adapters.video.writer import require_writable


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
