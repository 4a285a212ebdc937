"""The one reader of the benchmarks in the table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import DatasetError
from toolkit_adapters.datasets.annotations import decode_text, parse_flags, read_text
from toolkit_adapters.datasets.base import Dataset, Sequence, natural, require_names
from toolkit_adapters.datasets.benchmarks import (
    BENCHMARKS,
    Entry,
    Rule,
    attribute_table,
    entries,
)
from toolkit_adapters.datasets.boxfiles import read_boxes
from toolkit_adapters.datasets.frames import is_image
from toolkit_adapters.datasets.tags import read_tags
from toolkit_adapters.datasets.truth import Truth

_T = TypeVar("_T", bound=np.generic)
#: What NFS's own files say of a frame beside the corners, in their order.
NFS_FLAGS = ("lost", "occluded")
#: Annotated frames for each image where NFS at 30 has the boxes of 240.
_NFS_STEP = 8


class Listed(Dataset):
    """A benchmark of the table `benchmarks.BENCHMARKS`.

    Every rule that is broken is named with its file and with whose rule it is. A subset of the
    sequences is allowed.
    """

    def __init__(self, root: Path, name: str) -> None:
        super().__init__(name, root)
        self.benchmark = BENCHMARKS[name]

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        """All sequences that the benchmark has, or that are on disk where it has no table."""
        table = entries(self.name)
        return {entry.name: entry for entry in table or (Entry(n, n) for n in self._on_disk())}

    def _on_disk(self) -> list[str]:
        listing = self.root / "list.txt"
        if self.name == "vot" and listing.is_file():
            return require_names(listing, decode_text(*read_text(listing), strict=True).split())
        found = {
            path.relative_to(self.root).parts[0]
            for rule in self.benchmark.rules
            for path in self.root.glob(f"*/{rule.usual}")
        }
        return sorted(found, key=natural)

    def rule(self, entry: Entry) -> Rule:
        """The rule that a sequence follows here: that whose boxes, and images, are there."""
        rules = self.benchmark.rules

        def files(rule: Rule) -> tuple[bool, bool]:
            return self.boxes_file(entry, rule).is_file(), self._images(entry, rule).is_dir()

        return max(rules, key=files)  # the first of those that have as much

    def boxes_file(self, entry: Entry, rule: Rule) -> Path:
        """Where its boxes are, or would be."""
        return self.root / rule.boxes.format(
            name=entry.name, place=entry.place, boxes=entry.boxes or rule.usual
        )

    def _images(self, entry: Entry, rule: Rule) -> Path:
        return self.root / rule.images.format(name=entry.name, place=entry.place)

    def _names(self) -> tuple[str, ...]:
        # A folder of images alone is of one sequence, unless several share it.
        owners = Counter(entry.place for entry in self.entries.values())
        here = []
        for name, entry in self.entries.items():
            rule = self.rule(entry)
            alone = owners[entry.place] == 1 and self._images(entry, rule).is_dir()
            if alone or self.boxes_file(entry, rule).is_file():
                here.append(name)
        return tuple(here)

    def _expectation(self) -> str:
        return f"expected {self.benchmark.layout.replace('<root>', str(self.root))}"

    def missing_names(self) -> tuple[str, ...]:
        """Names of the table that are not on disk."""
        return tuple(name for name in self.entries if name not in self.sequence_names)

    def _place(self, name: str) -> tuple[Path, Path]:
        entry = self.entries[name]
        rule = self.rule(entry)
        return self.boxes_file(entry, rule), self._images(entry, rule)

    def load(self, name: str) -> Sequence:
        """Read one sequence.

        Raises:
            DatasetError: images or boxes are missing, or too many, or begin elsewhere; the file,
                the rule and its authority are named.
        """
        self._require(name)
        entry = self.entries[name]
        rule = self.rule(entry)
        frames = self._frames(entry, rule)
        if rule.reading == "nfs" and len(self._nfs_boxes(entry, rule, len(frames))) + 1 == len(
            frames
        ):
            frames = frames[:-1]  # one too many on either side is left out, as got10k does
        boxes = self._boxes(entry, rule, len(frames))
        return Sequence(name, self.name, frames[entry.skip :], Truth(boxes[entry.skip :]))

    def truth(self, name: str) -> Truth:
        """The boxes alone, for scoring where no images are."""
        entry = self.entries[name]
        rule = self.rule(entry)
        count = None
        if entry.first is not None and entry.last is not None:
            count = entry.last - entry.first + 1
        if not rule.frames:
            images = self._images(entry, rule).is_dir()
            boxes = self._nfs_boxes(
                entry, rule, len(self._frames(entry, rule)) if images else count
            )
            return Truth(boxes)
        return Truth(self._boxes(entry, rule, count)[entry.skip :])

    def attributes(self, name: str) -> tuple[str, ...]:
        """As `Dataset.attributes`; a file of flags has one for each attribute."""
        entry = self.entries.get(name) or Entry(name, name)
        rule = self.rule(entry)
        path = self.root / rule.attributes.format(name=entry.name, place=entry.place)
        if not rule.attributes or not path.is_file():
            table = self.benchmark.attribute_table
            return attribute_table(table).get(name, ()) if table else entry.attributes
        flags = parse_flags(path.read_bytes(), str(path))
        names = self.benchmark.attributes
        if len(flags) != len(names):
            raise DatasetError(f"{path}: {len(flags)} flags, expected {len(names)}: {names}")
        return tuple(title for title, flag in zip(names, flags, strict=True) if flag)

    def frame_attributes(self, name: str) -> Mapping[str, NDArray[np.bool_]]:
        """As `Dataset.frame_attributes`: VOT's tags; what NFS's files say beside the corners."""
        entry = self.entries.get(name)
        if entry is None or not self.boxes_file(entry, self.rule(entry)).is_file():
            return {}
        rule = self.rule(entry)
        count = len(self.truth(name).boxes)
        if rule.reading == "nfs":
            flags = self._thinned(_nfs_rows(self.boxes_file(entry, rule))[1], count)[:count]
            found = dict(zip(NFS_FLAGS, flags.T, strict=True))
        elif rule.tags:
            found = read_tags(self.root / rule.tags.format(place=entry.place), count)
        else:
            found = {}
        return {tag: frames for tag, frames in found.items() if frames.any()}

    def aliases(self, name: str) -> tuple[str, ...]:
        """How result files may call a sequence, its own name first."""
        spellings = [name]
        if re.search(r"-\d$", name) and self.name == "otb":
            spellings += [f"{name[:-2]}{mark}{name[-1]}" for mark in "_."]
        spellings += [one.lower() for one in spellings] if self.name == "otb" else []
        return (*spellings, *(f"{self.benchmark.prefix}{one}" for one in spellings))

    def _frames(self, entry: Entry, rule: Rule) -> tuple[Path, ...]:
        folder = self._images(entry, rule)
        try:
            names = sorted((p.name for p in folder.iterdir() if is_image(p.name)), key=natural)
        except OSError as error:
            raise DatasetError(f"{folder}: the images cannot be read ({error})") from error
        if not names:
            raise DatasetError(f"{folder}: no images; {self._expectation()}")
        if not rule.frames or entry.first is None or entry.last is None:
            return tuple(folder / name for name in names)
        numbered = {int(name.split(".")[0]): name for name in names if name.split(".")[0].isdigit()}
        wanted = range(entry.first, entry.last + 1)
        missing = [number for number in wanted if number not in numbered]
        if missing:
            raise DatasetError(
                f"{folder}: image {missing[0]} is missing"
                + (f", and {len(missing) - 1} more" if len(missing) > 1 else "")
                + f"; there are {len(names)}, from {names[0]} to {names[-1]}, and {entry.name} is "
                f"images {entry.first} to {entry.last} ({rule.authority}). Download the sequence "
                "again, or remove it from the root to leave it out"
            )
        return tuple(folder / numbered[number] for number in wanted)

    def _boxes(self, entry: Entry, rule: Rule, frames: int | None) -> NDArray[np.float64]:
        path = self.boxes_file(entry, rule)
        nfs = rule.reading == "nfs"
        boxes = self._nfs_boxes(entry, rule, frames) if nfs else read_boxes(path).boxes
        if frames is not None and len(boxes) != frames:
            where = f"images {entry.first} to {entry.last}" if rule.frames else "its images"
            raise DatasetError(
                f"{path}: {len(boxes)} boxes for {frames} frames ({where}; {rule.authority}); "
                "download the sequence again, or remove it from the root to leave it out"
            )
        return boxes

    def _nfs_boxes(self, entry: Entry, rule: Rule, frames: int | None) -> NDArray[np.float64]:
        """Every eighth box where there are eight a frame; one too many at the end is left out."""
        boxes, _ = _nfs_rows(self.boxes_file(entry, rule))
        if frames is None:
            return boxes
        boxes = self._thinned(boxes, frames)
        return boxes[:frames] if len(boxes) == frames + 1 else boxes

    def _thinned(self, rows: NDArray[_T], frames: int) -> NDArray[_T]:
        if self.name != "nfs240" and abs(len(rows) / frames - _NFS_STEP) < 1:
            return rows[::_NFS_STEP]
        return rows


def _nfs_rows(path: Path) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """NFS's own files, as the annotation tool VATIC writes them: boxes (N, 4), flags (N, 2).

    A line is a number, x1, y1, x2, y2, the frame, then 1 where the target is lost (outside of the
    image), occluded, or the box interpolated (README of github.com/cvondrick/vatic; trackit reads
    NFS so). A line that ends before its flags has none.
    """
    rows, flags = [], []
    lines = decode_text(*read_text(path), strict=True).splitlines()
    for number, line in enumerate(lines, start=1):
        words = line.split()
        try:
            x1, y1, x2, y2 = map(float, words[1:5])
        except ValueError:
            raise DatasetError(
                f"{path}:{number}: expected a number and the corners x1 y1 x2 y2 behind it "
                f"(got10k's datasets/nfs.py), got {line[:80]!r}"
            ) from None
        rows.append((x1, y1, x2 - x1, y2 - y1))
        flags.append(tuple(words[place : place + 1] == ["1"] for place in (6, 7)))
    if not rows or min(rows[0][2:]) <= 0:
        raise DatasetError(f"{path}:1: expected a box of some size, which starts the tracker")
    return np.array(rows, np.float64), np.array(flags, bool)
