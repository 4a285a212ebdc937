"""A table, and its forms: text, Markdown, LaTeX (booktabs), CSV."""

from __future__ import annotations

import csv
import enum
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from toolkit_adapters.reporting.sections import Section

#: What a cell without a value prints.
NOTHING = "–"


class Mark(enum.Enum):
    """How a page marks a cell; the value is the class in its style sheet."""

    NONE = ""
    GOOD = "good"
    BAD = "bad"
    PUBLISHED = "published"  # somebody's figure, not measured here


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    words: what is printed, without the range.
    value: what it is sorted by, and what a CSV file holds; the words themselves where None.
    range: printed after the words, in fainter ink: an interval and what belongs to it.
    rank: 1 for the best of a column, 2 for the second; 0 where that is not said.
    """

    words: str
    value: float | None = None
    mark: Mark = Mark.NONE
    range: str = ""
    rank: int = 0

    @property
    def text(self) -> str:
        """All that is printed."""
        return f"{self.words} {self.range}" if self.range else self.words

    @property
    def empty(self) -> bool:
        """Whether there was nothing to print."""
        return self.words == NOTHING and self.value is None


@dataclass(frozen=True)
class Table:
    """Rows of cells under headings.

    name: of its files.
    section: the part of the page that it stands in.
    notes: what a reader must know to use the numbers.
    printed: whether the command line prints it, too; the files have them all.
    """

    name: str
    section: Section
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    printed: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.headings):
                raise ValueError(
                    f"table {self.name}: {len(row)} cells under {len(self.headings)} headings"
                )

    @property
    def numeric_columns(self) -> tuple[bool, ...]:
        """For each column, whether it holds numbers and so is set flush right."""
        columns = [[row[i] for row in self.rows] for i in range(len(self.headings))]
        known = [[cell for cell in column if not cell.empty] for column in columns]
        return tuple(bool(c) and all(cell.value is not None for cell in c) for c in known)

    def first(self, rows: int) -> Table:
        """The table with at most so many rows, and a note that says where the others are."""
        if len(self.rows) <= rows:
            return self
        note = f"The first {rows} of {len(self.rows)} rows; tables/{self.name}.csv has them all."
        return replace(self, rows=self.rows[:rows], notes=(note, *self.notes))

    def to_text(self) -> str:
        """For a terminal."""
        rows = [[cell.text for cell in row] for row in self.rows]
        return self._tabulated(list(self.headings), rows, "simple")

    def to_markdown(self) -> str:
        """Heading, table and notes; a cell stays one cell, whatever is in it."""
        rows = [[_ranked(cell, _in_row(cell.text), _MARKDOWN) for cell in row] for row in self.rows]
        text = self._tabulated([_in_row(heading) for heading in self.headings], rows, "github")
        notes = "".join(f"\n- {_on_one_line(note)}" for note in self.notes)
        return f"### {_on_one_line(self.title)}\n\n{text}\n" + (f"{notes}\n" if notes else "")

    def _tabulated(self, headings: list[str], rows: list[list[str]], form: str) -> str:
        from tabulate import tabulate

        align = ["right" if numeric else "left" for numeric in self.numeric_columns]
        return tabulate(
            rows,
            headers=headings,
            tablefmt=form,
            colalign=align if rows else None,
            disable_numparse=True,
        )

    def to_latex(self) -> str:
        """A `table` environment for `\\usepackage{booktabs}`."""
        columns = "".join("r" if numeric else "l" for numeric in self.numeric_columns)
        lines = [" & ".join(map(escape, self.headings)) + r" \\", r"\midrule"]
        lines += [
            " & ".join(_ranked(cell, escape(cell.text), _RANKS) for cell in row) + r" \\"
            for row in self.rows
        ]
        body = "\n".join(lines)
        notes = " ".join(escape(note) for note in self.notes)
        return (
            "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n"
            f"\\caption{{{escape(self.title)}. {notes}}}\n\\label{{tab:{self.name}}}\n"
            f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{body}\n\\bottomrule\n"
            "\\end{tabular}\n\\end{table}\n"
        )

    def to_csv(self) -> str:
        """Headings and rows, numbers unrounded where a cell has one; no cell is a formula."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(map(_inert, self.headings))
        for row in self.rows:
            writer.writerow(
                [_inert(cell.text) if cell.value is None else cell.value for cell in row]
            )
        return buffer.getvalue()


def text(value: object, mark: Mark = Mark.NONE) -> Cell:
    """A cell of words."""
    return Cell(str(value), mark=mark)


def number(
    value: float | None, form: str = ".2f", mark: Mark = Mark.NONE, scale: float = 1
) -> Cell:
    """A cell of a number, printed in `form` after multiplying by `scale`; – where there is none."""
    if value is None or math.isnan(value):
        return Cell(NOTHING)
    return Cell(format(value * scale, form), value * scale, mark)


def milliseconds(seconds: float | None) -> Cell:
    """A cell of a time."""
    return number(seconds, ".2f", scale=1e3)


def megabytes(count: float | None) -> Cell:
    """A cell of an amount of memory in units of 10^6 bytes."""
    return number(count, ",.2f", scale=1e-6)


#: How the best and the second best of a column are marked.
_RANKS = {1: r"\textbf{%s}", 2: r"\underline{%s}"}
_MARKDOWN = {1: "**%s**"}


def _ranked(cell: Cell, text: str, marks: Mapping[int, str]) -> str:
    return marks[cell.rank] % text if cell.rank in marks else text


def _inert(text: str) -> str:
    """A cell of words that a spreadsheet does not run: names come from anybody's files."""
    # csv does not quote a lone carriage return, at which some programs begin another row.
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.startswith(("=", "+", "-", "@", "\t", "\n")):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    # float() skips white space, a spreadsheet does not.
    return text if text == text.strip() else f"'{text}"


def _on_one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _in_row(text: str) -> str:
    """A cell of a Markdown table: no end of the line, and no bar that would end the cell."""
    # Backslashes before a bar are doubled, or the last of them would be the bar's.
    return re.sub(r"(\\*)\|", r"\1\1\\|", _on_one_line(text))


_LATEX = {
    "\n": " ",
    "\r": " ",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "–": "--",
    "×": r"$\times$",
    "→": r"$\rightarrow$",
    "−": r"$-$",
    "<": r"$<$",
    ">": r"$>$",
    "±": r"$\pm$",
    "“": "``",
    "”": "''",
}


def escape(text: str) -> str:
    """Words as LaTeX prints them."""
    return "".join(_LATEX.get(mark, mark) for mark in text)
