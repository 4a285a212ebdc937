"""What is claimed of times and energy."""

from __future__ import annotations

import math
from collections.abc import Callable

from toolkit_adapters.gpu.claims.claim import Claim, Finding, Results, said, step


def _goal(scope: str, most: float) -> Callable[[Results], Finding]:
    """The best float32 variant of HiT-Base stays below so many seconds."""

    def judged(results: Results) -> Finding:
        found = {
            key.removeprefix("pair/"): value["variant"][scope]["p50"]
            for key, value in results.get("speed", {}).items()
            if key.startswith("pair/hit_base_")
            and not key.endswith(("fp16", "bf16"))
            and value["variant"].get(scope)
        }
        if not found:
            raise KeyError("speed pair/hit_base_*")
        name = min(found, key=lambda each: found[each])
        return said(found[name] <= most, f"{found[name] * 1e3:.3f} ms by {name}")

    return judged


def _update_ratio(results: Results) -> Finding:
    ratio = step(results, "speed", "pair/hit_base_exact_graph")["ratio"].get("update")
    if not ratio:
        raise KeyError("speed pair/hit_base_exact_graph update")
    return said(ratio["median"] >= 5, f"{ratio['median']:.2f} times as fast")


def _triton_faster(results: Results) -> Finding:
    found = [
        step(results, "speed", f"pair/hit_base_fused_graph{words}")["ratio"].get("device")
        for words in ("", "_triton")
    ]
    if not all(found):
        raise KeyError("speed pair/hit_base_fused_graph: no device times")
    figures = [f"{ratio['median']:.2f}" for ratio in found]
    return said(found[1]["median"] > found[0]["median"], f"x{figures[1]} beside x{figures[0]}")


def _energy(results: Results) -> Finding:
    found = step(results, "speed", "pair/hit_base_exact_graph")
    each = [found[side]["joules_per_frame"] for side in ("baseline", "variant")]
    if None in each or not all(map(math.isfinite, each)):
        raise KeyError("speed pair/hit_base_exact_graph: the driver counts no energy")
    return said(each[1] < each[0], "{:.3g} and {:.3g} J a frame".format(*each))


CLAIMS = (
    Claim("triton-faster", "`fused_graph_triton` beats `fused_graph`", _triton_faster),
    Claim("goal-network", "a float32 frame of HiT-Base in 0.5 ms", _goal("device", 0.5e-3)),
    Claim("goal-update", "a bitwise update 5 times as fast", _update_ratio),
    Claim("goal-energy", "a graph's frame takes less energy", _energy),
)
