"""The Python interface of the harness: what the commands do, as functions that return objects.

Whatever a user can correct is raised as a `hit_trackers.errors.HitTrackersError`.

Examples:
    >>> import toolkit_adapters as harness
    >>> summary = harness.run(["hit_nano", "hit_nano_exact"], ["demo"], "results/mine")
    >>> verification = harness.verify("results/mine")
    >>> verification.failures
    ()
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from hit_trackers.protocol import Tracker
    from toolkit_adapters.records import Results
    from toolkit_adapters.reporting.collect import Collection
    from toolkit_adapters.running.session import Summary
    from toolkit_adapters.scoring.rawresults.evaluation import Evaluation
    from toolkit_adapters.tracking.frames import TrackedFrame
    from toolkit_adapters.verdict.verification import Verification

__all__ = ["evaluate", "open_results", "report", "run", "track", "verify"]

_OPTIONS = (
    *("device", "threads", "deterministic", "max_frames"),
    *("open_loop", "ahead", "tolerate_damage"),
)


def run(
    trackers: Iterable[str],
    datasets: Iterable[str],
    results: str | Path,
    **settings: Any,
) -> Summary:
    """Run trackers over datasets, timed frame by frame; resumes what is there already.

    Args:
        trackers: names; give a baseline and its variants together, so that they are paired.
        datasets: names, such as "demo" or "lasot".
        results: folder of the records.
        settings: fields of `records.provenance.Options` (device, threads, deterministic,
            max_frames, open_loop, ahead) and of `running.session.Request` (roots, checkpoints,
            sequences, controls, workers, ...), all with defaults.

    Returns:
        what failed and what is unfinished; `summary.complete` where nothing is.
    """
    from toolkit_adapters.records.provenance import Options
    from toolkit_adapters.running.session import Request, run_session

    options = Options(**{name: settings.pop(name) for name in _OPTIONS if name in settings})
    request = Request(tuple(trackers), tuple(datasets), Path(results), options=options, **settings)
    return run_session(request)


def open_results(results: str | Path) -> Results:
    """Open a results folder: its trackers, datasets, runs and records."""
    from toolkit_adapters import records

    return records.open_results(results)


def verify(
    results: str | Path | Results,
    roots: Mapping[str, Path] | None = None,
    truth: Path | None = None,
    *,
    partial: bool = False,
) -> Verification:
    """Check every claim and control of a results folder; `failures` is empty where all holds.

    Args:
        results: what `run` left.
        roots: where datasets are now, by name, if not where the run found them.
        truth: folder of TrackingNet's full annotations.
        partial: a part of what was planned is enough.
    """
    from toolkit_adapters.reporting.accuracy import open_accuracy
    from toolkit_adapters.verdict import verification

    opened = open_results(results) if isinstance(results, (str, Path)) else results
    accuracy = open_accuracy(opened, roots or {}, {}, truth)
    return verification.verify(opened, accuracy.printed, partial=partial)


def report(
    results: str | Path | Results,
    out: str | Path | None = None,
    **settings: Any,
) -> Collection:
    """Collect everything that a report says of a results folder; write it where `out` is given.

    Args:
        results: what `run` left.
        out: folder for report.html, report.md, tables, figures and certificate.json.
        settings: roots, conventions, truth, progress and shared_times of `report.collect.collect`.
    """
    from toolkit_adapters.reporting.collect import collect
    from toolkit_adapters.reporting.write import write_report

    opened = open_results(results) if isinstance(results, (str, Path)) else results
    collection = collect(opened, **settings)
    if out is not None:
        write_report(collection, Path(out))
    return collection


def evaluate(
    raw: str | Path,
    dataset: str,
    annotations: str | Path,
    convention: str | None = None,
    **settings: bool,
) -> Evaluation:
    """Score raw result files of any tracker, without running it.

    Args:
        raw: folder or zip of one tracker's results.
        dataset: "lasot", "trackingnet", "got10k-val", "otb", "uav123" or another benchmark.
        annotations: dataset root, folder of annotations, or zip of one.
        convention: who scores, such as "official"; None for the dataset's default.
        settings: skip_missing, repair and truncate of `scoring.rawresults.evaluation.evaluate`.
    """
    from toolkit_adapters.scoring import find
    from toolkit_adapters.scoring.rawresults.evaluation import evaluate as score

    found = find(dataset, convention)
    return score(Path(raw), Path(annotations), found, dataset=dataset, **settings)


def track(
    source: str | Path | Iterable[NDArray[np.uint8]],
    tracker: str | Tracker,
    box: ArrayLike | None = None,
    **settings: Any,
) -> Iterator[TrackedFrame]:
    """Track one target in a video, images or a camera, picture by picture.

    Args:
        source: a video file, a folder or pattern of images, "demo/ball-1", a camera ("0"), or any
            iterable of RGB uint8 (H, W, 3) images.
        tracker: a name, or a tracker that was loaded.
        box: x, y, w, h of the target on the first picture, in pixels; None where a file beside the
            source says it.
        settings: checkpoint and device of the tracker; roots, fps, box_format and threads (of the
            decoder) of `tracking.sources.open_source`.

    Yields:
        index, image, time, box, score, seconds and valid of each picture.
    """
    from toolkit_adapters.tracking.frames import track as frames

    return frames(source, tracker, box, **settings)
