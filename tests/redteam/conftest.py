"""Attempts to get a false verdict, on the runner's tiny dataset and quick trackers.

And attacks from outside: what a user, a file or a machine can do to this project.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "toolkits"))
sys.path.append(str(Path(__file__).resolve().parents[2]))  # benchmarks

from report.conftest import maker
from runner.conftest import loaded, results, root, run
from runner_fakes import write_got10k

from toolkit_adapters import cli
from toolkit_adapters.records import Results

__all__ = ["loaded", "maker", "results", "root", "run"]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run leaves of fake, fake_exact, fake_memeff, and both controls on two sequences."""
    scratch = tmp_path_factory.mktemp("undisturbed")
    line = ["run", "--dataset", "got10k-val", "--root", str(write_got10k(scratch / "got10k"))]
    line += ["--no-memory", "--open-loop", "5", "--results", str(scratch / "results")]
    for name in ("fake", "fake_exact", "fake_memeff"):
        line += ["--tracker", name]
    assert cli.main(line) == 0
    return scratch / "results"


@pytest.fixture
def sound(undisturbed: Path, tmp_path: Path) -> Results:
    """A results folder in which all is well, to be tampered with."""
    return Results(Path(shutil.copytree(undisturbed, tmp_path / "sound")))
