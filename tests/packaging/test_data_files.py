"""What an installed package carries: every data file that the code opens is in the wheel."""

from __future__ import annotations

import configparser
import fnmatch
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("hit_trackers", "toolkit_adapters")


def data_files() -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [name for name in listing.stdout.split() if not name.endswith(".py")]


def test_every_data_file_matches_a_pattern_of_the_wheel() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    patterns = [
        (package, pattern.strip())
        for package, value in config["options.package_data"].items()
        for pattern in value.replace("\n", ",").split(",")
    ]
    for name in data_files():
        path = Path(name)
        package = next(p for p in path.parents if (ROOT / p / "__init__.py").is_file())
        dotted, within = ".".join(package.parts), path.relative_to(package).as_posix()
        assert any(
            owner in ("*", dotted) and fnmatch.fnmatchcase(within, pattern)
            for owner, pattern in patterns
        ), f"{name} would be left out of the wheel"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_modules_is_a_package(package: str) -> None:
    for module in (ROOT / package).rglob("*.py"):
        assert (module.parent / "__init__.py").is_file(), f"{module.parent} has no __init__.py"
