"""Provenance that was edited, and sides that were never measured together."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fake_family import FAMILY
from fake_tracker import FakeTracker
from tampering import DATASET, change, edit_run, record_of, verify

from toolkit_adapters import cli
from toolkit_adapters.records import Results

Run = Callable[..., int]
Printed = pytest.CaptureFixture[str]


def refused(results: Results, capsys: Printed, *words: str) -> None:
    """By verify and by report, alike."""
    for command in ("verify", "report"):
        capsys.readouterr()
        assert cli.main([command, str(results.folder)]) == 1
        message = capsys.readouterr().err
        assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("claim", "lossy", "'bitwise'"),
        ("claim", "baseline", "'bitwise'"),
        ("baseline", "fake_exact", "'fake'"),
        ("baseline", "fake_memeff", "'fake'"),
        ("family", "hit", "'fake'"),
        ("parts", {"attention": "eager", "engine": "eager", "precision": "fp32"}, "'exact'"),
        ("tracker", "fake_memeff", "'fake_exact'"),
    ],
)
def test_a_run_that_says_other_than_its_name(
    sound: Results, capsys: Printed, field: str, value: Any, named: str
) -> None:
    edit_run(sound, "fake_exact", **{field: value})
    where = str(sound.folder / "fake_exact" / DATASET / "run.json")
    stated = repr(value)
    refused(sound, capsys, where, field, stated, named)


def test_a_baseline_passed_off_as_its_variant(sound: Results, capsys: Printed) -> None:
    shutil.rmtree(sound.folder / "fake_exact")
    shutil.copytree(sound.folder / "fake", sound.folder / "fake_exact")
    parts = {"attention": "exact", "engine": "eager", "precision": "fp32"}
    path = sound.folder / "fake_exact" / DATASET / "run.json"
    text = path.read_text().replace('"claim": "baseline"', '"claim": "bitwise"')
    text = text.replace('"attention": "eager"', '"attention": "exact"')
    text = text.replace('  "tracker": "fake"\n', '  "tracker": "fake_exact"\n')
    path.write_text(text)
    assert sound.run("fake_exact", DATASET).parts == parts
    refused(sound, capsys, "identity.tracker", "'fake'", "'fake_exact'")


def test_a_folder_whose_name_is_no_trackers(sound: Results, capsys: Printed) -> None:
    (sound.folder / "fake_exact").rename(sound.folder / "fake_swift")
    refused(sound, capsys, "fake_swift", "'swift' is no part of a tracker name")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("threads", 64),
        ("device", "cpu (Some Other Processor)"),
        ("deterministic", True),
        ("seed", 7),
        ("open_loop", 3),
        ("max_frames", 9),
        ("versions", {"torch": "1.0"}),
        ("sources", "of other code"),
        ("weights_sha256", "of other weights"),
        ("dataset_fingerprint", "of other data"),
    ],
)
def test_sides_that_were_made_differently(
    sound: Results, capsys: Printed, field: str, value: Any
) -> None:
    edit_run(sound, "fake_exact", **{field: value})
    refused(sound, capsys, "fake_exact", field)


def test_sides_that_were_never_run_together(sound: Results, capsys: Printed) -> None:
    change(sound, "fake_exact", "b", pairing="another pass")
    assert verify(sound) == 1
    assert f"fake_exact: {DATASET}/b not run in one pass with fake" in capsys.readouterr().out


def test_a_repeated_baseline_that_is_a_copy_from_elsewhere(sound: Results, capsys: Printed) -> None:
    change(sound, "fake@repeat", "a", pairing="")
    assert verify(sound) == 1
    assert "FAIL control: fake against itself" in capsys.readouterr().out


def test_a_variant_run_after_its_baseline(run: Run, results: Path, capsys: Printed) -> None:
    assert run() == 0
    FAMILY.make = FakeTracker
    assert run("--tracker", "fake", "--tracker", "fake_memeff") == 0
    assert verify(Results(results)) == 1
    out = capsys.readouterr().out
    assert "fake_exact: got10k-val/a and 2 more not run in one pass with fake" in out
    assert record_of(Results(results), "fake_exact", "a").pairing
