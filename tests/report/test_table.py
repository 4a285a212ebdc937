"""A table in its forms, with cells from files that anybody may have written."""

from __future__ import annotations

import csv
import io

import pytest

from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import NOTHING, Cell, Table, number, text


def table(*cells: Cell, heading: str = "tracker") -> Table:
    rows = tuple((cell, number(1.5)) for cell in cells)
    return Table("t", Section.SPEED, "Title", (heading, "ms"), rows)


def first_column(found: Table) -> list[str]:
    return [row[0] for row in csv.reader(io.StringIO(found.to_csv()))]


@pytest.mark.parametrize(
    "word",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\n=1", "-", "-5%", "\t5"],
)
def test_no_cell_is_a_formula_to_a_spreadsheet(word: str) -> None:
    assert first_column(table(text(word)))[1] == f"'{word}"
    assert first_column(table(text("x"), heading=word))[0] == f"'{word}"


@pytest.mark.parametrize(
    ("word", "kept"), [("\r=1", "'\n=1"), ("a\r=1", "a\n=1"), ("a\r\nb", "a\nb")]
)
def test_a_carriage_return_begins_no_row(word: str, kept: str) -> None:
    found = table(text(word))
    assert "\r" not in found.to_csv()
    assert first_column(found) == ["tracker", kept]


@pytest.mark.parametrize("word", ["hit_nano", "-1.5", "+0.25", "-1e-9", NOTHING, "a=b", "", "x@y"])
def test_words_and_numbers_stay_as_they_are(word: str) -> None:
    assert first_column(table(text(word)))[1] == word


def test_numbers_are_written_unrounded() -> None:
    found = table(number(-0.28412345, "+.1%"), Cell("-0.3", -0.25, range="[-1, +1]"))
    assert first_column(found)[1:] == ["-0.28412345", "-0.25"]


@pytest.mark.parametrize(
    ("word", "printed"),
    [
        ("a|b", r"a\|b"),
        (r"a\|b", r"a\\\|b"),
        (r"a\\|b", r"a\\\\\|b"),
        (r"a\b", r"a\b"),
        ("a\nb", "a b"),
        ("a\r\nb", "a b"),
        ("| x |\n| y |", r"\| x \| \| y \|"),
    ],
)
def test_a_cell_of_markdown_stays_one_cell(word: str, printed: str) -> None:
    lines = table(text(word), heading=word).to_markdown().splitlines()
    assert lines[0] == "### Title"
    heads, rule, row = lines[2:]
    assert heads.startswith(f"| {printed}")
    assert row.startswith(f"| {printed}")
    assert set(rule) <= set("|-:")
    assert len(heads) == len(rule) == len(row)


def test_titles_and_notes_of_markdown_stay_on_their_line() -> None:
    found = Table("t", Section.SPEED, "A\n# B", ("a",), ((text(1),),), ("one\n- two",))
    assert found.to_markdown().splitlines() == [
        *("### A # B", "", "| a   |", "|-----|", "| 1   |", "", "- one - two")
    ]


def test_an_interval_is_printed_behind_its_figure() -> None:
    cell = Cell("1.07", 1.07, range="[1.04, 1.10]")
    assert cell.text == "1.07 [1.04, 1.10]"
    assert table(cell).numeric_columns == (True, True)
    assert table(cell, number(None)).numeric_columns == (True, True)
    assert table(cell, text("fast")).numeric_columns == (False, True)
