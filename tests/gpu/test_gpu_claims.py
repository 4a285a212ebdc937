"""What settles each claim of the documentation, on made-up results that no folder ever holds."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace
from typing import Any

import pytest

from toolkit_adapters.gpu import folder, report
from toolkit_adapters.gpu.checkout import checkout
from toolkit_adapters.gpu.claims import CLAIMS, CONFIRMED, KEYS, OPEN, REFUTED, judge
from toolkit_adapters.gpu.device import traced
from toolkit_adapters.gpu.nvml import Nvml
from toolkit_adapters.gpu.sentences import sentences
from toolkit_adapters.gpu.steps import REHEARSED
from toolkit_adapters.gpu.suite import outcomes


def network(bitwise: bool, holds: bool = True) -> dict[str, Any]:
    return {"bitwise": bitwise, "holds": holds, "largest_px": 0.0 if bitwise else 0.001}


def kernels(names: dict[str, int], graphs: int = 0, operators: int = 0) -> dict[str, Any]:
    calls = {"cudaGraphLaunch": graphs} if graphs else {"cudaLaunchKernel": sum(names.values())}
    return {
        "kernels": sum(names.values()),
        "seconds": 1e-3,
        "by_name": [{"name": n, "times": c, "seconds": 1e-5} for n, c in names.items()],
        "copies": [
            {"name": f"Memcpy {way}", "times": 1, "seconds": 1e-6} for way in ("HtoD", "DtoH")
        ],
        "calls": calls,
        "operators": operators,
    }


def memory(frame: float) -> dict[str, Any]:
    return {"peaks": {"frame": frame}, "weights": 185e6, "reserved": 1}


def pair(device: float, update: float, faster: float = 1.0) -> dict[str, Any]:
    def side(factor: float) -> dict[str, Any]:
        times = {"p50": device * factor, "p99": device * factor}
        return {"device": times, "network": times, "joules_per_frame": factor}

    def ratio(value: float) -> dict[str, float]:
        return {"median": value, "p5": value, "p95": value, "of_totals": value}

    ratios = {"device": ratio(faster), "update": ratio(update)}
    return {"baseline": side(10), "variant": side(1), "ratio": ratios}


def equal(bitwise: bool) -> dict[str, Any]:
    return {"bitwise": bitwise, "equal_share": 1.0 if bitwise else 0.5, "largest": 0.0}


PRODUCTS = {"ampere_sgemm_64x32_tn": 90, "cutlass_80_simt_sgemm": 20}

#: As every claim but those that a measurement ends would have it.
AS_CLAIMED: dict[str, dict[str, Any]] = {
    "machine": {
        "facts": {"device": "made up"},
        "defaults": {"convolutions_may_round_to_tf32": True},
    },
    "suite": {
        name: {"passed": ["t"], "skipped": {}, "failed": {}, "holds": True}
        for name in ("tests/a.py", "tests/attention/test_block.py")
    },
    "bits": {
        "expression/stage-1": {"memeff full": equal(False), "fused full": equal(True)},
        "softmax/stage-1": {"lanes": equal(True)},
        "linear/stage-1": {"one chain": equal(True)},
        **{
            f"network/hit_base_{words}/full": network(words in ("exact", "graph", "exact_graph"))
            for words in ("exact", "graph", "exact_graph", "memeff", "fused", "compile")
        },
        "network/hit_base_graph_triton/full": network(True),
        "network/hit_base_memeff/tf32": network(False),
    },
    "speed": {
        "pair/hit_base_exact_graph": pair(0.4e-3, 6.0),
        "pair/hit_base_memeff": pair(0.4e-3, 1.0),
        "pair/hit_base_fused_graph": pair(0.5e-3, 6.0, faster=8.0),
        "pair/hit_base_fused_graph_triton": pair(0.5e-3, 6.0, faster=9.0),
    },
    "memory": {
        "frame/hit_base": memory(1000),
        "frame/hit_base_memeff": memory(800),
        "frame/hit_base_memeff_graph": memory(600),
        "frame/hit_base_exact": memory(675),
        "frame/hit_small": memory(1000),
        "frame/hit_small_memeff": memory(492),
        "no allocations/hit_base_exact_graph": {"holds": True, "asked": 0, "frames": 10},
    },
    "kernels": {
        "frame/hit_base": kernels(PRODUCTS | {"softmax": 14}, operators=288),
        "frame/hit_base_exact": kernels(PRODUCTS | {"softmax": 14}),
        "frame/hit_base_memeff": kernels({"fmha_cutlassF_f32": 14}, operators=218),
        "frame/hit_base_exact_graph": kernels(PRODUCTS | {"rest": 100}, graphs=1),
        "frame/hit_base_fused_graph": kernels(PRODUCTS | {"rest": 100}, graphs=1),
        "frame/hit_base_fused_graph_triton": kernels({"projection": 123}, graphs=1),
        "frame/hit_base_compile": kernels({"triton": 60}, graphs=1),
    },
    "roofline": {
        "launches": {"in_a_graph": 1.2e-6},
        "phases": {"in_a_launch": 0.8e-6, "in_order": True},
    },
    "demo": {
        "times": {"hit_nano": {"device": 1e-3}},
        "verify": {"holds": True, "broken": []},
    },
}
#: Sentences that say that nothing ran: a report ends them.
ENDED = {"no-gpu", "fused-not-run", "triton-not-run"}


def test_every_sentence_that_waits_has_a_claim_and_the_reverse() -> None:
    marked = [key for sentence in sentences() for key in sentence.keys]
    assert set(marked) == set(KEYS)
    assert len(KEYS) == len(set(KEYS))
    for sentence in sentences():
        assert len(sentence.text) > 15, sentence


def test_no_rehearsal_is_among_the_reports() -> None:
    reports = checkout() / "reports"
    assert not list(reports.rglob(f"{REHEARSED}.*"))
    for path in reports.rglob("part-*.json"):
        identity = json.loads(path.read_text(encoding="utf-8"))["identity"]
        assert identity["rehearsal"] is False, path


def test_results_as_claimed_confirm_everything_else() -> None:
    states = {key: found.state for key, found in judge(AS_CLAIMED).items()}
    assert states == {key: REFUTED if key in ENDED else CONFIRMED for key in KEYS}


def test_without_results_everything_is_open() -> None:
    found = judge({})
    assert {finding.state for finding in found.values()} == {OPEN}
    assert found["graph-nodes"].figure == "not measured: kernels frame/hit_base_fused_graph"


OTHERWISE: dict[str, tuple[tuple[str, ...], Any]] = {
    "gpu-tests": (("suite", "tests/a.py", "holds"), False),
    "exact-bitwise": (("bits", "network/hit_base_exact/full", "bitwise"), False),
    "graph-bitwise": (("bits", "network/hit_base_graph/full", "bitwise"), False),
    "exact-kernels": (("kernels", "frame/hit_base_exact"), kernels({"other_sgemm": 110})),
    "graph-frame": (("kernels", "frame/hit_base_exact_graph", "calls", "cudaLaunchKernel"), 1),
    "graph-steady": (("memory", "no allocations/hit_base_exact_graph", "holds"), False),
    "graph-nodes": (("kernels", "frame/hit_base_fused_graph", "kernels"), 300),
    "triton-nodes": (("kernels", "frame/hit_base_fused_graph_triton", "kernels"), 200),
    "triton-tolerance": (("bits", "network/hit_base_graph_triton/full", "holds"), False),
    "triton-bitwise": (("bits", "network/hit_base_graph_triton/full", "bitwise"), False),
    "triton-faster": (
        ("speed", "pair/hit_base_fused_graph_triton"),
        pair(0.5e-3, 6.0, faster=7.0),
    ),
    "block-bits": (("suite", "tests/attention/test_block.py", "holds"), False),
    "phase-time": (("roofline", "phases", "in_order"), False),
    "node-time": (("roofline", "launches", "in_a_graph"), 2e-6),
    "memeff-operators": (("kernels", "frame/hit_base_memeff", "operators"), 260),
    "memeff-kernel": (("kernels", "frame/hit_base_memeff", "by_name"), []),
    "memeff-tolerance": (("bits", "network/hit_base_memeff/full", "holds"), False),
    "memeff-not-bitwise": (("bits", "expression/stage-1", "memeff full"), equal(True)),
    "compile-tolerance": (("bits", "network/hit_base_compile/full", "holds"), False),
    "compile-graph": (("kernels", "frame/hit_base_compile", "calls"), {}),
    "fused-tolerance": (("bits", "network/hit_base_fused/full", "holds"), False),
    "fused-bitwise": (("bits", "expression/stage-1", "fused full"), equal(False)),
    "softmax-lanes": (("bits", "softmax/stage-1", "lanes"), equal(False)),
    "products-in-order": (("bits", "linear/stage-1", "one chain"), equal(False)),
    "tf32-default": (("machine", "defaults", "convolutions_may_round_to_tf32"), False),
    "memory-memeff": (("memory", "frame/hit_base_memeff"), memory(950)),
    "memory-memeff-graph": (("memory", "frame/hit_base_memeff_graph"), memory(700)),
    "memory-exact": (("memory", "frame/hit_base_exact"), memory(800)),
    "memory-small": (("memory", "frame/hit_small_memeff"), memory(700)),
    "memory-weights": (("memory", "frame/hit_base", "peaks", "frame"), 1e9),
    "memory-paper": (("memory", "frame/hit_base_exact"), memory(800)),
    "demo-claims": (("demo", "verify", "holds"), False),
    "device-column": (("demo", "times", "hit_nano", "device"), None),
    "goal-network": (("speed",), {"pair/hit_base_exact_graph": pair(0.6e-3, 6.0)}),
    "goal-update": (("speed", "pair/hit_base_exact_graph"), pair(0.4e-3, 4.0)),
    "goal-energy": (("speed", "pair/hit_base_exact_graph", "variant", "joules_per_frame"), 20.0),
}


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ENDED])
def test_every_claim_can_be_refuted(key: str) -> None:
    path, value = OTHERWISE[key]
    results: Any = copy.deepcopy(AS_CLAIMED)
    place = results
    for word in path[:-1]:
        place = place[word]
    place[path[-1]] = value
    assert judge(results)[key].state == REFUTED


def test_the_page_of_a_report(tmp_path: Any) -> None:
    """Of made-up results, in a folder that is gone with the test."""
    identity = {"device": "made up", "rehearsal": False}
    for part, steps in AS_CLAIMED.items():
        done = {k: {"state": "done", "seconds": 1.0, "result": v} for k, v in steps.items()}
        done["x"] = {"state": "left out", "reason": "no | library"}
        folder.write(tmp_path, folder.Kept(part, identity, done))
    page = report.write(tmp_path, "the command").read_text(encoding="utf-8")
    assert page.startswith("# GPU report: made up")
    row = "| 210 launches of `fused_graph` | confirmed | 210 kernels in a frame, 210 counted |"
    assert row in page
    assert "device 0.400 / 0.400" in page
    assert "2 passed, 0 skipped, 0 failed" in page
    assert "no \\| library" in page
    assert "| NVIDIA L40S, published | hit_base | 7.82 | 127 |  |  |" in page
    assert "|  | hit_base_memeff | 6.45 | 155 | -28.4% | bitwise identical predictions |" in page
    assert "| made up | hit_base | 4.000 | 250 |" in page
    assert "|  | hit_base_memeff | 0.400 | 2500 | -20.0% | 0.001 px apart |" in page
    assert "|  | hit_base_exact_graph | 0.400 | 2500 |  |  |" in page
    told = "\n".join(report.told(tmp_path))
    assert "REFUTED   docs/results.md" in told
    assert len(CLAIMS) == len(KEYS)


def test_a_trace_is_told_by_name() -> None:
    def event(name: str, device: str, start: int, end: int) -> SimpleNamespace:
        span = SimpleNamespace(start=start, elapsed_us=lambda: end - start)
        return SimpleNamespace(name=name, device_type=f"DeviceType.{device}", time_range=span)

    found = traced(
        [
            event("sgemm", "CUDA", 30, 34),
            event("Memcpy HtoD", "CUDA", 10, 11),
            event("cudaLaunchKernel", "CPU", 1, 2),
            event("aten::mm", "CPU", 0, 5),
            event("sgemm", "CUDA", 20, 22),
        ]
    )
    assert [(k.name, k.times) for k in found.kernels] == [("Memcpy HtoD", 1), ("sgemm", 2)]
    assert found.kernels[1].seconds == pytest.approx(6e-6)
    assert found.calls == {"cudaLaunchKernel": 1}


def test_what_pytest_says() -> None:
    found = outcomes(
        '<testsuites><testsuite><testcase classname="a" name="x"/>'
        '<testcase classname="a" name="y"><failure message="1 != 2">long</failure></testcase>'
        '<testcase classname="a" name="z"><skipped message="no TensorRT"/></testcase>'
        "</testsuite></testsuites>"
    )
    assert found["passed"] == ["a.x"]
    assert found["failed"] == {"a.y": "1 != 2"}
    assert found["skipped"] == {"a.z": "no TensorRT"}
    assert found["holds"] is False


class Library:
    """As the driver's, of a device that counts no energy."""

    def __getattr__(self, name: str) -> Any:
        known = {"nvmlDeviceGetPowerUsage": 123000, "nvmlDeviceGetTemperature": 40}
        if name == "nvmlDeviceGetCurrentClocksThrottleReasons":
            raise AttributeError(name)

        def call(handle: object, *arguments: Any) -> int:
            if name not in known:
                return 3  # NVML_ERROR_NOT_SUPPORTED
            arguments[-1]._obj.value = known[name]
            return 0

        return call


def test_what_the_driver_does_not_tell_is_empty() -> None:
    nvml = Nvml(Library(), None)  # type: ignore[arg-type]
    sample = nvml.sample()
    assert sample["power_w"] == 123.0
    assert sample["temperature_c"] == 40
    assert sample["sm_mhz"] is None
    assert sample["held_back"] is None
    assert nvml.joules() is None
