"""LaSOT in its official layout, the 280 sequences of its test set (Protocol II)."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from toolkit_adapters.datasets.annotations import read_text, read_truth
from toolkit_adapters.datasets.base import Dataset, Sequence, natural
from toolkit_adapters.datasets.benchmarks import lasot_attributes
from toolkit_adapters.datasets.frames import list_frames


def official_names() -> tuple[str, ...]:
    """The 280 official test sequences."""
    text = resources.files(__package__).joinpath("lasot_test.txt").read_text(encoding="utf-8")
    return tuple(text.split())


_ABSENCE = ("full_occlusion.txt", "out_of_view.txt")


class Lasot(Dataset):
    """`<root>/<class>/<class>-<n>/{img/00000001.jpg, groundtruth.txt, ...}`.

    Only names of the official test set are taken, or of `official` (the extension has its own),
    unless `any_name` (so has the demo).
    A frame is absent where `full_occlusion.txt` or `out_of_view.txt` says so, as the official
    evaluation has it; each is one line, comma-separated.
    """

    def __init__(
        self,
        root: Path,
        name: str = "lasot",
        *,
        any_name: bool = False,
        official: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(name, root)
        self._any_name = any_name
        self._official = official_names() if official is None else official

    def _names(self) -> tuple[str, ...]:
        if self._any_name:
            found = {path.parent.name for path in self.root.glob("*/*/groundtruth.txt")}
            return tuple(sorted(found, key=natural))
        return tuple(name for name in self._official if self._folder(name).is_dir())

    def _expectation(self) -> str:
        return (
            f"expected folders such as {self._official[0].rpartition('-')[0]}/{self._official[0]} "
            "of the official set "
            f"(is the root one level off? {self.root} holds {_peek(self.root)})"
        )

    def missing_names(self) -> tuple[str, ...]:
        """Official names that are not on disk."""
        return () if self._any_name else tuple(set(self._official) - set(self.sequence_names))

    def attributes(self, name: str) -> tuple[str, ...]:
        """Those of the official evaluation toolkit; () for what is not of the test set."""
        # The demo has names of its own, some of which are LaSOT's.
        return () if self._any_name else lasot_attributes().get(name, ())

    def _folder(self, name: str) -> Path:
        return self.root / name.rpartition("-")[0] / name

    def _place(self, name: str) -> tuple[Path, Path]:
        folder = self._folder(name)
        return folder / "groundtruth.txt", folder / "img"

    def load(self, name: str) -> Sequence:
        """Read `<class>-<n>`; both files of absence are required, as the official set has them."""
        self._require(name)
        boxes, images = self._place(name)
        frames = list_frames(images, first=1)
        absent = [read_text(boxes.with_name(label)) for label in _ABSENCE]
        truth = read_truth(read_text(boxes), absent, frames=len(frames), strict=True)
        return Sequence(name, self.name, frames, truth)


def _peek(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir())[:5]
    return ", ".join(names) or "nothing"
