"""Truth of LaSOT, TrackingNet and GOT-10k: from a dataset's root, a folder or a zip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from hit_trackers.errors import DatasetError, ResultFileError
from toolkit_adapters.datasets.annotations import Text, parse_flags, read_truth
from toolkit_adapters.datasets.base import natural
from toolkit_adapters.datasets.benchmarks import BENCHMARKS
from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.scoring.rawresults.files import Files

#: In the order of the toolkit's attribute files.
LASOT_ATTRIBUTES = (
    *("IV", "POC", "DEF", "MB", "CM", "ROT", "BC"),
    *("VC", "SV", "FOC", "FM", "OV", "LR", "ARC"),
)
#: Text files of datasets and toolkits that hold no boxes.
_NO_BOXES = {
    *("full_occlusion", "out_of_view", "nlp", "list", "absence", "cover", "cut_by_image"),
    *("testing_set", "training_set", "readme", "license"),
}


class Annotations:
    """The truth of a dataset, by sequence, read when it is asked for.

    Two layouts are read: `<...>/<sequence>/groundtruth.txt` with label files beside it (roots of
    LaSOT and GOT-10k), and `<...>/<sequence>.txt` (TrackingNet; LaSOT's evaluation toolkit, with
    `absent/<sequence>.txt`).
    """

    def __init__(self, files: Files, below: str = "") -> None:
        """`below`: only files under this folder of `files`, where there are any."""
        self.files = files
        inside = [n for n in files.names if below and f"/{below}/" in f"/{n}"]
        self._truth: dict[str, str] = {}
        self._absent: dict[str, str] = {}
        for name in inside or files.names:
            path = PurePosixPath(name)
            if path.suffix.lower() != ".txt" or path.parent.name == "att":
                continue
            if path.name == "groundtruth.txt" and len(path.parts) > 1:
                self._add(self._truth, path.parent.name, name)
            elif path.parent.name == "absent":
                self._add(self._absent, path.stem, name)
            elif path.stem.lower() not in _NO_BOXES and path.name != "groundtruth.txt":
                self._add(self._truth, path.stem, name)
        if not self._truth:
            raise DatasetError(
                f"{files.path}: no annotations found; expected <sequence>/groundtruth.txt or "
                "<sequence>.txt"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Sequences with a truth, sorted by name and number (`airplane-9` before `airplane-13`)."""
        return tuple(sorted(self._truth, key=natural))

    def __iter__(self) -> Iterator[tuple[str, Truth]]:
        for name in self.names:
            yield name, self.load(name)

    def load(self, sequence: str) -> Truth:
        """Everything known of one sequence.

        Raises:
            ResultFileError, DatasetError: naming the file, where it cannot be read, holds only a
                first frame, or its label files have another number of entries.
        """
        name = self._truth[sequence]
        folder = PurePosixPath(name).parent

        def beside(*names: str) -> list[Text]:
            paths = [str(folder / each) for each in names]
            return [self._text(path) for path in paths if path in self.files.names_set]

        if sequence in self._absent:
            absent = [self._text(self._absent[sequence])]
        else:
            absent = beside("full_occlusion.txt", "out_of_view.txt")
        cover, meta = (next(iter(beside(each)), None) for each in ("cover.label", "meta_info.ini"))
        truth = read_truth(self._text(name), absent, cover, meta)
        if len(truth.boxes) < 2:
            raise DatasetError(
                f"{self.files.where(name)}: {len(truth.boxes)} row; scoring needs the truth of "
                "every frame, and that of the TrackingNet and GOT-10k test sets is known to their "
                "servers alone"
            )
        return truth

    def _text(self, name: str) -> Text:
        return Text(self.files.read(name), self.files.where(name))

    def _add(self, table: dict[str, str], sequence: str, name: str) -> None:
        if sequence in table:
            raise ResultFileError(
                f"{self.files.path}: two annotations of {sequence}: {table[sequence]} and {name}"
            )
        table[sequence] = name


def read_attributes(
    files: Files, names: tuple[str, ...], dataset: str = "lasot"
) -> Mapping[str, tuple[str, ...]]:
    """Sequences by attribute, from files of zeros and ones.

    They are called `<sequence>.txt`, or `<sequence>_attribute.txt` as TNL2K's toolkit has it. The
    attributes are called as the benchmark does, in its order; other counts get numbers for names.
    """
    known = BENCHMARKS[dataset].attributes if dataset in BENCHMARKS else LASOT_ATTRIBUTES
    groups: dict[str, list[str]] = {}
    by_name = {PurePosixPath(name).stem.removesuffix("_attribute"): name for name in files.names}
    for sequence in names:
        if sequence not in by_name:
            continue
        flags = parse_flags(files.read(by_name[sequence]), files.where(by_name[sequence]))
        numbered = [f"attribute {i + 1}" for i in range(len(flags))]
        titles = known if len(flags) == len(known) else numbered
        for title, flag in zip(titles, flags, strict=True):
            if flag:
                groups.setdefault(title, []).append(sequence)
    return {title: tuple(groups[title]) for title in sorted(groups)}
