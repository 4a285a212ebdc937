"""Our datasets with the interface of the got10k toolkit's."""

from __future__ import annotations

from typing import Any

import numpy as np

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets.base import Dataset, Sequence
from toolkit_adapters.datasets.decoding import decode


class SequenceView:
    """A dataset, or some sequences of it, as the toolkit's experiments read one.

    Indexing gives image files and boxes (N, 4), and with `return_meta` a dict of cover labels and
    resolution. The toolkit's own readers cannot be used: its LaSOT class raises TypeError, its
    TrackingNet class wants the truth of the test set, and its GOT-10k class accepts one spelling
    of `meta_info.ini` only.

    Args:
        dataset: where the sequences are.
        names: the sequences to take, in this order; None for all.
        max_frames: leave out all frames after these; None for none.
    """

    def __init__(
        self, dataset: Dataset, names: list[str] | None = None, max_frames: int | None = None
    ) -> None:
        self.dataset = dataset
        self.seq_names = list(dataset.sequence_names if names is None else names)
        self.max_frames = max_frames
        self.return_meta = False

    def __len__(self) -> int:
        return len(self.seq_names)

    def load(self, index: int | str) -> Sequence:
        """A sequence, cut to `max_frames`."""
        sequence = self.dataset.load(index if isinstance(index, str) else self.seq_names[index])
        return sequence.first(self.max_frames)

    def __getitem__(self, index: int | str) -> tuple[Any, ...]:
        if not isinstance(index, str) and index >= len(self):
            raise IndexError(index)
        sequence = self.load(index)
        files = [str(path.resolve()) for path in sequence.frames]
        # Frames without a public truth are NaN: the toolkit asserts a row a frame.
        truth = np.full((len(files), 4), np.nan)
        truth[: len(sequence.truth.boxes)] = sequence.truth.boxes
        if not self.return_meta:
            return files, truth
        return files, truth, read_meta(sequence)


def make_views(
    datasets: list[Dataset], names: list[str] | None, max_frames: int | None
) -> list[SequenceView]:
    """Views of the datasets that have any of these sequences; of all, for None.

    Raises:
        DatasetError: a name that no dataset has, or fewer than two frames.
    """
    if max_frames is not None and max_frames < 2:
        raise DatasetError(f"--max-frames {max_frames}: expected at least 2")
    known = [name for dataset in datasets for name in dataset.sequence_names]
    unknown = sorted(set(names or ()) - set(known))
    if unknown:
        places = " and ".join(dataset.name for dataset in datasets)
        raise DatasetError(
            f"{places}: no sequence {', '.join(unknown)}; there are {len(known)}, such as "
            f"{', '.join(known[:5])}"
        )
    views = []
    for dataset in datasets:
        chosen = [n for n in dataset.sequence_names if names is None or n in names]
        if chosen:
            views.append(SequenceView(dataset, chosen, max_frames))
    return views


def read_meta(sequence: Sequence) -> dict[str, Any]:
    """Cover labels (N,) and the resolution, `(width, height)` as text, of a GOT-10k sequence.

    Without labels every frame counts as visible; without `meta_info.ini` the first image is asked.
    """
    cover = sequence.truth.cover
    if cover is None:
        cover = np.full(len(sequence.frames), 8)
    return {"cover": cover, "resolution": str(resolution(sequence))}


def resolution(sequence: Sequence) -> tuple[int, int]:
    """Width and height of the images in pixels, as the dataset has them, else of the first."""
    if sequence.truth.size is not None:
        return sequence.truth.size
    height, width = decode(sequence.frames[0]).image.shape[:2]
    return width, height
