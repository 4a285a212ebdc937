"""Each benchmark of the table: a tree made by its rules is read, run and scored; others are not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from hit_trackers.errors import DatasetError
from toolkit_adapters.cli import main
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.benchmarks import (
    BENCHMARKS,
    entries,
    lasot_attributes,
    lasot_extension,
)
from toolkit_adapters.datasets.lasot import Lasot, official_names

sys.path.insert(0, str(Path(__file__).parent))
from trees import CHOSEN, make

SMALL = [name for name in CHOSEN if name not in ("uav20l", "got10k-train", "lasot-ext")]


def opened(name, root):
    (dataset,) = open_datasets(name, root)
    return dataset


def test_the_tables_have_as_many_sequences_as_papers_say():
    counts = {name: len(entries(name)) for name in BENCHMARKS}
    assert counts == {
        "otb": 100,
        "uav123": 123,
        "uav20l": 20,
        "nfs30": 100,
        "nfs240": 100,
        "tnl2k": 0,
        "vot": 0,
    }
    assert len(lasot_extension()) == 150
    assert set(lasot_attributes()) == set(official_names())
    # Published numbers of frames: 59,040 (OTB-100), 112,578 (UAV123), 58,670 (UAV20L).
    frames = {
        name: sum(e.last - e.first + 1 for e in entries(name))
        for name in ("otb", "uav123", "uav20l")
    }
    assert frames["uav123"] == 112_578
    assert frames["uav20l"] == 58_670
    assert frames["otb"] == 59_040


@pytest.mark.parametrize("name", CHOSEN)
def test_a_tree_of_its_rules_is_read(name, tmp_path):
    truths = make(name, tmp_path)
    dataset = opened(name, tmp_path)
    assert set(dataset.sequence_names) == set(truths)
    for sequence in dataset:
        truth = truths[sequence.name]
        assert len(sequence) == len(truth)
        np.testing.assert_allclose(sequence.truth.boxes, truth, atol=1e-4)
        first, _ = CHOSEN[name][sequence.name]
        skipped = 5 if sequence.name == "Tiger1" else 0
        assert int(sequence.frames[0].stem) == first + skipped
    assert dataset.missing_names() is not None


def test_nfs_in_the_layout_of_pytracking(tmp_path):
    truths = make("nfs30", tmp_path, official_nfs=False)
    for sequence in opened("nfs30", tmp_path):
        np.testing.assert_allclose(sequence.truth.boxes, truths[sequence.name])


#: Of each benchmark an attribute, how many of the tree have it, and its AUC in the test below.
OWN = {
    "otb": "MB 3 95.2 100 100",
    "uav123": "SV 3 95.2 100 100 100 100",
    "nfs30": "occluded 85_frames_of_2 95.2 100 100 100 100",
    "nfs240": "occluded 5_frames_of_1 95.2 100 100 100 100",
    "tnl2k": "ROT 1 95.2 100 100 100 100",
}


@pytest.mark.parametrize("name", SMALL)
def test_it_runs_and_is_scored_from_records_and_from_files(name, tmp_path, capsys):
    truths = make(name, tmp_path / "data")
    root = f"{BENCHMARKS[name].root}={tmp_path / 'data'}"
    results = tmp_path / "results"
    some = [word for sequence in list(truths)[:2] for word in ("--sequence", sequence)]
    command = ["run", "--dataset", name, "--root", root, "--tracker", "fake", *some]
    assert main([*command, "--results", str(results), "--no-memory", "--controls", "1"]) == 0
    assert main(["report", str(results), "--out", str(tmp_path / "report")]) == 0
    report = (tmp_path / "report" / "report.md").read_text()
    assert "AUC" in report
    assert "AUC by attribute" in report
    assert list((tmp_path / "report").rglob(f"attributes_{name}.csv"))
    capsys.readouterr()
    raw = tmp_path / "raw"
    raw.mkdir()
    for sequence, boxes in truths.items():
        known = np.where(np.isnan(boxes), 1.0, boxes)
        alias = {"Jogging-2": "Jogging_2"}.get(sequence, sequence)
        alias = BENCHMARKS[name].prefix + alias
        np.savetxt(raw / f"{alias}.txt", known, delimiter="\t")
    if name == "vot":  # its own measures are the VOT toolkit's
        return
    command = ["evaluate", str(raw), "--dataset", name, "--annotations", str(tmp_path / "data")]
    assert main(command) == 0
    found = capsys.readouterr().out
    assert f"{len(truths)} of {len(truths)} sequences" in found
    auc = float(next(line.split()[1] for line in found.splitlines() if line.startswith("AUC")))
    # Equal boxes pass 20 of 21 thresholds; frames without a truth are counted as failed.
    assert auc == pytest.approx(95.238, abs=1.2)
    assert "belong to no sequence" not in found
    assert main([*command, "--attributes"]) == 0
    found = capsys.readouterr().out
    attribute, size, *scores = OWN[name].split()
    line = next(line for line in found.splitlines() if line.startswith(f"{attribute} "))
    assert line.split()[: 1 + len(size.split("_"))] == [attribute, *size.split("_")]
    assert float(line.split()[-len(scores)]) == pytest.approx(float(scores[0]), abs=1.6)


def renumber(folder: Path) -> None:
    for number, path in enumerate(sorted(folder.glob("*.jpg"))):
        path.rename(folder / f"{number:04d}.jpg.new")
    for path in folder.glob("*.new"):
        path.rename(path.with_suffix(""))


def shorten(path: Path) -> None:
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


BROKEN = {
    "a picture is missing": (
        "otb",
        "Deer",
        lambda root: (root / "Deer/img/0040.jpg").unlink(),
        ("image 40 is missing", "Deer is images 1 to 71", "otbdataset.py"),
    ),
    "another start frame": (
        "otb",
        "David",
        lambda root: renumber(root / "David/img"),
        ("image 471 is missing, and 299 more", "from 0000.jpg to 0470.jpg", "images 300 to 770"),
    ),
    "too few boxes": (
        "uav123",
        "bird1_2",
        lambda root: shorten(root / "anno/UAV123/bird1_2.txt"),
        ("bird1_2.txt: 702 boxes for 703 frames", "images 775 to 1477", "configSeqs.m"),
    ),
    "no boxes": (
        "uav123",
        "uav4",
        lambda root: (root / "anno/UAV123/uav4.txt").unlink(),
        ("uav4.txt: missing",),
    ),
    "a line that is no box": (
        "tnl2k",
        "Fight_scene",
        lambda root: (root / "Fight_scene/groundtruth.txt").write_text("1,2,3,4\n1,2,3\n"),
        ("groundtruth.txt:2: expected 4 numbers",),
    ),
    "nfs without corners": (
        "nfs240",
        "Skiing_red",
        lambda root: (root / "Skiing_red/240/Skiing_red.txt").write_text("0 1 2 3\n"),
        ("Skiing_red.txt:1: expected a number and the corners", "nfs.py"),
    ),
    "nfs of another length": (
        "nfs30",
        "Skiing_red",
        lambda root: (
            (root / "Skiing_red/30/Skiing_red/00070.jpg").write_bytes(b"")
            or (root / "Skiing_red/30/Skiing_red/00071.jpg").write_bytes(b"")
        ),
        ("Skiing_red.txt: 69 boxes for 71 frames", "nfs.py"),
    ),
    "no images": (
        "vot",
        "bag",
        lambda root: [path.unlink() for path in (root / "bag").glob("*.jpg")],
        ("bag: no images",),
    ),
    "a label that is missing": (
        "lasot-ext",
        "atv-1",
        lambda root: (root / "atv/atv-1/out_of_view.txt").unlink(),
        ("out_of_view.txt: missing",),
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_another_tree_is_named_by_file_and_rule(kind, tmp_path, monkeypatch, capsys):
    name, sequence, damage, words = BROKEN[kind]
    make(name, tmp_path)
    damage(tmp_path)
    with pytest.raises(DatasetError) as error:
        opened(name, tmp_path).load(sequence)
    for word in words:
        assert word in str(error.value)
    monkeypatch.setenv("HIT_TRACKERS_CONFIG", str(tmp_path / "none.ini"))
    root = {"lasot-ext": "lasot_ext"}.get(name) or BENCHMARKS[name].root
    assert main(["doctor", "--root", f"{root}={tmp_path}"]) == 1
    assert words[0] in capsys.readouterr().out


def test_a_root_without_the_benchmark_is_said(tmp_path):
    for name in (*BENCHMARKS, "lasot-ext"):
        (tmp_path / "other").mkdir(exist_ok=True)
        with pytest.raises(DatasetError, match="holds no sequence; expected"):
            list(opened(name, tmp_path / "other"))


def test_names_of_a_list_stay_below_the_root(tmp_path):
    make("vot", tmp_path)
    for text, words in (("../bag", "no name of a sequence"), ("bag\nbag", "listed twice")):
        (tmp_path / "list.txt").write_text(text)
        with pytest.raises(DatasetError, match=words):
            list(opened("vot", tmp_path))


def make_at(name, folder):
    make(name, folder / name)
    return folder / name


def test_attributes(tmp_path):
    make("uav123", tmp_path / "uav")
    make("otb", tmp_path / "otb")
    assert opened("uav123", tmp_path / "uav").attributes("uav4") == ("SV",)
    assert opened("otb", tmp_path / "otb").attributes("Deer") == ("MB", "FM", "IPR", "BC", "LR")
    lasot = opened("lasot", tmp_path)
    assert lasot.attributes("airplane-1") == ("POC", "ROT", "SV", "LR")
    assert Lasot(tmp_path, "demo-lasot", any_name=True).attributes("airplane-1") == ()
    assert opened("tnl2k", make_at("tnl2k", tmp_path)).attributes("Assian_video_Z03_done") == (
        *("ROT", "VC", "SV", "BC"),
    )
    nfs = opened("nfs30", make_at("nfs30", tmp_path))
    assert nfs.attributes("Skiing_red") == ()
    assert len([entry for entry in nfs.entries.values() if entry.attributes == ("OCC",)]) == 20
    train = opened("got10k-train", make_at("got10k-train", tmp_path))
    assert train.attributes("GOT-10k_Train_000001") == ("animal",)
    meta = tmp_path / "got10k-train/train/GOT-10k_Train_000001/meta_info.ini"
    for text, expected in (("= unknown\n", ()), ("", ()), (": a b\n", ("a b",))):
        meta.write_text(f"root_class{text}")
        assert train.attributes("GOT-10k_Train_000001") == expected
    (tmp_path / "uav/anno/UAV123/att/uav4.txt").write_text("1,0")
    with pytest.raises(DatasetError, match="2 flags, expected 12"):
        opened("uav123", tmp_path / "uav").attributes("uav4")


def places(mask):
    return np.flatnonzero(mask).tolist()


def test_attributes_of_frames(tmp_path):
    vot = opened("vot", make_at("vot", tmp_path))
    for name in vot.sequence_names:
        (tag,) = vot.frame_attributes(name).items()  # that which no frame has is left out
        assert tag[0] == "camera_motion"
        assert len(tag[1]) == len(vot.load(name))
        assert places(tag[1]) == [1, 2]
    found = opened("nfs30", make_at("nfs30", tmp_path)).frame_attributes("Skiing_red")
    assert set(found) == {"occluded"}
    assert places(found["occluded"]) == list(range(0, 69, 2)), "every eighth line is a frame"
    found = opened("nfs240", make_at("nfs240", tmp_path)).frame_attributes("Skiing_red")
    assert places(found["occluded"]) == [0, 16, 32, 48, 64]
    train = opened("got10k-train", make_at("got10k-train", tmp_path))
    found = train.frame_attributes("GOT-10k_Train_000001")
    assert {name: places(mask) for name, mask in found.items()} == {
        "absence": [3],
        "cut_by_image": [5, 6],
        "cover<8": [2, 3, 4, 5, 6],
        "cover<5": [3],
    }
    assert opened("tnl2k", make_at("tnl2k", tmp_path)).frame_attributes("Fight_scene") == {}
    assert opened("nfs30", make_pytrackings_nfs(tmp_path)).frame_attributes("Skiing_red") == {}


def make_pytrackings_nfs(folder):
    make("nfs30", folder / "other", official_nfs=False)
    return folder / "other"


def test_a_tag_of_more_lines_than_frames_is_named(tmp_path):
    make("vot", tmp_path)
    (tmp_path / "bag/camera_motion.tag").write_text("0\n" * 13)
    with pytest.raises(DatasetError, match=r"camera_motion\.tag: 13 lines for 12 frames"):
        opened("vot", tmp_path).frame_attributes("bag")


def test_frames_without_the_target_have_no_score_and_are_no_group(tmp_path, capsys):
    """GOT-10k's own rule: where `cover` is 0 nothing is scored; what is wrong elsewhere shows."""
    boxes = make("got10k-train", tmp_path / "data")["GOT-10k_Train_000001"].copy()
    boxes[5:] += 100  # exactly the frames that are cut by the image
    (tmp_path / "raw").mkdir()
    np.savetxt(tmp_path / "raw/GOT-10k_Train_000001.txt", boxes, delimiter=",")
    root = ["--annotations", str(tmp_path / "data")]
    command = ["evaluate", str(tmp_path / "raw"), "--dataset", "got10k-train", *root]
    assert main([*command, "--attributes", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["attributes"]
    assert set(found) == {"animal", "cut_by_image", "cover<8"}
    assert found["cut_by_image"] == {
        "sequences": 1,
        "frames": 2,
        "AO": 0.0,
        "SR0.5": 0.0,
        "SR0.75": 0.0,
    }
    assert found["cover<8"]["frames"] == 4
    assert found["cover<8"]["AO"] == pytest.approx(0.5)
    assert found["animal"]["AO"] == pytest.approx(3 / 5)
