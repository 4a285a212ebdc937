"""What the documentation says of a GPU, each claim with the measurement that settles it.

A sentence names its claim's key in a comment (`sentences`); a test holds both lists equal. Imports
nothing heavy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

#: By part, by step: what was measured.
Results = Mapping[str, Mapping[str, Any]]

CONFIRMED, REFUTED, OPEN = "confirmed", "refuted", "open"
#: What the paper reports of HiT-Base's peak memory.
PAPER = -0.284
#: By how much a peak of the allocator may be off what was counted: it rounds up, and cuDNN takes
#: memory of its own.
COUNTED_WITHIN = 0.03


class Finding(NamedTuple):
    """Whether a claim holds.

    Attributes:
        state: confirmed, refuted or open.
        figure: what was measured, or what is missing, in words.
    """

    state: str
    figure: str


@dataclass(frozen=True)
class Claim:
    """A claim of the documentation.

    Attributes:
        key: in the comment behind the sentence.
        what: in a line.
        judge: the verdict on some results; KeyError where they do not hold what it needs.
    """

    key: str
    what: str
    judge: Callable[[Results], Finding]


def judge(results: Results) -> dict[str, Finding]:
    """Every claim, in order; open where its measurement is missing."""
    found = {}
    for claim in CLAIMS:
        try:
            found[claim.key] = claim.judge(results)
        except KeyError as error:
            found[claim.key] = Finding(OPEN, f"not measured: {error.args[0]}")
    return found


def _said(holds: bool, figure: str) -> Finding:
    return Finding(CONFIRMED if holds else REFUTED, figure)


def _step(results: Results, part: str, key: str) -> Any:
    found = results.get(part, {})
    if key not in found:
        raise KeyError(f"{part} {key}")
    return found[key]


def _networks(results: Results, fits: Callable[[list[str]], bool]) -> Iterator[tuple[str, Any]]:
    """Measured networks whose name's words fit: name and how, and what was found."""
    for key, found in results.get("bits", {}).items():
        kind, _, rest = key.partition("/")
        if kind == "network" and fits(rest.partition("/")[0].split("_")):
            yield rest, found


def _all_networks(word: str, what: str, only: tuple[str, ...] = ()) -> Callable[[Results], Finding]:
    """All trackers with a word in their name, and with none of `only`'s others, are `what`."""
    others = {"exact", "memeff", "fused", "graph", "compile", "fp16", "bf16", "streaming", "triton"}

    def judged(results: Results) -> Finding:
        def fits(words: list[str]) -> bool:
            return word in words and not (set(words) & others) - {word, *only}

        found = dict(_networks(results, fits))
        if what == "holds" or word == "triton":  # in full float32, which is all it computes in
            found = {name: value for name, value in found.items() if name.endswith("/full")}
        if not found:
            raise KeyError(f"bits network/*_{word}")
        bad = [name for name, value in found.items() if not value[what]]
        furthest = max(value["largest_px"] for value in found.values())
        figure = f"{len(found) - len(bad)} of {len(found)} comparisons, largest {furthest:.2g} px"
        return _said(not bad, figure + (f"; not: {', '.join(bad[:8])}" if bad else ""))

    return judged


def _absent(results: Results) -> Finding:
    facts = _step(results, "machine", "facts")
    return Finding(REFUTED, f"this report is of {facts['device']}")


def _tests(results: Results) -> Finding:
    files = {key: found for key, found in results.get("suite", {}).items() if "holds" in found}
    if not files:
        raise KeyError("suite")
    counts = [
        sum(len(found[kind]) for found in files.values())
        for kind in ("passed", "skipped", "failed")
    ]
    figure = "{} passed, {} skipped, {} failed".format(*counts)
    return _said(all(found["holds"] for found in files.values()), figure)


def _operators(results: Results) -> Finding:
    counts = [
        _step(results, "kernels", f"frame/{name}")["operators"]
        for name in ("hit_base", "hit_base_memeff")
    ]
    return _said(counts == [288, 218], "{} and {}".format(*counts))


def _memeff_kernel(results: Results) -> Finding:
    found = _step(results, "kernels", "frame/hit_base_memeff")["by_name"]
    count = sum(k["times"] for k in found if "fmha_cutlassF" in k["name"])
    return _said(count == 14, f"{count} kernels named fmha_cutlassF in a frame")


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
        _products(_step(results, "kernels", f"frame/{name}"))
        for name in ("hit_base", "hit_base_exact")
    ]
    if not both[0]:
        raise KeyError("kernels frame/hit_base: no matrix product known by name")
    differ = {n for n in {*both[0], *both[1]} if both[0].get(n, 0) != both[1].get(n, 0)}
    figure = f"{sum(both[0].values())} and {sum(both[1].values())} kernels"
    return _said(
        not differ, figure + (f"; other: {'; '.join(sorted(differ)[:3])}" if differ else "")
    )


def _graph_frame(results: Results) -> Finding:
    found = _step(results, "kernels", "frame/hit_base_exact_graph")
    launched = found["calls"].get("cudaGraphLaunch", 0)
    ways = [
        sum(k["times"] for k in found["copies"] if way in k["name"]) for way in ("HtoD", "DtoH")
    ]
    single = sum(count for name, count in found["calls"].items() if "LaunchKernel" in name)
    figure = (
        f"{launched} graphs, {ways[0]} copies in, {ways[1]} out, {single} kernels by themselves"
    )
    return _said((launched, *ways, single) == (1, 1, 1, 0), figure)


def _compiled_graph(results: Results) -> Finding:
    launched = _step(results, "kernels", "frame/hit_base_compile")["calls"]
    count = launched.get("cudaGraphLaunch", 0)
    return _said(count >= 1, f"{count} graphs launched in a frame")


def _nodes(words: str, counted: int) -> Callable[[Results], Finding]:
    """A library may launch a few kernels more than it is called."""

    def judged(results: Results) -> Finding:
        count = _step(results, "kernels", f"frame/hit_base_{words}")["kernels"]
        figure = f"{count} kernels in a frame, {counted} counted"
        return _said(counted - 5 <= count <= 1.15 * counted, figure)

    return judged


def _node_time(results: Results) -> Finding:
    seconds = _step(results, "roofline", "launches")["in_a_graph"]
    return _said(1.0e-6 <= seconds <= 1.5e-6, f"{seconds * 1e6:.2f} us from node to node")


def _phase_time(results: Results) -> Finding:
    found = _step(results, "roofline", "phases")
    seconds = found["in_a_launch"]
    figure = f"{seconds * 1e6:.2f} us from program to program"
    if not found["in_order"]:
        return _said(False, f"{figure}; what one stored, the next did not read")
    return _said(seconds < _step(results, "roofline", "launches")["in_a_graph"], figure)


def _block_bits(results: Results) -> Finding:
    found = _step(results, "suite", "tests/attention/test_block.py")
    if not found["passed"] and not found["failed"]:
        raise KeyError("suite tests/attention/test_block.py: all skipped")
    return _said(found["holds"], f"{len(found['passed'])} passed, {len(found['failed'])} failed")


def _steady(results: Results) -> Finding:
    found = _step(results, "memory", "no allocations/hit_base_exact_graph")
    return _said(found["holds"], f"{found['asked']} allocations in {found['frames']} frames")


def _tf32(results: Results) -> Finding:
    found = _step(results, "machine", "defaults")["convolutions_may_round_to_tf32"]
    return _said(found, f"torch.backends.cudnn.allow_tf32 is {found}")


def _lanes(results: Results) -> Finding:
    found = {k: v for k, v in results.get("bits", {}).items() if k.startswith("softmax/")}
    if not found:
        raise KeyError("bits softmax/*")
    shares = [value["lanes"]["equal_share"] for value in found.values()]
    return _said(min(shares) == 1.0, f"at least {min(shares):.2%} of the outputs are equal")


def _expression(word: str, bitwise: bool) -> Callable[[Results], Finding]:
    def judged(results: Results) -> Finding:
        found = {
            key: value[f"{word} full"]
            for key, value in results.get("bits", {}).items()
            if key.startswith("expression/") and "bitwise" in value.get(f"{word} full", {})
        }
        if not found:
            raise KeyError(f"bits expression/* {word}")
        equal = [key for key, value in found.items() if value["bitwise"]]
        share = sum(value["equal_share"] for value in found.values()) / len(found)
        figure = f"{len(equal)} of {len(found)} shapes bitwise; {share:.1%} of the outputs equal"
        return _said((len(equal) == len(found)) is bitwise, figure)

    return judged


def _has_run(word: str) -> Callable[[Results], Finding]:
    def judged(results: Results) -> Finding:
        found = [name for name, _ in _networks(results, lambda words: word in words)]
        if not found:
            raise KeyError(f"bits network/*_{word}")
        return Finding(REFUTED, f"it ran: {', '.join(found[:4])}")

    return judged


def _change(results: Results, name: str, weights: bool = False) -> float:
    """Of a tracker's peak against its size's baseline, as a share of the baseline's."""
    both = [
        _step(results, "memory", f"frame/{each}") for each in ("_".join(name.split("_")[:2]), name)
    ]
    peaks = [found["peaks"]["frame"] + (found["weights"] if weights else 0) for found in both]
    return float(peaks[1] / peaks[0] - 1)


def _counted(name: str, change: float) -> Callable[[Results], Finding]:
    def judged(results: Results) -> Finding:
        found = _change(results, name)
        return _said(abs(found - change) <= COUNTED_WITHIN, f"{found:+.1%}, counted {change:+.1%}")

    return judged


def _with_weights(results: Results) -> Finding:
    found = _change(results, "hit_base_memeff", weights=True)
    return _said(found > PAPER / 2, f"{found:+.1%} with the weights in it")


def _paper_passed(results: Results) -> Finding:
    found = [_change(results, f"hit_base_{words}") for words in ("memeff_graph", "exact")]
    return _said(max(found) <= PAPER, "{:+.1%} and {:+.1%}".format(*found))


def _device_column(results: Results) -> Finding:
    found = _step(results, "demo", "times")
    without = [name for name, times in found.items() if times.get("device") is None]
    figure = f"{len(found) - len(without)} of {len(found)} trackers have device times"
    return _said(not without, figure)


def _demo(results: Results) -> Finding:
    found = _step(results, "demo", "verify")
    return _said(found["holds"], "; ".join(found["broken"][:3]) or "all claims and controls hold")


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
        return _said(found[name] <= most, f"{found[name] * 1e3:.3f} ms by {name}")

    return judged


def _update_ratio(results: Results) -> Finding:
    ratio = _step(results, "speed", "pair/hit_base_exact_graph")["ratio"].get("update")
    if not ratio:
        raise KeyError("speed pair/hit_base_exact_graph update")
    return _said(ratio["median"] >= 5, f"{ratio['median']:.2f} times as fast")


def _triton_faster(results: Results) -> Finding:
    found = [
        _step(results, "speed", f"pair/hit_base_fused_graph{words}")["ratio"].get("device")
        for words in ("", "_triton")
    ]
    if not all(found):
        raise KeyError("speed pair/hit_base_fused_graph: no device times")
    figures = [f"{ratio['median']:.2f}" for ratio in found]
    return _said(found[1]["median"] > found[0]["median"], f"x{figures[1]} beside x{figures[0]}")


def _ordered(results: Results) -> Finding:
    found = {k: v for k, v in results.get("bits", {}).items() if k.startswith("linear/")}
    if not found:
        raise KeyError("bits linear/*")
    equal = [key.removeprefix("linear/") for key, v in found.items() if v["one chain"]["bitwise"]]
    return _said(
        len(equal) == len(found), f"{len(equal)} of {len(found)} shapes: {', '.join(equal)}"
    )


def _energy(results: Results) -> Finding:
    found = _step(results, "speed", "pair/hit_base_exact_graph")
    each = [found[side]["joules_per_frame"] for side in ("baseline", "variant")]
    if None in each or not all(map(math.isfinite, each)):
        raise KeyError("speed pair/hit_base_exact_graph: the driver counts no energy")
    return _said(each[1] < each[0], "{:.3g} and {:.3g} J a frame".format(*each))


CLAIMS = (
    Claim("no-gpu", "nothing here was measured on a GPU", _absent),
    Claim("gpu-tests", "the tests marked gpu pass", _tests),
    Claim("exact-bitwise", "`exact` is bitwise", _all_networks("exact", "bitwise", ("graph",))),
    Claim("exact-kernels", "`exact` runs the baseline's matrix products", _same_products),
    Claim(
        "graph-bitwise", "a graph is bitwise what it captures", _all_networks("graph", "bitwise")
    ),
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
    Claim("block-bits", "attention and projections in one launch change no bit", _block_bits),
    Claim("memeff-operators", "288 operators, 218 of `memeff`", _operators),
    Claim("memeff-kernel", "14 memory-efficient kernels in a frame", _memeff_kernel),
    Claim(
        "memeff-tolerance",
        "`memeff` keeps its tolerance",
        _all_networks("memeff", "holds", ("graph",)),
    ),
    Claim("memeff-not-bitwise", "`memeff` is not bitwise", _expression("memeff", bitwise=False)),
    Claim("compile-tolerance", "`compile` keeps its tolerance", _all_networks("compile", "holds")),
    Claim("compile-graph", "`compile` is captured in a graph", _compiled_graph),
    Claim("fused-not-run", "`fused` has not run on a GPU", _has_run("fused")),
    Claim(
        "fused-tolerance",
        "`fused` keeps its tolerance",
        _all_networks("fused", "holds", ("graph",)),
    ),
    Claim("fused-bitwise", "`fused` is bitwise", _expression("fused", bitwise=True)),
    Claim("triton-not-run", "`triton` has not run on a GPU", _has_run("triton")),
    Claim(
        "triton-tolerance",
        "`triton` keeps its tolerance",
        _all_networks("triton", "holds", ("graph", "fused")),
    ),
    Claim("triton-bitwise", "`triton` is bitwise", _all_networks("triton", "bitwise", ("graph",))),
    Claim("triton-faster", "`fused_graph_triton` beats `fused_graph`", _triton_faster),
    Claim("softmax-lanes", "PyTorch's softmax adds lane by lane", _lanes),
    Claim("products-in-order", "linears add their inputs in order", _ordered),
    Claim("tf32-default", "convolutions round to TF32 by default", _tf32),
    Claim("memory-memeff", "`memeff` saves 20.0 % at Base", _counted("hit_base_memeff", -0.200)),
    Claim(
        "memory-memeff-graph",
        "`memeff_graph` saves 40.0 %",
        _counted("hit_base_memeff_graph", -0.400),
    ),
    Claim("memory-exact", "`exact` saves 32.5 % at Base", _counted("hit_base_exact", -0.325)),
    Claim("memory-small", "`memeff` saves 50.8 % at Small", _counted("hit_small_memeff", -0.508)),
    Claim("memory-weights", "28.4 % cannot be with the weights", _with_weights),
    Claim("memory-paper", "`memeff_graph` and `exact` pass the paper's 28.4 %", _paper_passed),
    Claim("demo-claims", "every claim holds on the demo", _demo),
    Claim("device-column", "a GPU adds a column of device times", _device_column),
    Claim("goal-network", "a float32 frame of HiT-Base in 0.5 ms", _goal("device", 0.5e-3)),
    Claim("goal-update", "a bitwise update 5 times as fast", _update_ratio),
    Claim("goal-energy", "a graph's frame takes less energy", _energy),
)
KEYS = tuple(claim.key for claim in CLAIMS)
