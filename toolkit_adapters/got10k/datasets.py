"""Our datasets with the interface of the got10k toolkit's."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit_adapters.datasets.base import Sequence
from toolkit_adapters.datasets.decoding import decode
from toolkit_adapters.datasets.selection import Selection


class SequenceView(Selection):
    """A selection as the toolkit's experiments read a dataset.

    Indexing, by number or name, gives image files and boxes (N, 4), and with `return_meta` a dict
    of cover labels and resolution. The toolkit's own readers cannot be used: its LaSOT class raises
    TypeError, its TrackingNet class wants the truth of the test set, and its GOT-10k class accepts
    one spelling of `meta_info.ini` only.
    """

    return_meta = False  # the toolkit sets it

    @property
    def seq_names(self) -> list[str]:
        """The toolkit's word for `names`."""
        return list(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int | str) -> tuple[Any, ...]:
        sequence = self.load(index if isinstance(index, str) else self.names[index])
        files = [str(path.resolve()) for path in sequence.files]
        # Frames without a public truth are NaN: the toolkit asserts one row per frame.
        truth = np.full((len(files), 4), np.nan)
        truth[: len(sequence.truth.boxes)] = sequence.truth.boxes
        if not self.return_meta:
            return files, truth
        return files, truth, read_meta(sequence)


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
