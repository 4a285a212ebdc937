"""Every family through both toolkits and into a zip: seeded weights, the demo cut to few frames."""

from __future__ import annotations

import dataclasses
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from agreement import Asked, check_got10k, check_vot, run_records

from toolkit_adapters import cli
from toolkit_adapters.datasets import open_datasets

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
#: The smallest tracker of each family.
FAMILIES = ("hit_nano", "ostrack_256", "mixformer_cvt", "stark_lightning", "transt_n2")
#: Those whose variant is run in the VOT toolkit, too: it starts a process for each tracker.
CHEAP = ("hit_nano", "stark_lightning")
FRAMES = 3


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], str]:
    """A TrackingNet of one sequence of the demo, cut to its first frames; its name.

    Cut, not limited: a zip needs a box of every frame that there is.
    """
    dataset = next(d for d in open_datasets("demo") if d.name == "demo-trackingnet")
    sequence = dataset.load(dataset.sequence_names[0])
    root = tmp_path_factory.mktemp("trackingnet")
    frames = root / "TEST" / "frames" / sequence.name
    frames.mkdir(parents=True)
    for path in sequence.files[:FRAMES]:
        shutil.copy(path, frames)
    boxes = sequence.truth.boxes
    for folder, count in (("TEST/anno", 1), ("truth", FRAMES)):
        (root / folder).mkdir(exist_ok=True)
        np.savetxt(root / folder / f"{sequence.name}.txt", boxes[:count], "%.3f", ",")
    return ["--dataset", "trackingnet", "--root", str(root)], sequence.name


@pytest.fixture(scope="module", params=FAMILIES)
def asked(request: pytest.FixtureRequest, cut: tuple[list[str], str]) -> Asked:
    trackers = (request.param, f"{request.param}_exact")
    return Asked(trackers, [cut[1]], FRAMES, checkpoint="seeded")


@pytest.fixture(scope="module")
def records(
    asked: Asked, cut: tuple[list[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return run_records(tmp_path_factory.mktemp("families") / "records", cut[0], asked)


def test_got10k(asked: Asked, cut: tuple[list[str], str], records: Path, tmp_path: Path) -> None:
    pytest.importorskip("got10k")
    check_got10k(tmp_path, cut[0], asked, records)


def test_vot(asked: Asked, cut: tuple[list[str], str], records: Path, tmp_path: Path) -> None:
    if asked.trackers[0] not in CHEAP:
        asked = dataclasses.replace(asked, trackers=asked.trackers[:1])
    check_vot(tmp_path, cut[0], asked, records)


def test_zip(asked: Asked, cut: tuple[list[str], str], records: Path, tmp_path: Path) -> None:
    """Our validator accepts it, and it holds the very boxes of the records."""
    where = cut[0][2:]
    for tracker, _, sequence, record in asked.recorded(records):
        out = tmp_path / f"{tracker}-partial.zip"
        submit = ["submit", "trackingnet", str(records), "--tracker", tracker, *where]
        assert cli.main([*submit, "--partial", "--out", str(out)]) == 0
        assert cli.main(["check", str(out), *where]) == 0
        with zipfile.ZipFile(out) as archive:
            assert archive.namelist() == [f"{sequence}.txt"]
            boxes = np.loadtxt(archive.open(f"{sequence}.txt"), delimiter=",")
        assert np.array_equal(boxes, record.boxes)
