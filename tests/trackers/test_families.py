"""The registry: what is found, and what a broken family costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hit_trackers import families
from hit_trackers.errors import FamilyError

BROKEN = """
from toolkit_adapters.cli import main
for command in (["list"], ["doctor"]):
    main(command)
main(["run", "--tracker", "broken_exact", "--dataset", "demo", "--results", "r"])
"""


def test_a_family_that_cannot_be_imported_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = tmp_path / "broken-1.0.dist-info"
    point.mkdir()
    (point / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (point / "entry_points.txt").write_text(f"[{families.GROUP}]\nbroken = broken_family:FAMILY\n")
    (tmp_path / "broken_family.py").write_text("raise RuntimeError('no such luck')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("HIT_TRACKERS_CONFIG", str(tmp_path / "none.ini"))
    done = subprocess.run(
        [sys.executable, "-c", BROKEN], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.count("broken cannot be imported: RuntimeError: no such luck") == 2
    assert "hit_nano_exact" in done.stdout, "the others are listed"
    assert "the family 'broken' cannot be imported: RuntimeError: no such luck" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_longest_name_decides() -> None:
    assert families.family_of("fake_exact").name == "fake"
    with pytest.raises(FamilyError, match="expected a name of small letters"):
        families.tracker_name("Bad=a.py:b")
