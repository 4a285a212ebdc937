"""How long the whole LaSOT evaluation of one tracker takes: 280 sequences, 685,360 frames.

    python -m benchmarks.evaluation [--raw ZIP --annotations ZIP] [--repeat 3]

Without arguments the raw files are SiamRPN++'s of `../shared/published`, or, where those are not at
hand, synthetic ones of the same size. Prints reading and scoring together, and scoring alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

from toolkit_adapters.scoring import Truth, combine, find
from toolkit_adapters.scoring.rawresults.annotations import Annotations
from toolkit_adapters.scoring.rawresults.evaluation import evaluate
from toolkit_adapters.scoring.rawresults.files import Files
from toolkit_adapters.scoring.rawresults.predictions import Predictions
from toolkit_adapters.scoring.statistics import score_intervals

SHARED = Path(__file__).resolve().parents[2] / "shared" / "published" / "lasot"
FRAMES = 685_360


def synthetic(folder: Path) -> tuple[Path, Path]:
    """Zips of 280 sequences with as many frames as LaSOT's test set."""
    rng = np.random.default_rng(0)
    lengths = np.full(280, FRAMES // 280)
    lengths[: FRAMES % 280] += 1
    raw, truth = folder / "raw.zip", folder / "truth.zip"
    with zipfile.ZipFile(raw, "w", 8) as results, zipfile.ZipFile(truth, "w", 8) as annotations:
        for i, length in enumerate(lengths):
            path = 200 + np.cumsum(rng.normal(0, 2, (length, 4)), axis=0)
            boxes = np.maximum(path, 5)
            lines = ["{:.4f},{:.4f},{:.4f},{:.4f}".format(*row) for row in boxes]
            results.writestr(f"thing-{i}.txt", "\n".join(lines))
            rows = (boxes + rng.normal(0, 5, (length, 4))).clip(1).astype(int)
            lines = ["{},{},{},{}".format(*row) for row in rows]
            annotations.writestr(f"groundtruth/thing-{i}.txt", "\n".join(lines))
            annotations.writestr(f"absent/thing-{i}.txt", "0\n" * length)
    return raw, truth


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--raw", type=Path, default=SHARED / "SiamRPN++.zip")
    parser.add_argument("--annotations", type=Path, default=SHARED / "annotations.zip")
    parser.add_argument("--repeat", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raw, annotations = args.raw, args.annotations
        if not (raw.exists() and annotations.exists()):
            raw, annotations = synthetic(Path(folder))
        for name in ("lasot_pytracking", "lasot_official", "lasot_got10k"):
            measure(name, raw, annotations, args.repeat)


def measure(name: str, raw: Path, annotations: Path, repeat: int) -> None:
    """Print the shortest of `repeat` times, with and without reading."""
    convention = find("lasot", name)
    whole, alone, resampling = [], [], []
    with Files(raw) as results, Files(annotations) as truths:
        table, predictions = Annotations(truths), Predictions(results)
        loaded: list[tuple[np.ndarray, Truth]] = [
            (predictions.load(predictions.find(sequence)), table.load(sequence))
            for sequence in table.names
        ]
    for _ in range(repeat):
        start = time.perf_counter()
        evaluation = evaluate(raw, annotations, convention)
        whole.append(time.perf_counter() - start)
        start = time.perf_counter()
        combine([convention.score(boxes, truth) for boxes, truth in loaded])
        alone.append(time.perf_counter() - start)
        start = time.perf_counter()
        score_intervals(list(evaluation.scores.values()))
        resampling.append(time.perf_counter() - start)
    overall = evaluation.overall
    print(
        f"{name}: {overall.frames} frames, AUC {100 * overall.values['AUC']:.3f}; "
        f"reading and scoring {min(whole):.2f} s, scoring alone {min(alone):.2f} s, "
        f"intervals {min(resampling):.2f} s (shortest of {repeat})"
    )


if __name__ == "__main__":
    main()
