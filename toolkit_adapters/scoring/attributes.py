"""Scores by what is difficult: over the sequences, or over the frames, that have an attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hit_trackers.errors import HitTrackersError
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.scoring.geometry import Bools
from toolkit_adapters.scoring.scores import Score, combine


@dataclass(frozen=True)
class Attributes:
    """Who has which attribute, of the sequences that were asked for.

    sequences: the sequences that have an attribute as a whole, by attribute.
    frames: by attribute and sequence, bool (N,): an attribute of single frames.
    """

    sequences: Mapping[str, tuple[str, ...]]
    frames: Mapping[str, Mapping[str, Bools]]

    def __bool__(self) -> bool:
        return bool(self.sequences or self.frames)


@dataclass(frozen=True)
class Group:
    """The mean score over all that has an attribute.

    sequences: how many have it, as a whole or in some frame.
    frames: how many frames were counted, for an attribute of single frames; None for the others.
    """

    score: Score
    sequences: int
    frames: int | None = None

    @property
    def size(self) -> str:
        """How much has it, in words: `12`, or `340 frames of 5`."""
        if self.frames is None:
            return str(self.sequences)
        return f"{self.frames:,} frames of {self.sequences}"


#: What was scored, by tracker and attribute.
Groups = Mapping[str, Mapping[str, Group]]


def attributes_of(dataset: Dataset, names: Iterable[str], *, strict: bool = True) -> Attributes:
    """The attributes of some sequences of a dataset, by name.

    Args:
        dataset: whose.
        names: the sequences.
        strict: raise what is wrong with a file; otherwise its sequence has no attribute.

    Raises:
        DatasetError: a file that says an attribute is malformed.
    """
    sequences: dict[str, list[str]] = {}
    frames: dict[str, dict[str, Bools]] = {}
    for sequence in names:
        try:
            whole, parts = dataset.attributes(sequence), dataset.frame_attributes(sequence)
        except HitTrackersError:
            if strict:
                raise
            continue
        for attribute in whole:
            sequences.setdefault(attribute, []).append(sequence)
        for attribute, mask in parts.items():
            frames.setdefault(attribute, {})[sequence] = mask
    return Attributes(
        {name: tuple(sequences[name]) for name in sorted(sequences)},
        {name: frames[name] for name in sorted(frames)},
    )


def by_attribute(
    attributes: Attributes,
    scores: Mapping[str, Score],
    part: Callable[[str, Bools], Score],
) -> dict[str, Group]:
    """The mean score for each attribute that anything scored has.

    Args:
        attributes: who has which.
        scores: of whole sequences.
        part: the score of a sequence over the frames that are true, as VOT's toolkit scores a tag
            (`filter_tag` in vot/analysis/accuracy.py).
    """
    found = {}
    for attribute, names in attributes.sequences.items():
        chosen = [scores[name] for name in names if name in scores]
        if chosen:
            found[attribute] = Group(combine(chosen), len(chosen))
    for attribute, masks in attributes.frames.items():
        parts = [part(name, mask) for name, mask in masks.items() if name in scores]
        parts = [score for score in parts if score.frames]  # none counts where none is scored
        if parts:
            overall = combine(parts)
            found[attribute] = Group(overall, len(parts), overall.frames)
    return found
