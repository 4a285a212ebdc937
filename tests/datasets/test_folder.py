"""Any folder as a dataset: what is taken for what, and what is refused, by file and line."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from hit_trackers.errors import DatasetError
from toolkit_adapters.cli import main
from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.datasets.boxfiles import read_boxes


def draw(folder, names, size=(60, 40)):
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        image = np.full((size[1], size[0], 3), number * 9 % 256, np.uint8)
        cv2.imwrite(str(folder / name), image)


def numbered(count, form="{:04d}.jpg", first=1):
    return [form.format(number) for number in range(first, first + count)]


def opened(root, name="folder"):
    (dataset,) = open_datasets(name, root)
    return dataset


LINES = {
    "commas": "10,5,20,8\n11,5,20,8\n",
    "tabs": "10\t5\t20\t8\n11\t5\t20\t8\n",
    "spaces": "  10 5 20 8 \r\n11  5 20  8\r\n\r\n",
    "semicolons": "10;5;20;8\n11; 5; 20; 8\n",
    "decimals": "10.0,5.0,20.0,8.0\n1.1e1,5,20,8",
    "polygons": "10,5,30,5,30,13,10,13\n11,5,31,5,31,13,11,13\n",
    "masks": "m10,5,20,8,0,160\nm11,5,20,8,3,157\n",
}


@pytest.mark.parametrize("kind", LINES)
def test_boxes_in_every_usual_form(tmp_path, kind):
    path = tmp_path / "groundtruth.txt"
    path.write_bytes(LINES[kind].encode())
    found = read_boxes(path)
    assert found.boxes.tolist() == [[10, 5, 20, 8], [11, 5, 20, 8]]
    assert kind[:-1] in found.form or found.form == "x, y, w, h"


def test_corners_and_turned_polygons(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("10,5,30,13\n")
    assert read_boxes(path, "xyxy").boxes.tolist() == [[10, 5, 20, 8]]
    path.write_text("20,0,30,10,20,20,10,10\nnan,nan,nan,nan\n0\n")
    found = read_boxes(path)
    assert found.boxes[0].tolist() == [10, 0, 20, 20]  # the rectangle around, as VOT has it
    assert np.isnan(found.boxes[1:]).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("1,2,3,4\n1,2,3\n", ":2: expected 4 numbers, or 8 of a polygon, got 3"),
        ("1,2,3,4\n1,2,x,4\n", ":2: 'x' is no number"),
        ("1,2,0,4\n", ":1: the first box starts the tracker"),
        ("nan,nan,nan,nan\n1,2,3,4\n", ":1: the first box starts the tracker"),
        ("1,2,3,1e999\n", "no number"),
        ("1,2,3,4,5\n", "got 5"),
    ],
)
def test_other_lines_are_refused(tmp_path, text, message):
    path = tmp_path / "groundtruth.txt"
    path.write_text(text)
    with pytest.raises(DatasetError, match=r"groundtruth\.txt") as error:
        read_boxes(path)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("images", "boxes"),
    [
        ("", "groundtruth.txt"),
        ("", "groundtruth_rect.txt"),
        ("", "walk.txt"),
        ("", "../walk.txt"),
        ("img", "groundtruth.txt"),
        ("img", "../anno/walk.txt"),
        ("color", "groundtruth.txt"),
        ("frames", "frames/groundtruth.txt"),
    ],
)
def test_one_sequence_in_every_usual_place(tmp_path, images, boxes):
    folder = tmp_path / "data" / "walk"
    draw(folder / images, numbered(3))
    (folder / boxes).parent.mkdir(exist_ok=True)
    (folder / boxes).write_text("10,5,20,8\n" * 3)
    for root in (folder, folder.parent):
        (sequence,) = opened(root)
        assert sequence.name == "walk"
        assert [path.name for path in sequence.frames] == numbered(3)
        assert sequence.has_truth


@pytest.mark.parametrize(
    "form", ["{}.png", "{:08d}.jpg", "frame_{}.jpg", "img{:05d}.bmp", "clip-{}-left.png"]
)
def test_images_come_in_the_order_of_their_numbers(tmp_path, form):
    names = numbered(12, form, first=0)
    draw(tmp_path / "walk", names)
    (tmp_path / "walk" / "groundtruth.txt").write_text("10,5,20,8\n")
    (sequence,) = opened(tmp_path / "walk")
    assert [path.name for path in sequence.frames] == names
    assert not sequence.has_truth
    assert sequence.first_box.tolist() == [10, 5, 20, 8]


def test_many_sequences_with_equal_names_below(tmp_path):
    for name in ("a/run", "b/run", "b/walk-2", "b/walk-10"):
        draw(tmp_path / name, numbered(2))
        (tmp_path / name / "groundtruth.txt").write_text("1,1,9,9")
    assert opened(tmp_path).sequence_names == ("a-run", "b-run", "walk-2", "walk-10")


def test_counts_that_do_not_fit_are_named(tmp_path):
    draw(tmp_path / "walk", numbered(4))
    path = tmp_path / "walk" / "groundtruth.txt"
    path.write_text("1,1,9,9\n" * 3)
    with pytest.raises(DatasetError, match=r"groundtruth.txt: 3 boxes for 4 frames in .*walk"):
        list(opened(tmp_path / "walk"))
    path.unlink()
    with pytest.raises(DatasetError, match=r"no box to start from; write one .*groundtruth.txt"):
        list(opened(tmp_path / "walk"))
    (tmp_path / "bare").mkdir()
    with pytest.raises(DatasetError, match="holds no sequence"):
        list(opened(tmp_path / "bare"))


def test_no_root_is_said():
    with pytest.raises(DatasetError, match="--root DIR says where"):
        open_datasets("folder")
    with pytest.raises(DatasetError, match="no such folder or video"):
        open_datasets("folder", "/nothing/here")


def test_the_fingerprint_knows_frames_and_first_boxes(tmp_path):
    draw(tmp_path / "walk", numbered(3))
    path = tmp_path / "walk" / "groundtruth.txt"
    path.write_text("1,1,9,9\n2,2,9,9\n3,3,9,9\n")
    before = opened(tmp_path).fingerprint()
    path.write_text("1;1;9;9\n5,2,9,9\n3,3,9,9\n")  # the same start in another spelling
    assert opened(tmp_path).fingerprint() == before
    path.write_text("1,1,9,8\n")
    assert opened(tmp_path).fingerprint() != before


def test_doctor_says_what_it_took_for_what(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HIT_TRACKERS_CONFIG", str(tmp_path / "none.ini"))
    draw(tmp_path / "data" / "walk" / "img", numbered(5)[:2] + numbered(5)[3:])
    (tmp_path / "data" / "walk" / "groundtruth_rect.txt").write_text("1,1,9,1,9,9,1,9\n" * 4)
    draw(tmp_path / "data" / "run", numbered(2))
    assert main(["doctor", "--root", f"folder={tmp_path / 'data'}"]) == 1
    found = capsys.readouterr().out
    assert "folder/walk: the images in" in found
    assert "4 images (numbered 1 to 5, 1 missing)" in found
    assert "4 of" in found
    assert "polygons of 4 corners, their bounding rectangles" in found
    assert "PROBLEM folder/run" in found
    assert "no box to start from" in found


def test_doctor_suspects_corners(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("HIT_TRACKERS_CONFIG", str(tmp_path / "none.ini"))
    draw(tmp_path / "walk", numbered(2))
    (tmp_path / "walk" / "groundtruth.txt").write_text("40,20,55,35\n")
    assert main(["doctor", "--root", f"folder={tmp_path}"]) == 0
    assert "--box-format xyxy" in capsys.readouterr().out
    assert main(["doctor", "--root", f"folder-xyxy={tmp_path}"]) == 0
    assert "--box-format xyxy" not in capsys.readouterr().out


def test_run_takes_corners(tmp_path):
    draw(tmp_path / "walk", numbered(3), size=(120, 90))
    (tmp_path / "walk" / "groundtruth.txt").write_text("40,20,55,35\n")
    results = tmp_path / "results"
    command = ["run", "--dataset", "folder", "--root", str(tmp_path / "walk"), "--no-memory"]
    command += ["--box-format", "xyxy", "--tracker", "fake", "--results", str(results)]
    assert main(command) == 0
    from toolkit_adapters.records import open_results

    record = open_results(results).record("fake", "folder-xyxy", "walk")
    assert record.boxes[0].tolist() == [40, 20, 15, 15]
    assert main(["verify", str(results)]) == 0


def test_polygons_become_the_rectangles_of_the_vot_toolkit(tmp_path):
    shapes = pytest.importorskip("vot.region.shapes", reason="the VOT toolkit is not installed")
    points = np.random.default_rng(0).uniform(0, 200, (20, 4, 2)).round(3)
    path = tmp_path / "groundtruth.txt"
    np.savetxt(path, points.reshape(20, 8), delimiter=",", fmt="%.3f")
    for found, corners in zip(read_boxes(path).boxes, points, strict=True):
        theirs = shapes.Rectangle.convert(shapes.Polygon([tuple(corner) for corner in corners]))
        expected = [theirs.x, theirs.y, theirs.width, theirs.height]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)  # theirs are float32
