"""The page of the house and the contract of imports say the same."""

from __future__ import annotations

import re
import sys

import pytest
from pages import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGES = ("hit_trackers", "toolkit_adapters")


def section(package: str) -> str:
    page = (ROOT / "docs" / "house.md").read_text(encoding="utf-8")
    return re.split(r"^## ", page.split(f"\n## {package}\n")[1], flags=re.MULTILINE)[0]


def layers(package: str) -> list[str]:
    """All modules of the contract, from the top."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    found = next(c for c in contracts if c["type"] == "layers" and package in c["containers"])
    return [name.strip() for layer in found["layers"] for name in layer.split("|")]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_tables_are_the_contract(package: str) -> None:
    assert re.findall(r"^\| `(\w+)` \|", section(package), re.MULTILINE) == layers(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_is_named(package: str) -> None:
    folder = ROOT / package
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
    named = set(re.findall(r"`(\w+)/?`", section(package)))
    assert modules <= named, modules - named
