"""Fixtures that every area shares."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from hit_trackers.families import registry

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
def as_it_was() -> Iterator[None]:
    """Commands run in this process, too: what they set is undone, lest the next tests compute so.

    Threads change boxes in their last bits; own trackers are declared in the environment.
    """
    settings, threads = _settings(), torch.get_num_threads()
    yield
    if settings != _settings():
        for name in _settings():
            del os.environ[name]
        os.environ.update(settings)
        registry.cache_clear()
    torch.set_num_threads(threads)


def _settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("HIT_")}


@pytest.fixture(autouse=True)
def fresh_fakes() -> Iterator[None]:
    """No test sees what another made of the fake family."""
    from fake_family import FAMILY, make

    FAMILY.make = make
    FAMILY.loaded.clear()
    yield
    FAMILY.make = make
