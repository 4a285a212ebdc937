"""Does decoding ahead, in threads, disturb the tracker that is being timed?

Runs the same sequences with frames decoded between the timed regions and ahead of them, in
alternation, and prints the ratio of the update times.

    python -m benchmarks.decode_ahead [--tracker hit_nano] [--threads 1] [--rounds 6]
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.records.provenance import Options
from toolkit_adapters.running.passes import run_sequence
from toolkit_adapters.running.worker import Worker


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracker", default="hit_nano")
    parser.add_argument("--checkpoint")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=6)
    args = parser.parse_args()
    worker = Worker(
        Options(device=args.device, threads=args.threads),
        {"": args.checkpoint} if args.checkpoint else {},
    )
    entrant = worker.load(args.tracker)
    sequence = next(iter(open_datasets("demo-lasot")[0]))
    times: dict[int, list[np.ndarray]] = {0: [], 4: []}
    walls = {0: 0.0, 4: 0.0}
    for _ in range(args.rounds):
        for ahead in times:
            start = time.perf_counter()
            outcome = run_sequence(
                [entrant], sequence, open_loop=0, ahead=ahead, max_frames=args.frames
            )
            walls[ahead] += time.perf_counter() - start
            record = outcome.records[entrant.name]
            times[ahead].append(record.update[record.timed])
    between, ahead_of = (np.concatenate(times[ahead]) for ahead in (0, 4))
    for name, statistic in (
        ("mean", np.mean),
        ("p50", np.median),
        ("p99", lambda t: np.percentile(t, 99)),
    ):
        a, b = statistic(between) * 1e3, statistic(ahead_of) * 1e3
        print(f"update {name}: between {a:.2f} ms, ahead {b:.2f} ms, ratio {b / a:.3f}")
    print(f"wall clock of the whole pass: ratio {walls[4] / walls[0]:.3f}")


if __name__ == "__main__":
    main()
