"""Benchmarks as a table: where the files of a sequence are, and whose rule that is.

What one reader (`listed`) needs to read all of them; LaSOT, TrackingNet and GOT-10k have theirs.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources


@dataclass(frozen=True)
class Rule:
    """One way in which a benchmark lies on disk; paths are below its root.

    Attributes:
        images: folder of a sequence's images; `{place}` and `{name}` are those of its entry.
        boxes: its file of boxes; `{boxes}` is the entry's own, or `usual`.
        usual: the file where the entry names none.
        reading: how a line is read: "boxes" (x, y, w, h and so on), or "nfs".
        frames: False where the entry's range is not that of this rule: all images count.
        attributes: file of zeros and ones, in the order of the benchmark's attributes; "": none.
        tags: folder of files `<tag>.tag` and `<tag>.label` with a zero or one a frame; "": none.
        authority: whose rule it is.
    """

    images: str
    boxes: str
    authority: str
    usual: str = "groundtruth.txt"
    reading: str = "boxes"
    frames: bool = True
    attributes: str = ""
    tags: str = ""


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    Attributes:
        title: as papers print it.
        root: the name its root is configured under.
        layout: in words, for messages.
        rules: the ways it may lie on disk; the first whose files are there holds.
        table: file of its entries; "" takes what is on disk.
        attributes: what its attributes are called, in the order of their files.
        attribute_table: file of the attributes of its sequences, where entries have none.
        prefix: what pytracking puts before a sequence's name in result files.
    """

    title: str
    root: str
    layout: str
    rules: tuple[Rule, ...]
    table: str = ""
    attributes: tuple[str, ...] = ()
    attribute_table: str = ""
    prefix: str = ""


@dataclass(frozen=True)
class Entry:
    """One sequence of a benchmark's table.

    Attributes:
        place: its folder; several sequences may share one.
        first, last: numbers of its images; None: all that are there.
        boxes: name of its file of boxes; "" for the usual one.
        skip: frames, and rows of boxes, left out in front.
        attributes: names.
    """

    name: str
    place: str
    first: int | None = None
    last: int | None = None
    boxes: str = ""
    skip: int = 0
    attributes: tuple[str, ...] = field(default=())


_UAV_ATTRIBUTES = (
    *("SV", "ARC", "LR", "FM", "FOC", "POC"),
    *("OV", "BC", "IV", "VC", "CM", "SOB"),
)
_UAV = "configSeqs.m of the UAV123 toolkit, as got10k's datasets/uav123.py has it"
_NFS = "got10k's datasets/nfs.py"

BENCHMARKS: Mapping[str, Benchmark] = {
    "otb": Benchmark(
        "OTB-100",
        "otb",
        "<root>/Basketball/{groundtruth_rect.txt,img/0001.jpg}",
        (
            Rule(
                "{place}/img",
                "{place}/{boxes}",
                "OTB-100's list of sequences, as pytracking's evaluation/otbdataset.py has it",
                usual="groundtruth_rect.txt",
            ),
        ),
        "otb.txt",
        ("IV", "SV", "OCC", "DEF", "MB", "FM", "IPR", "OPR", "OV", "BC", "LR"),
    ),
    "uav123": Benchmark(
        "UAV123",
        "uav123",
        "<root>/{anno/UAV123/bike1.txt,data_seq/UAV123/bike1/000001.jpg}",
        (
            Rule(
                "data_seq/UAV123/{place}",
                "anno/UAV123/{name}.txt",
                _UAV,
                attributes="anno/UAV123/att/{name}.txt",
            ),
        ),
        "uav123.txt",
        _UAV_ATTRIBUTES,
        prefix="uav_",
    ),
    "uav20l": Benchmark(
        "UAV20L",
        "uav123",
        "<root>/{anno/UAV20L/bike1.txt,data_seq/UAV123/bike1/000001.jpg}",
        (
            Rule(
                "data_seq/UAV123/{place}",
                "anno/UAV20L/{name}.txt",
                _UAV,
                attributes="anno/UAV20L/att/{name}.txt",
            ),
        ),
        "uav20l.txt",
        _UAV_ATTRIBUTES,
    ),
    "nfs30": Benchmark(
        "NFS (30 FPS)",
        "nfs",
        "<root>/airboard_1/30/{airboard_1.txt,airboard_1/00001.jpg}",
        (
            Rule(
                "{place}/30/{place}",
                "{place}/30/{name}.txt",
                _NFS,
                reading="nfs",
                frames=False,
            ),
            Rule(
                "sequences/{place}",
                "anno/nfs_{name}.txt",
                "pytracking's evaluation/nfsdataset.py, with its own files of boxes",
            ),
        ),
        "nfs.txt",
        prefix="nfs_",
    ),
    "nfs240": Benchmark(
        "NFS (240 FPS)",
        "nfs",
        "<root>/airboard_1/240/{airboard_1.txt,airboard_1/00001.jpg}",
        (
            Rule(
                "{place}/240/{place}",
                "{place}/240/{name}.txt",
                _NFS,
                reading="nfs",
                frames=False,
            ),
        ),
        "nfs.txt",
        prefix="nfs_",
    ),
    "tnl2k": Benchmark(
        "TNL2K",
        "tnl2k",
        "<root>/<sequence>/{groundtruth.txt,imgs/00000001.png}",
        (
            Rule(
                "{place}/imgs",
                "{place}/{boxes}",
                "OSTrack's lib/test/evaluation/tnl2kdataset.py",
            ),
        ),
        # att_fig_name of Evaluate_TNL2K_dataset.m
        attributes=(
            *("CM", "ROT", "DEF", "FOC", "IV", "OV", "POC", "VC", "SV"),
            *("BC", "MB", "ARC", "LR", "FM", "AS", "TC", "MS"),
        ),
        attribute_table="tnl2k_attributes.txt",
    ),
    "vot": Benchmark(
        "VOT",
        "vot",
        "<root>/{list.txt,<sequence>/{groundtruth.txt,color/00000001.jpg}}",
        (
            Rule(
                "{place}/color",
                "{place}/{boxes}",
                "the VOT toolkit's sequences (since 2018, images in color/)",
                tags="{place}",
            ),
            Rule(
                "{place}",
                "{place}/{boxes}",
                "got10k's datasets/vot.py (until 2017, images beside the boxes)",
                tags="{place}",
            ),
        ),
        "list.txt",
    ),
}


@functools.cache
def entries(benchmark: str) -> tuple[Entry, ...]:
    """The entries of a benchmark's table; none where it takes what is on disk."""
    table = BENCHMARKS[benchmark].table
    if not table or benchmark == "vot":  # VOT's list is on disk: each year has its own
        return ()
    return tuple(_entry(line.split()) for line in _lines(table))


def _entry(words: list[str]) -> Entry:
    name, place, first, last, boxes, skip, attributes = words
    return Entry(
        name,
        place,
        int(first),
        int(last),
        "" if boxes == "-" else boxes,
        int(skip),
        () if attributes == "-" else tuple(attributes.split(",")),
    )


def lasot_attributes() -> Mapping[str, tuple[str, ...]]:
    """The attributes of the sequences of LaSOT's test set."""
    return attribute_table("lasot_attributes.txt")


@functools.cache
def attribute_table(table: str) -> Mapping[str, tuple[str, ...]]:
    """The attributes of sequences, by name, from one of the tables."""
    pairs = (line.split() for line in _lines(table))
    return {name: () if names == "-" else tuple(names.split(",")) for name, names in pairs}


def lasot_extension() -> tuple[str, ...]:
    """The 150 sequences of LaSOT's extension (Fan et al., IJCV 2021)."""
    return tuple(_lines("lasot_ext.txt"))


def _lines(table: str) -> list[str]:
    text = (resources.files(f"{__package__}.tables") / table).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
