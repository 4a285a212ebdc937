"""What is claimed of bits and tolerances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from toolkit_adapters.gpu.claims.claim import REFUTED, Claim, Finding, Results, said, step


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
        return said(not bad, figure + (f"; not: {', '.join(bad[:8])}" if bad else ""))

    return judged


def _has_run(word: str) -> Callable[[Results], Finding]:
    def judged(results: Results) -> Finding:
        found = [name for name, _ in _networks(results, lambda words: word in words)]
        if not found:
            raise KeyError(f"bits network/*_{word}")
        return Finding(REFUTED, f"it ran: {', '.join(found[:4])}")

    return judged


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
        return said((len(equal) == len(found)) is bitwise, figure)

    return judged


def _lanes(results: Results) -> Finding:
    found = {k: v for k, v in results.get("bits", {}).items() if k.startswith("softmax/")}
    if not found:
        raise KeyError("bits softmax/*")
    shares = [value["lanes"]["equal_share"] for value in found.values()]
    return said(min(shares) == 1.0, f"at least {min(shares):.2%} of the outputs are equal")


def _ordered(results: Results) -> Finding:
    found = {k: v for k, v in results.get("bits", {}).items() if k.startswith("linear/")}
    if not found:
        raise KeyError("bits linear/*")
    equal = [key.removeprefix("linear/") for key, v in found.items() if v["one chain"]["bitwise"]]
    return said(
        len(equal) == len(found), f"{len(equal)} of {len(found)} shapes: {', '.join(equal)}"
    )


def _block_bits(results: Results) -> Finding:
    found = step(results, "suite", "tests/attention/test_block.py")
    if not found["passed"] and not found["failed"]:
        raise KeyError("suite tests/attention/test_block.py: all skipped")
    return said(found["holds"], f"{len(found['passed'])} passed, {len(found['failed'])} failed")


def _tf32(results: Results) -> Finding:
    found = step(results, "machine", "defaults")["convolutions_may_round_to_tf32"]
    return said(found, f"torch.backends.cudnn.allow_tf32 is {found}")


CLAIMS = (
    Claim("exact-bitwise", "`exact` is bitwise", _all_networks("exact", "bitwise", ("graph",))),
    Claim(
        "graph-bitwise", "a graph is bitwise what it captures", _all_networks("graph", "bitwise")
    ),
    Claim(
        "memeff-tolerance",
        "`memeff` keeps its tolerance",
        _all_networks("memeff", "holds", ("graph",)),
    ),
    Claim("memeff-not-bitwise", "`memeff` is not bitwise", _expression("memeff", bitwise=False)),
    Claim("compile-tolerance", "`compile` keeps its tolerance", _all_networks("compile", "holds")),
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
    Claim("softmax-lanes", "PyTorch's softmax adds lane by lane", _lanes),
    Claim("products-in-order", "linears add their inputs in order", _ordered),
    Claim("block-bits", "attention and projections in one launch change no bit", _block_bits),
    Claim("tf32-default", "convolutions round to TF32 by default", _tf32),
)
