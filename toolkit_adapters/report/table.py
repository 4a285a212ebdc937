"""A table, and its forms: text, Markdown, LaTeX (booktabs), CSV."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, replace

#: What a cell without a value prints.
NOTHING = "–"


@dataclass(frozen=True)
class Cell:
    """One entry: what is printed, and what it is sorted by (the text itself where None)."""

    text: str
    value: float | None = None
    kind: str = ""  # "good", "bad" or "paper": how a page marks it

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Table:
    """Rows of cells under headings; `notes` say what a reader must know to use the numbers."""

    name: str
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

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
        known = [[cell for cell in column if cell.text != NOTHING] for column in columns]
        return tuple(bool(c) and all(cell.value is not None for cell in c) for c in known)

    def first(self, rows: int) -> Table:
        """The table with at most so many rows, and a note that says where the others are."""
        if len(self.rows) <= rows:
            return self
        note = f"The first {rows} of {len(self.rows)} rows; tables/{self.name}.csv has them all."
        return replace(self, rows=self.rows[:rows], notes=(note, *self.notes))

    def to_text(self, form: str = "simple") -> str:
        """As `tabulate` prints it: "simple" for a terminal, "github" for Markdown."""
        from tabulate import tabulate

        align = ["right" if numeric else "left" for numeric in self.numeric_columns]
        return tabulate(
            [[cell.text for cell in row] for row in self.rows],
            headers=self.headings,
            tablefmt=form,
            colalign=align if self.rows else None,
            disable_numparse=True,
        )

    def to_markdown(self) -> str:
        """Heading, table and notes."""
        notes = "".join(f"\n- {note}" for note in self.notes)
        text = self.to_text("github")
        return (
            f"### {self.title}\n\n{text}\n{notes}\n" if notes else f"### {self.title}\n\n{text}\n"
        )

    def to_latex(self) -> str:
        """A `table` environment for `\\usepackage{booktabs}`."""
        columns = "".join("r" if numeric else "l" for numeric in self.numeric_columns)
        lines = [" & ".join(map(_escape, self.headings)) + r" \\", r"\midrule"]
        lines += [" & ".join(_escape(cell.text) for cell in row) + r" \\" for row in self.rows]
        body = "\n".join(lines)
        notes = " ".join(_escape(note) for note in self.notes)
        return (
            "% needs \\usepackage{booktabs}\n\\begin{table}\n\\centering\n"
            f"\\caption{{{_escape(self.title)}. {notes}}}\n\\label{{tab:{self.name}}}\n"
            f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{body}\n\\bottomrule\n"
            "\\end{tabular}\n\\end{table}\n"
        )

    def to_csv(self) -> str:
        """Headings and rows, numbers unrounded where a cell has one."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(self.headings)
        for row in self.rows:
            writer.writerow([cell.text if cell.value is None else cell.value for cell in row])
        return buffer.getvalue()


def text(value: object, kind: str = "") -> Cell:
    """A cell of words."""
    return Cell(str(value), kind=kind)


def number(value: float | None, form: str = ".2f", kind: str = "", scale: float = 1) -> Cell:
    """A cell of a number, printed in `form` after multiplying by `scale`; – where there is none."""
    if value is None or math.isnan(value):
        return Cell(NOTHING)
    return Cell(format(value * scale, form), value * scale, kind)


def milliseconds(seconds: float | None) -> Cell:
    """A cell of a time."""
    return number(seconds, ".2f", scale=1e3)


def megabytes(count: float | None) -> Cell:
    """A cell of an amount of memory in units of 10^6 bytes."""
    return number(count, ",.2f", scale=1e-6)


_LATEX = {
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


def _escape(text: str) -> str:
    return "".join(_LATEX.get(mark, mark) for mark in text)
