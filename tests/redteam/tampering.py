"""Changing what a run left, with every checksum right again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from toolkit_adapters import cli
from toolkit_adapters.records import Record, Results, load_record, save_record

DATASET = "got10k-val"
SEQUENCES = ("a", "b", "c")
TRACKERS = ("fake", "fake_exact", "fake_memeff", "fake@repeat", "fake_bf16")


def record_of(results: Results, tracker: str, sequence: str) -> Record:
    return results.record(tracker, DATASET, sequence)


def change(results: Results, tracker: str, sequence: str, **columns: Any) -> None:
    """Replace columns of a record."""
    record = record_of(results, tracker, sequence)
    save_record(results.path(tracker, DATASET, sequence), replace(record, **columns))


def edit_run(results: Results, tracker: str, /, **fields: Any) -> None:
    """Replace fields of a run.json, those of its identity too; its records follow."""
    path = results.folder / tracker / DATASET / "run.json"
    values = json.loads(path.read_text())
    for field, value in fields.items():
        if field in values:
            values[field] = value
        else:
            values["identity"][field] = value
    path.write_text(json.dumps(values))
    identity = results.run(tracker, DATASET).identity_sha256
    for sequence in results.sequences(tracker, DATASET):
        record = load_record(results.path(tracker, DATASET, sequence))
        save_record(results.path(tracker, DATASET, sequence), replace(record, identity=identity))


def delete(results: Results, sequences: Iterable[str], trackers: Iterable[str] = TRACKERS) -> None:
    """Delete records, of all trackers by default."""
    for tracker in trackers:
        for sequence in sequences:
            results.path(tracker, DATASET, sequence).unlink(missing_ok=True)


def verify(results: Results, *options: str) -> int:
    return cli.main(["verify", str(results.folder), *options])
