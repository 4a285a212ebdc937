"""Mean IoU of recorded tracks, sequence by sequence, beside a box that never moves.

    python -m toolkit_adapters run --tracker hit_nano --dataset got10k-val --max-frames 100 \\
        --results results/real
    python -m training.closed_loop results/real

The first frame is given to the tracker and left out; so are frames without a target, and sequences
whose truth is unknown. These are the figures of the model card, and no convention's score: tables
of scores are made by `hit-trackers report`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from toolkit_adapters.datasets.catalogue import add_root_option, split_roots


class Row(NamedTuple):
    """One track: frames that were scored, the tracker's mean IoU, and a still box's."""

    tracker: str
    dataset: str
    sequence: str
    frames: int
    tracked: float
    still: float


def rows(folder: Path, roots: Sequence[str]) -> list[Row]:
    """Score every record under `folder` whose truth is known; `roots` as `--root` has them."""
    import numpy as np

    from hit_trackers.geometry import is_box
    from toolkit_adapters.datasets import open_datasets
    from toolkit_adapters.records import open_results
    from toolkit_adapters.scoring.geometry import iou

    results = open_results(folder)
    places = split_roots(roots, results.datasets)
    found = []
    for tracker in results.trackers:
        if "@" in tracker:  # a control: the baseline once more
            continue
        for name in results.datasets:
            if not results.has_run(tracker, name):
                continue
            (dataset,) = open_datasets(name, places.get(name))
            for sequence_name in results.sequences(tracker, name):
                sequence = dataset.load(sequence_name)
                boxes = results.record(tracker, name, sequence_name).boxes
                truth = sequence.truth.first(len(boxes))
                if len(truth.boxes) < len(boxes) or len(boxes) < 2:
                    continue
                seen = is_box(truth.boxes)
                if truth.absent is not None:
                    seen &= ~truth.absent
                seen[0] = False
                still = np.broadcast_to(boxes[:1], boxes.shape)
                overlaps = [float(iou(b[seen], truth.boxes[seen]).mean()) for b in (boxes, still)]
                found.append(Row(tracker, name, sequence_name, int(seen.sum()), *overlaps))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m training.closed_loop",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("results", type=Path, help="a folder that `run` wrote")
    add_root_option(parser, "where a dataset is; otherwise as for `run`")
    args = parser.parse_args(argv)
    from tabulate import tabulate

    from hit_trackers.errors import HitTrackersError

    try:
        table = rows(args.results, args.root)
    except HitTrackersError as error:
        print(f"closed_loop: {error}", file=sys.stderr)
        return 1
    for tracker in sorted({row.tracker for row in table}):
        mine = [row for row in table if row.tracker == tracker]
        means = [sum(getattr(row, key) for row in mine) / len(mine) for key in ("tracked", "still")]
        lines = [row[1:] for row in mine]
        lines.append(("all", f"{len(mine)} sequences", sum(row.frames for row in mine), *means))
        headers = ("dataset", "sequence", "frames", tracker, "still box")
        print(tabulate(lines, headers, tablefmt="github", floatfmt=".3f"), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
