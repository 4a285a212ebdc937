"""Time of resuming a run that is done: 971 sequences, 3 trackers, every record and image looked at.

    python -m benchmarks.resume [--frames 20] [--sequences 971]

Records and images are synthetic. Of each record the digest is checked, and of each image whether
its size and time of modification are those that the record holds (`--trust-files` skips that).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from hit_trackers.families import parse
from toolkit_adapters.datasets.decoding import file_digest, stamp_of
from toolkit_adapters.datasets.got10k import Got10k
from toolkit_adapters.datasets.selection import Selection
from toolkit_adapters.records import Record, Results, Run, save_record
from toolkit_adapters.running import jobs

TRACKERS = ("hit_base", "hit_base_exact", "hit_base_memeff")


def make_dataset(root: Path, sequences: int, frames: int) -> Got10k:
    """Folders of one-byte images; nothing decodes them."""
    names = [f"GOT-10k_Val_{number:06d}" for number in range(1, sequences + 1)]
    for name in names:
        folder = root / "val" / name
        folder.mkdir(parents=True)
        (folder / "groundtruth.txt").write_text("10,10,20,20\n" * frames)
        for number in range(1, frames + 1):
            (folder / f"{number:08d}.jpg").write_bytes(b"x")
    (root / "val" / "list.txt").write_text("\n".join(names))
    return Got10k(root)


def make_runs(dataset: Got10k) -> dict[str, Run]:
    """The provenance of each tracker."""
    fingerprint = dataset.fingerprint()
    return {
        name: Run(
            tracker=name,
            baseline=variant.baseline,
            family=variant.family,
            claim=variant.claim,
            parts=dict(variant.parts),
            dataset=dataset.name,
            root=str(dataset.root),
            sequences=dataset.sequence_names,
            identity={"weights_sha256": "0", "device": "cpu", "dataset_fingerprint": fingerprint},
            provenance={},
        )
        for name in TRACKERS
        for variant in (parse(name),)
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sequences", type=int, default=971)
    parser.add_argument("--frames", type=int, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        dataset = make_dataset(Path(scratch, "data"), args.sequences, args.frames)
        runs = make_runs(dataset)
        results = Results(Path(scratch, "results"))
        jobs.open_runs(results, runs.values())
        columns = dict.fromkeys(("decode", "network", "device", "update", "frame"))
        digests = np.full(args.frames, file_digest(b"x"), np.uint64)
        for sequence in dataset:
            stamps = np.array([stamp_of(path) for path in sequence.frames], np.int64)
            for name, run in runs.items():
                record = Record(
                    boxes=np.ones((args.frames, 4)),
                    scores=np.ones(args.frames),
                    **{column: np.ones(args.frames) for column in columns},
                    flags=np.zeros(args.frames, np.uint8),
                    files=digests,
                    stamps=stamps,
                    identity=run.identity_sha256,
                    pairing=sequence.name,
                )
                save_record(results.path(name, dataset.name, sequence.name), record)
        for trust in (False, True):
            start = time.perf_counter()
            selection = Selection(Got10k(dataset.root))
            selection.dataset.fingerprint()
            work = jobs.plan(results, selection, runs, {}, control_sequences=0, trust_files=trust)
            seconds = time.perf_counter() - start
            assert work.done == args.sequences
            print(
                f"{work.done} sequences of {args.frames} frames, {len(runs)} trackers: "
                f"{seconds:.2f} s{' with --trust-files' if trust else ''}"
            )


if __name__ == "__main__":
    main()
