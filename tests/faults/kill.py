"""Disturb runs at random points; each resumed run must end with the records of an undisturbed one.

    python -m tests.faults.kill [--points 200] [--seed 0] [--kind NAME ...]

A point is one run of two trackers and both controls over three tiny sequences, disturbed in one of
the ways below. Then every file under its final name must be whole and every record the expected
one; and after one more run of the same command all records must be there, equal to an undisturbed
run's, times aside, with nothing half-written left and nothing for `doctor` to complain of.

The trackers are fakes whose boxes depend on every pixel and on their own history, so that a point
takes a fraction of a second: each run is a fork of this process, which has PyTorch imported.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from hit_trackers.errors import HitTrackersError
from toolkit_adapters.records import RUN_FILE, load_record, load_run
from toolkit_adapters.records.files import TEMPORARY
from toolkit_adapters.records.inspection import LOCK_FILE, inspect_results

from .arena import Arena, Point, Skipped, end, open_arena
from .disturbances import KINDS


@contextlib.contextmanager
def tidied(folder: Path) -> Iterator[Path]:
    """A results folder that is gone afterwards, mounted over or not."""
    try:
        yield folder
    finally:
        if folder.is_mount():
            subprocess.run(["umount", str(folder)], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def check_whole(arena: Arena, results: Path) -> Iterator[str]:
    """What is wrong with files under their final names, after a fault and before any repair."""
    for path in sorted(results.rglob("*")):
        if not path.is_file() or path.name.endswith((TEMPORARY, LOCK_FILE)):
            continue
        try:
            if path.name == RUN_FILE:
                load_run(path)
            elif path.suffix == ".npz":
                record = load_record(path)
                name = path.relative_to(results).parts[0]
                right = arena.expected[name, path.stem]
                # When a baseline fails, its variants have no search regions of it from there on.
                kept = len(record.open_index)
                if (
                    replace(
                        right,
                        open_index=right.open_index[:kept],
                        open_outputs=right.open_outputs[:kept],
                        patch_size=right.patch_size if kept else 0,
                    ).result_digest()
                    != record.result_digest()
                ):
                    yield f"{path}: not the expected record"
                if min(record.update.min(), record.decode.min()) < 0:
                    yield f"{path}: negative times"
            else:
                json.loads(path.read_text())
        except (HitTrackersError, ValueError, KeyError) as error:
            yield f"{path}: {error}"


def disturb(arena: Arena, kind: str, results: Path, rng: random.Random) -> list[str]:
    """One point; returns everything that is wrong.

    Raises:
        Skipped: not on this machine.
    """
    wrong = []
    # Now and then the resumed run is disturbed too.
    kinds = [kind, "sigkill"] if rng.random() < 0.2 and kind != "disk_full" else [kind]
    with tidied(results):
        for each in kinds:
            if each == "read_only" and results.exists():
                continue
            point = Point(arena, results, rng)
            right = KINDS[each](point)
            if point.process.exitcode not in right:
                wrong.append(f"exit status {point.process.exitcode}, expected one of {right}")
            wrong += check_whole(arena, results)
        if "Traceback" in arena.log(results) and not {"sigint", "sigterm"} & set(kinds):
            wrong.append("a traceback")
        resumed = arena.start(results)
        end(resumed)
        if resumed.exitcode != 0:
            wrong.append(f"the resumed run has exit status {resumed.exitcode}")
        wrong += check_whole(arena, results)
        try:
            equal = arena.expects(results)
        except HitTrackersError:  # found above
            equal = False
        if not equal:
            wrong.append("other records than an undisturbed run's")
        wrong += [finding.message for finding in inspect_results(results) if finding.problem]
        if wrong:
            wrong.append(arena.log(results))
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=KINDS)
    args = parser.parse_args()
    # A fork copies locks but not the threads that hold them: no thread may run here.
    tqdm.monitor_interval = 0
    kinds = args.kind or list(KINDS)
    done: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    skipped: dict[str, str] = {}
    with open_arena() as arena:
        for number in tqdm(range(args.points), unit="point"):
            kind = kinds[number % len(kinds)]
            try:
                wrong = disturb(
                    arena,
                    kind,
                    arena.scratch / f"point-{number}",
                    random.Random(f"{args.seed} {number}"),
                )
            except Skipped as reason:
                skipped[kind] = str(reason)
                continue
            done[kind] += 1
            broken[kind] += bool(wrong)
            for message in wrong:
                tqdm.write(f"{kind}, point {number}: {message}")
    for kind in kinds:
        what = f"skipped: {skipped[kind]}" if kind in skipped else f"{broken[kind]} broken"
        print(f"{done[kind]:5} {kind:22} {what}")
    print(f"{done.total():5} points, {broken.total()} broken")
    return 1 if broken.total() or not done.total() else 0


if __name__ == "__main__":
    sys.exit(main())
