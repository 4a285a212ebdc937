"""HiT's names, and what the harness asks of a family. Imports nothing heavy."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hit_trackers.families import Family, Sketch, Weights
from hit_trackers.hit import weights
from hit_trackers.hit.network.config import CONFIGS
from hit_trackers.variants import TOKENS, Grammar, Variant

if TYPE_CHECKING:
    from hit_trackers.hit.tracker import HitTracker

SIZES = tuple(CONFIGS)
GRAMMAR = Grammar("hit", SIZES)
#: What is worth listing of each size, beside its baseline and each token alone.
_COMBINED = (
    *("exact_graph", "memeff_graph", "fused_graph"),
    *("openvino_bf16", "openvino_int8", "onnx_int8"),
)
_BENCHED = {
    "cpu": ("memeff", "exact", "onnx", "openvino", "openvino_bf16", "bf16"),
    "cuda": (
        *("memeff", "exact", "fused", "compile"),
        *("graph", "memeff_graph", "exact_graph", "fused_graph", "graph_fp16"),
    ),
}


class HitFamily(Family):
    """HiT-Base, -Small and -Tiny from official checkpoints, and the embedded HiT-Nano."""

    name = "hit"

    def parse(self, name: str) -> Variant:
        """As `Family.parse`; a name without a size is HiT-Nano, whose weights are always here."""
        return GRAMMAR.variant({"size": "nano", **GRAMMAR.read(name)})

    def resolve(self, name: str, checkpoint: str | Path | None = None) -> Variant:
        """A name without a size is Base with an official checkpoint, else Nano, with a message."""
        parts = GRAMMAR.read(name)
        if "size" in parts:
            return GRAMMAR.variant(parts)
        if checkpoint is not None or weights.search("base") is not None:
            return GRAMMAR.variant({"size": "base", **parts})
        resolved = GRAMMAR.variant({"size": "nano", **parts})
        print(
            f"hit-trackers: no official checkpoint is configured, so {name!r} is "
            f"{resolved.name!r}: the small network that comes with the package, not HiT-Base",
            file=sys.stderr,
        )
        return resolved

    def load(self, variant: Variant, checkpoint: str | Path | None, device: str) -> HitTracker:
        """As `Family.load`."""
        from hit_trackers.hit.tracker import load

        return load(variant, checkpoint, device)

    def variants(self) -> Sequence[Variant]:
        """Every size: its baseline, each token alone where it can be, and usual combinations."""
        alone = [name for name in TOKENS if name != "int8"]  # only other runtimes have 8 bits
        found = ["", *(f"_{tokens}" for tokens in (*alone, *_COMBINED))]
        return [self.parse(f"hit_{size}{tokens}") for size in SIZES for tokens in found]

    def tokens(self) -> Mapping[str, str]:
        """As `Family.tokens`."""
        return {name: TOKENS[name].meaning for name in GRAMMAR.tokens}

    def lossy_controls(self, baseline: str) -> Sequence[str]:
        """As `Family.lossy_controls`."""
        return (f"{baseline}_bf16",)

    def bench_variants(self, device: str) -> Sequence[str]:
        """As `Family.bench_variants`: of HiT-Base."""
        return [f"hit_base_{tokens}" for tokens in _BENCHED[device]]

    def weights(self) -> Sequence[Weights]:
        """As `Family.weights`."""
        return [
            Weights(
                f"hit_{size}",
                weights.expected(size),
                weights.search(size),
                embedded=size == "nano" and weights.EMBEDDED.is_file(),
            )
            for size in SIZES
        ]

    def sketch(self, variant: Variant) -> Sketch:
        """As `Family.sketch`."""
        from hit_trackers.hit.sketch import sketch

        return sketch(variant)


FAMILY = HitFamily()
