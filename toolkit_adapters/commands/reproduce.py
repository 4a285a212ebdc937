"""Run, report and verify in one go: the paper's comparison, on what this machine has.

Runs the baseline, the paper's optimisation (memeff) and the bitwise one (exact). Where official
checkpoints and at least one benchmark are configured (`doctor` shows it) that is HiT-Base on the
benchmarks, into results/benchmarks and reports/benchmarks; otherwise the embedded HiT-Nano on the
rendered demo, into results/demo and reports/demo, which needs nothing. Interrupted, the same
command goes on where it was.

`--family` does the same for another family that the paper names: its baseline, memeff and exact.
Where its official weights are not found, seeded ones take their place: they track nothing, and
every bit, time and byte is of the same computation. These networks are large: --max-frames helps.

examples:
  hit-trackers reproduce
  hit-trackers reproduce --family ostrack --max-frames 12
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
    add(
        "--family",
        metavar="NAME",
        help="of the trackers, where none is named: ostrack, transt, ...",
    )
    add("--demo", action="store_true", help="the demo, whatever is configured")
    arguments.add_max_frames_option(parser)
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
            help=f"default: {parent}/demo, {parent}/benchmarks or {parent}/FAMILY",
        )


def run(args: argparse.Namespace) -> int:
    """The first exit status that is not 0, if any; a report is written even of a partial run."""
    import toolkit_adapters as harness
    from toolkit_adapters.commands import report, verify
    from toolkit_adapters.commands.run import conclude

    trackers, checkpoints = _of_family(args.family) if args.family else (TRACKERS, {})
    datasets = [] if args.demo or checkpoints else _configured(args.family or "hit")
    name = args.family or ("benchmarks" if datasets else "demo")
    summary = harness.run(
        args.tracker or trackers,
        datasets or ["demo"],
        args.results or Path("results") / name,
        device=args.device or _device(),
        max_frames=args.max_frames,
        checkpoints=checkpoints,
        command=shlex.join(["hit-trackers", *sys.argv[1:]]),
    )
    status = conclude(summary)
    if summary.signal:  # nothing to report yet
        return status
    report.write(summary.results, args.out or Path("reports") / name)
    return max(status, verify.show(harness.verify(summary.results)))


def _of_family(name: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Its baseline, memeff and exact; and where the weights are, if not where they are looked for.

    Raises:
        UnknownTrackerError: no family has this name.
    """
    from hit_trackers.families import family_of
    from toolkit_adapters.datasets.settings import use_configured_checkpoints

    use_configured_checkpoints()
    family = family_of(name)
    baseline = family.resolve(family.name).name
    trackers = (baseline, f"{baseline}_memeff", f"{baseline}_exact")
    for weights in family.weights():
        if weights.baseline == baseline and weights.found is None and not weights.embedded:
            print(
                f"{weights.expected} was not found, so {baseline} gets seeded weights: it tracks "
                "nothing, and computes the same (`hit-trackers doctor` says where to put the file)"
            )
            return trackers, {"": "seeded"}
    return trackers, {}


def _configured(family: str) -> list[str]:
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
    weights = {of.baseline: of.found for of in families.family_of(family).weights()}
    if found and family == "hit" and weights["hit_base"] is None:
        print(
            f"{', '.join(found)}: configured, but no official HiT-Base checkpoint is; running the "
            "embedded hit_nano on the demo instead (`hit-trackers doctor` says where to put one)"
        )
        return []
    return found


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
