"""Counts that hold on every machine, and the command. No test asserts a time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import hit_trackers
from hit_trackers import variants
from hit_trackers.engines.operators import count_operators
from hit_trackers.families import parse
from toolkit_adapters.bench import measure as measuring
from toolkit_adapters.bench.cuda_path import follow, peak_of_tensors
from toolkit_adapters.bench.roofline import frame_flops
from toolkit_adapters.bench.table import table
from toolkit_adapters.cli import main
from toolkit_adapters.running.activations import _peak, peak_activations


@pytest.mark.parametrize(("size", "operators"), [("base", 288), ("small", 288), ("tiny", 246)])
def test_operators_of_the_baseline_are_the_official_ones(size: str, operators: int) -> None:
    assert follow(parse(f"hit_{size}")).operators == operators


def test_memeff_on_cuda_dispatches_one_kernel_an_attention() -> None:
    assert follow(parse("hit_base_memeff")).operators <= 224


def test_memory_on_cuda() -> None:
    """The paper saves 28.4 %. At Base the patch embedding keeps attention alone from it."""
    peaks = {
        name: follow(parse(name)).peak
        for size in ("base", "small")
        for name in (
            f"hit_{size}",
            *(f"hit_{size}_{v}" for v in ("memeff", "memeff_graph", "exact")),
        )
    }
    limit = {size: (1 - 0.284) * peaks[f"hit_{size}"].bytes for size in ("base", "small")}
    for name in ("hit_base_exact", "hit_base_memeff_graph"):
        assert peaks[name].bytes < limit["base"]
    for name in ("hit_small_exact", "hit_small_memeff", "hit_small_memeff_graph"):
        assert peaks[name].bytes < limit["small"]
    assert limit["base"] < peaks["hit_base_memeff"].bytes < peaks["hit_base"].bytes
    assert peaks["hit_base_memeff"].operator == "aten::hardswish -> [1, 48, 128, 128]"


def test_tensors_alive_at_once() -> None:
    given = torch.empty(1000, device="meta")

    def work() -> None:
        for _ in range(3):
            made = given + 1  # 4000 bytes
            made.view(10, 100).mul_(2)
            given.add_(1)
            held = made.exp()
            del made, held

    peak = peak_of_tensors(work)
    assert peak.bytes == 8000
    assert peak.operator == "aten::exp -> [1000]"


@pytest.fixture(scope="module")
def patch() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)


def load(name: str, patch: np.ndarray) -> hit_trackers.Tracker:
    tracker = hit_trackers.load_tracker(name, "seeded")
    tracker.init(patch, [60, 60, 60, 60])
    tracker.engine.run(patch)
    return tracker


def peak_of(
    tracker: hit_trackers.Tracker,
    patch: np.ndarray,
    device: str = "cpu",
    piece: str = "after embedding",
) -> int:
    return peak_activations(tracker.probe.workloads(patch)[piece], device).bytes


def test_counts_of_a_loaded_tracker(patch: np.ndarray) -> None:
    baseline, fused = (load(name, patch) for name in ("hit_nano", "hit_nano_memeff"))
    counts = [count_operators(baseline.workloads(patch)["network"]) for _ in range(2)]
    assert counts[0] == counts[1]
    assert counts[0]["aten._softmax.default"] == 5 + 2 + 2  # MHA, SA, corner maps
    fused_counts = count_operators(fused.workloads(patch)["network"])
    assert fused_counts["aten._softmax.default"] == 2
    assert sum(fused_counts.values()) < sum(counts[0].values())


def test_activations_of_variants(patch: np.ndarray) -> None:
    """The paper saves 28.4 %; the patch embedding, which no attention changes, is left out."""
    peaks = {}
    for name in ("hit_nano", "hit_nano_memeff", "hit_nano_exact"):
        tracker = load(name, patch)
        values = {peak_of(tracker, patch) for _ in range(2)}
        assert len(values) == 1, "deterministic"
        peaks[name] = values.pop()
    assert peaks["hit_nano_memeff"] < (1 - 0.284) * peaks["hit_nano"]
    assert peaks["hit_nano_exact"] < (1 - 0.284) * peaks["hit_nano"]


def test_activations_of_exact_in_base(patch: np.ndarray) -> None:
    peaks = [peak_of(load(name, patch), patch) for name in ("hit_base", "hit_base_exact")]
    assert peaks[1] < (1 - 0.284) * peaks[0]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("size", ["base", "small"])
def test_activations_on_a_gpu(size: str, patch: np.ndarray) -> None:
    """After the patch embedding, where the vendor's library takes no memory of its own."""
    peaks = []
    for variant in ("", "_memeff", "_exact"):
        tracker = hit_trackers.load_tracker(f"hit_{size}{variant}", "seeded", "cuda")
        tracker.init(patch, [60, 60, 60, 60])
        tracker.engine.run(patch)
        peaks.append(peak_of(tracker, patch, "cuda"))
        print(tracker.name, peaks[-1], peak_of(tracker, patch, "cuda", "frame"))
    assert peaks[1] < (1 - 0.284) * peaks[0]
    assert peaks[2] < (1 - 0.284) * peaks[0]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_graph_on_a_gpu_needs_what_it_captured(patch: np.ndarray) -> None:
    peaks = {}
    for name in ("hit_base", "hit_base_graph", "hit_base_memeff_graph"):
        tracker = hit_trackers.load_tracker(name, "seeded", "cuda")
        tracker.init(patch, [60, 60, 60, 60])
        tracker.engine.run(patch)
        peaks[name] = peak_of(tracker, patch, "cuda", "frame")
    print(peaks)
    assert 0 < peaks["hit_base_memeff_graph"] < peaks["hit_base_graph"] <= peaks["hit_base"]


def test_a_peak_is_the_sum_held_at_once() -> None:
    def work() -> None:
        for _ in range(3):
            a = torch.ones(1000)  # 4000 bytes
            b = a + 1
            del a, b

    # A few bytes more: the number 1 is a tensor for a moment.
    assert 8000 <= peak_activations(work, "cpu").bytes < 8100
    assert _peak([]).bytes == 0


def test_arithmetic_of_a_frame() -> None:
    assert frame_flops(parse("hit_base")) == pytest.approx(8.86e9, rel=1e-3)
    cached = frame_flops(parse("hit_base_onnx"))
    assert cached == frame_flops(parse("hit_base")) - 265_420_800  # the template's embedding


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bench.json"
    names = ("hit_nano_exact", "hit_nano_memeff", "hit_nano_bf16")
    options = [option for name in names for option in ("--tracker", name)]
    options += ["--checkpoint", "seeded", "--repeats", "2", "--json", str(file)]
    assert main(["bench", *options]) == 0
    printed = capsys.readouterr().out
    assert "GFLOP/s" in printed
    assert "(device)" not in printed, "a CPU has no device times"
    rows = {row["name"]: row for row in json.loads(file.read_text())["rows"]}
    assert list(rows) == ["hit_nano", *names]
    assert rows["hit_nano"]["bitwise"] is rows["hit_nano_exact"]["bitwise"] is True
    assert 0 < rows["hit_nano_memeff"]["difference_px"] < 1e-5 * 256
    assert rows["hit_nano_bf16"]["difference_px"] > rows["hit_nano_memeff"]["difference_px"]
    for row in rows.values():
        assert row["device"] is None
        ratio = row["network_ratio"]
        assert 0 < ratio["minimum"] <= ratio["median"] <= ratio["maximum"]
        assert row["operators"] > 100
        assert row["peak_bytes"] > 0


def test_table_of_a_gpu() -> None:
    """Device times where there are any, wall time for a runtime that gives none."""
    milliseconds = {
        "hit_base": {"device": 4.0, "network": 5.0, "update": 6.0},
        "hit_base_graph": {"device": 1.0, "network": 2.0, "update": 3.0},
        "hit_base_onnx": {"device": float("nan"), "network": 2.5, "update": 3.0},
    }
    times = {
        name: {scope: [value / 1e3] * 2 for scope, value in {**of, "cpu": 1.0}.items()}
        for name, of in milliseconds.items()
    }
    rows = []
    for name in times:
        rows.append(measuring.Row(name, parse(name).claim, "hit_base", gflop=8.86))
        measuring._fill_times(rows[-1], times[name], times["hit_base"])
    facts = {"device": "cuda (a GPU)", "threads": 1, "repeats": 2, "load_average": 0.0}
    text = table(rows, 1e12, {**facts, "deterministic": False})
    cells = {line.split("|")[1].strip(): line.split("|")[2:] for line in text.splitlines()[:5]}
    assert cells["tracker"][0].strip() == "network (device) ms"
    assert [float(cell) for cell in cells["hit_base_graph"][:3]] == [1, 2, 3]
    assert "4.00 (4.00/4.00/4.00)" in cells["hit_base_graph"][4]
    assert cells["hit_base_onnx"][0].strip() == "-"
    assert "2.00 (2.00/2.00/2.00)" in cells["hit_base_onnx"][4]
    assert "TF32" in text
    assert "full float32." in table(rows, 1e12, {**facts, "deterministic": True})


def test_jitter() -> None:
    seconds = [float(number) for number in range(1, 102)]
    times = dict.fromkeys(("network", "update", "device", "cpu"), seconds)
    row = measuring.Row("hit_base", variants.Claim.BASELINE, "hit_base", gflop=8.86)
    measuring._fill_times(row, times, times)
    assert (row.network, row.network_p99) == (51, 100)
    facts = {"device": "cpu", "threads": 2, "repeats": 101, "load_average": 0.0}
    assert "1.96" in table([row], 1e12, facts).splitlines()[2]


def test_a_speedup_is_a_ratio_of_total_times() -> None:
    """And not a mean of ratios, nor the fastest repeat against the fastest."""
    found = measuring._ratio([1.0, 4.0, 1.0], [1.0, 1.0, 1.0])
    assert found.value == 2
    assert (found.minimum, found.median, found.maximum) == (1, 1, 4)
    rows = [
        measuring.Row(name, parse(name).claim, "hit_base", network_ratio=ratio, gflop=8.86)
        for name, ratio in (("hit_base", None), ("hit_base_exact", found))
    ]
    facts = {"device": "cpu", "threads": 2, "repeats": 3, "load_average": 0.0}
    text = table(rows, 1e12, facts)
    assert "network × (min/median/max)" in text
    assert "2.00 (1.00/1.00/4.00)" in text
    assert "× is the baseline's total time over the variant's" in text


def test_baselines_of_two_sizes_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bench.json"
    options = ["--tracker", "hit_nano", "--tracker", "hit_tiny", "--checkpoint", "seeded"]
    assert main(["bench", *options, "--repeats", "2", "--json", str(file)]) == 0
    assert "times as fast as one of hit_tiny." in capsys.readouterr().out
    rows = {row["name"]: row for row in json.loads(file.read_text())["rows"]}
    assert rows["hit_tiny"]["size_ratio"] is None
    assert rows["hit_nano"]["size_ratio"]["value"] > 0


def test_a_broken_claim_fails(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(variants, "TOLERANCE_PX", 0.0)
    options = ["--tracker", "hit_nano_memeff", "--checkpoint", "seeded", "--repeats", "1"]
    assert main(["bench", *options]) == 1
    assert "BROKEN: claims tolerance" in capsys.readouterr().out


def test_what_cannot_run_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--tracker", "hit_nano_graph", "--checkpoint", "seeded", "--repeats", "1"]
    assert main(["bench", *options]) == 1
    assert "not run: hit_nano_graph: CUDA graphs need" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--repeats", "--threads"])
def test_numbers_below_one(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", option, "0"])
    assert "expected 1 or more" in capsys.readouterr().err
