"""What each variant asks of a GPU, counted without one: operators a frame, and memory at its peak.

    python -m benchmarks.cuda_path [--family hit ...] [--tracker transt ...]

Memory is that of the tensors alive at once, beside weights and images. `memeff` replaces attention
and nothing else; a graph also overwrites activations that nothing reads again, as `exact` does.
"""

from __future__ import annotations

import argparse

from tabulate import tabulate

from hit_trackers.families import family_of, parse
from toolkit_adapters.bench.cuda_path import follow

VARIANTS = ("", "_memeff", "_memeff_graph", "_exact", "_exact_graph")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", action="append", help="all of its baselines (default: hit)")
    parser.add_argument("--tracker", action="append", help="a baseline; repeat it for more")
    args = parser.parse_args()
    baselines = list(args.tracker or ())
    for family in args.family or ([] if baselines else ["hit"]):
        baselines += dict.fromkeys(v.baseline for v in family_of(family).variants())
    rows = []
    for name in baselines:
        baseline = follow(parse(name))
        for variant in VARIANTS:
            path = follow(parse(f"{name}{variant}"))
            change = path.peak.bytes - baseline.peak.bytes
            rows.append(
                [
                    f"{name}{variant}",
                    path.operators,
                    f"{path.peak.bytes / 1e6:.2f}",
                    f"{change / baseline.peak.bytes:+.1%}" if variant else "",
                    f"{change / (baseline.peak.bytes + baseline.weights):+.1%}" if variant else "",
                    path.peak.operator,
                ]
            )
    headers = ["tracker", "operators", "peak MB", "change", "with weights", "peak held at"]
    print(tabulate(rows, headers, tablefmt="github", disable_numparse=True))
    print("\nThe paper reports -28.4% of HiT-Base's peak memory, and not whether with the weights.")


if __name__ == "__main__":
    main()
