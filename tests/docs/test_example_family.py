"""A family in another distribution is a family: listed, run, certified and reported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TRACKERS = ("--tracker", "match", "--tracker", "match_exact")


@pytest.mark.slow
def test_a_family_of_another_distribution(reader: dict[str, str], tmp_path: Path) -> None:
    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "toolkit_adapters", *arguments],
            cwd=tmp_path,
            env=reader,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "match_exact" in command("list", "--family", "match")
    options = ("--dataset", "demo", "--max-frames", "12", "--results", "results")
    command("run", *TRACKERS, *options, "--threads", "1", "--no-memory")
    command("verify", "results", "--json", "certificate.json")
    content = json.loads((tmp_path / "certificate.json").read_text(encoding="utf-8"))
    levels = {c["tracker"]: c["boxes"] for c in content["certificates"]}
    assert levels["match_exact"] == "bitwise"
    assert levels["match_fp16"] != "bitwise"
    assert [control["passed"] for control in content["controls"]] == [True, True]
    assert content["certificates"][0]["totals"]["open_frames"] > 0
    assert "match_exact" in command("report", "results", "--out", "report")
    assert "match_exact" in (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
