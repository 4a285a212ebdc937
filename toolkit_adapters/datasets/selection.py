"""Some sequences of a dataset, chosen by name, each cut to its first frames."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets.base import Dataset, Sequence


class Selection:
    """What of a dataset is run.

    Args:
        dataset: where the sequences are.
        names: the sequences to take, in this order; None for all.
        max_frames: leave out all frames after these; None for none.
    """

    def __init__(
        self, dataset: Dataset, names: Iterable[str] | None = None, max_frames: int | None = None
    ) -> None:
        self.dataset = dataset
        self.names = tuple(dataset.sequence_names if names is None else names)
        self.max_frames = max_frames

    def load(self, name: str) -> Sequence:
        """Read one sequence, cut to `max_frames`; raises as `Dataset.load`."""
        return self.dataset.load(name).first(self.max_frames)


def select(
    datasets: Iterable[Dataset],
    names: Collection[str] | None = None,
    max_frames: int | None = None,
    *,
    least_frames: int = 1,
) -> list[Selection]:
    """Choose sequences by name, whichever of the datasets has them.

    Args:
        datasets: where to look.
        names: names of sequences; None or none at all for every sequence.
        max_frames: first frames of each to keep; None for all.
        least_frames: the smallest `max_frames` that makes sense: toolkits need two.

    Returns:
        a selection for each dataset, its names in the dataset's order. It is empty where the
        dataset has none of them.

    Raises:
        DatasetError: a name that no dataset has, or `max_frames` below `least_frames`.
    """
    if max_frames is not None and max_frames < least_frames:
        raise DatasetError(f"--max-frames {max_frames}: expected at least {least_frames}")
    places = list(datasets)
    known = [name for dataset in places for name in dataset.sequence_names]
    unknown = sorted(set(names or ()) - set(known))
    if unknown:
        raise DatasetError(
            f"{' and '.join(dataset.name for dataset in places)}: no sequence "
            f"{', '.join(unknown)}; there are {len(known)}, such as {', '.join(known[:5])}"
        )
    return [
        Selection(
            dataset, [n for n in dataset.sequence_names if not names or n in names], max_frames
        )
        for dataset in places
    ]
