"""What the documentation says of a GPU, each claim with the measurement that settles it.

A sentence names its claim's key in a comment (`sentences`); a test holds both lists equal. Imports
nothing heavy.
"""

from __future__ import annotations

from toolkit_adapters.gpu.claims import bits, launches, memory, runs, speed
from toolkit_adapters.gpu.claims.claim import CONFIRMED, OPEN, REFUTED, Claim, Finding, Results

__all__ = ["CLAIMS", "CONFIRMED", "KEYS", "OPEN", "REFUTED", "Claim", "Finding", "Results", "judge"]

CLAIMS = (*runs.CLAIMS, *bits.CLAIMS, *launches.CLAIMS, *memory.CLAIMS, *speed.CLAIMS)
KEYS = tuple(claim.key for claim in CLAIMS)


def judge(results: Results) -> dict[str, Finding]:
    """Every claim, in order; open where its measurement is missing."""
    found = {}
    for claim in CLAIMS:
        try:
            found[claim.key] = claim.judge(results)
        except KeyError as error:
            found[claim.key] = Finding(OPEN, f"not measured: {error.args[0]}")
    return found
