"""The command line: finds the subcommands and turns our own errors into messages."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence

from hit_trackers.errors import HitTrackersError
from hit_trackers.version import VERSION
from toolkit_adapters import commands
from toolkit_adapters.datasets.settings import use_configured_trackers

DESCRIPTION = """\
This tracker is faster, but is it still the same tracker?

Run trackers over LaSOT, TrackingNet and GOT-10k (or over the demo, which needs nothing), timed
frame by frame, and report speed, memory, accuracy and equivalence.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser with every subcommand; imports nothing heavy."""
    parser = argparse.ArgumentParser(
        prog="hit-trackers",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"hit-trackers {VERSION}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in sorted(module.name for module in pkgutil.iter_modules(commands.__path__)):
        command = importlib.import_module(f"{commands.__name__}.{name}")
        subparser = subparsers.add_parser(
            name.replace("_", "-"),
            help=command.HELP,
            description=command.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status (0 success, 1 our own error, 2 wrong usage)."""

    def work() -> int:
        args = build_parser().parse_args(argv)
        return int(args.run(args))

    words = sys.argv[1:] if argv is None else argv
    return guarded(" ".join(["hit-trackers", *words[:1]]), work)


def guarded(program: str, work: Callable[[], int]) -> int:
    """Do the work of a command; what we raise on purpose becomes a message and an exit status."""
    try:
        use_configured_trackers()
        status = int(work())
        sys.stdout.flush()
        return status
    except HitTrackersError as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again to resume", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has enough of it, as `head` does. Python would complain of the
        # broken pipe once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + 13
