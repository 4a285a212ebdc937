"""The sentences of the documentation that wait for a GPU, each with the key of its claim.

A comment `<!-- gpu: KEY -->`, or several keys with commas, stands behind the sentence, or at the
end of the row of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from toolkit_adapters.gpu.checkout import checkout

MARK = re.compile(r"<!-- gpu: ([a-z0-9, -]+) -->")
#: Where a sentence begins: after another one, in a list, a row, or a paragraph.
_BEGINNING = re.compile(
    r"(?<=[.:!?])\**\s+(?=[A-Z`*])|\n\s*\n|\n(?=\|)|\n\s*- |-->\s*|\n#+ [^\n]*\n"
)


class Sentence(NamedTuple):
    """A sentence that waits, or did.

    Attributes:
        keys: of its claims.
        where: page and line of its mark.
        text: in one line.
    """

    keys: tuple[str, ...]
    where: str
    text: str


def sentences(root: Path | None = None) -> list[Sentence]:
    """All of them, page by page; none where there is no checkout, which holds the pages."""
    root = root or checkout()
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    return [found for page in pages if page.is_file() for found in _of(page, root)]


def _of(page: Path, root: Path) -> Iterator[Sentence]:
    text = page.read_text(encoding="utf-8")
    for mark in MARK.finditer(text):
        before = text[: mark.start()].rstrip()
        begins = max((m.end() for m in _BEGINNING.finditer(before)), default=0)
        line = text.count("\n", 0, mark.start()) + 1
        keys = tuple(key.strip() for key in mark[1].split(","))
        said = " ".join(before[begins:].split()).strip("|;- ")
        yield Sentence(keys, f"{page.relative_to(root).as_posix()}:{line}", said)
