from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_family import FAMILY
from runner_fakes import write_got10k

from toolkit_adapters import cli


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_got10k(tmp_path / "got10k")


@pytest.fixture
def loaded() -> list[str]:
    """Names of the trackers that were loaded."""
    return FAMILY.loaded


@pytest.fixture
def run(root: Path, tmp_path: Path, loaded: list[str]) -> Callable[..., int]:
    """`run` on the tiny dataset; extra arguments are appended."""

    def command(*extra: str, results: Path = tmp_path / "results", root: Path = root) -> int:
        arguments = ["run", "--dataset", "got10k-val", "--root", str(root), "--results"]
        arguments += [str(results), "--no-memory", "--open-loop", "5", *extra]
        if "--tracker" not in extra:
            arguments += ["--tracker", "fake", "--tracker", "fake_exact"]
        return cli.main(arguments)

    return command


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return tmp_path / "results"
