"""Names of trackers, and what each variant claims. Imports nothing heavy."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from hit_trackers.errors import UnknownTrackerError

SIZES = ("base", "small", "tiny", "nano")
ATTENTIONS = {
    "eager": "the official expression",
    "streaming": "the paper's Equations 2 to 4, tile by tile in plain PyTorch",
    "memeff": "PyTorch's fused memory-efficient attention in every attention",
    "exact": "the official expression in place, a block of queries at a time",
    "fused": "one CUDA kernel that rounds as the separate ones do (Triton)",
}
ENGINES = {
    "eager": "operator by operator",
    "graph": "one CUDA graph with static, pinned buffers",
    "compile": "torch.compile",
    "onnx": "ONNX Runtime",
    "openvino": "OpenVINO",
    "tensorrt": "TensorRT through ONNX Runtime",
}
PRECISIONS = {
    "fp32": "float32",
    "fp16": "float16",
    "bf16": "bfloat16",
    "int8": "8-bit integers, calibrated on the demo",
}
CLAIMS = {
    "baseline": "the official computation",
    "bitwise": "every box equal to the baseline's, bit for bit",
    "tolerance": "the baseline's network output within rounding of float32",
    "lossy": "another precision: boxes differ, the report says by how much",
}
_TOLERANT = {"streaming", "memeff", "fused", "compile", "onnx", "openvino", "tensorrt"}


@dataclass(frozen=True)
class TrackerSpec:
    """A network size and how it is executed; `name` is the resolved, canonical name."""

    size: str
    attention: str = "eager"
    engine: str = "eager"
    precision: str = "fp32"

    @property
    def name(self) -> str:
        """For example `hit_base_exact_graph`; parts at their default are left out."""
        parts = ["hit", self.size]
        parts += [self.attention] if self.attention != "eager" else []
        parts += [self.engine] if self.engine != "eager" else []
        parts += [self.precision] if self.precision != "fp32" else []
        return "_".join(parts)

    @property
    def baseline(self) -> str:
        """Name of the tracker that this one must be compared with."""
        return f"hit_{self.size}"

    @property
    def claim(self) -> str:
        """One of the keys of `CLAIMS`; every report checks it."""
        if self.precision != "fp32":
            return "lossy"
        if {self.attention, self.engine} & _TOLERANT:
            return "tolerance"
        return "baseline" if self.name == self.baseline else "bitwise"

    @property
    def caches_template(self) -> bool:
        """Whether the template's patch embedding is computed once a sequence.

        Each patch passes the embedding alone, so caching changes no bit. The baseline recomputes it
        as the official tracker does, and `memeff` changes attention and nothing else, as the paper.
        """
        return self.attention == "exact" or self.engine != "eager"

    @property
    def in_place(self) -> bool:
        """Whether activations may overwrite what nothing reads again: the same bits, less memory.

        For the same trackers, and for the same reason, as `caches_template`.
        """
        return self.caches_template


def parse(name: str, default_size: str = "nano") -> TrackerSpec:
    """Read `hit[_<size>][_<optimisation>...]`; a name without a size gets `default_size`.

    Raises:
        UnknownTrackerError: naming the token, the nearest known one, and how to list them.
    """
    head, *tokens = name.lower().split("_")
    if head != "hit":
        raise UnknownTrackerError(_unknown(name, head, ["hit"]))
    fields: dict[str, str] = {}
    kinds = {
        "size": SIZES,
        "attention": tuple(ATTENTIONS)[1:],
        "engine": tuple(ENGINES)[1:],
        "precision": tuple(PRECISIONS),
    }
    for token in tokens:
        kind = next((kind for kind, known in kinds.items() if token in known), None)
        if kind is None:
            known = [token for tokens in kinds.values() for token in tokens]
            raise UnknownTrackerError(_unknown(name, token, known))
        if kind in fields:
            raise UnknownTrackerError(
                f"tracker name {name!r} gives two values for {kind}: {fields[kind]!r} and {token!r}"
            )
        fields[kind] = token
    return TrackerSpec(**{"size": default_size, **fields})


def _unknown(name: str, token: str, known: list[str]) -> str:
    near = difflib.get_close_matches(token, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}"
    return (
        f"unknown tracker {name!r}: {token!r} is no part of a tracker name{hint} "
        "(`python -m toolkit_adapters list` shows them all)"
    )


def list_trackers() -> list[TrackerSpec]:
    """The variants worth naming, every size; tokens combine further (`hit_base_exact_graph`)."""
    variants: list[dict[str, str]] = [{}]
    variants += [{"attention": name} for name in ATTENTIONS if name != "eager"]
    variants += [{"engine": name} for name in ENGINES if name != "eager"]
    variants += [{"attention": name, "engine": "graph"} for name in ("exact", "memeff", "fused")]
    variants += [{"precision": name} for name in ("fp16", "bf16")]
    variants += [{"engine": "openvino", "precision": name} for name in ("bf16", "int8")]
    variants += [{"engine": "onnx", "precision": "int8"}]
    return [TrackerSpec(size=size, **variant) for size in SIZES for variant in variants]
