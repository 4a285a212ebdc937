"""Files of anybody: read as they are, or refused with file and line; nothing else ever happens."""

import io
import json
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hit_trackers.errors import HitTrackersError, ResultFileError
from toolkit_adapters.cli import main
from toolkit_adapters.datasets.annotations import parse_boxes, parse_flags
from toolkit_adapters.scoring import find
from toolkit_adapters.scoring.rawresults import files as files_module
from toolkit_adapters.scoring.rawresults.annotations import Annotations
from toolkit_adapters.scoring.rawresults.evaluation import evaluate
from toolkit_adapters.scoring.rawresults.files import Files
from toolkit_adapters.scoring.rawresults.predictions import Predictions

ROWS = np.array([[1.0, 2, 30, 40], [1.5, 2.25, 30, 40], [2, 3, 31, 41]])


def text(separator=",", rows=ROWS, end="\n"):
    return end.join(separator.join(str(v) for v in row) for row in rows) + end


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def make_truth(folder, names=("a-1", "b-2")):
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "groundtruth.txt").write_text(text())
    return folder


@pytest.mark.parametrize("separator", [",", "\t", " ", ", ", ";", "   ", " , "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_separator_reads_the_same(separator, end):
    np.testing.assert_array_equal(parse_boxes(text(separator, end=end).encode(), "f"), ROWS)


def test_oddities_that_files_have():
    np.testing.assert_array_equal(parse_boxes(b"\xef\xbb\xbf" + text().encode(), "f"), ROWS)
    np.testing.assert_array_equal(parse_boxes(text().strip().encode(), "f"), ROWS)
    np.testing.assert_array_equal(parse_boxes(text(",\t").encode() + b"\n\n", "f"), ROWS)
    np.testing.assert_array_equal(parse_boxes(b"1,2,3,4,\n", "f"), [[1, 2, 3, 4]])
    assert np.isnan(parse_boxes(b"NaN,NaN,NaN,NaN\n", "f")).all()
    assert np.isnan(parse_boxes(b"1,2+3i,3,4\n", "f")[0, 1])
    assert parse_boxes(b"", "f").shape == (0, 4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"1,2,3,4\n1,2,3\n", "line 2: expected 4 numbers, found 3"),
        (b"1,2,3,4\n\n1,2,3,4,5\n", "line 3: expected 4 numbers, found 5"),
        (b"x,y,w,h\n1,2,3,4\n", "line 1: 'x' is no number"),
        (b"1,2,3,4\n1,2,\xff,4\n", "line 2: not text"),
        (b"1 2 3 4 5 6 7 8\n", "line 1: expected 4 numbers, found 8"),
        (b"1,2,3,4\n1,2,0x3,4\n", "line 2: '0x3' is no number"),
    ],
)
def test_malformed_lines_are_named(content, message):
    with pytest.raises(ResultFileError, match=message):
        parse_boxes(content, "file.txt")


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=60), st.text("0123456789.,-+eE \t\r\nnaif#\"'\x00", max_size=60))
)
def test_any_bytes_give_boxes_or_our_error(content):
    data = content.encode() if isinstance(content, str) else content
    try:
        boxes = parse_boxes(data, "f")
    except ResultFileError:
        return
    assert boxes.ndim == 2
    assert boxes.shape[1] == 4


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=30), st.text("01, \n2-", max_size=30)))
def test_any_bytes_give_flags_or_our_error(content):
    data = content.encode() if isinstance(content, str) else content
    try:
        flags = parse_flags(data, "f")
    except ResultFileError:
        return
    assert flags.dtype == bool


@pytest.mark.parametrize(
    "content", [b"0\n1\n1\n0\n", b"0,1,1,0\n", b"0 1 1 0", b"0\r\n1\r\n1\r\n0"]
)
def test_flags(content):
    np.testing.assert_array_equal(parse_flags(content, "f"), [False, True, True, False])


@pytest.mark.parametrize("content", [b"0\n2\n", b"01\n", b"0,-1", b"0,x", b"0.5"])
def test_flags_that_are_none(content):
    if content == b"01\n":
        assert parse_flags(content, "f").tolist() == [True]  # one number
        return
    with pytest.raises(ResultFileError, match="f"):
        parse_flags(content, "f")


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_zip_gives_a_result_or_our_error(tmp_path_factory, data):
    """A good zip with bytes changed or cut."""
    buffer = io.BytesIO()
    methods = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    with zipfile.ZipFile(buffer, "w", data.draw(st.sampled_from(methods))) as archive:
        archive.writestr("a-1.txt", text())
        archive.writestr("b-2.txt", text("\t"))
    content = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(len(content) // 2, len(content)))]
    path = tmp_path_factory.mktemp("zip") / "raw.zip"
    path.write_bytes(content)
    try:
        with Files(path) as files:
            predictions = Predictions(files)
            for name in ("a-1", "b-2"):
                if found := predictions.find(name):
                    predictions.load(found)
    except HitTrackersError:
        pass


@pytest.mark.parametrize(
    "layout",
    [
        "{0}.txt",
        "tracker/param/{0}.txt",
        "{0}/{0}_001.txt",
        "tracker/{0}/{0}_001.txt",
        "tracker/baseline/{0}/{0}_001.txt",
    ],
)
@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_layouts(tmp_path, layout, kind):
    members = [(layout.format(name), text("\t")) for name in ("a-1", "b-2")]
    members += [("times/a-1_time.txt", "0.1\n"), ("__MACOSX/a-1.txt", "junk"), (".DS_Store", "x")]
    if kind == "zip":
        raw = make_zip(tmp_path / "raw.zip", members)
    else:
        raw = tmp_path / "raw"
        for name, content in members:
            if "__MACOSX" not in name:
                (raw / name).parent.mkdir(parents=True, exist_ok=True)
                (raw / name).write_text(content)
    truth = make_truth(tmp_path / "truth")
    evaluation = evaluate(raw, truth, find("lasot"))
    assert list(evaluation.scores) == ["a-1", "b-2"]
    assert evaluation.overall.values["P"] == 1.0
    assert evaluation.unused == ()


def test_nothing_is_written_anywhere(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    raw = make_zip(work / "raw.zip", [("../a-1.txt", text()), ("/etc/b-2.txt", text())])
    truth = make_truth(tmp_path / "truth")
    before = sorted(tmp_path.rglob("*"))
    assert len(evaluate(raw, truth, find("lasot")).scores) == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_two_files_for_one_sequence_are_refused(tmp_path):
    raw = make_zip(tmp_path / "raw.zip", [("run1/a-1.txt", text()), ("run2/a-1.txt", text())])
    with pytest.raises(ResultFileError, match="2 files claim to be the result on a-1"):
        evaluate(raw, make_truth(tmp_path / "t", ["a-1"]), find("lasot"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice_in_a_zip_is_refused(tmp_path):
    raw = make_zip(tmp_path / "raw.zip", [("a-1.txt", text()), ("a-1.txt", text())])
    with pytest.raises(ResultFileError, match="a-1"):
        evaluate(raw, make_truth(tmp_path / "t", ["a-1"]), find("lasot"))


def test_two_files_for_one_sequence_are_missing_at_the_trackingnet_server(tmp_path):
    truth = tmp_path / "truth"
    truth.mkdir()
    for name in ("a", "b"):
        (truth / f"{name}.txt").write_text(text())
    raw = make_zip(
        tmp_path / "raw.zip", [("a.txt", text()), ("x/a.txt", text()), ("b.txt", text())]
    )
    evaluation = evaluate(raw, truth, find("trackingnet"))
    assert evaluation.missing == ("a",)
    assert len(evaluation.scores) == 2


def test_bombs_are_refused(tmp_path, monkeypatch):
    raw = make_zip(tmp_path / "raw.zip", [("a-1.txt", "0,0,0,0\n" * 2_000_000)])
    monkeypatch.setattr(files_module, "MAX_MEMBER_BYTES", 10_000_000)
    with pytest.raises(ResultFileError, match="larger than"):
        Files(raw)
    monkeypatch.setattr(files_module, "MAX_MEMBER_BYTES", 20_000_000)
    monkeypatch.setattr(files_module, "MAX_TOTAL_BYTES", 10_000_000)
    with pytest.raises(ResultFileError, match="inflates to"):
        Files(raw)
    monkeypatch.setattr(files_module, "MAX_MEMBERS", 0)
    with pytest.raises(ResultFileError, match="members"):
        Files(raw)


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path, monkeypatch):
    raw = make_zip(tmp_path / "raw.zip", [("a-1.txt", "0,0,0,0\n" * 1000)])
    data = raw.read_bytes()
    assert data.count((8000).to_bytes(4, "little")) == 2
    raw.write_bytes(data.replace((8000).to_bytes(4, "little"), (80).to_bytes(4, "little")))
    with Files(raw) as files, pytest.raises(ResultFileError, match=r"a-1\.txt"):
        files.read("a-1.txt")


def test_missing_sequences_are_named(tmp_path):
    raw = make_zip(tmp_path / "raw.zip", [("a-1.txt", text()), ("zebra.txt", text())])
    truth = make_truth(tmp_path / "truth")
    with pytest.raises(
        ResultFileError, match=r"1 of 2 sequences have no result: b-2.*--skip-missing"
    ):
        evaluate(raw, truth, find("lasot"))
    evaluation = evaluate(raw, truth, find("lasot"), skip_missing=True)
    assert evaluation.missing == ("b-2",)
    assert evaluation.unused == ("zebra.txt",)
    with pytest.raises(ResultFileError, match=r"no result for any.*expected a-1\.txt"):
        evaluate(make_zip(tmp_path / "o.zip", [("c.txt", text())]), truth, find("lasot"))


def test_errors_of_a_convention_name_the_file(tmp_path):
    raw = make_zip(tmp_path / "raw.zip", [("a-1.txt", text(rows=ROWS[:2])), ("b-2.txt", text())])
    truth = make_truth(tmp_path / "truth")
    with pytest.raises(ResultFileError, match=r"a-1\.txt: 2 rows for 3 frames"):
        evaluate(raw, truth, find("lasot"))
    rows = ROWS.copy()
    rows[1] = np.nan
    raw = make_zip(tmp_path / "nan.zip", [("a-1.txt", text(rows=rows)), ("b-2.txt", text())])
    with pytest.raises(ResultFileError, match=r"a-1\.txt: 1 rows .* line 2.*--repair"):
        evaluate(raw, truth, find("lasot"))
    repaired = evaluate(raw, truth, find("lasot"), repair=True)
    assert repaired.bad == {"a-1": 1}


def test_truth_in_all_its_places(tmp_path):
    folder = tmp_path / "root/a/a-1"
    (folder / "img").mkdir(parents=True)
    (folder / "img/readme.txt").write_text("not read")
    (folder / "groundtruth.txt").write_text(text())
    (folder / "full_occlusion.txt").write_text("0,1,0\n")
    (folder / "out_of_view.txt").write_text("0,0,1\n")
    with Files(tmp_path / "root") as files:
        truth = Annotations(files).load("a-1")
    assert truth.absent.tolist() == [False, True, True]

    (folder / "full_occlusion.txt").write_text("0,1\n")
    (folder / "out_of_view.txt").write_text("0,1\n")
    with Files(tmp_path / "root") as files, pytest.raises(HitTrackersError, match="2 entries"):
        Annotations(files).load("a-1")

    toolkit = make_zip(
        tmp_path / "t.zip", [("annos/a-1.txt", text()), ("annos/absent/a-1.txt", "1\n0\n0\n")]
    )
    with Files(toolkit) as files:
        assert Annotations(files).load("a-1").absent.tolist() == [True, False, False]


def test_got10k_labels_and_image_size(tmp_path):
    folder = tmp_path / "val/GOT-10k_Val_000001"
    folder.mkdir(parents=True)
    (folder / "groundtruth.txt").write_text(text())
    (folder / "cover.label").write_text("8\n0\n4\n")
    (folder / "meta_info.ini").write_text("[METAINFO]\nresolution: (1920, 1080)\n")
    with Files(tmp_path) as files:
        truth = Annotations(files, below="val").load("GOT-10k_Val_000001")
    assert truth.size == (1920, 1080)
    assert truth.cover.tolist() == [8, 0, 4]


def test_first_frame_truth_cannot_be_scored(tmp_path):
    (tmp_path / "a.txt").write_text("1,2,3,4\n")
    with Files(tmp_path) as files, pytest.raises(HitTrackersError, match="servers alone"):
        Annotations(files).load("a")


def test_trackingnet_truth_beside_the_root(shared, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for path in (shared / "data/trackingnet_truth").iterdir():
        (raw / path.name).write_bytes(path.read_bytes())
    evaluation = evaluate(raw, shared / "data/trackingnet", find("trackingnet"))
    assert evaluation.overall.values["Success"] > 0.97
    assert len(evaluation.scores) == 4


def test_the_command_prints_scores_attributes_and_json(tmp_path, capsys):
    raw = make_zip(tmp_path / "raw.zip", [("a-1.txt", text()), ("b-2.txt", text(rows=ROWS + 500))])
    truth = make_truth(tmp_path / "truth")
    attributes = tmp_path / "att"
    attributes.mkdir()
    (attributes / "a-1.txt").write_text(",".join(["1"] + ["0"] * 13))
    command = ["evaluate", str(raw), "--dataset", "lasot", "--annotations", str(truth)]
    assert main([*command, "--sequences", "--attributes", str(attributes)]) == 0
    printed = capsys.readouterr().out
    assert "lasot_pytracking" in printed
    assert "IV" in printed
    assert "b-2" in printed
    assert main([*command, "--json", "--convention", "official"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["convention"] == "lasot_official"
    assert content["by_sequence"]["a-1"]["P"] == 1.0
    assert len(content["curves"]["success"]["values"]) == 21


def test_the_command_fails_with_our_message(tmp_path, capsys):
    truth = make_truth(tmp_path / "truth")
    missing = str(tmp_path / "nowhere")
    assert main(["evaluate", missing, "--dataset", "lasot", "--annotations", str(truth)]) == 1
    assert "nowhere: no such folder or zip" in capsys.readouterr().err


def test_truncation_is_an_option_and_changes_scores(tmp_path):
    rows = np.tile([10.0, 10, 20, 20], (3, 1)) + 0.9
    raw = make_zip(tmp_path / "raw.zip", [("a-1.txt", text(rows=rows))])
    folder = tmp_path / "truth/a-1"
    folder.mkdir(parents=True)
    (folder / "groundtruth.txt").write_text(text(rows=rows))
    scores = [
        evaluate(raw, tmp_path / "truth", find("lasot"), truncate=truncate).overall.values["AUC"]
        for truncate in (False, True)
    ]
    assert scores[0] > scores[1]


def test_attributes_of_the_benchmark_need_no_file(tmp_path, capsys):
    """From a zip of annotations, too: those of LaSOT are a table of ours."""
    boxes = "10,10,20,20\n12,10,20,20\n14,10,20,20\n"
    with zipfile.ZipFile(tmp_path / "truth.zip", "w") as archive:
        archive.writestr("groundtruth/airplane-1.txt", boxes)
        archive.writestr("groundtruth/bear-2.txt", boxes)
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/airplane-1.txt").write_text(boxes)
    (tmp_path / "raw/bear-2.txt").write_text("10,10,20,20\n90,90,20,20\n90,90,20,20\n")
    truth = ["--annotations", str(tmp_path / "truth.zip")]
    command = ["evaluate", str(tmp_path / "raw"), "--dataset", "lasot", *truth]
    assert main([*command, "--attributes", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["attributes"]
    assert set(found) == {"POC", "ROT", "SV", "LR", "DEF", "CM", "OV", "ARC"}
    assert found["ROT"]["sequences"] == 1
    assert found["SV"]["sequences"] == 2
    assert found["ROT"]["AUC"] == pytest.approx(20 / 21)
    assert found["SV"]["AUC"] == pytest.approx((1 + 1 / 3) / 2 * 20 / 21)
    tracking = ["evaluate", str(tmp_path / "raw"), "--dataset", "trackingnet", *truth]
    assert main([*tracking, "--attributes"]) == 0
    assert "says nothing of attributes" in capsys.readouterr().out
