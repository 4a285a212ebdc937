"""Results folders made of nothing: a truth on disk, and records that wander around it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from fake_executed import executed_as

from hit_trackers.families import parse
from hit_trackers.variants import Claim
from toolkit_adapters.datasets.lasot import Lasot
from toolkit_adapters.datasets.trackingnet import TrackingNet
from toolkit_adapters.records import DatasetPlan, Record, Run, extend_plan, save_record

WEIGHTS = "ab" * 32


@dataclass
class Maker:
    """Writes synthetic results below `folder`; the demo's datasets lend their names."""

    folder: Path
    frames: int = 60
    device: str = "cpu (Some Processor)"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def dataset(self, name: str = "demo-lasot", sequences: int = 3, kind: str = "thing"):
        """Annotations without frames: scoring needs no picture."""
        root = self.folder / "data" / name.removeprefix("demo-")
        rng = np.random.default_rng(len(name))
        for i in range(1, sequences + 1):
            steps = rng.normal(0, 2, (self.frames, 2))
            boxes = np.hstack([200 + np.cumsum(steps, axis=0), np.full((self.frames, 2), 50.0)])
            text = "".join("{:.2f},{:.2f},{:.2f},{:.2f}\n".format(*row) for row in boxes)
            if name.endswith("lasot"):
                folder = root / kind / f"{kind}-{i}"
                folder.mkdir(parents=True)
                (folder / "groundtruth.txt").write_text(text)
                for label in ("full_occlusion", "out_of_view"):
                    (folder / f"{label}.txt").write_text(",".join(["0"] * self.frames))
            else:
                anno = root / "TEST" / "anno"
                truth = root.with_name(f"{root.name}_truth")
                for place, content in ((anno, text.split("\n")[0] + "\n"), (truth, text)):
                    place.mkdir(parents=True, exist_ok=True)
                    (place / f"video_{i}.txt").write_text(content)
        if name.endswith("lasot"):
            return Lasot(root, name, any_name=True)
        return TrackingNet(root, name=name)

    def truth(self, dataset, sequence: str) -> np.ndarray:
        path = next(Path(dataset.root).parent.glob(f"**/{sequence}/groundtruth.txt"), None)
        path = path or dataset.root.with_name(f"{dataset.root.name}_truth") / f"{sequence}.txt"
        if not path.is_file():  # a test set, whose truth is secret
            first = np.loadtxt(dataset.root / f"TEST/anno/{sequence}.txt", delimiter=",")
            return np.tile(first, (self.frames, 1))
        return np.loadtxt(path, delimiter=",")

    def run(self, name: str, dataset, **identity) -> Run:
        variant = parse(name.removesuffix("@repeat"))
        return Run(
            tracker=name,
            baseline=variant.baseline,
            family=variant.family,
            claim=Claim.BASELINE if name.endswith("@repeat") else variant.claim,
            parts=dict(variant.parts),
            dataset=dataset.name,
            root=str(dataset.root),
            sequences=dataset.sequence_names,
            identity={
                "tracker": name,
                "weights_sha256": WEIGHTS,
                "dataset": dataset.name,
                "dataset_fingerprint": dataset.fingerprint(),
                "device": self.device,
                "threads": 1,
                "max_frames": None,
                "versions": {"torch": "2.13.0"},
                **identity,
            },
            provenance={
                "commit": "c" * 40,
                "command": "hit-trackers run ...",
                "started": "2026-01-01T00:00:00+00:00",
                "control": name.endswith(("@repeat", "bf16")),
            },
        )

    def record(
        self, truth: np.ndarray, run: Run, seconds: float, drift: float = 0.0, pair: str = "p"
    ) -> Record:
        """A track 3 px off, `drift` further from frame 10 on, at about `seconds` a frame."""
        n = len(truth)
        rng = np.random.default_rng(7)
        boxes = truth + np.hstack([rng.normal(0, 3, (n, 2)), np.zeros((n, 2))])
        boxes[0] = truth[0]
        boxes[10:, 0] += drift * np.arange(n - 10)
        flags = np.zeros(n, np.uint8)
        flags[0], flags[1:4] = 1, 2
        times = seconds * (1 + 0.05 * np.random.default_rng(len(run.tracker)).random(n))
        index = np.arange(5, n, 10)
        patches = np.random.default_rng(3).random((len(index), 4)).astype(np.float32)
        on_cuda = self.device.startswith("cuda")
        return Record(
            boxes=boxes,
            scores=np.full(n, 0.5),
            decode=np.full(n, 0.001),
            network=times,
            device=times * 0.8 if on_cuda else np.full(n, np.nan),
            update=times + 0.001,
            frame=times + 0.002,
            flags=flags,
            open_index=index,
            open_outputs=patches + np.float32(drift * 1e-6),
            patch_size=256,
            executed=executed_as(run.tracker),
            identity=run.identity_sha256,
            pairing=pair,
        )

    def write(self, name: str, dataset, seconds=0.01, drift=0.0, only=None, **identity) -> Run:
        run = self.run(name, dataset, **identity)
        folder = self.results / name / dataset.name
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(run.to_json())
        frames = dict.fromkeys(dataset.sequence_names, self.frames)
        if run.provenance["control"]:
            plan = DatasetPlan(frames, {}, {name: dataset.sequence_names[:only]})
        else:
            plan = DatasetPlan(frames, {name: dataset.sequence_names}, {})
        extend_plan(self.results, {dataset.name: plan})
        for sequence in dataset.sequence_names[:only]:
            record = self.record(self.truth(dataset, sequence), run, seconds, drift)
            save_record(folder / f"{sequence}.npz", record)
        return run

    def standard(self) -> Path:
        """A baseline, a bitwise variant, one within tolerance, and both controls; two datasets."""
        for name in ("demo-lasot", "demo-trackingnet"):
            dataset = self.dataset(name)
            self.write("hit_nano", dataset)
            self.write("hit_nano_exact", dataset, seconds=0.009)
            self.write("hit_nano_memeff", dataset, seconds=0.008, drift=1e-5)
            self.write("hit_nano@repeat", dataset, only=1)
            self.write("hit_nano_bf16", dataset, drift=0.5, only=1)
        for name, size in (("hit_nano", 5.0), ("hit_nano_exact", 3.0), ("hit_nano_memeff", 3.5)):
            values = {
                "tracker": name,
                "device": self.device,
                "weights_sha256": WEIGHTS,
                "method": "profiler",
                "weights_bytes": 5_000_000,
                "activations_peak_bytes": int(size * 1e6),
                "allocated_peak_bytes": int((size + 5) * 1e6),
                "reserved_peak_bytes": None,
                "rss_peak_bytes": 300_000_000,
            }
            (self.results / name / "memory.json").write_text(json.dumps(values))
        return self.results


@pytest.fixture
def maker(tmp_path) -> Maker:
    return Maker(tmp_path)


@pytest.fixture(scope="session")
def standard(tmp_path_factory) -> Path:
    """The results folder that most tests read and none writes to."""
    return Maker(tmp_path_factory.mktemp("standard")).standard()
