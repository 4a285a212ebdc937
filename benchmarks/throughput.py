"""What the runner adds to decoding, and whether its memory grows with the length of a sequence.

A tracker that does nothing runs over a rendered sequence, in alternation with a plain loop of the
same decoder: frames decoded between the timed regions, as on a CPU, and ahead in threads, as on
CUDA. Prints the ratio of the frame rates, in wall clock and in CPU time of the process (which a
busy machine disturbs less), and the resident set on the way through a long sequence.

    python -m benchmarks.throughput [--frames 300] [--rounds 5] [--long 10000]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from hit_trackers.protocol import Prediction
from hit_trackers.variants import Claim, Variant
from toolkit_adapters.datasets.base import Sequence
from toolkit_adapters.datasets.decoding import decode
from toolkit_adapters.datasets.truth import Truth
from toolkit_adapters.running.entrant import Entrant
from toolkit_adapters.running.memory import peak_resident
from toolkit_adapters.running.passes import run_sequence

IDLE = Variant("idle", "idle", "idle", Claim.BASELINE)
BOX = np.array([[100.0, 100.0, 80.0, 60.0]])


def idle() -> Entrant:
    """A tracker that answers without looking."""
    answer = Prediction(BOX[0], 1.0)
    tracker = SimpleNamespace(
        init=lambda image, box: None,
        update=lambda image: answer,
        variant=IDLE,
    )
    return Entrant(tracker, IDLE)


def frames_below(folder: Path, count: int) -> tuple[Path, ...]:
    """`count` paths of 30 different 720p JPEG files."""
    rng = np.random.default_rng(0)
    files = []
    for number in range(30):
        blocks = rng.integers(0, 256, (18, 32, 3), dtype=np.uint8)
        image = cv2.resize(blocks, (1280, 720), interpolation=cv2.INTER_CUBIC)
        files.append(folder / f"{number}.jpg")
        cv2.imwrite(str(files[-1]), image)
    return tuple(files[number % len(files)] for number in range(count))


def rates(work: Callable[[], object], frames: int) -> tuple[float, float]:
    """Frames per second of wall clock, and of CPU time."""
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    return frames / (time.perf_counter() - start), frames / (time.process_time() - cpu_start)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--long", type=int, default=10_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        paths = frames_below(Path(scratch), max(args.frames, args.long))
        sequence = Sequence("s", "bench", paths[: args.frames], Truth(BOX))
        loops: dict[str, Callable[[], object]] = {
            "plain": lambda: [decode(path) and None for path in sequence.frames],
            "runner, as on a CPU": lambda: run_sequence([idle()], sequence, open_loop=0, ahead=0),
            "runner, as on CUDA": lambda: run_sequence([idle()], sequence, open_loop=0),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in loops}
        for number in range(args.rounds):
            for name in list(loops)[:: 1 if number % 2 else -1]:
                found[name].append(rates(loops[name], args.frames))
        for scope, label in enumerate(("wall clock", "CPU time")):
            best = {name: max(pair[scope] for pair in pairs) for name, pairs in found.items()}
            for name, rate in best.items():
                print(
                    f"{label}: {name} {rate:.0f} frames/s, {rate / best['plain']:.3f} of plain "
                    f"(best of {args.rounds} rounds each)"
                )
        if args.long:
            long = Sequence("s", "bench", paths[: args.long], Truth(BOX))
            seen = 0

            def on_frame() -> None:
                nonlocal seen
                seen += 1
                if seen in (args.long // 10, args.long // 2, args.long):
                    print(f"after {seen} frames: peak resident {peak_resident() / 1e6:.1f} MB")

            run_sequence([idle()], long, open_loop=0, on_frame=on_frame)


if __name__ == "__main__":
    main()
