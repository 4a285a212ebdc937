"""What official trackers are run on: the demo, or the sequences of any dataset."""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.catalogue import DATASETS, split_roots
from toolkit_adapters.datasets.decoding import decode_ahead


class Footage(NamedTuple):
    """The beginning of a sequence.

    Attributes:
        name: dataset and sequence.
        frames: uint8 (H, W, 3) RGB, each.
        box: first box, (x, y, w, h) in pixels.
    """

    name: str
    frames: list[np.ndarray]
    box: list[float]


def add_arguments(parser: argparse.ArgumentParser, frames: int, sequences: int | None) -> None:
    """The options that `load` reads."""
    parser.add_argument("--frames", type=int, default=frames, help="of each sequence")
    parser.add_argument(
        "--sequences", type=int, default=sequences, help="only the first so many; 0: all"
    )
    parser.add_argument("--dataset", action="append", choices=DATASETS, help="repeat")
    parser.add_argument("--root", action="append", default=[], metavar="[DATASET=]DIR")


def load(args: argparse.Namespace) -> list[Footage]:
    """Decoded once, for all trackers."""
    names = args.dataset or ["demo-got10k"]
    roots = split_roots(args.root, names)
    found = [
        (dataset, sequence)
        for name in names
        for dataset in open_datasets(name, roots.get(name))
        for sequence in dataset
    ]
    return [
        Footage(
            f"{dataset.name}/{sequence.name}",
            [frame.image for frame in decode_ahead(sequence.frames[: args.frames], 0)],
            sequence.first_box.tolist(),
        )
        for dataset, sequence in found[: args.sequences or None]
    ]
