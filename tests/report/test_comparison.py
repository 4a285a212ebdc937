"""`evaluate` on several result sets: one table, curves in three forms, paired tests."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest

from toolkit_adapters.cli import main

NAMES = [f"thing-{number}" for number in range(1, 13)]


@pytest.fixture
def annotations(tmp_path):
    """Twelve sequences in the layout of LaSOT's evaluation toolkit."""
    folder = tmp_path / "annotations"
    for name in NAMES:
        (folder / "groundtruth").mkdir(parents=True, exist_ok=True)
        (folder / "absent").mkdir(exist_ok=True)
        (folder / "groundtruth" / f"{name}.txt").write_text("50,60,40,30\n" * 20)
        (folder / "absent" / f"{name}.txt").write_text("0\n" * 20)
    return folder


def results(folder, shift, names=NAMES):
    folder.mkdir()
    for number, name in enumerate(names):
        boxes = np.tile([50.0 + shift * (1 + number / 10), 60, 40, 30], (20, 1))
        np.savetxt(folder / f"{name}.txt", boxes, delimiter=",")
    return folder


def compare(annotations, *raw, extra=()):
    words = ["--dataset", "lasot", "--annotations", str(annotations), "--convention", "official"]
    return main(["evaluate", *map(str, raw), *words, *map(str, extra)])


def test_one_table_with_best_and_second_best(annotations, tmp_path, capsys):
    raw = [results(tmp_path / name, shift) for name, shift in (("a_1", 4), ("b", 2), ("c", 8))]
    out = tmp_path / "out"
    assert compare(annotations, *raw[:2], f"third={raw[2]}", extra=["--out", out]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^a_1 .*–\s+–$", printed, re.MULTILINE)
    assert "12 sequences, lasot_official" in printed
    rows = list(csv.DictReader((out / "comparison.csv").open()))
    assert [row["tracker"] for row in rows] == ["a_1", "b", "third"]
    scores = [float(row["AUC"]) for row in rows]
    assert scores[1] > scores[0] > scores[2]
    assert float(rows[1]["difference"]) == pytest.approx(scores[1] - scores[0])
    assert float(rows[2]["p"]) < 0.01
    latex = (out / "comparison.tex").read_text()
    assert f"b & \\textbf{{{scores[1]:.2f}}}" in latex
    assert f"a\\_1 & \\underline{{{scores[0]:.2f}}}" in latex
    assert f"third & {scores[2]:.2f}" in latex
    assert f"**{scores[1]:.2f}**" in (out / "comparison.md").read_text()


def test_curves_in_three_forms(annotations, tmp_path):
    raw = [results(tmp_path / name, shift) for name, shift in (("a_1", 4), ("b", 2))]
    out = tmp_path / "out"
    assert compare(annotations, *raw, extra=["--out", out]) == 0
    for kind in ("success", "precision", "norm_precision"):
        assert (out / f"{kind}.png").read_bytes().startswith(b"\x89PNG")
        assert (out / f"{kind}.svg").read_text().startswith("<svg")
        text = (out / f"{kind}.pgf").read_text()
        assert text.count(r"\addplot") == text.count(r"\addlegendentry") == 2
        assert text.count("{") == text.count("}")
        assert r"a\_1" in text
    points = re.findall(r"\((\S+?),(\S+?)\)", (out / "success.pgf").read_text())
    assert len(points) == 2 * 21
    assert points[0][1] == "1.00000"


def test_equal_trackers_have_no_best(annotations, tmp_path):
    raw = [results(tmp_path / name, 4) for name in ("a", "b")]
    assert compare(annotations, *raw, extra=["--out", tmp_path / "out"]) == 0
    latex = (tmp_path / "out" / "comparison.tex").read_text()
    assert "textbf" not in latex
    rows = list(csv.DictReader((tmp_path / "out" / "comparison.csv").open()))
    assert float(rows[1]["p"]) == 1


def test_only_common_sequences_count(annotations, tmp_path, capsys):
    raw = [results(tmp_path / "a", 4), results(tmp_path / "b", 2, NAMES[:11])]
    assert compare(annotations, *raw) == 1
    assert "1 of 12 sequences have no result" in capsys.readouterr().err
    assert compare(annotations, *raw, extra=["--skip-missing"]) == 0
    printed = capsys.readouterr().out
    assert "11 sequences" in printed
    assert "Only sequences that all of them have are counted" in printed
    assert compare(annotations, *raw, extra=["--skip-missing", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"a", "b"}


def test_labels(annotations, tmp_path, capsys):
    raw = results(tmp_path / "a", 4)
    assert compare(annotations, raw, raw) == 1
    assert "the label a is taken" in capsys.readouterr().err
    assert compare(annotations, raw, f"again={raw}") == 0
    assert compare(annotations, f"mine={raw}") == 0  # one is printed as ever
    assert "under lasot_official" in capsys.readouterr().out


def test_attributes_side_by_side(annotations, tmp_path, capsys):
    flags = tmp_path / "att"
    flags.mkdir()
    for number, name in enumerate(NAMES):
        (flags / f"{name}.txt").write_text(",".join(["1", str(number % 2), *"0" * 12]))
    raw = [results(tmp_path / name, shift) for name, shift in (("a_1", 4), ("b", 2))]
    out = tmp_path / "out"
    assert compare(annotations, *raw, extra=["--attributes", flags, "--out", out]) == 0
    assert "AUC by attribute on lasot" in capsys.readouterr().out
    rows = list(csv.DictReader((out / "attributes_lasot.csv").open()))
    assert list(rows[0]) == ["tracker", "IV", "POC"]
    whole = list(csv.DictReader((out / "comparison.csv").open()))
    assert [row["IV"] for row in rows] == [row["AUC"] for row in whole], "all sequences have it"
    assert float(rows[0]["POC"]) < float(rows[0]["IV"]), "those of odd numbers are further off"
    assert (out / "attributes_lasot.png").is_file()
    assert not (out / "attributes_lasot.pgf").exists(), "bars are no curve"
    for name in NAMES[:2]:
        (raw[1] / f"{name}.txt").unlink()
    some = tmp_path / "some"
    extra = ["--attributes", flags, "--skip-missing", "--out", some]
    assert compare(annotations, *raw, extra=extra) == 0
    assert not (some / "attributes_lasot.csv").exists(), "of other sequences each"
