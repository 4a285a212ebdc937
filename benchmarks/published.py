"""Published trackers of `examples/published` on real sequences: how well they track.

    WEIGHTS=folder python -m benchmarks.published DATA [--results DIR] [--max-frames 101]
    WEIGHTS=folder python -m benchmarks.published DATA --variants

DATA holds the folders `got10k`, `trackingnet` and `lasot`, each in its benchmark's layout, and
`trackingnet_truth`. The figure is the mean, over sequences, of the mean overlap of all frames after
the first. `--variants` runs VitTrack with other executions instead, and says what each changes. Its
maps of 0.4 MB fit a cache, so that `exact` would leave them as they are; here it takes 64 queries
at a time all the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import toolkit_adapters as harness
from hit_trackers.families import declare_file
from hit_trackers.optimise import operators
from toolkit_adapters.commands import verify
from toolkit_adapters.records import Results
from toolkit_adapters.reporting.accuracy import open_accuracy
from toolkit_adapters.scoring.geometry import iou

TRACKERS = ("fear", "nanotrack", "vittrack")
VARIANTS = ("vittrack", "vittrack_exact", "vittrack_memeff", "vittrack_bf16")
EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "published"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--results", type=Path, default=Path("results/published"))
    parser.add_argument("--max-frames", type=int, default=101)
    parser.add_argument("--variants", action="store_true")
    args = parser.parse_args()
    if args.variants:
        operators.SMALL_BYTES = operators.WHOLE_BYTES = operators.TILE_BYTES = 0
        operators.TILE_ROWS = 64
    declare_file(EXAMPLES / "trackers.toml")
    roots = {"got10k-val": "got10k", "trackingnet": "trackingnet", "lasot": "lasot"}
    paths = {name: args.data / folder for name, folder in roots.items()}
    truth = args.data / "trackingnet_truth"
    summary = harness.run(
        VARIANTS if args.variants else TRACKERS,
        list(paths),
        args.results,
        roots=paths,
        truth=truth,
        max_frames=args.max_frames,
        threads=1,
        memory=False,
        # VitTrack's own variants are its controls.
        controls=2 if args.variants else 0,
    )
    for failure in summary.failures:
        print(failure)
    if args.variants:
        verification = harness.verify(summary.results, paths, truth)
        return verify.show(verification)
    for name, overlaps in mean_overlaps(summary.results, paths, truth).items():
        print(f"{name:10} mean IoU {np.mean(overlaps):.3f} over {len(overlaps)} sequences")
    return 0 if summary.complete else 1


def mean_overlaps(results: Results, roots: dict[str, Path], truth: Path) -> dict[str, list[float]]:
    """Mean overlap of every sequence, by tracker."""
    accuracy = open_accuracy(results, roots, {}, truth)
    found: dict[str, list[float]] = {}
    for tracker in results.trackers:
        for dataset in results.datasets:
            for name in results.sequences(tracker, dataset):
                boxes = results.record(tracker, dataset, name).boxes
                known = accuracy.datasets[dataset].truths[name].boxes[: len(boxes)]
                overlap = iou(boxes, known, undefined=0.0)
                found.setdefault(tracker, []).append(float(overlap[1:].mean()))
    return found


if __name__ == "__main__":
    raise SystemExit(main())
