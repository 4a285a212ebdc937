"""The code blocks of the pages.

A Python block is run as written, unless the line before it is `<!-- not run: REASON -->`. A block
with a `title` shows a file of the repository. Commands of console blocks are parsed; after a line
`<!-- run -->` they are run as well.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(
    r"(?:<!-- (?P<note>[^\n]*?) -->\n)?^(?P<indent> *)```(?P<language>\w+)"
    r'(?: title="(?P<title>[^"]*)")?\n(?P<code>.*?)^(?P=indent)```$',
    re.MULTILINE | re.DOTALL,
)
_NOTE = re.compile(r"run|not run: \S.*")


@dataclass(frozen=True)
class Block:
    """A fenced block; `line` is that of its first line of code."""

    page: Path
    line: int
    language: str
    title: str
    note: str
    code: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def is_run(self) -> bool:
        if self.language == "python":
            return not self.title and not self.note.startswith("not run: ")
        return self.language == "console" and self.note == "run"

    def commands(self) -> Iterator[list[str]]:
        """The words of each command `hit-trackers ...`, without that first one."""
        if self.language not in ("console", "bash"):
            return
        text = self.code.replace("\\\n", " ")
        # A shell's own expansions say nothing to the parser of arguments.
        text = re.sub(r'"\$\{[^}]*\}"', "", text)
        for line in re.split(r" && |; |\n", text):
            if line.startswith(("$ hit-trackers ", "hit-trackers ")):
                words = shlex.split(line.removeprefix("$ "), comments=True)
                yield words[1 : words.index(">") if ">" in words else None]


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        note = match["note"] or ""
        note = note if _NOTE.fullmatch(note) else ""
        line = text.count("\n", 0, match.start("code")) + 1
        found.append(
            Block(page, line, match["language"], match["title"] or "", note, match["code"])
        )
    assert text.count("```") == 2 * len(found), f"{page}: a fence without a language, or unclosed"
    return found
