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
import contextlib
import dataclasses
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from tabulate import tabulate
from tqdm import tqdm

import toolkit_adapters as harness
from hit_trackers.errors import HitTrackersError
from hit_trackers.variants import Claim
from tests.redteam import family_mutants
from tests.redteam.mutants import MUTANTS, Mutant
from tests.redteam.warm import Warm
from toolkit_adapters.records import REPEAT, Results, load_record, save_record

ROOT = Path(__file__).resolve().parents[2]
SEQUENCES = ("ball-1", "Demo_Val_000003")


#: What must not be caught.
NOTHING = Mutant("__init__.py", "import", "import")


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
    def module(self) -> str:
        """The command line that knows these trackers."""
        return "tests.redteam.narrow_run" if self.seeded else "toolkit_adapters"

    @property
    def arguments(self) -> list[str]:
        """What it has to run."""
        words = ["run", "--dataset", "demo", "--max-frames", str(self.frames)]
        words += ["--threads", "1", "--no-memory", "--open-loop", "4"]
        words += ["--checkpoint", "seeded"] if self.seeded else []
        words += [word for name in SEQUENCES for word in ("--sequence", name)]
        return [*words, *(word for name in self.trackers for word in ("--tracker", name))]


def _with(baseline: str, *tokens: str) -> tuple[str, ...]:
    return (baseline, *(f"{baseline}_{token}" for token in tokens))


SUBJECTS = {
    "hit": Subject(MUTANTS, _with("hit_nano", "exact", "memeff", "streaming"), 6, seeded=False),
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
        family_mutants.STARK,
        (*_with("stark_st50", "exact"), *_with("stark_lightning", "exact")),
        6,  # an odd number of updates: the next sequence would begin out of step
    ),
    "transt": Subject(family_mutants.TRANST, _with("transt_n2", "exact"), 5),
}


def run(warm: Warm, subject: Subject, package: Path, results: Path, controls: str) -> str:
    """Run the trackers with the `hit_trackers` of a folder; what went wrong, if anything."""
    words = [*subject.arguments, "--results", str(results), "--controls", controls]
    log = results.with_name("log")
    status = warm.run(subject.module, words, [str(package), str(ROOT)], results, log)
    if status == 0:
        return ""
    lines = log.read_text().strip().splitlines()
    return "it did not end" if status < 0 else (lines or ["it failed without a word"])[-1]


def mutate(mutant: Mutant, folder: Path) -> Path:
    """A copy of the package with one change."""
    copy = folder / "hit_trackers"
    shutil.copytree(ROOT / "hit_trackers", copy)  # with what Python compiled: that takes time
    path = copy / mutant.file
    text = path.read_text(encoding="utf-8")
    assert mutant.old in text, f"{mutant.name}: the text is not in the file any more"
    path.write_text(text.replace(mutant.old, mutant.new, 1), encoding="utf-8")
    return folder


def pairs(results: Results, found: Results) -> Iterator[tuple[str, str, str, str]]:
    """Records of the sound run beside the mutant's: tracker, dataset, sequence, mutant's tracker.

    Of all but baselines. Where the mutant's run had no controls, its baseline stands for the
    repeated one, and what is lossy is left out.
    """
    for tracker in results.trackers:
        again = tracker.endswith(REPEAT)
        if not again and results.any_run(tracker).claim is Claim.BASELINE:
            continue
        theirs = tracker.removesuffix(REPEAT) if tracker not in found.trackers else tracker
        if theirs in found.trackers:
            for dataset in results.datasets:
                for name in results.sequences(tracker, dataset):
                    yield tracker, dataset, name, theirs


def changed(results: Results, found: Results, calls: bool = True) -> dict[str, bool]:
    """For each tracker but the baselines, whether a bit differs, or what was called."""
    differing: dict[str, bool] = {}
    for tracker, dataset, name, theirs in pairs(results, found):
        a, b = results.record(tracker, dataset, name), found.record(theirs, dataset, name)
        bits = any(
            getattr(a, part).tobytes() != getattr(b, part).tobytes()
            for part in ("boxes", "scores", "open_outputs", "flags")
        )
        other = bits or (calls and a.executed != b.executed)
        differing[tracker] = differing.get(tracker, False) or other
    return differing


def mix(results: Results, found: Results, out: Path) -> Results:
    """The sound baselines beside the mutant's other trackers, as if all were of one run."""
    shutil.copytree(results.folder, out)
    for tracker, dataset, name, theirs in pairs(results, found):
        path = results.path(tracker, dataset, name)
        sound = load_record(path)
        disguised = dataclasses.replace(
            load_record(found.path(theirs, dataset, name)),
            identity=sound.identity,
            pairing=sound.pairing,
            flags=sound.flags,
        )
        save_record(out / path.relative_to(results.folder), disguised)
    return Results(out)


def judge(warm: Warm, subject: Subject, mutant: Mutant, results: Results) -> tuple[str, str]:
    """What became of a mutant, and by what; slow controls run only where nothing else differs."""
    kind, why = judge_with("0", warm, subject, mutant, results)
    if kind == "equivalent" and not subject.seeded:
        kind, why = judge_with("all", warm, subject, mutant, results)
    return kind, why


def judge_with(
    controls: str, warm: Warm, subject: Subject, mutant: Mutant, results: Results
) -> tuple[str, str]:
    """The same, of a run with so many sequences of controls."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as scratch:
        folder = Path(scratch)
        (folder / "results").mkdir()
        problem = run(warm, subject, mutate(mutant, folder), folder / "results", controls)
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


def judge_all(workers: Sequence[Warm], subject: Subject, only: str) -> list[tuple[str, str, str]]:
    """Kind, mutant and why, of each mutant whose name holds a text.

    Raises:
        HitTrackersError: the sound code does not verify, or would be caught as a mutant.
    """
    chosen = [mutant for mutant in subject.mutants if only in mutant.name]
    if not chosen:
        return []
    with tempfile.TemporaryDirectory(prefix="sound-") as scratch:
        sound = Path(scratch) / "results"
        sound.mkdir()
        problem = run(workers[0], subject, ROOT, sound, "all")
        failures = (problem,) if problem else harness.verify(sound).failures
        if failures:
            raise HitTrackersError(f"the sound code does not verify: {failures[0]}")
        results = Results(sound)
        kind, why = judge(workers[0], subject, NOTHING, results)
        if kind != "equivalent":
            raise HitTrackersError(f"a mutant without a change is {kind}: {why}")
        free: Queue[Warm] = Queue()
        for worker in workers:
            free.put(worker)

        def judged(mutant: Mutant) -> tuple[str, str, str]:
            worker = free.get()
            try:
                kind, why = judge(worker, subject, mutant, results)
            finally:
                free.put(worker)
            return kind, mutant.name, why

        with ThreadPoolExecutor(len(workers)) as pool:
            found = pool.map(judged, chosen)
            return list(tqdm(found, total=len(chosen), unit="mutant", disable=None))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--family", action="append", choices=SUBJECTS, help="only this; repeat")
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants whose name holds it")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(Warm()) for _ in range(args.jobs)]
        try:
            missed = [_print(workers, family, args.only) for family in args.family or SUBJECTS]
        except HitTrackersError as error:
            print(error, file=sys.stderr)
            return 1
    return 1 if any(missed) else 0


def _print(workers: Sequence[Warm], family: str, only: str) -> int:
    """A table of what became of a family's mutants; how many were missed."""
    start = time.perf_counter()
    judged = judge_all(workers, SUBJECTS[family], only)
    rows = [(kind, name, why[:110]) for kind, name, why in judged]
    print(tabulate(sorted(rows), ("", "mutant", "why"), tablefmt="github"))
    counts = Counter(kind for kind, *_ in judged)
    kinds = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    seconds = time.perf_counter() - start
    print(f"\n{family}: {len(judged)} mutants: {kinds} ({seconds:.0f} s)\n", flush=True)
    return counts["MISSED"]


if __name__ == "__main__":
    sys.exit(main())
