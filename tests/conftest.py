"""Fixtures that every area shares."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
#: A distribution that registers the family `fake`; child processes find it too.
FAKES = str(Path(__file__).resolve().parent / "fakes")
sys.path.insert(0, FAKES)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (FAKES, os.environ.get("PYTHONPATH"))))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `../shared` of real sequences and golden data, where it exists."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} (real sequences and golden data) is not on this machine")
    return SHARED


@pytest.fixture(autouse=True)
def fresh_fakes() -> Iterator[None]:
    """No test sees what another made of the fake family."""
    from fake_family import FAMILY, make

    FAMILY.make = make
    FAMILY.loaded.clear()
    yield
    FAMILY.make = make
