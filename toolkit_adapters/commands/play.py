"""Make videos from records: the moments where trackers part, or whole sequences.

Nothing is tracked: boxes, scores and times are those of the records, on the pictures that were
tracked. Without --show a video for each sequence is written into --out.

  divergent   from just before the first difference between a variant and its baseline on (default)
  worst       around the frame where they are furthest apart
  all         whole sequences, also where nothing differs

examples:
  hit-trackers play results/demo
  hit-trackers play results/demo --where all --sequence ball-1 --out ball.mp4
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit_adapters.datasets.catalogue import add_root_option, split_roots
from toolkit_adapters.running import arguments

if TYPE_CHECKING:
    from toolkit_adapters.datasets.base import Sequence
    from toolkit_adapters.records import Results
    from toolkit_adapters.reporting.accuracy import Accuracy

HELP = "make videos from records, of the moments where trackers part"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("results", type=Path, metavar="RESULTS", help="folder that `run` or `track` wrote")
    add("--sequence", action="append", default=[], metavar="NAME", help="only these sequences")
    add("--tracker", action="append", default=[], metavar="NAME", help="only these trackers")
    add("--where", choices=("divergent", "worst", "all"), default="divergent", help="see above")
    add(
        "--count",
        type=arguments.positive,
        default=3,
        metavar="N",
        help="sequences at most, the furthest apart first (default: %(default)s)",
    )
    add(
        "--out",
        type=Path,
        default=Path("play"),
        metavar="DIR|FILE.mp4",
        help="a folder; or a file, for one sequence (default: %(default)s)",
    )
    add("--show", action="store_true", help="open a window instead of writing")
    add("--side-by-side", action="store_true", help="each tracker on a picture of its own")
    add_root_option(parser, "where a dataset is now, if not where the run found it")


def run(args: argparse.Namespace) -> int:
    """Make the videos; 0, also where nothing differs."""
    from toolkit_adapters.records import CachedResults, open_results
    from toolkit_adapters.reporting.accuracy import open_accuracy

    results = CachedResults(open_results(args.results).folder)
    accuracy = open_accuracy(results, split_roots(args.root, results.datasets), {}, None)
    chosen = list(_chosen(args, results))[: args.count]
    if not chosen:
        print("nothing differs, bit for bit; --where all shows whole sequences")
        return 0
    for dataset, name, frames, baselines in chosen:
        _play(args, results, accuracy, dataset, name, frames, baselines, len(chosen) == 1)
    return 0


def _chosen(
    args: argparse.Namespace, results: Results
) -> Iterator[tuple[str, str, range, dict[str, str]]]:
    """Dataset, sequence, frames, and the trackers to show with their baselines."""
    from hit_trackers.errors import RecordError
    from toolkit_adapters.reporting.moments import find_moments

    runs = [(t, d) for t in results.trackers for d in results.datasets if results.has_run(t, d)]
    known = {sequence for run in runs for sequence in results.sequences(*run)}
    for names, there, what in (
        (args.sequence, known, "sequence"),
        (args.tracker, set(results.trackers), "tracker"),
    ):
        if unknown := sorted(set(names) - there):
            few = ", ".join(sorted(there)[:5])
            raise RecordError(
                f"{results.folder}: no records of {what} {', '.join(unknown)}; there are {few}"
            )
    wanted = set(args.tracker) or {n for n in results.trackers if not results.is_control(n)}
    if args.where == "all":
        yield from _whole(args, results, wanted)
        return
    for moment in find_moments(results, controls=bool(args.tracker)):
        if moment.tracker not in wanted or (args.sequence and moment.sequence not in args.sequence):
            continue
        total = len(results.record(moment.tracker, moment.dataset, moment.sequence))
        baselines = {moment.baseline: moment.baseline, moment.tracker: moment.baseline}
        yield moment.dataset, moment.sequence, moment.frames(args.where, total), baselines


def _whole(
    args: argparse.Namespace, results: Results, wanted: set[str]
) -> Iterator[tuple[str, str, range, dict[str, str]]]:
    for dataset in results.datasets:
        runs = {n: results.run(n, dataset) for n in wanted if results.has_run(n, dataset)}
        order = sorted(runs, key=lambda name: (runs[name].baseline != name, name))
        sequences = dict.fromkeys(s for n in order for s in results.sequences(n, dataset))
        for sequence in sequences:
            if args.sequence and sequence not in args.sequence:
                continue
            names = [n for n in order if sequence in results.sequences(n, dataset)]
            total = min(len(results.record(n, dataset, sequence)) for n in names)
            yield dataset, sequence, range(total), {n: runs[n].baseline for n in names}


def _play(
    args: argparse.Namespace,
    results: Results,
    accuracy: Accuracy,
    dataset: str,
    name: str,
    frames: range,
    baselines: dict[str, str],
    alone: bool,
) -> None:
    from tqdm import tqdm

    from toolkit_adapters.reporting.moments import RATE, states
    from toolkit_adapters.tracking.overlay import Overlay
    from toolkit_adapters.tracking.window import Window, Wish
    from toolkit_adapters.video.background import BackgroundWriter
    from toolkit_adapters.video.writer import VideoWriter

    sequence = _sequence(accuracy, dataset, name)
    total = len(results.record(next(iter(baselines)), dataset, name))
    overlay = Overlay(baselines, total, side_by_side=args.side_by_side)
    drawn = states(results, dataset, sequence, baselines, frames)
    bar = tqdm(drawn, total=len(frames), desc=name, unit="frame", leave=False)
    if args.show:
        window = Window()
        for state in bar:
            if window.show(overlay.draw(state)) is Wish.QUIT:
                break
        window.close()
        return
    path = args.out
    if not (alone and path.suffix):
        path.mkdir(parents=True, exist_ok=True)
        path = path / f"{dataset}-{name}-{list(baselines)[-1]}.mp4"
    with BackgroundWriter(VideoWriter(path, RATE)) as writer:
        for state in bar:
            writer.put(partial(overlay.draw, state))
    shown = f"{', '.join(baselines)} on {name}, frames {frames.start} to {frames.stop - 1}"
    print(f"wrote {path}: {shown}")


def _sequence(accuracy: Accuracy, dataset: str, name: str) -> Sequence:
    from hit_trackers.errors import DatasetError

    found = accuracy.datasets[dataset]
    if found.dataset is None:
        raise DatasetError(
            f"{dataset}: {found.reason or 'its frames are not where the run found them'}; "
            f"--root {dataset}=DIR says where they are"
        )
    return found.dataset.load(name)
