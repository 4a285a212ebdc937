"""Run trackers in the got10k toolkit, and its reports.

    python -m toolkit_adapters.got10k --tracker hit --tracker hit_memeff
        the demo, which needs nothing
    python -m toolkit_adapters.got10k --tracker hit_base --dataset got10k-val --root /data/GOT-10k
    python -m toolkit_adapters.got10k --tracker hit_base --dataset got10k-test --root /data/GOT-10k
        makes the zip that the server wants

Run the same command again to resume. The toolkit's own result files are under --results, its
reports under --reports, with a summary of its figures beside ours.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hit_trackers.errors import SubmissionError
from hit_trackers.families import tracker_name
from toolkit_adapters.cli import guarded
from toolkit_adapters.datasets.catalogue import add_root_option, split_roots
from toolkit_adapters.running import arguments
from toolkit_adapters.running.timing import say_crowded

if TYPE_CHECKING:
    from toolkit_adapters.got10k.experiments import Experiment

PROGRAM = "python -m toolkit_adapters.got10k"


def build_parser() -> argparse.ArgumentParser:
    """The options; imports nothing heavy."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_trackers_option(parser)
    parser.add_argument(
        "--tracker",
        action="append",
        required=True,
        type=tracker_name,
        help="a tracker's name, or NAME=FILE.py:MAKE of your own; repeat for several",
    )
    parser.add_argument(
        "--dataset",
        default="demo",
        help="got10k-val, got10k-test, lasot, trackingnet or demo (default)",
    )
    add_root_option(parser, "where the dataset is (default: as configured)")
    parser.add_argument("--truth", type=Path, help="folder of full TrackingNet annotations")
    parser.add_argument(
        "--sequence", action="append", help="only this sequence; repeat for several"
    )
    parser.add_argument("--max-frames", type=int, help="only the first frames of each sequence")
    parser.add_argument("--checkpoint", help="weights (default: as configured)")
    parser.add_argument(
        "--device", type=arguments.device, default="cpu", help="cpu (default), cuda, cuda:1, ..."
    )
    parser.add_argument(
        "--threads", type=arguments.positive, metavar="N", help="CPU threads of the network"
    )
    parser.add_argument("--results", type=arguments.folder, default=Path("results/got10k-toolkit"))
    parser.add_argument("--reports", type=arguments.folder, default=Path("reports/got10k-toolkit"))
    parser.add_argument("--no-report", action="store_true", help="run only")
    parser.add_argument("--visualize", action="store_true", help="show every frame in a window")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run; 0 if every sequence of every tracker has a result, else 1."""
    return guarded(PROGRAM, lambda: _run(build_parser().parse_args(argv)))


def _run(args: argparse.Namespace) -> int:
    if not args.visualize:
        os.environ.setdefault("MPLBACKEND", "Agg")  # the toolkit imports pyplot
    from toolkit_adapters.datasets import open_datasets
    from toolkit_adapters.datasets.selection import select
    from toolkit_adapters.got10k.datasets import SequenceView
    from toolkit_adapters.got10k.experiments import make_experiment
    from toolkit_adapters.got10k.tracker import ToolkitTracker

    root = split_roots(args.root, [args.dataset]).get(args.dataset)
    datasets = open_datasets(args.dataset, root, args.truth)
    selections = select(datasets, args.sequence, args.max_frames, least_frames=2)
    views = [SequenceView(s.dataset, s.names, s.max_frames) for s in selections if s.names]
    arguments.set_threads(args.threads)
    say_crowded(PROGRAM)
    options = {"checkpoint": args.checkpoint, "device": args.device}
    trackers = [ToolkitTracker(name, **options) for name in dict.fromkeys(args.tracker)]
    failures = []
    for view in views:
        experiment = make_experiment(view, args.results, args.reports)
        for tracker in trackers:
            failures += experiment.run(tracker, visualize=args.visualize)
        if not args.no_report:
            _report(experiment, [tracker.name for tracker in trackers])
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    return 1 if failures else 0


def _report(experiment: Experiment, names: list[str]) -> None:
    from toolkit_adapters.got10k.experiments import ExperimentGOT10k, ExperimentTrackingNet
    from toolkit_adapters.got10k.summary import NOTES, compare, family, write_summary

    dataset = experiment.dataset.dataset.name
    whole = [name for name in names if not experiment.unfinished(name)]
    for name in sorted(set(names) - set(whole)):
        unfinished = ", ".join(experiment.unfinished(name))
        print(f"no report of {name} on {dataset}, without {unfinished}", file=sys.stderr)
    if not whole:
        return
    has_truth = all(experiment.dataset.load(n).has_truth for n in experiment.dataset.seq_names)
    if has_truth:
        performance = experiment.report(whole)
        figures = compare(experiment, whole, performance)
        title = f"{dataset}: {len(experiment.dataset)} sequences"
        folder = Path(experiment.report_dir)
        print(write_summary(folder, title, figures, NOTES[family(experiment)]))
        print(f"the toolkit's report and summary.md are in {folder}")
    elif isinstance(experiment, ExperimentGOT10k):
        experiment.report(whole)
        for name in whole:
            _check(Path(experiment.result_dir) / f"{name}.zip", experiment)
    elif isinstance(experiment, ExperimentTrackingNet):
        print(
            "the truth of TrackingNet's test set is not public: make a zip for its server from "
            "records (`hit-trackers run`, then `submit trackingnet`)"
        )


def _check(path: Path, experiment: Experiment) -> None:
    from toolkit_adapters.servers import Expected, check_zip
    from toolkit_adapters.servers.problems import summarise

    sequences = [experiment.dataset.load(name) for name in experiment.dataset.seq_names]
    frames = {sequence.name: len(sequence.frames) for sequence in sequences}
    first = {sequence.name: sequence.first_box for sequence in sequences}
    problems = check_zip(path, Expected("got10k", frames, first))
    if problems:
        raise SubmissionError(f"{path}: the server would reject it:\n{summarise(problems)}")
    print(f"{path}: valid, {len(frames)} sequences")


if __name__ == "__main__":
    sys.exit(main())
