"""What changed between two results folders, with the change known."""

import json
import shutil

import pytest

from hit_trackers.errors import RecordError
from toolkit_adapters.cli import main
from toolkit_adapters.records import open_results
from toolkit_adapters.reporting import snapshot
from toolkit_adapters.reporting.collect import collect
from toolkit_adapters.reporting.tables.changes import changes


def take(folder):
    return snapshot.take(collect(open_results(folder)))


@pytest.fixture(scope="module")
def before(standard):
    return take(standard)


def rows(tables, name):
    table = next(table for table in tables if table.name == name)
    return [[cell.text for cell in row] for row in table.rows]


def test_nothing_changed(before):
    tables = changes(before, before, ("a", "b"))
    for row in rows(tables, "changes_boxes"):
        assert row[2:] == ["the same", "3 of 3", "none"]
    assert all(row[5].startswith("+0.000") for row in rows(tables, "changes_accuracy"))
    verdicts = {row[0]: row[-1] for row in rows(tables, "changes_speed")}
    assert verdicts["hit_nano"].startswith("no verdict")
    assert {row[-1] for row in rows(tables, "changes_memory")} == {"+0.0%"}


def test_changes_are_found(before, maker):
    dataset = maker.dataset()
    maker.write("hit_nano", dataset, seconds=0.005)
    maker.write("hit_nano_exact", dataset, drift=0.8)
    tables = changes(before, take(maker.results), ("then", "now"))
    boxes = {(row[0], row[1]): row for row in rows(tables, "changes_boxes")}
    assert boxes["hit_nano", "demo-lasot"][3] == "3 of 3"
    assert boxes["hit_nano_exact", "demo-lasot"][3:] == ["0 of 3", "thing-1"]
    gone = boxes["hit_nano_exact", "demo-trackingnet"]
    assert gone[3:] == ["0 of 3", "video_1 (in “then” only)"]
    auc = next(r for r in rows(tables, "changes_accuracy") if r[0] == "hit_nano_exact")
    assert auc[2] == "AUC"
    assert float(auc[5].split()[0]) < -5
    assert auc[-1] == "3 sequences"
    speed = {(r[0], r[1]): r for r in rows(tables, "changes_speed")}
    ratio = speed["hit_nano", "network, wall"]
    assert float(ratio[4].split()[0]) == pytest.approx(2, rel=0.02)
    assert float(speed["hit_nano_exact", "network, wall"][5].split()[0]) < 0.5
    notes = next(t for t in tables if t.name == "changes_boxes").notes
    assert notes == ("In one of the two only: hit_nano_memeff.",)


def test_other_weights_and_other_devices_are_said(before):
    after = json.loads(json.dumps(before))
    after["trackers"]["hit_nano"]["weights_sha256"] = "ff"
    after["trackers"]["hit_nano"]["device"] = "cuda (NVIDIA L40S)"
    after["trackers"]["hit_nano"]["datasets"]["demo-lasot"]["dataset_fingerprint"] = "00"
    tables = changes(before, after, ("a", "b"))
    assert rows(tables, "changes_boxes")[0][2] == "OTHER"
    accuracy = [r for r in rows(tables, "changes_accuracy") if r[0] == "hit_nano"]
    assert accuracy[0][-1] == "not comparable: other dataset_fingerprint"
    speed = rows(tables, "changes_speed")[0]
    assert speed[4] == "–"
    assert speed[-1].startswith("not comparable: cpu")


def test_no_tracker_in_common(before):
    other = {"version": 1, "gaps": [], "trackers": {"siamrpn": {}}}
    with pytest.raises(RecordError, match="no tracker in common"):
        changes(before, other, ("a", "b"))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 9, "trackers": {}}'])
def test_a_file_that_is_no_report_is_refused(tmp_path, content):
    (tmp_path / snapshot.FILE).write_text(content)
    with pytest.raises(RecordError, match=r"report\.json"):
        snapshot.load(tmp_path)


def test_the_command_takes_results_and_reports(standard, tmp_path, capsys):
    report = tmp_path / "report"
    report.mkdir()
    (report / snapshot.FILE).write_text(json.dumps(take(standard)))
    out = tmp_path / "out"
    assert main(["compare", str(report), str(standard), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "Speed, mean ms a frame: results against report" in printed
    assert (out / "changes.md").is_file()
    assert (out / "tables/changes_speed.csv").is_file()
    assert main(["compare", str(tmp_path / "nowhere"), str(standard)]) == 1


@pytest.mark.slow
def test_report_against_an_earlier_one(standard, tmp_path, capsys):
    results = tmp_path / "results"
    shutil.copytree(standard, results)
    for tracker in ("hit_nano_memeff", "hit_nano@repeat", "hit_nano_bf16"):
        shutil.rmtree(results / tracker)
    assert main(["report", str(results), "--out", str(tmp_path / "one")]) == 0
    command = ["report", str(results), "--out", str(tmp_path / "two")]
    assert main([*command, "--against", str(tmp_path / "one")]) == 0
    assert "Boxes: now against earlier" in capsys.readouterr().out
    assert 'id="changes"' in (tmp_path / "two/report.html").read_text()
