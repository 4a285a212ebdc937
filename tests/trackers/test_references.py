"""What publications state: the files of the families, and what is no such file."""

from __future__ import annotations

import dataclasses
import json

import pytest

from hit_trackers import references
from hit_trackers.errors import FamilyError


def test_the_reference_of_hit() -> None:
    (paper,) = references.find("hit")
    assert paper.label == "paper"
    assert (paper.baseline.tracker, paper.baseline.ms, paper.baseline.fps) == (
        "hit_base",
        7.82,
        127,
    )
    assert (paper.variant.ms, paper.variant.fps) == (6.45, 155)
    assert paper.optimisation == "memeff"
    assert paper.speedup == pytest.approx(1.2124, abs=1e-4)
    assert paper.memory_change == -0.284
    assert paper.identity == "bitwise identical predictions"
    assert paper.scores["got10k"].values == {"AO": 64.0, "SR0.5": 72.1, "SR0.75": 58.1}
    assert "not the validation set" in paper.scores["got10k"].over


def test_the_trackers_that_the_paper_compares_with_have_their_source() -> None:
    (paper,) = references.find("hit")
    others = {other.title.split()[0]: other for other in paper.others}
    assert set(others) == {"FEAR-XS", "LightTrack", "HCAT", "HiT-Small", "HiT-Tiny"}
    assert others["FEAR-XS"].scores["got10k"].values == {"AO": 61.9, "SR0.5": 72.2}
    assert others["LightTrack"].scores["trackingnet"].values["NormPrec"] == 77.8
    assert others["HCAT"].scores["lasot"].values == {"AUC": 59.1}
    for other in others.values():
        assert "github.com/" in other.source
        assert (other.fps is None) == (other.device == "")


@pytest.mark.parametrize("family", ["hit", "mixformer", "ostrack", "stark", "transt"])
def test_figures_bear_the_names_of_our_conventions(family: str) -> None:
    names = {
        "lasot": {"AUC", "P_Norm", "P"},
        "trackingnet": {"Success", "NormPrec", "Precision"},
        "got10k": {"AO", "SR0.5", "SR0.75"},
    }
    found = references.find(family)
    for stated in (*found, *(other for reference in found for other in reference.others)):
        assert stated.source
        for dataset, scores in stated.scores.items():
            assert set(scores.values) <= names[dataset]
            assert all(10 < value < 100 for value in scores.values.values())


def test_a_publication_may_be_silent() -> None:
    (paper,) = references.find("hit")
    silent = dataclasses.replace(paper, variant=references.Published("hit_base_exact", "exact"))
    assert silent.speedup is None
    assert silent.optimisation == "exact"


@pytest.mark.parametrize("family", ["siamrpn", "", "..", "../hit", "network", "hit/network"])
def test_a_family_without_a_file_has_none(family: str) -> None:
    assert references.find(family) == ()


@pytest.mark.parametrize(
    "content", ["", "{}}", "[1]", '{"label": "paper"}', '[{"label": "paper"}]', '[{"color": 1}]']
)
def test_another_file_is_refused_by_name(content, tmp_path, monkeypatch) -> None:
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake/references.json").write_text(content)
    monkeypatch.setattr(references.resources, "files", lambda _: tmp_path)
    with pytest.raises(FamilyError, match=r"references\.json: not a list of references"):
        references.find.__wrapped__("fake")


def test_a_misspelt_field_is_refused(tmp_path, monkeypatch) -> None:
    path = references.resources.files("hit_trackers") / "hit/references.json"
    entries = json.loads(path.read_text(encoding="utf-8"))
    entries[0]["memory_chnage"] = entries[0].pop("memory_change")
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake/references.json").write_text(json.dumps(entries))
    monkeypatch.setattr(references.resources, "files", lambda _: tmp_path)
    with pytest.raises(FamilyError, match="memory_chnage"):
        references.find.__wrapped__("fake")
