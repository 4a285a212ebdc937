"""Run, report and verify in one go: the paper's comparison, on what this machine has.

Runs the baseline, the paper's optimisation (memeff) and the bitwise one (exact). Where official
checkpoints and at least one benchmark are configured (`doctor` shows it) that is HiT-Base on the
benchmarks, into results/benchmarks and reports/benchmarks; otherwise the embedded HiT-Nano on the
rendered demo, into results/demo and reports/demo, which needs nothing. Interrupted, the same
command goes on where it was.

examples:
  hit-trackers reproduce
  LASOT_ROOT=/data/LaSOT HIT_CHECKPOINTS=/data/checkpoints hit-trackers reproduce --device cuda
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from hit_trackers.families import tracker_name
from toolkit_adapters.datasets.catalogue import BENCHMARKS, REPRODUCED
from toolkit_adapters.running import arguments

HELP = "run, report and verify: the benchmarks where configured, else the demo"
TRACKERS = ("hit", "hit_memeff", "hit_exact")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    arguments.add_trackers_option(parser)
    add(
        "--tracker",
        action="append",
        type=tracker_name,
        metavar="NAME",
        help=f"trackers instead of {', '.join(TRACKERS)}; repeat for more",
    )
    add("--demo", action="store_true", help="the demo, whatever is configured")
    add(
        "--device",
        type=arguments.device,
        metavar="cpu|cuda|cuda:N",
        help="default: cuda where there is one, else cpu",
    )
    for option in ("results", "out"):
        parent = "results" if option == "results" else "reports"
        add(
            f"--{option}",
            type=arguments.folder,
            metavar="DIR",
            help=f"default: {parent}/demo or {parent}/benchmarks",
        )


def run(args: argparse.Namespace) -> int:
    """The first exit status that is not 0, if any; a report is written even of a partial run."""
    import toolkit_adapters as harness
    from toolkit_adapters.commands import report, verify
    from toolkit_adapters.commands.run import conclude

    datasets = [] if args.demo else _configured()
    name = "benchmarks" if datasets else "demo"
    summary = harness.run(
        args.tracker or TRACKERS,
        datasets or ["demo"],
        args.results or Path("results") / name,
        device=args.device or _device(),
        command=shlex.join(["hit-trackers", *sys.argv[1:]]),
    )
    status = conclude(summary)
    if summary.signal:  # nothing to report yet
        return status
    report.write(summary.results, args.out or Path("reports") / name)
    return max(status, verify.show(harness.verify(summary.results)))


def _configured() -> list[str]:
    """The benchmarks to run: those whose roots are configured, if official weights are too."""
    from hit_trackers import families
    from hit_trackers.errors import DatasetError
    from toolkit_adapters.datasets.catalogue import find_root
    from toolkit_adapters.datasets.settings import use_configured_checkpoints

    use_configured_checkpoints()
    found = []
    for dataset in REPRODUCED:
        benchmark = BENCHMARKS[dataset]
        try:
            root = find_root(dataset)
        except DatasetError:
            continue
        split = dataset.removeprefix(f"{benchmark}-")
        if split == dataset or (root / split).is_dir():
            found.append(dataset)
    weights = {of.baseline: of.found for of in families.family_of("hit").weights()}
    if found and weights["hit_base"] is None:
        print(
            f"{', '.join(found)}: configured, but no official HiT-Base checkpoint is; running the "
            "embedded hit_nano on the demo instead (`hit-trackers doctor` says where to put one)"
        )
        return []
    return found


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
