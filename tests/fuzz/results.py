"""Records, run.json, and folders of them."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from hit_trackers.errors import HitTrackersError
from hit_trackers.families import parse
from hit_trackers.variants import Claim
from toolkit_adapters.records import Record, Results, Run, load_record, load_run, save_record
from toolkit_adapters.records.inspection import inspect_results
from toolkit_adapters.records.plan import DatasetPlan, Plan, load_plan
from toolkit_adapters.verdict.verification import verify

from .edits import anything
from .target import FRAMES, Target, write


def _record(number: int, frames: int = FRAMES) -> Record:
    rng = np.random.default_rng(number)
    return Record(
        boxes=rng.uniform(1, 50, (frames, 4)),
        scores=rng.uniform(0, 1, frames),
        **{scope: rng.uniform(0, 1, frames) for scope in ("decode", "network", "device")},
        update=rng.uniform(0, 1, frames),
        frame=rng.uniform(0, 1, frames),
        flags=np.array([1, 2, *[0] * (frames - 2)], np.uint8),
        open_index=np.array([2, 4]),
        open_outputs=rng.uniform(0, 1, (2, 4)).astype(np.float32),
        patch_size=256,
        identity=_run("hit_nano", "baseline").identity_sha256,
        pairing="p",
        notes=("1 frames: grey",),
    )


def _run(tracker: str, claim: str) -> Run:
    return Run(
        tracker=tracker,
        baseline="hit_nano",
        family="hit",
        claim=Claim(claim),
        parts=dict(parse(tracker).parts),
        dataset="lasot",
        root="/data",
        sequences=("a", "b"),
        identity={"weights_sha256": "w", "device": "cpu (x)", "dataset": "lasot"},
        provenance={"command": "c", "control": False},
    )


def _npz() -> list[bytes]:
    path = Path(f"/tmp/hit-trackers-fuzz-{os.getpid()}.npz")
    try:
        save_record(path, _record(0))
        return [path.read_bytes()]
    finally:
        path.unlink(missing_ok=True)


def _load_record(folder: Path, content: bytes) -> str:
    record = load_record(write(folder / "a.npz", content))
    # Bits that are not data (dates of the zip, padding) may differ: the data may not.
    assert record.digest() == _record(0).digest(), "other data with a right digest"
    return "the record"


def _load_run(folder: Path, content: bytes) -> str:
    run = load_run(write(folder / "run.json", content))
    assert len(run.identity_sha256) == 64
    assert isinstance(run.on_cuda, bool)
    return "read"


_PLAN = Plan({"lasot": DatasetPlan({"a": 5, "b": None}, {"hit_nano": ("a", "b")}, {})})


def _load_plan(folder: Path, content: bytes) -> str:
    write(folder / "plan.json", content)
    plan = load_plan(folder)
    assert plan is not None
    frames = [count for tracker in plan.trackers for count in plan.of(tracker).values()]
    assert sum(count or 0 for count in frames) >= 0
    return "read"


def _verify(folder: Path, contents: tuple[bytes, bytes, bytes]) -> str:
    """All readers of a results folder in which three files are anybody's."""
    run, record, memory = contents
    results = folder / "results"
    for tracker, claim in (("hit_nano", "baseline"), ("hit_nano_exact", "bitwise")):
        where = results / tracker / "lasot"
        write(where / "run.json", _run(tracker, claim).to_json().encode())
        for name in ("a", "b"):
            save_record(where / f"{name}.npz", _record(ord(name)))
    write(results / "hit_nano_exact" / "lasot" / "run.json", run)
    write(results / "hit_nano_exact" / "lasot" / "a.npz", record)
    write(results / "hit_nano_exact" / "memory.json", memory)
    assert list(inspect_results(results))
    with contextlib.suppress(HitTrackersError):
        Results(results).memory("hit_nano_exact")
    verification = verify(Results(results))
    json.dumps([each.to_json() for each in verification.certificates])
    return "broken" if verification.failures else "holds"


_RUN = [_run("hit_nano_exact", "bitwise").to_json().encode()]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@st.composite
def _other_values(draw: st.DrawFn) -> bytes:
    """A run.json with any value in place of one of its own."""
    values = json.loads(_RUN[0])
    key = draw(st.sampled_from(sorted(values)))
    values[key] = draw(_JSON)
    return json.dumps(values).encode()


TARGETS: dict[str, Target] = {
    "records": Target(anything(_npz()), _load_record),
    "run.json": Target(anything(_RUN) | _other_values(), _load_run),
    "plan.json": Target(anything([_PLAN.to_json().encode()]), _load_plan),
    "results folders": Target(
        st.tuples(
            st.just(_RUN[0]) | anything(_RUN) | _other_values(),
            st.just(_npz()[0]) | anything(_npz()),
            anything([b'{"tracker": "hit_nano", "rss_peak_bytes": 1}']),
        ),
        _verify,
    ),
}
