"""Measure everything that waits for a GPU, and say which sentences of the documentation hold.

Eight parts, each a process and a file of its own in --out. A part that is cut off keeps what it
has; the same command goes on where it was, on the same device with the same versions and code. All
parts take at most nine minutes, one at most 150 seconds; a step that takes its process down twice
is given up and said to have failed.

It needs a checkout (or the wheel), PyTorch 2.6 or newer with its Triton, NumPy; no toolkit,
no network, no weights. With OpenCV, filelock, tqdm and safetensors the runner's part
works too, and times of whole updates; with pytest and pytest-timeout, the tests marked gpu. What is
missing is left out, with the reason.

Without a device, --rehearse runs the same code on stand-ins, cuts every part off once and goes on,
and writes REHEARSAL.md, which has no figures.

examples:
  hit-trackers gpu-report --out reports/gpu/h100
  hit-trackers gpu-report --out reports/gpu/h100 --only bits --only speed
  hit-trackers gpu-report --out reports/gpu/h100 --sentences
  hit-trackers gpu-report --dry-run
  hit-trackers gpu-report --out rehearsal --rehearse
  python -m toolkit_adapters gpu-report --out /tmp/report     # nothing installed
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys

from toolkit_adapters.gpu.parts import PARTS, WHOLE, named
from toolkit_adapters.running import arguments

HELP = "one run that settles what the documentation says of a GPU"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    add("--out", type=arguments.folder, metavar="DIR", help="folder of parts and report")
    add(
        "--only",
        action="append",
        choices=[part.name for part in PARTS],
        metavar="PART",
        help=f"this part; repeat for more ({', '.join(part.name for part in PARTS)})",
    )
    add(
        "--device",
        default="cuda",
        type=arguments.device,
        metavar="cuda|cuda:N",
        help="default: %(default)s",
    )
    add(
        "--seconds",
        type=arguments.positive,
        default=WHOLE,
        metavar="N",
        help="for all parts together (default: %(default)s)",
    )
    add("--rehearse", action="store_true", help="on stand-ins, without a device; no figures")
    add("--dry-run", action="store_true", help="list what would be measured")
    add(
        "--sentences",
        action="store_true",
        help="measure nothing: say what the parts in --out confirm or refute",
    )
    add("--fresh", action="store_true", help="delete the parts that are to be measured first")


def run(args: argparse.Namespace) -> int:
    """0 where every part has an end and no step failed; see the module."""
    from hit_trackers.errors import EngineError, HitTrackersError
    from toolkit_adapters.gpu import conduct, folder, report

    parts = [named(name) for name in dict.fromkeys(args.only or [])] or list(PARTS)
    if args.dry_run:
        for part in parts:
            print(f"{part.name}: {part.what}; at most {part.limit} s{_needs(part.needs)}")
            for step in part.steps():
                print(f"    {step.key}")
        return 0
    if args.out is None:
        raise HitTrackersError("--out DIR is missing: where parts and report go, and are resumed")
    if args.sentences:
        for line in report.told(args.out):
            print(line)
        return 0
    if not args.rehearse:
        if args.device == "cpu":
            raise EngineError("a GPU report needs a GPU; --rehearse runs without one")
        from hit_trackers.engines.devices import require

        require(args.device)
    elif any((args.out / name).exists() for name in ("report.md", "report.json")):
        raise HitTrackersError(f"{args.out} holds a report; rehearse in another folder")
    if args.fresh:
        for part in parts:
            folder.path_of(args.out, part.name).unlink(missing_ok=True)
        shutil.rmtree(args.out / folder.SCRATCH, ignore_errors=True)
    command = shlex.join(["hit-trackers", *sys.argv[1:]])
    wanted = conduct.Wanted(args.out, parts, args.device, args.rehearse, args.seconds)
    try:
        ended = conduct.conduct(wanted, lambda line: print(line, flush=True))
    finally:  # of what there is, also where somebody stops it
        print(f"written: {report.write(args.out, command, args.rehearse)}", flush=True)
    kept = [found for part in parts if (found := folder.read(args.out, part.name))]
    failed = [line for found in kept for line in found.failures]
    for line in failed:
        print(f"failed: {line}")
    missing = [part.name for part in parts if part.name not in ended]
    if missing:
        print(f"not complete: {', '.join(missing)}; run the same command again")
    return 1 if missing or failed else 0


def _needs(libraries: str) -> str:
    return f"; needs {libraries}" if libraries else ""
