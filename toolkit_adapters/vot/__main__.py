"""Trackers in the VOT toolkit 0.9.0, all four of its experiments working.

    python -m toolkit_adapters.vot init space --tracker hit --tracker hit_memeff
        a workspace of the demo; --dataset lasot=/data/LaSOT and so on for others
    python -m toolkit_adapters.vot evaluate space      runs what has no result yet
    python -m toolkit_adapters.vot report space        scores, and the toolkit's own document
    python -m toolkit_adapters.vot pack space --tracker hit_nano

`vot evaluate hit_nano --workspace space` works too where this package is installed (in a checkout,
with PYTHONPATH). Without arguments this is the TraX tracker that the toolkit starts.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hit_trackers.declarations import VARIABLE, declarations
from hit_trackers.families import declare, tracker_name
from toolkit_adapters.cli import guarded
from toolkit_adapters.datasets.catalogue import add_root_option, split_roots
from toolkit_adapters.running import arguments
from toolkit_adapters.running.timing import say_crowded

PROGRAM = "python -m toolkit_adapters.vot"


def build_parser() -> argparse.ArgumentParser:
    """The options; imports nothing heavy."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("workspace", type=Path, help="folder of the workspace")
        command.set_defaults(run=run)
        return command

    init = add("init", _init, "make a workspace: trackers.ini, a stack, stub sequences")
    arguments.add_trackers_option(init)
    init.add_argument(
        "--tracker",
        action="append",
        required=True,
        type=tracker_name,
        help="a name, or NAME=FILE.py:MAKE of your own; repeat for several",
    )
    init.add_argument(
        "--dataset",
        action="append",
        metavar="NAME[=ROOT]",
        help="demo (default), lasot, trackingnet, got10k-val or got10k-test; repeat for several. "
        "No image is copied",
    )
    add_root_option(init, "where a dataset is, as in --dataset NAME=ROOT (default: as configured)")
    init.add_argument("--truth", type=Path, help="folder of full TrackingNet annotations")
    init.add_argument("--sequence", action="append", help="only this sequence; repeat for several")
    init.add_argument("--max-frames", type=int, help="only the first frames of each sequence")
    init.add_argument(
        "--stack",
        help="YAML file, or one of the toolkit's, such as vot2022/shorttermbox (default: "
        "unsupervised, supervised, multistart and realtime). Without --dataset, its own dataset "
        "is downloaded by the toolkit",
    )
    init.add_argument("--experiment", action="append", help="only this one; repeat for several")
    init.add_argument("--checkpoint", help="weights (default: as configured)")
    init.add_argument(
        "--device", type=arguments.device, default="cpu", help="cpu (default), cuda, cuda:1, ..."
    )
    init.add_argument(
        "--threads", type=arguments.positive, metavar="N", help="CPU threads of the network"
    )

    evaluate = add("evaluate", _evaluate, "run the trackers; exits 1 unless all results are there")
    evaluate.add_argument("--tracker", action="append", help="default: all of the workspace")
    evaluate.add_argument("--experiment", action="append", help="default: all of the stack")
    evaluate.add_argument("--force", action="store_true", help="run again what has results")

    report = add("report", _report, "analyse the results and write the toolkit's document")
    report.add_argument("--tracker", action="append", help="default: all of the workspace")
    report.add_argument("--name", default="report", help="of the document (default: report)")
    report.add_argument("--format", choices=("html", "latex", "plots"), default="html")

    pack = add("pack", _pack, "zip the results for the challenge, and check the zip")
    pack.add_argument("--tracker", required=True)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; without one, be the TraX tracker. Returns the exit status."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    # The toolkit sets TRAX; without it a terminal would wait for a protocol nobody speaks.
    if not arguments and "TRAX" not in os.environ:
        build_parser().print_help(sys.stderr)
        return 2
    if not arguments:
        from toolkit_adapters.vot.server import serve

        return guarded(PROGRAM, serve)

    def work() -> int:
        args = build_parser().parse_args(arguments)
        os.environ.setdefault("MPLBACKEND", "Agg")  # the toolkit's reports import pyplot
        return int(args.run(args))

    return guarded(PROGRAM, work)


def _init(args: argparse.Namespace) -> int:
    from hit_trackers import load_tracker
    from toolkit_adapters.vot import origin, stacks, toolkit, workspace

    toolkit.require()
    arguments.set_threads(args.threads)
    names = args.dataset or ([] if args.stack else ["demo"])
    sequences = _open(args, names)
    whole = all(sequence.has_truth for sequence in sequences)
    experiments = args.experiment
    if args.stack is None and experiments is None and not whole:
        experiments = ["unsupervised", "realtime"]
        print("only first boxes are known: without supervised and multistart", file=sys.stderr)
    stack = stacks.make_stack(args.stack, experiments, own_data=bool(names))
    checkpoint = args.checkpoint or ""
    if Path(checkpoint).is_file():
        checkpoint = str(Path(checkpoint).resolve())  # the toolkit runs the tracker elsewhere
    trackers, loaded = {}, {}
    for name in args.tracker:
        # Loaded here, so that a wrong name or checkpoint is found now, and by its full name.
        tracker = load_tracker(name, checkpoint=checkpoint or None, device=args.device)
        settings = {"tracker": tracker.name, "checkpoint": checkpoint, "device": args.device}
        if args.threads:
            settings["threads"] = str(args.threads)
        if known := declarations():  # the toolkit runs the tracker in another folder
            declare(known)
            settings["trackers_own"] = os.environ[VARIABLE]
        trackers[tracker.name] = settings
        loaded[tracker.name] = tracker
    made = workspace.create(args.workspace, trackers, stack, sequences)
    if made:  # else the toolkit has yet to download its own
        space = workspace.load(args.workspace)
        for name, tracker in loaded.items():
            origin.keep(space, name, tracker, trackers[name])
    print(
        f"{args.workspace}: {len(made)} sequences, {', '.join(stack['experiments'])}; trackers "
        f"{', '.join(trackers)}. Next: {PROGRAM} evaluate {args.workspace}"
    )
    return 0


def _open(args: argparse.Namespace, names: list[str]) -> list[Any]:
    from toolkit_adapters.datasets import open_datasets
    from toolkit_adapters.datasets.selection import select

    # NAME=ROOT is short for --dataset NAME --root NAME=ROOT.
    asked = [value.partition("=")[0] for value in names]
    given = [value for value in names if "=" in value and not value.endswith("=")]
    roots = split_roots([*args.root, *given], asked)
    datasets = [d for name in asked for d in open_datasets(name, roots.get(name), args.truth)]
    if not datasets:
        return []
    selections = select(datasets, args.sequence, args.max_frames, least_frames=2)
    return [selection.load(name) for selection in selections for name in selection.names]


def _evaluate(args: argparse.Namespace) -> int:
    from toolkit_adapters.vot.evaluation import evaluate

    say_crowded(PROGRAM)
    failures = evaluate(args.workspace, args.tracker, args.experiment, args.force)
    for failure in failures:
        print(f"failed: {failure}", file=sys.stderr)
    if not failures:
        print(f"all results are there. Next: {PROGRAM} report {args.workspace}")
    return 1 if failures else 0


def _report(args: argparse.Namespace) -> int:
    from toolkit_adapters.vot.evaluation import report

    print(report(args.workspace, args.tracker, args.name, args.format))
    print(
        f"the toolkit's document is in {args.workspace / 'reports' / args.name}, its analyses in "
        f"{args.workspace / 'analysis' / args.name}.json"
    )
    return 0


def _pack(args: argparse.Namespace) -> int:
    from toolkit_adapters.vot.evaluation import pack

    print(f"{pack(args.workspace, args.tracker)}: whole, its manifest is of {args.tracker}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
