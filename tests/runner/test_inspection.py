from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from toolkit_adapters.datasets import open_datasets
from toolkit_adapters.records.inspection import Finding, inspect_dataset, inspect_results


def problems(findings: list[Finding]) -> list[str]:
    return [finding.message for finding in findings if finding.problem]


def test_a_sound_dataset_is_summed_up(root: Path) -> None:
    (dataset,) = open_datasets("got10k-val", root)
    (finding,) = inspect_dataset(dataset)
    assert not finding.problem
    assert "3 sequences, 42 frames, 3 with full truth" in finding.message


def test_an_inconsistent_sequence_is_named_and_the_others_counted(root: Path) -> None:
    (root / "val" / "b" / "groundtruth.txt").write_text("1,2,3,4\n")
    (root / "val" / "c" / "00000005.jpg").unlink()
    (dataset,) = open_datasets("got10k-val", root)
    findings = list(inspect_dataset(dataset))
    first, second = problems(findings)
    assert first.startswith("got10k-val/b:")
    assert "1 entries for 14 frames" in first
    assert "frame 5 is missing" in second
    assert any("14 frames, 1 with full truth" in f.message for f in findings)


def test_a_listed_sequence_without_a_folder(root: Path) -> None:
    with (root / "val" / "list.txt").open("a") as file:
        file.write("d\n")
    (dataset,) = open_datasets("got10k-val", root)
    findings = list(inspect_dataset(dataset))
    assert len(problems(findings)) == 1
    assert any("1 not on disk (d" in f.message for f in findings)


def test_an_empty_root(tmp_path: Path) -> None:
    (dataset,) = open_datasets("trackingnet", tmp_path)
    (message,) = problems(list(inspect_dataset(dataset)))
    assert "holds no sequence; expected" in message


@pytest.mark.parametrize(
    ("relative", "content", "message"),
    [
        ("fake/got10k-val/run.json", "{", "no provenance of a run"),
        ("fake/got10k-val/run.json", None, "records without run.json"),
        ("fake/memory.json", "[", "not readable as JSON"),
        ("fake/got10k-val/a.npz", "", "a damaged record"),
        ("stranger/file.bin", "x", "not written by a run"),
    ],
)
def test_every_kind_of_damage_is_named(
    run: Callable[..., int], tmp_path: Path, relative: str, content: str | None, message: str
) -> None:
    assert run() == 0
    results = tmp_path / "results"
    assert problems(list(inspect_results(results))) == []
    path = results / relative
    path.parent.mkdir(exist_ok=True)
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    (found,) = problems(list(inspect_results(results)))
    assert message in found
    assert str(path.parent) in found


def test_gaps_are_said_but_are_no_damage(run: Callable[..., int], tmp_path: Path) -> None:
    assert run("--sequence", "b", "--controls", "0") == 0
    findings = list(inspect_results(tmp_path / "results"))
    assert problems(findings) == []
    assert any(
        "1 of 1 records are sound; the dataset has 3 sequences" in f.message for f in findings
    )


def test_a_forged_identity_is_found(run: Callable[..., int], tmp_path: Path) -> None:
    assert run("--controls", "0", "--tracker", "fake") == 0
    path = tmp_path / "results" / "fake" / "got10k-val" / "run.json"
    values = json.loads(path.read_text())
    values["identity"]["weights_sha256"] = "of better weights"
    path.write_text(json.dumps(values))
    found = problems(list(inspect_results(tmp_path / "results")))
    assert len(found) == 3
    assert all("of another run than run.json describes" in message for message in found)
