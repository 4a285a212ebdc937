"""Kill real runs at random points; every resumed run must end with the undisturbed records.

    python benchmarks/kills.py [--points 200] [--seed 0] [--checkpoint FILE]

Each point starts a run of two trackers and both controls on a small made-up dataset, sends it
SIGKILL, SIGTERM or SIGINT after a random time, reads every record it left, resumes it, and compares
all records with an undisturbed run's, times aside. Prints counts; exits 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from hit_trackers.errors import RecordError
from toolkit_adapters.inspection import inspect_results
from toolkit_adapters.records import open_results

SEQUENCES, FRAMES, SIZE = 3, 8, (120, 160)
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def make_dataset(root: Path) -> None:
    rng = np.random.default_rng(0)
    names = [f"sequence_{number}" for number in range(SEQUENCES)]
    for name in names:
        folder = root / "val" / name
        folder.mkdir(parents=True)
        for number in range(1, FRAMES + 1):
            image = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
            cv2.imwrite(str(folder / f"{number:08d}.jpg"), image)
        (folder / "groundtruth.txt").write_text("50,40,40,30\n" * FRAMES)
    (root / "val" / "list.txt").write_text("\n".join(names) + "\n")


def command(root: Path, results: Path, checkpoint: str | None) -> list[str]:
    line = [sys.executable, "-m", "toolkit_adapters", "run", "--no-memory", "--threads", "1"]
    line += ["--dataset", "got10k-val", "--root", str(root), "--results", str(results)]
    line += ["--tracker", "hit_nano", "--tracker", "hit_nano_exact", "--open-loop", "3"]
    return line + (["--checkpoint", checkpoint] if checkpoint else [])


def start(line: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def digests(folder: Path) -> dict[tuple[str, str], str]:
    try:
        results = open_results(folder)
    except RecordError:
        return {}  # killed before anything was written
    return {
        (tracker, name): results.record(tracker, "got10k-val", name).result_digest()
        for tracker in results.trackers
        if results.has_run(tracker, "got10k-val")
        for name in results.sequences(tracker, "got10k-val")
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint", help="weights of hit_nano (default: the embedded ones)")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "data"
        make_dataset(root)
        undisturbed = Path(scratch) / "undisturbed"
        begin = time.monotonic()
        subprocess.run(command(root, undisturbed, args.checkpoint), check=True)
        duration = time.monotonic() - begin
        expected = digests(undisturbed)
        for number in tqdm(range(args.points), unit="kill"):
            results = Path(scratch) / f"killed-{number}"
            line = command(root, results, args.checkpoint)
            process = start(line)
            time.sleep(rng.uniform(0, duration))
            chosen = rng.choice(SIGNALS)
            process.send_signal(chosen)
            counts[f"{chosen.name}: {'in time' if process.wait() != 0 else 'too late'}"] += 1
            left = digests(results)
            counts["records left by killed runs"] += len(left)
            counts["wrong records left"] += sum(expected[key] != d for key, d in left.items())
            counts["resumed runs that failed"] += start(line).wait() != 0
            counts["resumed runs with other records"] += digests(results) != expected
            counts["resumed folders with a problem"] += any(
                finding.problem for finding in inspect_results(results)
            )
    for name, count in counts.items():
        print(f"{count:5} {name}")
    lost = ("wrong", "resumed")
    return int(any(count for name, count in counts.items() if name.startswith(lost)))


if __name__ == "__main__":
    sys.exit(main())
