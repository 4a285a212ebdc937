"""How near are decisions to being taken otherwise, and how far does another execution move them?

    python -m benchmarks.decisions ostrack_256 memeff --sequences 12 --frames 25

The baseline follows the demo; the variant is fed the baseline's input on every frame (open loop).
For each decision: how often the two differ, the margins of the baseline, and by how much the
variant moves a margin. A decision flips where it is moved by more than its margin; where margins m
near 0 have density d and are moved by e on average, one in 1 / (d * e / 2) flips.
"""

from __future__ import annotations

import argparse
import itertools
import sys

import numpy as np
import torch
from tqdm import tqdm

from hit_trackers import load_tracker
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.decoding import decode_ahead

#: Share of the smallest margins by which their density near 0 is told.
NEAR = 0.2


def main() -> int:
    """Print a line a decision."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("baseline", help="such as ostrack_256")
    parser.add_argument("token", help="such as memeff")
    parser.add_argument("--checkpoint", default="seeded", help="default: random, seeded weights")
    parser.add_argument("--sequences", type=int, default=12)
    parser.add_argument("--frames", type=int, default=25, help="of each sequence")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    baseline, variant = (
        load_tracker(name, args.checkpoint)
        for name in (args.baseline, f"{args.baseline}_{args.token}")
    )
    found: dict[str, list[tuple[bool, float, float]]] = {}
    all_sequences = itertools.chain.from_iterable(zip(*open_datasets("demo"), strict=False))
    for sequence in tqdm(list(itertools.islice(all_sequences, args.sequences)), disable=None):
        for number, frame in enumerate(decode_ahead(sequence.frames[: args.frames + 1])):
            if number == 0:
                baseline.init(frame.image, sequence.first_box)
                variant.init(frame.image, sequence.first_box)
                continue
            baseline.update(frame.image)
            taken = dict(baseline.decisions)
            variant.run_network(baseline.network_input)
            for name, decision in taken.items():
                other = variant.decisions[name]
                row = (other.taken != decision.taken, decision.margin, other.margin)
                found.setdefault(name, []).append(row)
    print(f"{args.baseline}_{args.token}, weights {baseline.variant.weights_sha256[:19]}...")
    heads = ("taken", "flips", "smallest", "median", "moved by")
    print(f"{'decision':>12} {' '.join(f'{head:>9}' for head in heads)}  one in")
    for name, rows in found.items():
        flips, margins, others = (np.array(column) for column in zip(*rows, strict=True))
        moved = np.abs(margins - others)[~flips].mean()
        near = np.sort(margins)[: max(1, int(NEAR * len(margins)))]
        rate = len(near) / len(margins) / near[-1] * moved / 2
        print(
            f"{name:>12} {len(rows):>9} {flips.sum():>9} {margins.min():>9.2g} "
            f"{np.median(margins):>9.2g} {moved:>9.2g}  {1 / rate if rate else np.inf:.3g}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
