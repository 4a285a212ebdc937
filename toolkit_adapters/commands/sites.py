"""Find every attention of a tracker's networks, and try each operator on it.

Nothing of the tracker is changed, and nothing needs to be known of it: attentions are found while
it tracks a frame of the demo. Those that are alike share a row, whose figures are those of one. The
columns of an operator: largest difference from the network's own result (0: equal bit for bit), how
many times as fast, and peak of the memory that it allocates. `optimise` runs whole trackers.

examples:
  hit-trackers sites hit_nano
  hit-trackers sites mine=mine.py:make --device cuda
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from hit_trackers.families import tracker_name
from toolkit_adapters.running import arguments

if TYPE_CHECKING:
    from toolkit_adapters.bench.sites import Attention, Survey, Trial

HELP = "every attention of a tracker: its size, its share of time, what each operator gives there"
#: Frames of the demo before the one that is looked at.
FRAMES = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add = parser.add_argument
    arguments.add_trackers_option(parser)
    add("tracker", type=tracker_name, metavar="NAME[=FILE.py:MAKE]", help="one of `list`, or yours")
    add("--checkpoint", metavar="FILE", help="weights, or seeded")
    arguments.add_device_options(parser)
    add("--all", action="store_true", help="name every attention, and not the first of those alike")


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    import torch
    from tabulate import tabulate

    from hit_trackers import load_tracker
    from toolkit_adapters.bench.sites import survey_tracker
    from toolkit_adapters.datasets.catalogue import open_datasets
    from toolkit_adapters.datasets.decoding import decode_ahead

    arguments.set_threads(args.threads)
    tracker = load_tracker(args.tracker, args.checkpoint, args.device)
    sequence = next(iter(open_datasets("demo")[0]))
    images = [frame.image for frame in decode_ahead(sequence.frames[:FRAMES])]
    found = survey_tracker(tracker, images, sequence.first_box, args.device)
    print(tabulate(rows(found), headings(), disable_numparse=True))
    count = sum(len(one.names) for one in found.attentions)
    share = sum(one.seconds for one in found.attentions) / found.update
    print(
        f"\n{count} attentions, {share:.0%} of an update of {1e3 * found.update:.1f} ms "
        f"({args.device}, {torch.get_num_threads()} threads)"
    )
    if args.all:
        print("\n".join(name for one in found.attentions for name in one.names))
    return 0


def headings() -> list[str]:
    """Of `rows`."""
    from hit_trackers.optimise import OPERATORS

    return ["attention", "scores", "steps", "map MiB", "share", "ms", "MiB", *OPERATORS]


def rows(found: Survey) -> list[list[str]]:
    """A row for attentions that are alike."""
    return [_row(one, found.update) for one in found.attentions]


def _row(one: Attention, update: float) -> list[str]:
    from hit_trackers.optimise import OPERATORS
    from toolkit_adapters.bench.sites import AS_WRITTEN

    official = one.trials[AS_WRITTEN]
    assert official is not None
    *batch, queries, keys = one.shape
    heads = " x ".join(str(size) for size in batch if size > 1)
    return [
        one.names[0] + (f" and {len(one.names) - 1} more" if len(one.names) > 1 else ""),
        f"{heads + ' x ' if heads else ''}{queries} x {keys}",
        ", ".join(one.steps) or "none",
        f"{one.map_bytes / 2**20:.2f}",
        f"{one.seconds / update:.1%}",
        f"{1e3 * official.seconds:.2f}",
        f"{official.bytes / 2**20:.1f}",
        *(_trial(one.trials[operator], official) for operator in OPERATORS),
    ]


def _trial(trial: Trial | None, official: Trial) -> str:
    if trial is None:
        return "does not express it"
    apart = "0" if trial.apart == 0 else f"{trial.apart:.0e}"
    return f"{apart}; {official.seconds / trial.seconds:.2f} x; {trial.bytes / 2**20:.1f} MiB"
