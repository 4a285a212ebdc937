"""Variants against their baseline, in alternating order on the same input."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from hit_trackers import families
from hit_trackers.engines.operators import count_operators
from hit_trackers.errors import HitTrackersError
from hit_trackers.protocol import Outputs, Probe, Tracker, outputs_of, probe_of
from hit_trackers.variants import Breach, Claim, Evidence
from toolkit_adapters.bench.roofline import MatrixProducts, frame_flops
from toolkit_adapters.running.activations import peak_activations
from toolkit_adapters.running.timing import clock, without_garbage_collection

IMAGE_SIZE = (720, 1280)
BOX = (600.0, 300.0, 80.0, 60.0)
PATCHES = 4  # inputs of the network on which outputs are compared
WARMUP = 3
# Seconds of rest before an update: after their work, threads of one runtime spin for a while on the
# cores that the next one needs; those of PyTorch, which embeds the template, do so for all.
PAUSE = 0.05


@dataclass(frozen=True)
class Speedup:
    """How many times as fast: the baseline's total time over the variant's, the same repeats.

    fastest: of the fastest repeat of each, which other processes have disturbed least.
    minimum, median, maximum: of the ratio repeat by repeat, to show how far it spreads.
    """

    value: float
    fastest: float
    minimum: float
    median: float
    maximum: float


@dataclass
class Row:
    """A variant's cost and verdict. Times are medians in seconds; NaN or None: not measured."""

    name: str
    claim: Claim
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
    #: Of the pieces of a frame that the family names, such as "after embedding".
    further_peaks: dict[str, int] = field(default_factory=dict)
    gflop: float = math.nan
    roofline_share: float = math.nan
    difference_px: float = math.nan  # largest, of a box open loop, in pixels of the search region
    difference_relative: float | None = (
        None  # of any output over its range, where boxes are unknown
    )
    bitwise: bool = False  # all outputs of the network, open loop
    breaches: tuple[Breach, ...] = ()
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Plain values; NaN becomes null."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Breach):
        return value.name.lower()
    return None if isinstance(value, float) and not math.isfinite(value) else value


class Measured:
    """A tracker that is measured, and what its network is given by hand.

    Attributes:
        inputs: what its network was given in `PATCHES` updates.
    """

    def __init__(self, tracker: Tracker) -> None:
        probe = probe_of(tracker)
        if probe is None:
            raise HitTrackersError(f"{tracker.name}: it offers no look at its network")
        self.tracker = tracker
        self.probe: Probe = probe
        self.inputs: list[Any] = []

    def start(self, image: np.ndarray) -> None:
        """Initialise on the image that all are measured on."""
        self.tracker.init(image, BOX)

    def record(self, image: np.ndarray) -> None:
        """Keep inputs of the network.

        Raises:
            HitTrackersError: its network was not called.
        """
        self.start(image)
        self.probe.recording = True
        for number in range(PATCHES):
            self.tracker.update(np.roll(image, 5 * number, axis=1))
            if self.probe.network_input is None:
                raise HitTrackersError(f"{self.tracker.name}: no call of its network was seen")
            # Of our own trackers a copy, for some engines write the next input over it.
            ours = self.probe.box_scale > 0
            given = self.probe.network_input
            self.inputs.append(copy.deepcopy(given) if ours else given)
        self.probe.recording = False

    def run_network(self, network_input: Any) -> Outputs:
        """All outputs on an input, or a sample of them.

        Raises:
            HitTrackersError: it is the input of another network.
        """
        found = outputs_of(self.probe, network_input)
        if found is None:
            raise HitTrackersError(f"{self.tracker.name}: it has other calls than its baseline")
        return found


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
        on_step: called with what is being done.
        deterministic: as of `load_tracker`.

    Returns:
        a row for every tracker, those that cannot run here with the reason; and the machine's
        matrix-product rate in FLOP/s.
    """
    variants = [families.family_of(name).resolve(name, checkpoint) for name in names]
    wanted = dict.fromkeys([*(v.baseline for v in variants), *(v.name for v in variants)])
    rows, trackers = {}, {}
    for name in wanted:
        on_step(f"loading {name}")
        variant = families.parse(name)
        rows[name] = Row(name, variant.claim, variant.baseline)
        try:
            tracker = families.load_tracker(name, checkpoint, device, deterministic=deterministic)
            trackers[name] = Measured(tracker)
            rows[name].weights = tracker.variant.weights_sha256
        except HitTrackersError as error:
            if name == variant.baseline:
                raise
            rows[name].problem = " ".join(str(error).split())
    image = _image()
    for subject in trackers.values():
        subject.start(image)
        for _ in range(WARMUP):
            subject.tracker.update(image)
        subject.record(image)
    times, products = _time(trackers, image, device, repeats, on_step)
    for name, subject in trackers.items():
        on_step(f"operators, memory and outputs of {name}")
        row = rows[name]
        baseline = trackers[row.baseline]
        _fill_times(row, times[name], times[row.baseline])
        seconds = times[name]["device" if math.isfinite(row.device) else "network"]
        if flops := frame_flops(families.parse(name)):
            row.gflop = flops / 1e9
            row.roofline_share = flops / min(seconds) / products.best
        _fill_verdict(row, subject, baseline, image)
        _fill_costs(row, subject, image, device)
    baselines = [row for row in rows.values() if row.claim is Claim.BASELINE]
    largest = max(baselines, key=lambda row: row.gflop)
    for row in baselines:
        if row is not largest:
            row.size_ratio = _ratio(times[largest.name]["update"], times[row.name]["update"])
    return list(rows.values()), products.best


def _time(
    trackers: dict[str, Measured],
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
    # A variant right beside its baseline: within a second the machine changes least.
    order = sorted(trackers, key=lambda name: list(trackers).index(families.parse(name).baseline))
    with without_garbage_collection():
        for number in range(repeats):
            on_step(f"repeat {number + 1} of {repeats}")
            for name in order if number % 2 == 0 else order[::-1]:
                subject = trackers[name]
                subject.start(image)  # every repeat cuts the same search region
                if not device.startswith("cuda"):
                    time.sleep(PAUSE)
                subject.run_network(subject.inputs[0])  # wakes its threads
                start, cpu_start = clock(), time.process_time()
                subject.tracker.update(image)
                times[name]["update"].append(clock() - start)
                times[name]["cpu"].append(time.process_time() - cpu_start)
                times[name]["network"].append(subject.probe.network_seconds)
                times[name]["device"].append(subject.probe.device_seconds)
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
        fastest=min(baseline) / min(variant),
        minimum=float(each.min()),
        median=float(np.median(each)),
        maximum=float(each.max()),
    )


def _fill_verdict(row: Row, subject: Measured, baseline: Measured, image: np.ndarray) -> None:
    """Open loop: both networks on the same search regions, with the same template."""
    outputs = []
    for each in (baseline, subject):
        each.start(image)
        outputs.append([each.run_network(one) for one in baseline.inputs])
    pairs = list(zip(*outputs, strict=True))
    values = [(a.values, b.values) for a, b in pairs]
    row.bitwise = all(np.array_equal(a, b) for a, b in values) and all(
        a.digest == b.digest for a, b in pairs
    )
    scale = subject.probe.box_scale
    if scale > 0:
        row.difference_px = float(max(np.abs(a - b)[:4].max() for a, b in values) * scale)
    else:
        row.difference_relative = max(_relative(a, b) for a, b in pairs)
    found = Evidence(
        open_frames=PATCHES,
        open_equal=row.bitwise,
        open_px=row.difference_px,
        open_relative=row.difference_relative,
        finite=all(np.isfinite(numbers).all() for pair in values for numbers in pair),
    )
    row.breaches = row.claim.breaches(found)


def _relative(a: Outputs, b: Outputs) -> float:
    """Largest difference of a sampled output over the range of the baseline's tensor."""
    if a.values.shape != b.values.shape:
        return math.inf
    drift = np.abs(a.values.astype(np.float64) - b.values)
    far = np.where(drift == 0, 0.0, drift / np.where(a.ranges > 0, a.ranges, np.nan))
    return float(np.where(np.isnan(far), np.inf, far).max(initial=0.0))


def _fill_costs(row: Row, subject: Measured, image: np.ndarray, device: str) -> None:
    subject.start(image)
    work = subject.probe.workloads(subject.inputs[0])
    if "network" in work:
        calls = count_operators(work["network"])
        row.operators = sum(calls.values())
        row.operators_by_name = dict(calls.most_common())
    peaks = {name: peak_activations(run, device) for name, run in work.items() if name != "network"}
    if "frame" in peaks:
        frame = peaks.pop("frame")
        row.peak_bytes, row.peak_operator = frame.bytes, frame.operator
    row.further_peaks = {name: peak.bytes for name, peak in peaks.items()}


def _image() -> np.ndarray:
    """Blocks of random colours under noise: structure for the network, work for the crop."""
    rng = np.random.default_rng(0)
    height, width = IMAGE_SIZE
    blocks = rng.integers(0, 200, (height // 40, width // 40, 3), dtype=np.uint8)
    noise = rng.integers(0, 55, (height, width, 3), dtype=np.uint8)
    return np.ascontiguousarray(blocks.repeat(40, axis=0).repeat(40, axis=1) + noise)
