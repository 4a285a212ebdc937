"""Break the code in many small ways, and count what a certificate catches.

    python -m tests.redteam.mutate [--family hit|ostrack|mixformer|stark|transt] [--only TEXT]

For each mutant a copy of `hit_trackers` is changed in one place, and the variants and controls run
with it; the baselines' records stay those of the sound code. Digests of sources would refuse such a
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
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tabulate import tabulate
from tqdm import tqdm

import toolkit_adapters as harness
from hit_trackers.errors import HitTrackersError
from hit_trackers.variants import Claim
from tests.redteam import family_mutants
from tests.redteam.mutants import MUTANTS, Mutant
from toolkit_adapters.records import REPEAT, Results, load_record, save_record

ROOT = Path(__file__).resolve().parents[2]
SEQUENCES = ("ball-1", "Demo_Val_000003")
SECONDS = 180


@dataclasses.dataclass(frozen=True)
class Subject:
    """A family: what is run of the sound code and with every mutant of it.

    Attributes:
        trackers: baselines and variants that together execute the code that is mutated.
        frames: of each sequence.
        seeded: weights and networks: random and narrow, or those that are shipped.
    """

    mutants: tuple[Mutant, ...]
    trackers: tuple[str, ...]
    frames: int
    seeded: bool = True

    @property
    def command(self) -> list[str]:
        """The command line that knows these trackers, and what it has to run."""
        module = "tests.redteam.narrow_run" if self.seeded else "toolkit_adapters"
        words = [sys.executable, "-m", module, "run", "--max-frames", str(self.frames)]
        words += ["--checkpoint", "seeded"] if self.seeded else []
        return [*words, *(word for name in self.trackers for word in ("--tracker", name))]


def _with(baseline: str, *tokens: str) -> tuple[str, ...]:
    return (baseline, *(f"{baseline}_{token}" for token in tokens))


SUBJECTS = {
    "hit": Subject(MUTANTS, _with("hit_nano", "exact", "memeff", "streaming"), 10, seeded=False),
    "ostrack": Subject(family_mutants.OSTRACK, _with("ostrack_256", "exact", "memeff"), 5),
    "mixformer": Subject(
        family_mutants.MIXFORMER,
        # Of the last one the templates are kept, and there are several.
        (
            *_with("mixformer_cvt", "exact"),
            *_with("mixformer_vit", "exact"),
            "mixformer_cvt_got10k",
        ),
        9,
    ),
    "stark": Subject(
        family_mutants.STARK, (*_with("stark_st50", "exact"), *_with("stark_lightning", "exact")), 7
    ),
    "transt": Subject(family_mutants.TRANST, _with("transt_n2", "exact"), 5),
}


def run(subject: Subject, package: Path, results: Path) -> str:
    """Run the trackers with the `hit_trackers` of a folder; what went wrong, if anything."""
    command = [*subject.command, "--dataset", "demo", "--results", str(results)]
    command += ["--controls", "all", "--threads", "1", "--no-memory", "--open-loop", "4"]
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
    """For each tracker but the baselines, whether a bit differs, or what was called."""
    differing = {}
    for tracker in others(results):
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
    return differing


def others(results: Results) -> list[str]:
    """All trackers but the baselines; the baselines that were run again are among them."""
    return [
        name
        for name in results.trackers
        if name.endswith(REPEAT) or results.any_run(name).claim is not Claim.BASELINE
    ]


def mix(results: Results, found: Results, out: Path) -> Results:
    """The sound baselines beside the mutant's other trackers, as if all were of one run."""
    shutil.copytree(results.folder, out)
    for tracker in others(results):
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


def judge(subject: Subject, mutant: Mutant, results: Results) -> tuple[str, str]:
    """What became of a mutant, and by what."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as scratch:
        folder = Path(scratch)
        (folder / "results").mkdir()
        problem = run(subject, mutate(mutant, folder), folder / "results")
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


def judge_all(subject: Subject, only: str, jobs: int) -> list[tuple[str, str, str]]:
    """Kind, mutant and why, of each mutant whose name holds a text.

    Raises:
        HitTrackersError: the sound code does not verify.
    """
    chosen = [mutant for mutant in subject.mutants if only in mutant.name]
    if not chosen:
        return []
    with tempfile.TemporaryDirectory(prefix="sound-") as scratch:
        sound = Path(scratch) / "results"
        sound.mkdir()
        problem = run(subject, ROOT, sound)
        failures = (problem,) if problem else harness.verify(sound).failures
        if failures:
            raise HitTrackersError(f"the sound code does not verify: {failures[0]}")
        results = Results(sound)
        for tracker in results.trackers:
            for dataset in results.datasets:
                for name in results.sequences(tracker, dataset):
                    assert np.isfinite(results.record(tracker, dataset, name).boxes).all()
        with ThreadPoolExecutor(jobs) as pool:
            found = pool.map(lambda mutant: judge(subject, mutant, results), chosen)
            judged = list(tqdm(found, total=len(chosen), unit="mutant", disable=None))
    return [(kind, m.name, why) for m, (kind, why) in zip(chosen, judged, strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", action="append", choices=SUBJECTS, help="only this; repeat")
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants whose name holds it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    args = parser.parse_args()
    missed = 0
    for family in args.family or SUBJECTS:
        start = time.perf_counter()
        try:
            judged = judge_all(SUBJECTS[family], args.only, args.jobs)
        except HitTrackersError as error:
            print(f"{family}: {error}", file=sys.stderr)
            return 1
        rows = [(kind, name, why[:110]) for kind, name, why in judged]
        print(tabulate(sorted(rows), ("", "mutant", "why"), tablefmt="github"))
        counts = Counter(kind for kind, *_ in judged)
        kinds = ", ".join(f"{n} {kind}" for kind, n in counts.items())
        seconds = time.perf_counter() - start
        print(f"\n{family}: {len(judged)} mutants: {kinds} ({seconds:.0f} s)\n", flush=True)
        missed += counts["MISSED"]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
