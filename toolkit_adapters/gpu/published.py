"""What a family's publications report, and the same metrics as a report's parts hold them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hit_trackers.families import family_of
from toolkit_adapters.gpu.claims import Results

#: Ours, beside the variant of the publication: the same bits, and fewer launches.
OURS = ("exact_graph", "fused_graph", "fused_graph_triton")


def rows(results: Results, device: str) -> Iterator[list[str]]:
    """Device, tracker, milliseconds, frames a second, peak of memory, boxes; published ones first.

    The measured time is the network's on the wall, at the median, which includes its launches.
    """
    for reference in family_of("hit").references():
        first, second = reference.baseline, reference.variant
        memory = f"{reference.memory_change:+.1%}" if reference.memory_change is not None else ""
        where, identity = f"{reference.device}, published", reference.identity
        yield [where, first.tracker, f"{first.ms}", f"{first.fps}", "", ""]
        yield ["", second.tracker, f"{second.ms}", f"{second.fps}", memory, identity]
        yield [device, first.tracker, *_time(results, second.tracker, "baseline"), "", ""]
        for name in (second.tracker, *(f"{first.tracker}_{words}" for words in OURS)):
            place = _time(results, name, "variant")
            yield ["", name, *place, _memory(results, first.tracker, name), _bits(results, name)]


def _time(results: Results, name: str, side: str) -> list[str]:
    found = _step(results, "speed", f"pair/{name}").get(side, {}).get("network")
    if not found:
        return ["", ""]
    return [f"{found['p50'] * 1e3:.3f}", f"{1 / found['p50']:.0f}"]


def _memory(results: Results, baseline: str, name: str) -> str:
    """Of a frame's peak, beside weights."""
    peaks: list[Mapping[str, float]] = [
        _step(results, "memory", f"frame/{each}").get("peaks", {}) for each in (baseline, name)
    ]
    return f"{peaks[1]['frame'] / peaks[0]['frame'] - 1:+.1%}" if all(peaks) else ""


def _bits(results: Results, name: str) -> str:
    """Open loop, as PyTorch's defaults round."""
    found = _step(results, "bits", f"network/{name}/tf32")
    if not found:
        return ""
    return "bitwise" if found["bitwise"] else f"{found['largest_px']:.2g} px apart"


def _step(results: Results, part: str, key: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = results.get(part, {}).get(key, {})
    return found
