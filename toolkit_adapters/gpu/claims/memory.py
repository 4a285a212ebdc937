"""What is claimed of peaks: their changes as counted without a GPU, and the paper's."""

from __future__ import annotations

from collections.abc import Callable

from toolkit_adapters.gpu.claims.claim import Claim, Finding, Results, said, step

#: What the paper reports of HiT-Base's peak memory.
PAPER = -0.284
#: By how much a peak of the allocator may be off what was counted: it rounds up, and cuDNN takes
#: memory of its own.
COUNTED_WITHIN = 0.03


def _change(results: Results, name: str, weights: bool = False) -> float:
    """Of a tracker's peak against its size's baseline, as a share of the baseline's."""
    both = [
        step(results, "memory", f"frame/{each}") for each in ("_".join(name.split("_")[:2]), name)
    ]
    peaks = [found["peaks"]["frame"] + (found["weights"] if weights else 0) for found in both]
    return float(peaks[1] / peaks[0] - 1)


def _counted(name: str, change: float) -> Callable[[Results], Finding]:
    def judged(results: Results) -> Finding:
        found = _change(results, name)
        return said(abs(found - change) <= COUNTED_WITHIN, f"{found:+.1%}, counted {change:+.1%}")

    return judged


def _with_weights(results: Results) -> Finding:
    found = _change(results, "hit_base_memeff", weights=True)
    return said(found > PAPER / 2, f"{found:+.1%} with the weights in it")


def _paper_passed(results: Results) -> Finding:
    found = [_change(results, f"hit_base_{words}") for words in ("memeff_graph", "exact")]
    return said(max(found) <= PAPER, "{:+.1%} and {:+.1%}".format(*found))


CLAIMS = (
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
)
