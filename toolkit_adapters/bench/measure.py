"""Variants against their baseline, in alternating order on the same input."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from hit_trackers import load_tracker, zoo
from hit_trackers.errors import HitTrackersError
from hit_trackers.hit.tracker import Tracker
from toolkit_adapters.bench.operators import count_frame
from toolkit_adapters.bench.roofline import MatrixProducts, frame_flops
from toolkit_adapters.running.activations import peak_activations, peak_of_frame
from toolkit_adapters.running.timing import clock, without_garbage_collection

IMAGE_SIZE = (720, 1280)
BOX = (600.0, 300.0, 80.0, 60.0)
WARMUP = 3
# Seconds of rest before an update: the threads of one runtime go on spinning for a while after
# their work, on the cores of the next; those of PyTorch, which embeds the template, for all.
PAUSE = 0.05
# On fractions of the search region, for what claims "within rounding of float32".
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Speedup:
    """How many times as fast: the baseline's total time over the variant's, the same repeats.

    minimum, median, maximum: of the ratio repeat by repeat, to show how far it spreads.
    """

    value: float
    minimum: float
    median: float
    maximum: float


@dataclass
class Row:
    """A variant's cost and verdict. Times are medians in seconds; NaN or None: not measured."""

    name: str
    claim: str
    baseline: str
    weights: str = ""
    network: float = math.nan
    update: float = math.nan
    device: float = math.nan
    network_p99: float = math.nan  # on the wall, as `network`
    network_ratio: Speedup | None = None
    update_ratio: Speedup | None = None
    cpu_ratio: Speedup | None = None  # of update, in CPU time of the whole process
    size_ratio: Speedup | None = None  # of a baseline's update, over that of the largest baseline
    operators: int | None = None
    operators_by_name: dict[str, int] = field(default_factory=dict)
    peak_bytes: int | None = None
    peak_operator: str | None = None
    transformer_peak_bytes: int | None = None
    gflop: float = math.nan
    roofline_share: float = math.nan
    difference: float = math.nan
    verdict: str = ""
    kept: bool = True
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values; NaN becomes null."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def measure(
    names: list[str],
    checkpoint: str | None,
    device: str,
    repeats: int,
    on_step: Callable[[str], object] = lambda _: None,
    deterministic: bool = False,
) -> tuple[list[Row], float]:
    """Measure trackers, each beside the baseline of its size.

    Args:
        names: trackers; baselines that are missing are added.
        checkpoint: as of `load_tracker`, for all.
        repeats: how often each is timed, in alternating order.
        on_step: told what is being done.
        deterministic: as of `load_tracker`.

    Returns:
        a row for every tracker, those that cannot run here with the reason; and the machine's
        matrix-product rate in FLOP/s.
    """
    specs = [zoo.parse(name, default_size="base") for name in names]
    wanted = dict.fromkeys([*(spec.baseline for spec in specs), *(spec.name for spec in specs)])
    rows, trackers = {}, {}
    for name in wanted:
        on_step(f"loading {name}")
        spec = zoo.parse(name)
        rows[name] = Row(name, spec.claim, spec.baseline)
        try:
            trackers[name] = load_tracker(name, checkpoint, device, deterministic=deterministic)
            rows[name].weights = trackers[name].weights_sha256
        except HitTrackersError as error:
            if name == spec.baseline:
                raise
            rows[name].problem = " ".join(str(error).split())
    image = _image()
    for tracker in trackers.values():
        tracker.init(image, BOX)
        for _ in range(WARMUP):
            tracker.update(image)
    times, products = _time(trackers, image, device, repeats, on_step)
    for name, tracker in trackers.items():
        on_step(f"operators, memory and outputs of {name}")
        row = rows[name]
        baseline = trackers[row.baseline]
        _fill_times(row, times[name], times[row.baseline])
        row.gflop = frame_flops(tracker.spec) / 1e9
        seconds = times[name]["device" if math.isfinite(row.device) else "network"]
        row.roofline_share = frame_flops(tracker.spec) / min(seconds) / products.best
        _fill_verdict(row, tracker, baseline, image)
        _fill_costs(row, tracker, image, device)
    baselines = [row for row in rows.values() if row.claim == "baseline"]
    largest = max(baselines, key=lambda row: row.gflop)
    for row in baselines:
        if row is not largest:
            row.size_ratio = _ratio(times[largest.name]["update"], times[row.name]["update"])
    return list(rows.values()), products.best


def _time(
    trackers: dict[str, Tracker],
    image: np.ndarray,
    device: str,
    repeats: int,
    on_step: Callable[[str], object],
) -> tuple[dict[str, dict[str, list[float]]], MatrixProducts]:
    scopes = ("network", "update", "device", "cpu")
    times: dict[str, dict[str, list[float]]] = {
        name: {scope: [] for scope in scopes} for name in trackers
    }
    products = MatrixProducts(device)
    patch = _patches()[0]
    order = list(trackers)
    with without_garbage_collection():
        for number in range(repeats):
            on_step(f"repeat {number + 1} of {repeats}")
            for name in order if number % 2 == 0 else order[::-1]:
                tracker = trackers[name]
                tracker.init(image, BOX)  # every repeat cuts the same search region
                if not device.startswith("cuda"):
                    time.sleep(PAUSE)
                tracker.engine.run(patch)  # wakes its threads
                start, cpu_start = clock(), time.process_time()
                tracker.update(image)
                times[name]["update"].append(clock() - start)
                times[name]["cpu"].append(time.process_time() - cpu_start)
                times[name]["network"].append(tracker.network_seconds)
                times[name]["device"].append(tracker.device_seconds)
            products.measure()
    return times, products


def _fill_times(row: Row, times: dict[str, list[float]], baseline: dict[str, list[float]]) -> None:
    row.network, row.update, row.device = (
        float(np.median(times[scope])) for scope in ("network", "update", "device")
    )
    row.network_p99 = float(np.quantile(times["network"], 0.99))
    scope = "device" if math.isfinite(row.device) and baseline["device"] else "network"
    row.network_ratio = _ratio(baseline[scope], times[scope])
    row.update_ratio = _ratio(baseline["update"], times["update"])
    row.cpu_ratio = _ratio(baseline["cpu"], times["cpu"])


def _ratio(baseline: list[float], variant: list[float]) -> Speedup:
    each = np.array(baseline) / np.array(variant)
    return Speedup(
        value=float(np.sum(baseline) / np.sum(variant)),
        minimum=float(each.min()),
        median=float(np.median(each)),
        maximum=float(each.max()),
    )


def _fill_verdict(row: Row, tracker: Tracker, baseline: Tracker, image: np.ndarray) -> None:
    """Open loop: both networks on the same search regions, with the same template."""
    outputs = []
    for each in (baseline, tracker):
        each.init(image, BOX)
        outputs.append(np.array([each.engine.run(patch) for patch in _patches()]))
    same = np.array_equal(outputs[0], outputs[1])
    row.difference = float(np.abs(outputs[0] - outputs[1]).max())
    finite = bool(np.isfinite(outputs[1]).all())
    row.verdict = "bitwise" if same else f"within {row.difference:.1e}"
    row.kept = {
        "baseline": same,
        "bitwise": same,
        "tolerance": finite and row.difference <= TOLERANCE,
        "lossy": finite,
    }[row.claim]


def _fill_costs(row: Row, tracker: Tracker, image: np.ndarray, device: str) -> None:
    patch = _patches()[0]
    tracker.init(image, BOX)
    calls = count_frame(tracker, patch)
    if calls is not None:
        row.operators = sum(calls.values())
        row.operators_by_name = dict(calls.most_common())
    peak = peak_of_frame(tracker, patch, device)
    if peak is not None:
        row.peak_bytes, row.peak_operator = peak.bytes, peak.operator
    row.transformer_peak_bytes = _transformer_peak(tracker, patch, device)


def _transformer_peak(tracker: Tracker, patch: np.ndarray, device: str) -> int | None:
    """The peak of everything after the patch embedding, which has a peak of its own."""
    import torch

    from hit_trackers.engines.eager import EagerEngine

    engine = tracker.engine
    if not isinstance(engine, EagerEngine):
        return None
    with torch.inference_mode():
        search = engine.network.embed(engine.normalise(patch))
        template = engine.template
        assert template is not None
        if not engine.caches_template:
            template = engine.network.embed(template)
        return peak_activations(lambda: engine.network.predict(search, template), device).bytes


def _image() -> np.ndarray:
    """Blocks of random colours under noise: structure for the network, work for the crop."""
    rng = np.random.default_rng(0)
    height, width = IMAGE_SIZE
    blocks = rng.integers(0, 200, (height // 40, width // 40, 3), dtype=np.uint8)
    noise = rng.integers(0, 55, (height, width, 3), dtype=np.uint8)
    return np.ascontiguousarray(blocks.repeat(40, axis=0).repeat(40, axis=1) + noise)


def _patches() -> list[np.ndarray]:
    image = _image()
    corners = ((0, 0), (100, 300), (400, 900), (250, 550))
    return [np.ascontiguousarray(image[y : y + 256, x : x + 256]) for y, x in corners]
