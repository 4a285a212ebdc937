"""Result files and zips, to score and to submit."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from hit_trackers.errors import HitTrackersError
from toolkit_adapters.scoring import CONVENTIONS
from toolkit_adapters.scoring.rawresults.evaluation import evaluate
from toolkit_adapters.scoring.rawresults.files import Files
from toolkit_adapters.servers.expected import of_names
from toolkit_adapters.servers.validator import check_zip, detect_kind

from .edits import anything, zips
from .target import BOXES, RESULTS, SECONDS, Target, write


def _evaluate(folder: Path, contents: tuple[bytes, bytes, str, bool, bool]) -> str:
    result, truth, convention, repair, truncate = contents
    write(folder / "raw" / "a.txt", result)
    write(folder / "raw" / "b.txt", BOXES)
    write(folder / "truth" / "a.txt", truth)
    write(folder / "truth" / "b.txt", BOXES)
    scored = evaluate(
        folder / "raw",
        folder / "truth",
        CONVENTIONS[convention],
        repair=repair,
        truncate=truncate,
        skip_missing=True,
    )
    for name, value in vars(scored.overall).items():
        if isinstance(value, float):
            assert np.isfinite(value), (name, value)
    return "scored"


def _result_zip(folder: Path, content: bytes) -> str:
    path = write(folder / "results.zip", content)
    with Files(path) as files:
        for name in files.names:
            with contextlib.suppress(HitTrackersError):
                files.read(name)
    write(folder / "truth" / "a.txt", BOXES)
    evaluate(path, folder / "truth", CONVENTIONS["lasot_official"], skip_missing=True)
    return "scored"


def _submission(folder: Path, content: bytes) -> str:
    path = write(folder / "submission.zip", content)
    expected = {
        "trackingnet": of_names("trackingnet", ["a", "airplane-1"]),
        "got10k": of_names("got10k", ["GOT-10k_Test_000001"]),
    }
    problems = [check_zip(path, each) for each in expected.values()]
    kind = detect_kind(path)
    assert kind in expected
    return "sound" if not all(problems) else "problems"


TARGETS: dict[str, Target] = {
    "raw results": Target(
        st.tuples(
            anything(RESULTS),
            st.just(BOXES) | anything([BOXES]),
            st.sampled_from(sorted(CONVENTIONS)),
            st.booleans(),
            st.booleans(),
        ),
        _evaluate,
    ),
    "zips of results": Target(zips(RESULTS), _result_zip),
    "zips to submit": Target(zips([*RESULTS, SECONDS]), _submission),
}
