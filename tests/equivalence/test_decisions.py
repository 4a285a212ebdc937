"""Decisions: recorded with a run, counted where they flip, printed where there are some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_equivalence import FRAMES, make_record

from hit_trackers.errors import RecordError
from toolkit_adapters.records import Record, load_record, save_record
from toolkit_adapters.verdict.decisions import compare_decisions
from toolkit_adapters.verdict.equivalence import compare_records


def deciding(record: Record | None = None) -> Record:
    """Two decisions a frame, and one frame compared open loop."""
    record = record or make_record()
    taken = np.arange(FRAMES * 2).reshape(FRAMES, 2)
    taken[0] = -1
    margins = np.linspace(0.5, 0.1, FRAMES * 2).reshape(FRAMES, 2)
    margins[0] = np.nan
    return replace(
        record,
        decision_names=("cell", "tokens"),
        decisions=taken,
        margins=margins,
        open_decisions=taken[record.open_index],
    )


def flipped(record: Record, frame: int, column: int) -> Record:
    taken = record.decisions.copy()
    taken[frame, column] += 1000
    return replace(record, decisions=taken, open_decisions=taken[record.open_index])


def test_records_keep_them(tmp_path: Path) -> None:
    record = deciding()
    save_record(tmp_path / "a.npz", record)
    found = load_record(tmp_path / "a.npz")
    assert found.decision_names == ("cell", "tokens")
    assert np.array_equal(found.decisions, record.decisions)
    assert np.array_equal(found.margins, record.margins, equal_nan=True)
    assert found.result_digest() == record.result_digest()
    assert found.result_digest() != flipped(record, 3, 0).result_digest()


def test_a_record_without_is_what_it_was_before(tmp_path: Path) -> None:
    save_record(tmp_path / "a.npz", make_record())
    with np.load(tmp_path / "a.npz") as arrays:
        assert not [name for name in arrays if "decision" in name or name == "margins"]
    assert load_record(tmp_path / "a.npz").decision_names == ()


def test_a_run_without_decisions_is_stored(tmp_path: Path) -> None:
    empty = {"decisions": np.zeros((FRAMES, 0), np.int64), "margins": np.zeros((FRAMES, 0))}
    save_record(tmp_path / "a.npz", replace(make_record(), **empty))
    assert load_record(tmp_path / "a.npz").digest() == make_record().digest()


def test_columns_that_do_not_fit_the_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="decisions"):
        save_record(tmp_path / "a.npz", replace(deciding(), decision_names=("cell",)))


def test_no_flip_where_all_is_equal() -> None:
    cell, tokens = compare_decisions(deciding(), deciding())
    assert (cell.frames, cell.flips, cell.first) == (FRAMES - 1, 0, None)
    assert (tokens.open_frames, tokens.open_flips) == (1, 0)
    assert tokens.smallest == 0.1


def test_flips_are_counted_and_the_first_named() -> None:
    reference = deciding()
    candidate = flipped(flipped(flipped(reference, 7, 1), 10, 1), 12, 1)
    cell, tokens = compare_records("s", "d", reference, candidate).flips
    assert cell.flips == 0
    assert (tokens.name, tokens.flips, tokens.first) == ("tokens", 3, 7)
    assert tokens.first_margin == reference.margins[7, 1]
    assert (tokens.open_frames, tokens.open_flips, tokens.open_first) == (1, 1, 10)
    assert tokens.open_margin == reference.margins[10, 1]


def test_a_frame_without_a_decision_is_no_flip() -> None:
    reference = deciding()
    taken = reference.decisions.copy()
    taken[5, 0] = -1
    cell, _ = compare_decisions(reference, replace(reference, decisions=taken))
    assert (cell.frames, cell.flips) == (FRAMES - 2, 0)


def test_trackers_that_do_not_tell_are_not_compared() -> None:
    assert compare_decisions(deciding(), make_record()) == ()
    assert compare_records("s", "d", make_record(), make_record()).flips == ()
