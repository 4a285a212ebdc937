"""Fixtures that every area shares."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `../shared` of real sequences and golden data, where it exists."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} (real sequences and golden data) is not on this machine")
    return SHARED
