"""Time and memory of a report on all three benchmarks: 971 sequences, 3 trackers, both controls.

    python -m benchmarks.report [--frames 930000] [--keep DIR]

The records are synthetic and as long in all as LaSOT, TrackingNet and GOT-10k validation together;
truths are on disk in the official layouts, so everything is scored and every figure is drawn.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hit_trackers.executed import Executed
from hit_trackers.families import parse
from hit_trackers.variants import Claim
from toolkit_adapters.datasets.base import Dataset
from toolkit_adapters.datasets.got10k import Got10k
from toolkit_adapters.datasets.lasot import Lasot, official_names
from toolkit_adapters.datasets.trackingnet import TrackingNet
from toolkit_adapters.records import DatasetPlan, Record, Run, extend_plan, save_record

#: Share of all frames that each benchmark has, and its number of sequences.
BENCHMARKS = {"lasot": (0.737, 280), "trackingnet": (0.241, 511), "got10k-val": (0.022, 180)}
TRACKERS = {"hit_base": 0.0, "hit_base_exact": 0.0, "hit_base_memeff": 1e-5}
#: What is said to have run, by the attention in a tracker's name.
CALLS = {
    "eager": "aten._softmax.default",
    "exact": "aten._softmax.out",
    "memeff": "aten._scaled_dot_product_flash_attention_for_cpu.default",
}
ALL = 10_000
CONTROLS = {"hit_base@repeat": 0.0, "hit_base_bf16": 0.3}


def make_truth(folder: Path, name: str, frames: int) -> Dataset:
    """Annotations of one benchmark, without images."""
    rng = np.random.default_rng(len(name))
    share, count = BENCHMARKS[name]
    lengths = np.maximum((rng.gamma(4, size=count) / 4 * share * frames / count).astype(int), 30)
    root = folder / name
    names = [f"GOT-10k_Val_{i + 1:06d}" for i in range(count)]
    if name == "lasot":
        names = list(official_names())
    elif name == "trackingnet":
        names = [f"video{i}_0" for i in range(count)]
    for sequence, length in zip(names, lengths, strict=True):
        boxes = 300 + np.cumsum(rng.normal(0, 1, (length, 4)), axis=0)
        rows = np.maximum(np.round(boxes, 2), 5).tolist()
        lines = ["{:.2f},{:.2f},{:.2f},{:.2f}\n".format(*row) for row in rows]
        if name == "trackingnet":
            places = {"truth": lines, "TEST/anno": lines[:1]}
            for place, content in places.items():
                (root / place).mkdir(parents=True, exist_ok=True)
                (root / place / f"{sequence}.txt").write_text("".join(content))
            continue
        group = Path("val") if name == "got10k-val" else Path(sequence.rpartition("-")[0])
        (root / group / sequence).mkdir(parents=True)
        (root / group / sequence / "groundtruth.txt").write_text("".join(lines))
        if name == "lasot":
            for label in ("full_occlusion", "out_of_view"):
                zeros = ",".join("0" * length)
                (root / group / sequence / f"{label}.txt").write_text(zeros)
    if name == "got10k-val":
        (root / "val/list.txt").write_text("\n".join(names))
        return Got10k(root)
    return Lasot(root) if name == "lasot" else TrackingNet(root)


def make_records(folder: Path, tracker: str, drift: float, dataset: Dataset, only: int) -> None:
    """Records of one tracker that follow the truth 4 px off."""
    variant = parse(tracker.removesuffix("@repeat"))
    part = variant.part("attention")
    ran = Executed("eager", variant.part("precision"), "synthetic", {"attention": {CALLS[part]: 1}})
    run = Run(
        tracker=tracker,
        baseline=variant.baseline,
        family=variant.family,
        claim=Claim.BASELINE if "@" in tracker else variant.claim,
        parts=dict(variant.parts),
        dataset=dataset.name,
        root=str(dataset.root),
        sequences=dataset.sequence_names,
        identity={
            "tracker": tracker,
            "weights_sha256": "0" * 64,
            "dataset_fingerprint": dataset.fingerprint(),
            "device": "cpu (synthetic)",
            "threads": 1,
            "max_frames": None,
            "versions": {},
        },
        provenance={"control": tracker in CONTROLS},
    )
    place = folder / tracker / dataset.name
    place.mkdir(parents=True)
    (place / "run.json").write_text(run.to_json())
    frames: dict[str, int | None] = dict.fromkeys(dataset.sequence_names)
    for i, sequence in enumerate(dataset.sequence_names[:only]):
        path = next(p for p in _truth_files(dataset, sequence) if p.is_file())
        truth = np.loadtxt(path, delimiter=",")
        n = len(truth)
        rng = np.random.default_rng(i)
        boxes = truth + rng.normal(0, 4, (n, 4))
        boxes[:, 2:] = np.maximum(boxes[:, 2:], 2)
        boxes[0] = truth[0]
        boxes[5:, 0] += drift * np.arange(n - 5)
        noise = np.random.default_rng(len(tracker) + 100 * i)
        seconds = 0.01 * (1 + noise.gamma(2, 0.05, n)) * (0.9 if "exact" in tracker else 1)
        flags = np.zeros(n, np.uint8)
        flags[0] = 1
        index = np.arange(5, n, 10)
        record = Record(
            boxes=boxes,
            scores=np.full(n, 0.5),
            decode=np.full(n, 0.002),
            network=seconds,
            device=np.full(n, np.nan),
            update=seconds + 0.001,
            frame=seconds + 0.003,
            flags=flags,
            open_index=index,
            open_outputs=np.full((len(index), 4), 0.5, np.float32) + np.float32(drift * 0.01),
            patch_size=256,
            executed=ran.to_json(),
            identity=run.identity_sha256,
            pairing=f"{dataset.name}-{i}",
        )
        save_record(place / f"{sequence}.npz", record)
        frames[sequence] = n
    names = {tracker: dataset.sequence_names[:only]}
    planned = (names, {}) if only == ALL else ({}, names)
    extend_plan(folder, {dataset.name: DatasetPlan(frames, *planned)})


def _truth_files(dataset: Dataset, sequence: str) -> list[Path]:
    root = dataset.root
    folder = root / sequence.rpartition("-")[0] / sequence
    return [
        root / "truth" / f"{sequence}.txt",
        root / "val" / sequence / "groundtruth.txt",
        folder / "groundtruth.txt",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=930_000)
    parser.add_argument("--keep", type=Path, help="keep results and report here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.keep or Path(scratch)
        results, out = folder / "results", folder / "report"
        if not results.is_dir():
            for name in BENCHMARKS:
                dataset = make_truth(folder, name, args.frames)
                for tracker, drift in TRACKERS.items():
                    make_records(results, tracker, drift, dataset, ALL)
                for tracker, drift in CONTROLS.items():
                    make_records(results, tracker, drift, dataset, 2)
        start = time.perf_counter()
        command = [sys.executable, "-m", "toolkit_adapters", "report", str(results)]
        subprocess.run([*command, "--out", str(out)], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        page = (out / "report.html").stat().st_size
        sequences = sum(count for _, count in BENCHMARKS.values())
        print(
            f"{sequences} sequences, {args.frames} frames, {len(TRACKERS)} trackers: "
            f"{seconds:.1f} s ({used.ru_utime + used.ru_stime:.1f} s of CPU), "
            f"{used.ru_maxrss * 1024 / 1e9:.2f} GB resident at most; "
            f"report.html {page / 1e6:.2f} MB"
        )


if __name__ == "__main__":
    main()
