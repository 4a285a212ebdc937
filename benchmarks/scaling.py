"""How long does a benchmark take on 1 to 1,000 GPUs?

    python -m benchmarks.scaling [--frame-ms 7.82] [--start-s 20] [--annotations ZIP] [--seed 0]

Simulates the scheduling of `run --workers` and `run --on ray`: sequences longest first, each to
the worker that is free first, one worker a GPU. A sequence costs its frames times `--frame-ms`; a
worker needs `--start-s` seconds before its first. The defaults are the network latency that the
paper prints for HiT-Base on an L40S, and a guess: nothing here was timed. Put the frame column of
your own report in their place.

Lengths of LaSOT's 280 test sequences are read from a zip of its annotations where there is one;
otherwise, and for TrackingNet and GOT-10k, they are drawn at random with the totals and bounds that
the datasets' papers and toolkits state. The draw is printed as such.
"""

from __future__ import annotations

import argparse
import heapq
import random
import zipfile
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared" / "published" / "lasot"
#: Sequences, frames in all, shortest, longest.
LASOT = (280, 685_360, 1000, 9999)  # its test annotations
TRACKINGNET = (511, 225_589, 96, 2368)  # Müller et al. 2018: 226 k frames; bounds are assumed
GOT10K = (180, 22_834, 51, 920)  # Huang et al. 2021: 23 k frames; bounds are assumed
WORKERS = (1, 2, 4, 8, 16, 32, 64, 100, 128, 256, 512, 1000)


def lengths_of_lasot(path: Path) -> list[int]:
    """Frames of each sequence in a zip of `groundtruth/<sequence>.txt`."""
    with zipfile.ZipFile(path) as archive:
        names = [n for n in archive.namelist() if n.startswith("groundtruth/") and n[-4:] == ".txt"]
        return [sum(bool(line.strip()) for line in archive.read(n).splitlines()) for n in names]


def drawn(count: int, total: int, least: int, most: int, rng: random.Random) -> list[int]:
    """`count` log-normal lengths within bounds, scaled to add up to `total`."""
    raw = [rng.lognormvariate(0, 0.6) for _ in range(count)]
    low, high = 0.0, float(most)
    for _ in range(60):  # bisect the factor: clipping makes the sum no longer proportional
        factor = (low + high) / 2 * total / count / 100
        clipped = [min(most, max(least, round(value * factor))) for value in raw]
        low, high = ((low + high) / 2, high) if sum(clipped) < total else (low, (low + high) / 2)
    return clipped


def makespan(costs: list[float], workers: int, start: float) -> float:
    """Seconds until the last of `costs`, taken in this order by whoever is free, is done."""
    free = [start] * min(workers, len(costs))
    for cost in costs:
        heapq.heappush(free, heapq.heappop(free) + cost)
    return max(free)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frame-ms", type=float, default=7.82, help="cost of a frame, all in")
    parser.add_argument("--start-s", type=float, default=20.0, help="until a worker is ready")
    parser.add_argument("--annotations", type=Path, default=SHARED / "annotations.zip")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    real = args.annotations.is_file()
    lasot = lengths_of_lasot(args.annotations) if real else drawn(*LASOT, rng)
    frames = [*lasot, *drawn(*TRACKINGNET, rng), *drawn(*GOT10K, rng)]
    print(
        f"LaSOT: {len(lasot)} lengths {'read from its annotations' if real else 'drawn'}; ", end=""
    )
    print(f"{len(frames)} sequences, {sum(frames)} frames in all, the longest {max(frames)}")
    costs = [count * args.frame_ms / 1000 for count in frames]
    longest, shuffled = sorted(costs, reverse=True), rng.sample(costs, len(costs))
    limit = args.start_s + max(costs)
    alone = makespan(longest, 1, args.start_s)
    print(f"{args.frame_ms:g} ms a frame, {args.start_s:g} s to start; ", end="")
    print(f"no number of GPUs takes less than {limit:.0f} s: the longest sequence\n")
    print("| GPUs | longest first, s | random order, s | speed-up | efficiency |")
    print("|---:|---:|---:|---:|---:|")
    for workers in WORKERS:
        best = makespan(longest, workers, args.start_s)
        other = makespan(shuffled, workers, args.start_s)
        print(
            f"| {workers} | {best:.0f} | {other:.0f} | {alone / best:.1f} "
            f"| {alone / best / workers:.0%} |"
        )
    needed = next(n for n in range(1, 1001) if makespan(longest, n, args.start_s) <= limit * 1.001)
    print(f"\nThe limit is reached with {needed} GPUs; more do not help.")


if __name__ == "__main__":
    main()
