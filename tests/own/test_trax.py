"""An executable that is not Python, spoken to through the toolkit's own client."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from own_samples import write

from hit_trackers import families, load_tracker
from hit_trackers.errors import FamilyError
from hit_trackers.families import registry
from toolkit_adapters.records import Results

pytest.importorskip("vot")

COMPILER = shutil.which("cc")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "trax"
Run = Callable[..., int]


@pytest.fixture
def still() -> Path:
    if COMPILER is None:
        pytest.skip("there is no C compiler here")
    for file in EXAMPLE.iterdir():
        shutil.copy(file, Path.cwd())
    subprocess.run([COMPILER, "-Wall", "-Werror", "-o", "still", "still.c"], check=True)
    return Path("still").resolve()


def test_the_example_in_c_runs_and_is_certified(still: Path, run: Run, results: Path) -> None:
    assert run("--tracker", "still", "--tracker", "fake") == 0
    record = Results(results).record("still", "got10k-val", "a")
    assert record.boxes.tolist() == [[10.0 + index, 10, 8, 8] for index in range(len(record))]
    assert record.scores[1:].tolist() == [0.5] * (len(record) - 1)
    assert families.family_of("still").sources() == [still]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("nowhere --fast", "neither a file below"),
        ("./dies", "it said: no weights"),
        ("./mute", "no answer in 1 s"),
    ],
)
def test_an_executable_that_fails_says_why(command: str, message: str) -> None:
    write("dies", "#!/bin/sh\necho no weights >&2\nexit 3\n").chmod(0o755)
    hello = '@@TRAX:hello "trax.version=3" "trax.image=path;" "trax.region=rectangle;" '
    hello += '"trax.channels=color;"'
    write("mute", f"#!/bin/sh\necho '{hello}'\nsleep 30\n").chmod(0o755)
    write("trackers.toml", f'[mine]\ntrax = "{command}"\nseconds = 1\n')
    registry.cache_clear()
    image = np.zeros((48, 64, 3), np.uint8)
    with pytest.raises(FamilyError, match=message):
        load_tracker("mine").init(image, [10, 10, 8, 8])
