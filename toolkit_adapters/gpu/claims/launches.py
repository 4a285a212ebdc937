"""What is claimed of operators, kernels, graphs and the time between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit_adapters.gpu.claims.claim import Claim, Finding, Results, said, step


def _operators(results: Results) -> Finding:
    counts = [
        step(results, "kernels", f"frame/{name}")["operators"]
        for name in ("hit_base", "hit_base_memeff")
    ]
    return said(counts == [288, 218], "{} and {}".format(*counts))


def _memeff_kernel(results: Results) -> Finding:
    found = step(results, "kernels", "frame/hit_base_memeff")["by_name"]
    count = sum(k["times"] for k in found if "fmha_cutlassF" in k["name"])
    return said(count == 14, f"{count} kernels named fmha_cutlassF in a frame")


_PRODUCTS = ("gemm", "gemv", "cutlass", "splitk", "dot_kernel")


def _products(frame: Any) -> dict[str, int]:
    """Kernels of matrix products, by name; convolutions name themselves otherwise."""
    return {
        k["name"]: k["times"]
        for k in frame["by_name"]
        if any(sign in k["name"].lower() for sign in _PRODUCTS)
        and not any(sign in k["name"].lower() for sign in ("fprop", "conv", "fmha"))
    }


def _same_products(results: Results) -> Finding:
    both = [
        _products(step(results, "kernels", f"frame/{name}"))
        for name in ("hit_base", "hit_base_exact")
    ]
    if not both[0]:
        raise KeyError("kernels frame/hit_base: no matrix product known by name")
    differ = {n for n in {*both[0], *both[1]} if both[0].get(n, 0) != both[1].get(n, 0)}
    figure = f"{sum(both[0].values())} and {sum(both[1].values())} kernels"
    return said(
        not differ, figure + (f"; other: {'; '.join(sorted(differ)[:3])}" if differ else "")
    )


def _graph_frame(results: Results) -> Finding:
    found = step(results, "kernels", "frame/hit_base_exact_graph")
    launched = found["calls"].get("cudaGraphLaunch", 0)
    ways = [
        sum(k["times"] for k in found["copies"] if way in k["name"]) for way in ("HtoD", "DtoH")
    ]
    single = sum(count for name, count in found["calls"].items() if "LaunchKernel" in name)
    figure = (
        f"{launched} graphs, {ways[0]} copies in, {ways[1]} out, {single} kernels by themselves"
    )
    return said((launched, *ways, single) == (1, 1, 1, 0), figure)


def _steady(results: Results) -> Finding:
    found = step(results, "memory", "no allocations/hit_base_exact_graph")
    return said(found["holds"], f"{found['asked']} allocations in {found['frames']} frames")


def _compiled_graph(results: Results) -> Finding:
    launched = step(results, "kernels", "frame/hit_base_compile")["calls"]
    count = launched.get("cudaGraphLaunch", 0)
    return said(count >= 1, f"{count} graphs launched in a frame")


def _nodes(words: str, counted: int) -> Callable[[Results], Finding]:
    """A library may launch a few kernels more than it is called."""

    def judged(results: Results) -> Finding:
        count = step(results, "kernels", f"frame/hit_base_{words}")["kernels"]
        figure = f"{count} kernels in a frame, {counted} counted"
        return said(counted - 5 <= count <= 1.15 * counted, figure)

    return judged


def _node_time(results: Results) -> Finding:
    seconds = step(results, "roofline", "launches")["in_a_graph"]
    return said(1.0e-6 <= seconds <= 1.5e-6, f"{seconds * 1e6:.2f} us from node to node")


def _phase_time(results: Results) -> Finding:
    found = step(results, "roofline", "phases")
    seconds = found["in_a_launch"]
    figure = f"{seconds * 1e6:.2f} us from program to program"
    if not found["in_order"]:
        return said(False, f"{figure}; what one stored, the next did not read")
    return said(seconds < step(results, "roofline", "launches")["in_a_graph"], figure)


CLAIMS = (
    Claim("exact-kernels", "`exact` runs the baseline's matrix products", _same_products),
    Claim("graph-frame", "a frame: a copy in, a graph, a copy out", _graph_frame),
    Claim("graph-steady", "a graph's frames allocate nothing", _steady),
    Claim("graph-nodes", "210 launches of `fused_graph`", _nodes("fused_graph", 210)),
    Claim(
        "triton-nodes",
        "123 launches of `fused_graph_triton`",
        _nodes("fused_graph_triton", 123),
    ),
    Claim("node-time", "1 to 1.5 us from a graph's node to the next", _node_time),
    Claim("phase-time", "less from phase to phase within a launch", _phase_time),
    Claim("memeff-operators", "288 operators, 218 of `memeff`", _operators),
    Claim("memeff-kernel", "14 memory-efficient kernels in a frame", _memeff_kernel),
    Claim("compile-graph", "`compile` is captured in a graph", _compiled_graph),
)
