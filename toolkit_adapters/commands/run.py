"""Run trackers over datasets; time every frame; keep lossless records.

All trackers of one command see the same decoded frames in one pass, so that their times can be
compared: give the baseline and its variants together. Interrupted at any point, the same command
goes on where it was.

examples:
  hit-trackers run --tracker hit --tracker hit_memeff --tracker hit_exact --dataset demo \\
      --results results/demo
  LASOT_ROOT=/data/LaSOT hit-trackers run --tracker hit_base --tracker hit_base_memeff \\
      --dataset lasot --device cuda --checkpoint VT_ep1500.pth.tar --results results/lasot
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hit_trackers.families import is_declared, tracker_name
from toolkit_adapters.datasets.catalogue import DATASETS, add_root_option
from toolkit_adapters.running import arguments

if TYPE_CHECKING:
    from toolkit_adapters.running.session import Summary

HELP = "run trackers over datasets, timed frame by frame"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    arguments.add_trackers_option(parser)
    add(
        "--tracker",
        action="append",
        required=True,
        type=tracker_name,
        metavar="NAME[=FILE.py:MAKE]",
        help="a tracker, such as hit, hit_nano_exact, or your own; repeat it for more (`list` "
        "shows them all)",
    )
    add(
        "--dataset",
        action="append",
        required=True,
        choices=DATASETS,
        help="repeat it for more; demo needs nothing, and folder takes any videos or folders of "
        "images below --root",
    )
    add(
        "--results",
        required=True,
        type=arguments.folder,
        metavar="DIR",
        help="where records are kept: a new or empty folder, or one that an earlier run wrote",
    )
    add_root_option(
        parser,
        "where the dataset is; otherwise LASOT_ROOT, TRACKINGNET_ROOT, GOT10K_ROOT or the "
        "configuration file (`doctor` shows it)",
    )
    add(
        "--box-format",
        choices=("xywh", "xyxy"),
        default="xywh",
        help="what the four numbers of a line mean with --dataset folder: corner and size, or two "
        "corners (default: %(default)s)",
    )
    add("--truth", type=Path, metavar="DIR", help="full TrackingNet annotations, where known")
    add(
        "--checkpoint",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="official checkpoint, state dict or .safetensors, or `seeded` for random weights; "
        "NAME is a baseline (hit_base), a size or a family; otherwise HIT_CHECKPOINTS",
    )
    arguments.add_device_options(parser)
    add("--deterministic", action="store_true", help="deterministic kernels, full float32")
    add("--sequence", action="append", default=[], metavar="NAME", help="only these sequences")
    arguments.add_max_frames_option(parser)
    add(
        "--open-loop",
        type=_count,
        default=10,
        metavar="K",
        help="feed every K-th search region of the baseline to all networks; 0 never "
        "(default: %(default)s)",
    )
    add(
        "--controls",
        type=_controls,
        default=2,
        metavar="N|all",
        help="sequences of each dataset on which the baseline runs twice and in bfloat16, to show "
        "that the comparison works (default: %(default)s)",
    )
    add(
        "--ahead",
        type=_count,
        metavar="N",
        help="frames decoded ahead in two threads; 0 decodes between the timed regions (default: 4 "
        "on CUDA; 0 on a CPU, where the threads would take cores that are being timed)",
    )
    add(
        "--on",
        choices=("local", "ray"),
        default="local",
        help="this machine, or a Ray cluster (extra: ray) whose nodes all see the dataset's folder "
        "(default: %(default)s)",
    )
    add("--engine", choices=("local", "ray"), action=_Renamed, dest="on", help=argparse.SUPPRESS)
    add(
        "--workers",
        type=arguments.positive,
        metavar="N",
        help="sequences at a time, each worker at its own GPU or cores (default: 1; on a cluster "
        "all that fit). Times of workers that share a device are kept out of latency tables",
    )
    add(
        "--address",
        metavar="ADDRESS",
        help="of a Ray cluster, or auto; else one starts here",
    )
    add(
        "--cpus-per-worker",
        type=arguments.positive,
        default=1,
        metavar="N",
        help="CPUs of a worker on a cluster (default: %(default)s)",
    )
    add("--no-memory", action="store_true", help="do not measure peak memory at the end")
    add(
        "--tolerate-damage",
        action="store_true",
        help="track what can be decoded of damaged images, and note it in the record, instead of "
        "failing their sequence",
    )
    add(
        "--trust-files",
        action="store_true",
        help="when resuming, do not look whether the images are still those that were tracked",
    )
    add(
        "--fresh",
        action="store_true",
        help="delete records there that other code, weights, data or settings made, instead of "
        "refusing to go on",
    )
    add("--wait", action="store_true", help="wait while another run uses the results folder")


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected 0 or more, got {text}")
    return value


def _controls(text: str) -> int | None:
    return None if text == "all" else _count(text)


class _Renamed(argparse.Action):
    """The spelling of an option in 0.1; it goes in 0.3."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        print(f"hit-trackers run: {option_string} is now --{self.dest}", file=sys.stderr)
        setattr(namespace, self.dest, values)


def run(args: argparse.Namespace) -> int:
    """Run; 0, or 1 where something failed, or 128 and the signal that stopped it."""
    from toolkit_adapters.datasets.catalogue import split_roots
    from toolkit_adapters.records.provenance import Options
    from toolkit_adapters.running.session import Request, run_session
    from toolkit_adapters.running.worker import split_checkpoints

    datasets = [_spelled(name, args.box_format) for name in args.dataset]
    options = Options(
        device=args.device,
        threads=args.threads,
        deterministic=args.deterministic,
        max_frames=args.max_frames,
        open_loop=args.open_loop,
        ahead=args.ahead,
        tolerate_damage=args.tolerate_damage,
    )
    summary = run_session(
        Request(
            trackers=tuple(args.tracker),
            datasets=tuple(datasets),
            results=args.results,
            options=options,
            roots=split_roots(args.root, datasets),
            truth=args.truth,
            checkpoints=split_checkpoints(args.checkpoint),
            sequences=tuple(args.sequence),
            controls=args.controls,
            on=args.on,
            workers=args.workers,
            address=args.address,
            cpus_per_worker=args.cpus_per_worker,
            memory=not args.no_memory,
            trust_files=args.trust_files,
            fresh=args.fresh,
            wait=args.wait,
            command=shlex.join(["hit-trackers", *sys.argv[1:]]),
            # Somebody's code that fails must not cost the others their run.
            optional=frozenset(name for name in args.tracker if is_declared(name)),
        )
    )
    return conclude(summary)


def _spelled(dataset: str, box_format: str) -> str:
    return f"{dataset}-{box_format}" if (dataset, box_format) == ("folder", "xyxy") else dataset


def conclude(summary: Summary) -> int:
    """Say how a run ended; returns the exit status."""
    if summary.failures:
        _say(f"{len(summary.failures)} failed, all others are unharmed:")
        for failure in summary.failures:
            print(f"  {failure}", file=sys.stderr)
    for tracker, reason in summary.left_out.items():
        _say(f"{tracker} is left out, all others are unharmed: {reason}")
    if summary.signal:
        again = "run the same command again to resume"
        _say(f"stopped; {summary.unfinished} sequences to go: {again}")
        return 128 + summary.signal
    folder = summary.results.folder
    print(f"records: {folder}; next: hit-trackers verify {folder}")
    return 0 if summary.complete else 1


def _say(message: str) -> None:
    print(f"hit-trackers run: {message}", file=sys.stderr)
