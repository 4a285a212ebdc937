"""The scripts that print the figures of the docs still run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))


def output_of(*arguments: str) -> str:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_teaches(script: str) -> None:
    text = output_of(f"benchmarks.{script}", "--help")
    assert f"python -m benchmarks.{script}" in text, "how to call it"


def test_counts_of_the_cuda_path() -> None:
    lines = output_of("benchmarks.cuda_path", "--tracker", "hit_nano").splitlines()
    assert [line.split()[1] for line in lines if line.startswith("| hit_")] == [
        "hit_nano",
        "hit_nano_memeff",
        "hit_nano_memeff_graph",
        "hit_nano_exact",
        "hit_nano_exact_graph",
    ]


def test_products_both_ways() -> None:
    text = output_of("benchmarks.products", "--tracker", "hit_small", "--repeats", "1")
    assert "tokens" in text
    assert "| 80 |" in " ".join(text.split())
    assert "| 20 |" in " ".join(text.split())


def test_crops_have_a_share_and_the_same_pixels() -> None:
    rows = [line.split("|") for line in output_of("benchmarks.crop", "--repeats", "1").splitlines()]
    assert len(rows) == 2 + 14
    for cells in rows[2:]:
        assert all(0 <= float(cell.strip(" %")) <= 100 for cell in cells[4:6])
        assert cells[-2].strip() == "yes"
