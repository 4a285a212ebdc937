"""What a submission has to hold: which sequences, how many frames each, which first box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import SubmissionError
from toolkit_adapters.datasets.base import Dataset

Kind = Literal["trackingnet", "got10k"]
#: The dataset that each server is about.
TEST_SETS: dict[Kind, str] = {"trackingnet": "trackingnet", "got10k": "got10k-test"}


@dataclass(frozen=True)
class Expected:
    """The sequences of one server's test set, or of a part of it.

    Attributes:
        kind: whose server.
        frames: sequence -> number of frames, None where only the name is known.
        first: sequence -> the given first box, float64 (4,), where it is known.
    """

    kind: Kind
    frames: Mapping[str, int | None]
    first: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether these are all the sequences that the server asks for."""
        return set(self.frames) >= set(official_names(self.kind))


def official_names(kind: Kind) -> tuple[str, ...]:
    """Names of the 511 (TrackingNet) or 180 (GOT-10k) test sequences.

    TrackingNet's are those of `csv_link/TEST_ANNO.csv` in its official development kit.
    """
    if kind == "got10k":
        return tuple(f"GOT-10k_Test_{number:06d}" for number in range(1, 181))
    text = resources.files(__package__).joinpath("trackingnet_test.txt").read_text("utf-8")
    return tuple(text.split())


def official(kind: Kind) -> Expected:
    """The server's own list; the numbers of frames are not known without the dataset."""
    return of_names(kind, official_names(kind))


def of_names(kind: Kind, names: Iterable[str]) -> Expected:
    """Expect these sequences, of any length.

    Raises:
        SubmissionError: there are none, or one twice.
    """
    listed = list(names)
    if not listed:
        raise SubmissionError("the list of sequences is empty; expected one name a line")
    doubled = sorted({name for name in listed if listed.count(name) > 1})
    if doubled:
        raise SubmissionError(f"the list of sequences has {', '.join(doubled)} more than once")
    return Expected(kind, dict.fromkeys(listed))


def of_dataset(kind: Kind, dataset: Dataset) -> Expected:
    """Expect every sequence of a dataset, a line a frame, beginning with the given box."""
    frames: dict[str, int | None] = {}
    first = {}
    for sequence in dataset:
        frames[sequence.name] = len(sequence.frames)
        first[sequence.name] = sequence.first_box
    return Expected(kind, frames, first)
