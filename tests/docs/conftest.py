from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

ROOT = Path(__file__).resolve().parents[2]


def install(source: Path, target: Path) -> None:
    """As a user does, into a folder of its own, without a network."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    command += ["--no-build-isolation", "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a reader: the example family is installed, and the demo is rendered.

    Several workers of pytest share both.
    """
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    target, cache = base / "installed", base / "cache"
    environment = {
        **os.environ,
        "HIT_TRACKERS_CACHE": str(cache),
        "HIT_TRACKERS_CONFIG": str(base / "no-config.ini"),
        "PYTHONPATH": os.pathsep.join([str(target), str(ROOT)]),
    }
    with filelock.FileLock(base / "reader.lock"):
        if not target.exists():
            # Building leaves files beside the sources.
            source = shutil.copytree(ROOT / "examples" / "family", base / "source")
            install(source, target)
            render = "from toolkit_adapters.datasets.demo import demo_root; demo_root(False)"
            subprocess.run([sys.executable, "-c", render], env=environment, check=True)
    return environment
