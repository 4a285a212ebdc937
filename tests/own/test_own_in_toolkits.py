"""The ten lines of `examples/mine.py`, declared in a `trackers.toml`, in both toolkits."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from own_samples import write

from hit_trackers.declarations import VARIABLE
from hit_trackers.families import registry
from toolkit_adapters.got10k import __main__ as got10k_command
from toolkit_adapters.vot import __main__ as vot_command

pytest.importorskip("got10k")
pytest.importorskip("vot")
pytest.importorskip("trax")

from agreement import Asked, check_got10k, compare_vot, run_records

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mine.py"
EXPERIMENTS = ("unsupervised", "supervised", "multistart", "realtime")
ASKED = Asked(("mine",), ["a"], frames=14)


@pytest.fixture
def dataset(root: Path) -> list[str]:
    """The options of a tiny dataset; `mine` is declared in the working directory."""
    shutil.copy(EXAMPLE, "mine.py")
    write("trackers.toml", '[mine]\nmake = "mine.py:Mine"\ncolour = "bgr"\n')
    return ["--dataset", "got10k-val", "--root", str(root)]


def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In another shell, in another folder: nothing is declared there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(VARIABLE)
    registry.cache_clear()


def edit() -> None:
    path = Path("mine.py")
    path.write_text(path.read_text().replace("y + h + 30", "y + h + 29"))
    registry.cache_clear()


def test_all_experiments_of_vot(
    dataset: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, space = run_records(tmp_path / "records", dataset, ASKED), tmp_path / "space"
    assert vot_command.main(["init", str(space), *dataset, *ASKED.options]) == 0
    elsewhere(monkeypatch, tmp_path)
    assert vot_command.main(["evaluate", str(space)]) == 0
    for experiment in EXPERIMENTS:
        assert list((space / "results" / "mine" / experiment / "a").glob("*.bin")), experiment
    compare_vot(space, ASKED, records)
    assert vot_command.main(["report", str(space)]) == 0
    assert vot_command.main(["pack", str(space), "--tracker", "mine"]) == 0
    assert len(list(space.glob("mine_*.zip"))) == 1


def test_vot_refuses_to_mix_results_of_changed_code(
    dataset: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    space = tmp_path / "space"
    assert vot_command.main(["init", str(space), *dataset, *ASKED.options]) == 0
    edit()
    elsewhere(monkeypatch, tmp_path)
    assert vot_command.main(["evaluate", str(space)]) == 1
    assert "code that changed since (mine/mine.py)" in capsys.readouterr().err


def test_got10k(dataset: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = run_records(tmp_path / "records", dataset, ASKED)
    check_got10k(tmp_path, dataset, ASKED, records)
    again = [*dataset, *ASKED.options, "--results", str(tmp_path / "toolkit"), "--no-report"]
    assert got10k_command.main(again) == 0
    edit()
    assert got10k_command.main(again) == 1
    assert "code that changed since (mine/mine.py)" in capsys.readouterr().err
