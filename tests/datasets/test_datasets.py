from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hit_trackers.errors import DatasetError, HitTrackersError
from toolkit_adapters.datasets import catalogue, open_datasets
from toolkit_adapters.datasets.annotations import parse_boxes, parse_labels, read_text
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.datasets.got10k import Got10k
from toolkit_adapters.datasets.lasot import Lasot, official_names
from toolkit_adapters.datasets.selection import select
from toolkit_adapters.datasets.trackingnet import TrackingNet

BOXES = "10,10,5,5\n11,10,5,5\n12,10,5,5\n"


def images(folder: Path, first: int, pattern: str = "{:08d}.jpg", count: int = 3) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        (folder / pattern.format(number)).write_bytes(b"jpeg")


def lasot(root: Path) -> Dataset:
    folder = root / "airplane" / "airplane-1"
    images(folder / "img", 1)
    (folder / "groundtruth.txt").write_text(BOXES)
    (folder / "full_occlusion.txt").write_text("0,1,0")
    (folder / "out_of_view.txt").write_text("0,0,1\n")
    return Lasot(root)


def trackingnet(root: Path) -> Dataset:
    images(root / "TEST" / "frames" / "x_1", 0, "{}.jpg", count=12)
    (root / "TEST" / "anno").mkdir()
    (root / "TEST" / "anno" / "x_1.txt").write_text("10,10,5,5\n")
    return TrackingNet(root)


def got10k(root: Path, split: str = "val") -> Dataset:
    folder = root / split / "GOT-10k_Val_000001"
    images(folder, 1)
    (folder / "groundtruth.txt").write_text(BOXES)
    (folder / "cover.label").write_text("8\n0\n3\n")
    (folder / "absence.label").write_text("0\n1\n0\n")
    (root / split / "list.txt").write_text("GOT-10k_Val_000001\n")
    return Got10k(root, split)


def test_lasot(tmp_path: Path) -> None:
    (sequence,) = lasot(tmp_path)
    assert sequence.name == "airplane-1"
    assert [path.name for path in sequence.frames] == [f"{i:08d}.jpg" for i in (1, 2, 3)]
    assert sequence.truth.absent is not None
    assert sequence.truth.absent.tolist() == [False, True, True]
    assert sequence.truth.boxes.dtype == np.float64
    assert sequence.has_truth


def test_lasot_takes_official_test_names_only(tmp_path: Path) -> None:
    dataset = lasot(tmp_path)
    shutil.copytree(tmp_path / "airplane" / "airplane-1", tmp_path / "airplane" / "airplane-2")
    assert len(official_names()) == len(set(official_names())) == 280
    assert dataset.sequence_names == ("airplane-1",)
    assert len(dataset.missing_names()) == 279
    assert len(Lasot(tmp_path, any_name=True)) == 2


def test_trackingnet_frames_are_sorted_as_numbers(tmp_path: Path) -> None:
    (sequence,) = trackingnet(tmp_path)
    assert [path.name for path in sequence.frames] == [f"{i}.jpg" for i in range(12)]
    assert sequence.truth.boxes.shape == (1, 4)
    assert not sequence.has_truth


@pytest.mark.parametrize("where", ["inside", "sibling", "given"])
def test_trackingnet_truth_is_found(tmp_path: Path, where: str) -> None:
    root = tmp_path / "tn"
    trackingnet(root)
    folder = {"inside": root / "truth", "sibling": tmp_path / "tn_truth", "given": tmp_path / "t"}[
        where
    ]
    folder.mkdir()
    (folder / "x_1.txt").write_text("10,10,5,5\n" * 12)
    (sequence,) = TrackingNet(root, truth=folder if where == "given" else None)
    assert sequence.has_truth
    (folder / "x_1.txt").write_text("11,10,5,5\n" * 12)
    with pytest.raises(DatasetError, match=r"x_1\.txt:1: the first box differs"):
        list(TrackingNet(root, truth=folder if where == "given" else None))


def test_got10k(tmp_path: Path) -> None:
    (sequence,) = got10k(tmp_path)
    assert sequence.truth.cover is not None
    assert sequence.truth.cover.tolist() == [8, 0, 3]
    assert sequence.truth.absent is not None
    assert sequence.truth.absent.tolist() == [False, True, False]


def test_got10k_test_has_a_first_box_only(tmp_path: Path) -> None:
    dataset = got10k(tmp_path, "test")
    folder = tmp_path / "test" / "GOT-10k_Val_000001"
    (folder / "groundtruth.txt").write_text("10,10,5,5\n")
    for label in folder.glob("*.label"):
        label.unlink()
    (sequence,) = dataset
    assert sequence.truth.boxes.shape == (1, 4)
    assert sequence.truth.cover is None


def spoil(relative: str, content: str | None) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / relative
        if content is None:
            path.unlink()
        else:
            path.write_text(content)

    return change


@pytest.mark.parametrize(
    ("relative", "content", "message"),
    [
        (
            "groundtruth.txt",
            "1,2,3,4\n1,2,3\n",
            r"groundtruth\.txt:2: expected four finite numbers",
        ),
        ("groundtruth.txt", "1,2,3,4\n\n1,2,3,4\n", r"groundtruth\.txt:2: .* got ''"),
        ("groundtruth.txt", "1,2,nan,4\n", r"groundtruth\.txt:1: expected four finite"),
        ("groundtruth.txt", "1,2,1e999,4\n", r"groundtruth\.txt:1: expected finite numbers"),
        ("groundtruth.txt", "1 2 3 4\n", r"groundtruth\.txt:1: expected four"),
        ("groundtruth.txt", "1,2,0,4\n" * 3, r"groundtruth\.txt:1: the first box"),
        ("groundtruth.txt", "1,2,3,-4\n" * 3, r"groundtruth\.txt:1: the first box"),
        ("groundtruth.txt", "", r"groundtruth\.txt: empty"),
        ("groundtruth.txt", BOXES + "1,1,1,1\n", r"groundtruth\.txt: 4 entries for 3 frames"),
        ("groundtruth.txt", None, r"groundtruth\.txt: missing"),
        ("full_occlusion.txt", "0,1", r"full_occlusion\.txt: 2 entries for 3 frames"),
        ("full_occlusion.txt", "0,2,0", r"full_occlusion\.txt:1: entry 2: .* got '2'"),
        ("out_of_view.txt", None, r"out_of_view\.txt: missing"),
        ("img/00000002.jpg", None, r"img: frame 2 is missing"),
        ("img/cover.jpg", "x", r"cover\.jpg: expected a numbered frame"),
    ],
)
def test_bad_annotations_are_named(
    tmp_path: Path, relative: str, content: str | None, message: str
) -> None:
    dataset = lasot(tmp_path)
    spoil(relative, content)(tmp_path / "airplane" / "airplane-1")
    with pytest.raises(DatasetError, match=message):
        dataset.load("airplane-1")


def test_official_oddities_are_no_errors(tmp_path: Path) -> None:
    path = tmp_path / "groundtruth.txt"
    path.write_bytes(b"\xef\xbb\xbf1,2,3,4\r\n1, 2, 3, -11\r\n0,0,0,0\r\n\r\n")
    assert parse_boxes(*read_text(path), strict=True).tolist() == [
        [1, 2, 3, 4],
        [1, 2, 3, -11],
        [0, 0, 0, 0],
    ]


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text("0123456789,.-+eEna \n", max_size=200)))
def test_any_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes | str
) -> None:
    path = tmp_path_factory.mktemp("a") / "f.txt"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    text = read_text(path)
    with contextlib.suppress(DatasetError):
        assert np.isfinite(parse_boxes(*text, strict=True)).all()
    with contextlib.suppress(DatasetError):
        assert np.isfinite(parse_labels(*text, 8, strict=True)).all()


def test_got10k_names_cannot_leave_the_root(tmp_path: Path) -> None:
    dataset = got10k(tmp_path)
    (tmp_path / "val" / "list.txt").write_text("../../etc\n")
    with pytest.raises(DatasetError, match=r"list\.txt:1"):
        len(dataset)


def test_fingerprint_follows_the_data_not_the_place(tmp_path: Path) -> None:
    before = lasot(tmp_path / "a").fingerprint()
    assert lasot(tmp_path / "b").fingerprint() == before
    folder = tmp_path / "b" / "airplane" / "airplane-1"
    boxes = BOXES.splitlines(keepends=True)
    (folder / "groundtruth.txt").write_text("".join([boxes[0], *["9,9,9,9\n"] * len(boxes[1:])]))
    assert Lasot(tmp_path / "b").fingerprint() == before, "later boxes decide scores, and no box"
    (folder / "groundtruth.txt").write_text("".join(["9,9,9,9\n", *boxes[1:]]))
    assert Lasot(tmp_path / "b").fingerprint() != before
    (folder / "groundtruth.txt").write_text(BOXES)
    assert Lasot(tmp_path / "b").fingerprint() == before
    last = max((folder / "img").iterdir())
    last.unlink()
    assert Lasot(tmp_path / "b").fingerprint() != before


def test_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("flag", "environment", "file"):
        (tmp_path / name).mkdir()
    settings_file = tmp_path / "config.ini"
    monkeypatch.setenv("HIT_TRACKERS_CONFIG", str(settings_file))
    monkeypatch.delenv("LASOT_ROOT", raising=False)
    with pytest.raises(DatasetError, match=r"(?s)--root DIR.*LASOT_ROOT.*config\.ini"):
        catalogue.find_root("lasot")
    settings_file.write_text(f"[roots]\nlasot = {tmp_path / 'file'}\n")
    assert catalogue.find_root("lasot").name == "file"
    monkeypatch.setenv("LASOT_ROOT", str(tmp_path / "environment"))
    assert catalogue.find_root("lasot").name == "environment"
    assert catalogue.find_root("lasot", tmp_path / "flag").name == "flag"
    monkeypatch.setenv("LASOT_ROOT", str(tmp_path / "nowhere"))
    with pytest.raises(DatasetError, match=r"nowhere \(from LASOT_ROOT\) is no folder"):
        catalogue.find_root("lasot")
    monkeypatch.delenv("LASOT_ROOT")
    settings_file.write_text("lasot = no section\n")
    with pytest.raises(HitTrackersError, match=r"config\.ini"):
        catalogue.find_root("lasot")


def test_split_roots() -> None:
    assert catalogue.split_roots(["/d"], ["demo", "lasot"]) == {"lasot": Path("/d")}
    both = catalogue.split_roots(["lasot=/a", "got10k=/b"], ["lasot", "got10k-val"])
    assert both["lasot"] == Path("/a")
    assert both["got10k-val"] == Path("/b")
    assert catalogue.split_roots(["/a=b"], ["got10k-test"]) == {"got10k-test": Path("/a=b")}
    assert catalogue.split_roots(["/d"], ["demo-lasot"]) == {"demo-lasot": Path("/d")}
    assert catalogue.split_roots(["demo=/d"], [])["demo-got10k"] == Path("/d")
    with pytest.raises(HitTrackersError, match="expected DIR"):
        catalogue.split_roots(["lasot="], ["lasot"])
    with pytest.raises(HitTrackersError, match="whose root is it"):
        catalogue.split_roots(["/d"], ["lasot", "trackingnet"])


def test_sequences_are_chosen_by_name_and_cut(tmp_path: Path) -> None:
    places = [lasot(tmp_path / "l"), got10k(tmp_path / "g")]
    everything = select(places)
    assert [selection.names for selection in everything] == [
        ("airplane-1",),
        ("GOT-10k_Val_000001",),
    ]
    other, chosen = select(places, ["GOT-10k_Val_000001"], max_frames=2)
    assert other.names == ()
    sequence = chosen.load("GOT-10k_Val_000001")
    assert len(sequence) == 2
    assert sequence.has_truth
    assert sequence.truth.absent is not None
    assert sequence.truth.cover is not None
    assert sequence.truth.absent.tolist() == [False, True]
    assert sequence.truth.cover.tolist() == [8, 0]
    with pytest.raises(DatasetError, match=r"lasot and got10k-val: no sequence x; there are 2"):
        select(places, ["x"])
    with pytest.raises(DatasetError, match="--max-frames 1: expected at least 2"):
        select(places, max_frames=1, least_frames=2)


@pytest.mark.parametrize("line", ["resolution: (64, 48)", "resolution = (64, 48)"])
def test_got10k_says_how_large_its_images_are(tmp_path: Path, line: str) -> None:
    dataset = got10k(tmp_path)
    assert dataset.load("GOT-10k_Val_000001").truth.size is None
    meta = tmp_path / "val" / "GOT-10k_Val_000001" / "meta_info.ini"
    meta.write_text(f"[METAINFO]\nurl: https://example.org/v?a=b\n{line}\n")
    assert dataset.load("GOT-10k_Val_000001").truth.size == (64, 48)


def test_unknown_and_empty_datasets(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="unknown dataset 'otc'"):
        open_datasets("otc")
    (tmp_path / "LaSOTBenchmark").mkdir()
    (dataset,) = open_datasets("lasot", root=tmp_path)
    with pytest.raises(DatasetError, match="one level off"):
        len(dataset)
    with pytest.raises(DatasetError, match="no sequence 'airplane-9'"):
        lasot(tmp_path / "x").load("airplane-9")


def test_real_sequences(shared: Path) -> None:
    counts = {}
    for name, folder in (
        ("lasot", "lasot"),
        ("trackingnet", "trackingnet"),
        ("got10k-val", "got10k"),
    ):
        (dataset,) = open_datasets(name, root=shared / "data" / folder)
        counts[name] = [len(sequence) for sequence in dataset if sequence.has_truth]
    assert counts["lasot"] == [300]
    assert sum(counts["trackingnet"]) == 150 + 100 + 200 + 196
    assert len(counts["got10k-val"]) == 8
