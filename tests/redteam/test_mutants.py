"""The mutants fit the code as it is; `python -m tests.redteam.mutate` says which are caught."""

from __future__ import annotations

from pathlib import Path

import pytest

import hit_trackers
from tests.redteam.mutate import SUBJECTS
from tests.redteam.warm import Warm

PACKAGE = Path(hit_trackers.__file__).parent


@pytest.mark.parametrize("family", SUBJECTS)
def test_every_mutant_changes_its_file(family: str) -> None:
    mutants = SUBJECTS[family].mutants
    assert len(mutants) >= 8
    assert len({mutant.name for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        text = (PACKAGE / mutant.file).read_text(encoding="utf-8")
        assert text.replace(mutant.old, mutant.new, 1) != text, mutant.name


def test_a_warm_process_runs_each_job_with_its_own_code(tmp_path: Path) -> None:
    with Warm(()) as warm:
        for name, status in (("a", 3), ("b", 0)):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "same.py").write_text(
                f"import sys\nprint(sys.argv, file=sys.stderr)\nsys.exit({status})\n"
            )
            log = tmp_path / f"{name}.log"
            assert warm.run("same", ["x", name], [str(folder)], folder, log) == status
            assert log.read_text() == f"['{folder / 'same.py'}', 'x', '{name}']\n"
        (tmp_path / "b" / "same.py").write_text("raise ValueError('told')\n")
        assert warm.run("same", [], [str(tmp_path / "b")], tmp_path / "b", log) == 1
        assert "ValueError: told" in log.read_text()
