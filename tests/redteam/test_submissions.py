"""Zips that a server would score as something else, and that look well."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit_adapters.servers import Expected, check_zip, official
from toolkit_adapters.servers.archive import build_archive

GOOD = b"10,10,20,20\n10.5,10,20,20\n"


def problems(expected: Expected, files: dict[str, bytes]) -> list[str]:
    return [str(p) for p in check_zip(Path("s.zip"), expected, build_archive(files))]


@pytest.mark.parametrize("content", [b"", b"\n"])
def test_one_empty_file_among_all_that_are_asked_for(content: bytes) -> None:
    expected = official("trackingnet")
    files = dict.fromkeys((f"{name}.txt" for name in expected.frames), GOOD)
    assert problems(expected, files) == []
    name = next(iter(files))
    (found,) = problems(expected, {**files, name: content})
    assert f"{name}" in found
    assert "empty" in found


@pytest.mark.parametrize("size", ["0.4,20", "20,0.5", "1e-9,1e-9"])
def test_a_box_that_rounding_leaves_nothing_of(size: str) -> None:
    content = GOOD + f"10,10,{size}\n".encode()
    (found,) = problems(Expected("trackingnet", {"a": None}), {"a.txt": content})
    assert "a.txt:3: the server rounds boxes" in found
    files = {"a/a_001.txt": content, "a/a_time.txt": b"0.01\n" * 3}
    assert problems(Expected("got10k", {"a": None}), files) == [], "its server does not round"


@pytest.mark.parametrize("row", ["1e300,10,20,20", "10,10,1e300,20", "10,-1e6,20,20"])
@pytest.mark.parametrize("kind", ["trackingnet", "got10k"])
def test_a_box_on_another_planet(row: str, kind: str) -> None:
    content = GOOD + f"{row}\n".encode()
    name = "a.txt" if kind == "trackingnet" else "a/a_001.txt"
    files = {name: content} | ({} if kind == "trackingnet" else {"a/a_time.txt": b"0.01\n" * 3})
    (found,) = problems(Expected(kind, {"a": None}), files)  # type: ignore[arg-type]
    assert f"{name}:3: the box is outside of any image" in found
