"""Break the code in many small ways, and count what a certificate catches.

    python -m tests.redteam.mutate [--only TEXT]

For each mutant a copy of `hit_trackers` is changed in one place, and the variants and controls run
with it; the baseline's records stay those of the sound code. Digests of sources would refuse such a
mixture at once, so the records are given the sound run's identity first: what is tested is the
comparison itself. A mutant is

caught      `verify` fails, or the run does;
allowed     bits differ in variants that claim a tolerance only, and by less than that; or no bit
            differs, and the operators that its name promises are called another number of times;
equivalent  no bit of any box, score or open-loop output differs, nor do the operators that ran;
MISSED      anything else. Exits 1 where there is one.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tabulate import tabulate
from tqdm import tqdm

import toolkit_adapters as harness
from hit_trackers.errors import HitTrackersError
from hit_trackers.variants import Claim
from tests.redteam.mutants import MUTANTS, Mutant
from toolkit_adapters.records import Results, load_record, save_record

ROOT = Path(__file__).resolve().parents[2]
BASELINE = "hit_nano"
TRACKERS = (BASELINE, "hit_nano_exact", "hit_nano_memeff", "hit_nano_streaming")
SEQUENCES = ("ball-1", "Demo_Val_000003")
FRAMES = 10
SECONDS = 180


def run(package: Path, results: Path) -> str:
    """Run the trackers with the `hit_trackers` of a folder; what went wrong, if anything."""
    command = [sys.executable, "-m", "toolkit_adapters", "run", "--dataset", "demo"]
    command += ["--controls", "all", "--threads", "1", "--no-memory", "--open-loop", "4"]
    command += ["--max-frames", str(FRAMES), "--results", str(results)]
    for tracker in TRACKERS:
        command += ["--tracker", tracker]
    for sequence in SEQUENCES:
        command += ["--sequence", sequence]
    paths = os.pathsep.join((str(package), str(ROOT), os.environ.get("PYTHONPATH", "")))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=SECONDS, cwd=results
        )
    except subprocess.TimeoutExpired:
        return "it did not end"
    lines = done.stderr.strip().splitlines()
    return "" if done.returncode == 0 else (lines or ["it failed without a word"])[-1]


def mutate(mutant: Mutant, folder: Path) -> Path:
    """A copy of the package with one change."""
    copy = folder / "hit_trackers"
    shutil.copytree(ROOT / "hit_trackers", copy, ignore=shutil.ignore_patterns("__pycache__"))
    path = copy / mutant.file
    text = path.read_text(encoding="utf-8")
    assert mutant.old in text, f"{mutant.name}: the text is not in the file any more"
    path.write_text(text.replace(mutant.old, mutant.new, 1), encoding="utf-8")
    return folder


def changed(results: Results, found: Results, calls: bool = True) -> dict[str, bool]:
    """For each tracker but the baseline, whether a bit differs, or what was called."""
    differing = {}
    for tracker in results.trackers:
        pairs = [
            (results.record(tracker, dataset, name), found.record(tracker, dataset, name))
            for dataset in results.datasets
            for name in results.sequences(tracker, dataset)
        ]
        differing[tracker] = any(
            (calls and a.executed != b.executed)
            or any(
                getattr(a, name).tobytes() != getattr(b, name).tobytes()
                for name in ("boxes", "scores", "open_outputs", "flags")
            )
            for a, b in pairs
        )
    differing.pop(BASELINE)
    return differing


def mix(results: Results, found: Results, out: Path) -> Results:
    """The sound baseline beside the mutant's other trackers, as if all were of one run."""
    shutil.copytree(results.folder, out)
    for tracker in results.trackers:
        if tracker == BASELINE:
            continue
        for dataset in results.datasets:
            for name in results.sequences(tracker, dataset):
                path = results.path(tracker, dataset, name)
                sound = load_record(path)
                mutant = load_record(found.path(tracker, dataset, name))
                disguised = dataclasses.replace(
                    mutant, identity=sound.identity, pairing=sound.pairing, flags=sound.flags
                )
                save_record(out / path.relative_to(results.folder), disguised)
    return Results(out)


def judge(mutant: Mutant, results: Results) -> tuple[str, str]:
    """What became of a mutant, and by what."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as scratch:
        folder = Path(scratch)
        (folder / "results").mkdir()
        problem = run(mutate(mutant, folder), folder / "results")
        found = Results(folder / "results")
        if problem:
            return "caught", f"the run: {problem}"
        differing = changed(results, found)
        mixed = mix(results, found, folder / "mixed")
        try:
            failures = harness.verify(mixed).failures
        except HitTrackersError as error:
            failures = (str(error),)
        if failures:
            return "caught", failures[0]
        if not any(differing.values()):
            return "equivalent", mutant.why
        if not any(changed(results, found, calls=False).values()):
            return "allowed", f"other calls of the same operators: {mutant.why}"
        claims = {results.any_run(name).claim for name, other in differing.items() if other}
        if claims <= {Claim.TOLERANCE, Claim.LOSSY}:
            return "allowed", f"{', '.join(n for n, other in differing.items() if other)} differ"
        return "MISSED", ", ".join(name for name, other in differing.items() if other)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants whose name holds it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    args = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if args.only in mutant.name]
    with tempfile.TemporaryDirectory(prefix="sound-") as scratch:
        sound = Path(scratch) / "results"
        sound.mkdir()
        problem = run(ROOT, sound)
        failures = (problem,) if problem else harness.verify(sound).failures
        if failures:
            print(f"the sound code does not verify: {failures[0]}", file=sys.stderr)
            return 1
        results = Results(sound)
        assert np.isfinite(results.record(BASELINE, *next(_any(results))).boxes).all()
        with ThreadPoolExecutor(args.jobs) as pool:
            found = pool.map(lambda mutant: judge(mutant, results), chosen)
            judged = list(tqdm(found, total=len(chosen), unit="mutant", disable=None))
    rows = [
        (kind, mutant.name, why[:110]) for mutant, (kind, why) in zip(chosen, judged, strict=True)
    ]
    print(tabulate(sorted(rows), ("", "mutant", "why"), tablefmt="github"))
    counts = Counter(kind for kind, _ in judged)
    print(f"\n{len(chosen)} mutants: " + ", ".join(f"{n} {kind}" for kind, n in counts.items()))
    return 1 if counts["MISSED"] else 0


def _any(results: Results):
    for dataset in results.datasets:
        for name in results.sequences(BASELINE, dataset):
            yield dataset, name


if __name__ == "__main__":
    sys.exit(main())
