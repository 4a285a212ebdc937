"""Baseline, memeff and exact through both toolkits: their files hold the boxes of our records."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from toolkit_adapters import cli
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.got10k import __main__ as got10k_command
from toolkit_adapters.records import open_results
from toolkit_adapters.scoring import Truth, combine, find
from toolkit_adapters.vot import __main__ as vot_command

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
TRACKERS = ("hit_nano", "hit_nano_memeff", "hit_nano_exact")
FRAMES = 12
LIMIT = ["--max-frames", str(FRAMES)]
#: Which sequence of which dataset; of the demo, one of each layout.
DEMO = {"demo-lasot": 0, "demo-trackingnet": 1, "demo-got10k": 2}


def options(names: list[str]) -> list[str]:
    chosen = [item for name in names for item in ("--sequence", name)]
    return [*chosen, *(item for name in TRACKERS for item in ("--tracker", name))]


def run_records(folder: Path, dataset: list[str], names: list[str]) -> Path:
    arguments = ["run", *dataset, *options(names), *LIMIT, "--results", str(folder)]
    assert cli.main([*arguments, "--no-memory", "--controls", "0", "--open-loop", "0"]) == 0
    return folder


def check_got10k(tmp_path: Path, dataset: list[str], names: list[str], records: Path) -> None:
    folders = ["--results", str(tmp_path / "toolkit"), "--reports", str(tmp_path / "reports")]
    arguments = [*dataset, *options(names), *LIMIT, *folders]
    assert got10k_command.main(arguments) == 0
    results = open_results(records)
    compared = 0
    for tracker in TRACKERS:
        for name in results.datasets:
            for sequence in results.sequences(tracker, name):
                (file,) = (
                    path
                    for path in (tmp_path / "toolkit" / name).rglob(f"{sequence}*.txt")
                    if tracker in path.parts and not path.stem.endswith("_time")
                )
                boxes = results.record(tracker, name, sequence).boxes
                stored = np.loadtxt(file, delimiter=",")
                written = [[float(f"{value:.3f}") for value in box] for box in boxes]
                np.testing.assert_array_equal(stored, written)
                compared += 1
    assert compared == len(TRACKERS) * len(names)
    assert len(list((tmp_path / "reports").rglob("performance.json"))) == len(results.datasets)


def check_vot(tmp_path: Path, dataset: str, names: list[str], records: Path) -> None:
    pytest.importorskip("trax")
    pytest.importorskip("vot")
    from vot.region.io import read_trajectory

    space = tmp_path / "space"
    arguments = ["init", str(space), "--dataset", dataset, *options(names), *LIMIT]
    assert vot_command.main([*arguments, "--experiment", "unsupervised"]) == 0
    assert vot_command.main(["evaluate", str(space)]) == 0
    assert vot_command.main(["report", str(space)]) == 0
    results = open_results(records)
    compared = 0
    for tracker in TRACKERS:
        for name in results.datasets:
            for sequence in results.sequences(tracker, name):
                folder = space / "results" / tracker / "unsupervised" / sequence
                regions = read_trajectory(str(folder / f"{sequence}_001.bin"))
                boxes = results.record(tracker, name, sequence).boxes
                for region, box in zip(regions[1:], boxes[1:], strict=True):
                    # float32, and four decimals on the way.
                    sent = [float(np.float32(f"{np.float32(value):.4f}")) for value in box]
                    assert [region.x, region.y, region.width, region.height] == sent
                compared += 1
    assert compared == len(TRACKERS) * len(names)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """Names of three sequences, one of each layout, and the folder of their records."""
    datasets = open_datasets("demo")
    names = [dataset.sequence_names[DEMO[dataset.name]] for dataset in datasets]
    folder = tmp_path_factory.mktemp("demo") / "records"
    return names, run_records(folder, ["--dataset", "demo"], names)


def test_got10k_on_the_demo(demo, tmp_path):
    pytest.importorskip("got10k")
    names, records = demo
    check_got10k(tmp_path, ["--dataset", "demo"], names, records)


def test_vot_on_the_demo(demo, tmp_path):
    names, records = demo
    check_vot(tmp_path, "demo", names, records)


def test_both_on_a_real_sequence(shared, tmp_path):
    pytest.importorskip("got10k")
    root = shared / "data" / "trackingnet"
    dataset = ["--dataset", "trackingnet", "--root", str(root)]
    names = ["vot15_bag"]  # its boxes have three decimals
    records = run_records(tmp_path / "records", dataset, names)
    check_got10k(tmp_path, dataset, names, records)
    check_vot(tmp_path, f"trackingnet={root}", names, records)


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
