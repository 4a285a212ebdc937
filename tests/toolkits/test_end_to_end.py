"""Baseline, memeff and exact through both toolkits: their files hold the boxes of our records."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from agreement import Asked, check_got10k, check_vot, run_records

from toolkit_adapters import cli
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.records import open_results
from toolkit_adapters.scoring import Truth, combine, find

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
TRACKERS = ("hit_nano", "hit_nano_memeff", "hit_nano_exact")
FRAMES = 12
#: Which sequence of which dataset; of the demo, one of each layout.
DEMO = {"demo-lasot": 0, "demo-trackingnet": 1, "demo-got10k": 2}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Asked, Path]:
    """Three sequences, one of each layout, and the folder of their records."""
    datasets = open_datasets("demo")
    names = [dataset.sequence_names[DEMO[dataset.name]] for dataset in datasets]
    asked = Asked(TRACKERS, names, FRAMES)
    folder = tmp_path_factory.mktemp("demo") / "records"
    return asked, run_records(folder, ["--dataset", "demo"], asked)


def test_got10k_on_the_demo(demo, tmp_path):
    pytest.importorskip("got10k")
    check_got10k(tmp_path, ["--dataset", "demo"], *demo)


def test_vot_on_the_demo(demo, tmp_path):
    check_vot(tmp_path, ["--dataset", "demo"], *demo)


def test_both_on_a_real_sequence(shared, tmp_path):
    pytest.importorskip("got10k")
    dataset = ["--dataset", "trackingnet", "--root", str(shared / "data" / "trackingnet")]
    asked = Asked(TRACKERS, ["vot15_bag"], FRAMES)  # its boxes have three decimals
    records = run_records(tmp_path / "records", dataset, asked)
    check_got10k(tmp_path, dataset, asked, records)
    check_vot(tmp_path, dataset, asked, records)


# --- the server ------------------------------------------------------------------------------


def test_our_zip_scores_what_the_report_prints(shared, tmp_path, capsys):
    """Through the zip and the server's metric, or straight from the records: the same scores."""
    data = shared / "data"
    root = data / "trackingnet"
    names = ["Jogging-1", "TinyTLP_CarChase2"]
    limited = [item for name in names for item in ("--sequence", name)]
    records, out = tmp_path / "records", tmp_path / "partial.zip"
    arguments = ["run", "--dataset", "trackingnet", "--root", str(root), *limited]
    arguments += ["--tracker", "hit_nano", "--results", str(records), "--no-memory"]
    assert cli.main([*arguments, "--controls", "0", "--open-loop", "0"]) == 0
    submit = ["submit", "trackingnet", str(records), "--tracker", "hit_nano", "--partial"]
    assert cli.main([*submit, "--root", str(root), "--out", str(out)]) == 0
    assert cli.main(["check", str(out), "--root", str(root)]) == 1  # two of the four
    capsys.readouterr()

    truth = tmp_path / "truth"
    truth.mkdir()
    for name in names:
        shutil.copy(data / "trackingnet_truth" / f"{name}.txt", truth)
    evaluate = ["evaluate", str(out), "--dataset", "trackingnet", "--annotations", str(truth)]
    assert cli.main([*evaluate, "--json"]) == 0
    from_zip = json.loads(capsys.readouterr().out)["overall"]

    server, results = find("trackingnet"), open_results(records)
    (opened,) = open_datasets("trackingnet", root)
    scores = []
    for name in names:
        boxes = results.record("hit_nano", "trackingnet", name).boxes
        scores.append(server.score(boxes, opened.load(name).truth))
    assert from_zip == dict(combine(scores).values)

    cli.main(["report", str(records), "--out", str(tmp_path / "report")])
    table = tmp_path / "report" / "tables" / "table2.csv"
    with table.open() as file:
        (row,) = (row for row in csv.DictReader(file) if row["tracker"] == "hit_nano")
    for name in ("Success", "NormPrec", "Precision"):
        assert float(row[f"trackingnet {name}"]) == pytest.approx(100 * from_zip[name], rel=1e-12)


def test_the_server_metric_scores_the_published_submission(shared):
    """The figures that the README of `../shared/published` gives, to 1e-4."""
    folder = shared / "published" / "trackingnet"
    server = find("trackingnet")
    scores = []
    with (
        zipfile.ZipFile(folder / "dummy_GT.zip") as truth,
        zipfile.ZipFile(folder / "dummy_subm.zip") as submission,
    ):
        for name in truth.namelist():
            boxes = np.loadtxt(truth.open(name), delimiter=",", ndmin=2)
            found = name in submission.namelist()
            predicted = np.loadtxt(submission.open(name), delimiter=",", ndmin=2) if found else None
            scores.append(server.score(predicted, Truth(boxes)))
    values = combine(scores).values
    expected = {"Coverage": 88.9556, "Precision": 87.8025, "NormPrec": 87.8025, "Success": 88.0796}
    for name, value in expected.items():
        assert 100 * values[name] == pytest.approx(value, abs=1e-4), name
