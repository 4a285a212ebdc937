"""Records that take more memory than they have bytes, or hold odd shapes where values belong."""

from __future__ import annotations

import io
import resource
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from hit_trackers.errors import RecordError
from toolkit_adapters import cli
from toolkit_adapters.records import Results, load_record
from toolkit_adapters.records.record import _digest

MEGABYTE = 1_000_000


@pytest.fixture
def record(sound: Results) -> Path:
    """A sound record, to be overwritten."""
    return sound.path("fake_exact", "got10k-val", "a")


def refused(path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RecordError, match="a damaged record"):
        load_record(path)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 100 * MEGABYTE


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return dict(stored)


def test_a_bomb_a_thousand_times_its_size(
    record: Path, sound: Results, capsys: pytest.CaptureFixture[str]
) -> None:
    header = io.BytesIO()
    rows = 600 * MEGABYTE // 32
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (rows, 4)}
    )
    with (
        zipfile.ZipFile(record, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("boxes.npy", "w", force_zip64=True) as file,
    ):
        file.write(header.getvalue())
        for _ in range(60):
            file.write(bytes(rows * 32 // 60))
    assert record.stat().st_size < MEGABYTE
    refused(record)
    assert cli.main(["verify", str(sound.folder)]) == 1
    assert "a damaged record" in capsys.readouterr().err
    assert cli.main(["doctor", str(sound.folder)]) == 1
    assert "a damaged record" in capsys.readouterr().out


def test_a_header_that_states_more_than_there_is(record: Path) -> None:
    content = bytearray(record.read_bytes())
    at = content.index(b"'shape': (14, 4)")
    content[at : at + 26] = b"'shape': (400000000, 4), }"
    record.write_bytes(content)
    refused(record)


def test_a_directory_that_states_more_than_there_is(record: Path) -> None:
    content = bytearray(record.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 20 : entry + 28] = struct.pack("<II", 2**31, 2**31)
    record.write_bytes(content)
    refused(record)


def test_a_name_that_stands_twice(record: Path) -> None:
    content = zipfile.ZipFile(record).read("scores.npy")
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(record, "a") as archive:
        archive.writestr("scores.npy", content)
    refused(record)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("patch_size", np.array([32])),
        ("patch_size", np.array(32.5)),
        ("patch_size", np.array("32")),
        ("patch_size", np.array(np.nan)),
        ("executed", np.array(["x"])),
        ("identity", np.zeros((0, 2), "U4")),
        ("pairing", np.array(1)),
        ("digest", np.array([["x"]])),
        ("notes", np.array("a note")),
        ("notes", np.zeros((2, 2), "U4")),
        ("notes", np.zeros(3)),
    ],
)
def test_a_value_of_an_unusual_shape_or_kind(record: Path, name: str, value: np.ndarray) -> None:
    arrays = {**arrays_of(record), name: value}
    digest = arrays.pop("digest")
    # Whoever forges a record can state its digest, too.
    arrays["digest"] = value if name == "digest" else np.array(_digest(arrays), digest.dtype)
    np.savez(record, **arrays)
    refused(record)
