"""What a report says, from results whose content is known."""

import csv
import json
import re
import shutil

import numpy as np
import pytest

from hit_trackers.errors import RecordError
from hit_trackers.families import registry
from toolkit_adapters.cli import main
from toolkit_adapters.datasets.trackingnet import TrackingNet
from toolkit_adapters.records import load_record, open_results, save_record
from toolkit_adapters.reporting.checks import references_for
from toolkit_adapters.reporting.collect import collect
from toolkit_adapters.reporting.latency import Speed, judge
from toolkit_adapters.reporting.table import Mark
from toolkit_adapters.reporting.write import build_tables


@pytest.fixture(scope="module")
def collection(standard):
    return collect(open_results(standard))


@pytest.fixture(scope="module")
def tables(collection):
    return {table.name: table for table in build_tables(collection)}


def cell(table, row, column):
    """The cell of a row whose first cell is `row`."""
    found = next(cells for cells in table.rows if cells[0].text == row)
    return found[table.headings.index(column)]


def test_trackers_come_in_a_fixed_order_controls_last(collection):
    names = ("hit_nano", "hit_nano_exact", "hit_nano_memeff")
    assert collection.subjects == names
    assert collection.trackers == (*names, "hit_nano@repeat", "hit_nano_bf16")


def test_latency_is_what_the_records_hold(collection, standard):
    record = load_record(standard / "hit_nano/demo-lasot/thing-1.npz")
    expected = record.network[record.timed]
    latency = collection.latency("hit_nano", "network")
    assert latency.n == 6 * 56
    assert latency.mean == pytest.approx(expected.mean())
    assert latency.p99 == pytest.approx(np.percentile(np.tile(expected, 6), 99))
    assert latency.fps == pytest.approx(len(expected) / expected.sum())
    ratio = collection.ratio("hit_nano_memeff", "network")
    assert ratio.value == pytest.approx(10 / 8, rel=0.02)
    assert ratio.value in ratio.interval
    assert judge(ratio.interval) is Speed.FASTER
    assert collection.speed("hit_nano_memeff", "network") is Speed.FASTER


def test_faster_means_beyond_the_noise_of_the_repeated_baseline(maker):
    dataset = maker.dataset(sequences=6)
    maker.write("hit_nano", dataset)
    maker.write("hit_nano_exact", dataset, seconds=0.0095)
    calm = collect(open_results(maker.results))
    assert calm.speed("hit_nano_exact", "network") is Speed.FASTER
    maker.write("hit_nano@repeat", dataset, seconds=0.0108)
    noisy = collect(open_results(maker.results))
    assert noisy.ratio("hit_nano_exact", "network").interval.low > 1.03
    assert noisy.speed("hit_nano_exact", "network") is Speed.ALIKE


def test_rows_of_controls_are_said_to_be_over_other_frames(tables, maker):
    note = "Controls run on some sequences only"
    with_controls = [name for name, t in tables.items() if note in " ".join(t.notes)]
    assert with_controls == ["table1", "equivalence", "latency"]
    maker.write("hit_nano", maker.dataset())
    assert note not in text_of(maker.results)


def test_every_table_with_a_ratio_says_what_it_is_of(tables):
    for table in tables.values():
        if any("×" in heading for heading in table.headings):
            assert "× is the baseline's total time over the variant's" in " ".join(table.notes)


def test_published_figures_stand_only_beside_their_family(collection, tables):
    assert [r.label for r in references_for(collection.families)] == ["paper"]
    assert references_for(["siamrpn"]) == ()
    published = [row for row in tables["table1"].rows if row[0].mark is Mark.PUBLISHED]
    assert [row[0].text for row in published] == [
        "paper, GPU: HiT-Base",
        "paper, GPU: + memory-efficient attention",
        "published: FEAR-XS",
        "published: HCAT (Res18_N2_q16)",
        "published: HiT-Small",
        "published: HiT-Tiny",
    ]
    assert tables["table1"].rows[-6:] == tuple(published), "below what was measured here"
    assert published[2][tables["table1"].headings.index("network FPS")].text == "105"
    notes = " ".join(tables["table1"].notes)
    assert "“FEAR-XS” is published for NVIDIA RTX 3090: Borsuk et al., ECCV 2022" in notes


def test_published_scores_stand_below_ours_with_their_source(maker):
    maker.write("hit_nano", maker.dataset("lasot", sequences=1, kind="airplane"))
    table = next(
        table
        for table in build_tables(collect(open_results(maker.results)))
        if table.name == "table2"
    )
    assert cell(table, "hit_nano", "lasot AUC").mark is Mark.NONE
    for title, value in (("FEAR-XS", "53.5"), ("LightTrack", "53.8"), ("HiT-Tiny", "54.7")):
        found = cell(table, f"published: {title}", "lasot AUC")
        assert (found.text, found.mark) == (value, Mark.PUBLISHED)
    assert cell(table, "paper: HiT-Base", "lasot P").text == "68.1"
    assert cell(table, "published: FEAR-XS", "lasot P_Norm").empty
    assert "published: HCAT (Res18_N2_q16): Chen et al., 2022; README of" in " ".join(table.notes)


def test_a_report_of_a_family_without_publications(standard, monkeypatch):
    monkeypatch.setattr(type(registry().families["hit"]), "references", lambda self: ())
    text = text_of(standard)
    assert "paper" not in text.replace("the papers' numbers", "")
    assert "Table 1. Latency" in text
    assert "Table 2. Accuracy" in text
    assert "hit_nano_memeff: within 0.000491 px" in text
    assert "Scores: equal as printed, 6 sequences." in text


def test_no_device_time_appears_on_a_cpu(collection, tables):
    assert collection.latency("hit_nano", "device") is None
    assert "wall" in tables["table1"].headings[1]
    text = "\n".join(table.to_markdown() for table in tables.values())
    assert "No GPU was at hand" in text
    assert "CUDA events" not in text
    assert "network, device" not in text


def test_device_time_appears_on_cuda(maker):
    maker.device = "cuda (NVIDIA L40S)"
    found = {table.name: table for table in build_tables(collect(open_results(maker.standard())))}
    assert "CUDA events" in found["table1"].headings[1]
    value = cell(found["table1"], "hit_nano", "network ms (device, CUDA events)").value
    wall = next(r for r in found["latency"].rows if r[1].text == "network, wall")[3].value
    assert value == pytest.approx(0.8 * wall)
    assert any(r[1].text.startswith("launch overhead") for r in found["latency"].rows)
    assert "No GPU" not in found["table1"].to_markdown()


def test_memory(tables):
    memory = tables["memory"]
    row = next(r for r in memory.rows if r[0].text == "hit_nano_memeff")
    assert [c.text for c in row[2:6]] == ["3.50", "-30.0%", "8.50", "-15.0%"]


def test_accuracy_names_its_convention(tables):
    table = tables["accuracy_demo_lasot"]
    assert "lasot_pytracking" in " ".join(table.notes)
    exact = cell(table, "hit_nano_exact", "AUC − baseline")
    assert exact.text == "0 (every sequence equal)"
    assert 70 < cell(table, "hit_nano", "AUC").value < 100
    assert "trackingnet" in " ".join(tables["accuracy_demo_trackingnet"].notes)
    assert len(tables["scores_demo_lasot"].rows) == 9


def test_table2_has_the_papers_form(tables):
    table = tables["table2"]
    assert table.headings[1:4] == ("demo-lasot AUC", "demo-lasot P_Norm", "demo-lasot P")
    assert len(table.headings) == 7
    assert [row[0].text for row in table.rows] == ["hit_nano", "hit_nano_exact", "hit_nano_memeff"]
    assert "the paper's are over" not in " ".join(table.notes)


def test_equivalence_and_both_controls(tables):
    table = tables["equivalence"]
    assert cell(table, "hit_nano_exact", "is").text == "bitwise"
    memeff = cell(table, "hit_nano_memeff", "first difference")
    assert memeff.text == "thing-1, frame 11"
    assert cell(table, "hit_nano_memeff", "is").text == "within 0.000491 px"
    assert cell(table, "hit_nano_memeff", "scores").text == "equal as printed, 6 sequences"
    assert cell(table, "hit_nano_bf16 (control)", "is").text == "different"
    assert cell(table, "hit_nano_bf16 (control)", "scores").text == "differ as printed, 2 sequences"
    assert len([note for note in table.notes if note.startswith("Control:")]) == 2


def test_the_papers_claim_is_denied_with_sequence_and_frame(tables):
    row = tables["paper"].rows[0]
    assert row[1].text == "bitwise identical predictions"
    assert "thing-1, frame 11" in row[2].text
    assert row[3].text == "no"


def test_the_command_writes_all_files(standard, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["report", str(standard), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    for word in ("Table 1", "Table 2", "Peak memory", "Is it the same tracker?"):
        assert word in printed
    text = (out / "report.md").read_text()
    assert "The paper says" in text
    certificate = json.loads((out / "certificate.json").read_text())
    assert certificate["failures"] == []
    assert {c["tracker"] for c in certificate["certificates"]} >= {"hit_nano_exact"}
    assert main(["verify", str(standard), "--json", str(tmp_path / "verify.json")]) == 0
    assert (tmp_path / "verify.json").read_bytes() == (out / "certificate.json").read_bytes()
    with (out / "tables/table1.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["network ms (wall)"]) == pytest.approx(10.25, abs=0.2)


def test_latex_is_balanced_and_escaped(tables):
    for table in tables.values():
        text = table.to_latex()
        assert text.count(r"\begin{") == text.count(r"\end{") == 2
        body = text.split(r"\toprule")[1]
        for line in body.splitlines():
            if line.endswith(r"\\"):
                assert len(re.findall(r"(?<!\\)&", line)) == len(table.headings) - 1
        assert not re.search(
            r"(?<!\\)[_%#]", text.split("\n", 1)[1].replace(f"tab:{table.name}", "")
        )


def test_conventions_can_be_chosen(standard):
    chosen = collect(open_results(standard), conventions={"lasot": "got10k"})
    assert chosen.accuracy.datasets["demo-lasot"].convention.name == "lasot_got10k"


def test_a_dataset_that_moved_is_said_so(maker, tmp_path):
    results = open_results(maker.standard())
    (maker.folder / "data").rename(tmp_path / "elsewhere")
    found = collect(results)
    assert "--root demo-lasot=DIR" in found.accuracy.datasets["demo-lasot"].reason
    roots = {"demo-lasot": tmp_path / "elsewhere/lasot"}
    assert collect(results, roots=roots).overall("hit_nano", "demo-lasot") is not None


def rewrite(path, **changes):
    """Change run.json as someone might who mixes folders; records stay as they are."""
    content = json.loads(path.read_text())
    content["identity"].update(changes)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("weights_sha256", "cd" * 32),
        ("dataset_fingerprint", "ef" * 32),
        ("device", "cuda (NVIDIA H100)"),
        ("max_frames", 10),
    ],
)
def test_mixed_runs_are_refused_by_field(maker, field, value):
    dataset = maker.dataset()
    maker.write("hit_nano", dataset)
    maker.write("hit_nano_exact", dataset, **{field: value})
    with pytest.raises(RecordError, match=f"hit_nano_exact.*{field}"):
        collect(open_results(maker.results))


def test_another_version_of_the_dataset_is_refused(maker):
    dataset = maker.dataset()
    maker.write("hit_nano", dataset)
    path = next((maker.folder / "data").glob("**/groundtruth.txt"))
    path.write_text(path.read_text().replace("50.00", "51.00"))
    with pytest.raises(RecordError, match="dataset_fingerprint"):
        collect(open_results(maker.results))


def test_records_of_another_run_are_refused(maker):
    dataset = maker.dataset()
    maker.write("hit_nano", dataset)
    rewrite(maker.results / "hit_nano/demo-lasot/run.json", seed=5)
    with pytest.raises(RecordError, match="another run"):
        collect(open_results(maker.results))


@pytest.mark.parametrize("damage", ["truncate", "flip", "boxes"])
def test_damaged_records_are_refused(maker, damage):
    dataset = maker.dataset()
    maker.write("hit_nano", dataset)
    path = maker.results / "hit_nano/demo-lasot/thing-2.npz"
    data = bytearray(path.read_bytes())
    if damage == "truncate":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "flip":
        data[len(data) // 3] ^= 0xFF
        path.write_bytes(data)
    else:
        with np.load(path) as stored:
            arrays = dict(stored)
        arrays["boxes"] = arrays["boxes"] + 1
        np.savez(path, **arrays)
    with pytest.raises(RecordError, match="thing-2"):
        collect(open_results(maker.results))


def test_memory_of_other_weights_is_refused(maker):
    results = maker.standard()
    path = results / "hit_nano_exact/memory.json"
    path.write_text(path.read_text().replace("abab", "cdcd"))
    with pytest.raises(RecordError, match="weights_sha256"):
        collect(open_results(results))


def test_a_broken_claim_is_on_the_first_page(maker):
    dataset = maker.dataset()
    maker.write("hit_nano", dataset)
    run = maker.write("hit_nano_exact", dataset)
    path = maker.results / "hit_nano_exact/demo-lasot/thing-3.npz"
    boxes = load_record(path).boxes.copy()
    boxes[42, 0] = np.nextafter(boxes[42, 0], 1e9)
    record = maker.record(maker.truth(dataset, "thing-3"), run, 0.01)
    save_record(path, type(record)(**{**vars(record), "boxes": boxes}))
    from toolkit_adapters.reporting.write import markdown

    found = collect(open_results(maker.results))
    text = markdown(found, build_tables(found), {})
    assert "thing-3, frame 42" in text.split("## Tables")[0]
    assert "BROKEN" in text.split("## Tables")[0]


def text_of(folder):
    from toolkit_adapters.reporting.write import markdown

    found = collect(open_results(folder))
    return markdown(found, build_tables(found), {})


def test_a_baseline_alone_is_reported(maker):
    maker.write("hit_nano", maker.dataset())
    text = text_of(maker.results)
    assert "Table 1. Latency" in text
    assert "was not run: run again with --controls 2" in text
    assert "Peak memory" not in text.split("## Tables")[1]


def test_a_variant_without_its_baseline_is_reported_as_such(maker):
    maker.write("hit_nano_exact", maker.dataset())
    text = text_of(maker.results)
    assert "has no run of its baseline" in text
    assert "not measured" in text


def test_a_dataset_without_truth_is_timed_and_not_scored(maker):
    root = maker.dataset("demo-trackingnet").root
    shutil.rmtree(root.with_name("trackingnet_truth"))
    dataset = TrackingNet(root, name="demo-trackingnet")
    maker.write("hit_nano", dataset)
    maker.write("hit_nano_exact", dataset)
    text = text_of(maker.results)
    assert "demo-trackingnet is not scored" in text
    assert "--truth DIR" in text
    assert "Table 2" not in text
    assert "bitwise" in text


def test_unfinished_runs_are_reported_as_far_as_they_go(maker):
    dataset = maker.dataset()
    maker.write("hit_nano", dataset)
    maker.write("hit_nano_exact", dataset, only=2)
    text = text_of(maker.results)
    assert "hit_nano_exact: on 120 of 180 frames, incomplete: demo-lasot/thing-3" in text
    assert "2 of 3" in text
    assert "INCOMPLETE" in text.split("\n\n")[1], "at the top"
