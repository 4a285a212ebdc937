"""What a tracker is: its name, the baseline it is compared with, and what it claims.

Imports nothing heavy.
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hit_trackers.errors import UnknownTrackerError

#: Largest open-loop difference that a `tolerance` claim allows, in pixels of the search region.
#: Float32 sums in another order move a box by about 1e-4 px, a lower precision by 0.1 and more.
TOLERANCE_PX = 0.02
#: The same where nobody knows which outputs are the box, as of an own tracker's network: of any
#: output, over the range of the baseline's tensor that it is in. Float32 sums in another order
#: give about 1e-5, bfloat16 1e-2.
TOLERANCE_RELATIVE = 1e-3
#: Largest difference of scores that it allows on frames which both trackers entered alike.
TOLERANCE_SCORE = 0.01


class Breach(enum.Enum):
    """A way in which a claim can fail."""

    BOXES_DIFFER = "the boxes differ"
    SCORES_DIFFER = "the scores differ"
    INVALID_DIFFERS = "one of the two gives no box where the other gives one"
    OUTPUTS_DIFFER = "the network's outputs differ on the baseline's input"
    TOO_FAR = "the network's outputs differ by more than the tolerance"
    NOT_FINITE = "an output is not finite"
    NO_OPEN_LOOP = "no frame was compared open loop"
    UNCHANGED = "nothing differs, so the lossy precision cannot have run"


@dataclass(frozen=True)
class Evidence:
    """What was found when a variant was compared with its baseline.

    Attributes:
        boxes_equal: all boxes are equal bit for bit; None where no closed loop was run.
        scores_equal: all scores are equal bit for bit; None where no closed loop was run.
        scores_apart: largest difference of two scores, on the frames up to the first whose boxes
            differ: until then both trackers have the same input.
        invalid_equal: both give a box on the same frames.
        open_frames: frames on which both networks had the baseline's input.
        open_equal: their outputs are equal bit for bit on all of these frames.
        open_px: largest difference between their boxes there, in pixels of the search region.
        open_relative: largest difference of an output there, over the range of its tensor; None
            where the box is known among the outputs, and counts alone.
        finite: no number that was compared is NaN or infinite.
    """

    boxes_equal: bool | None = None
    scores_equal: bool | None = None
    scores_apart: float = 0.0
    invalid_equal: bool = True
    open_frames: int = 0
    open_equal: bool = True
    open_px: float = 0.0
    open_relative: float | None = None
    finite: bool = True

    @property
    def near(self) -> bool:
        """Whether the outputs are within the tolerance; NaN is not."""
        if self.open_relative is None:
            return self.open_px <= TOLERANCE_PX
        return self.open_relative <= TOLERANCE_RELATIVE


class Claim(str, enum.Enum):
    """What a variant promises; every report, `verify` and `bench` check it by `breaches`."""

    BASELINE = "baseline"
    BITWISE = "bitwise"
    TOLERANCE = "tolerance"
    LOSSY = "lossy"

    def __str__(self) -> str:
        return self.value

    @property
    def meaning(self) -> str:
        """One line for a list."""
        return _MEANINGS[self]

    def breaches(self, found: Evidence) -> tuple[Breach, ...]:
        """Why the claim does not hold; empty where it does."""
        breaches = [] if found.finite else [Breach.NOT_FINITE]
        breaches += [] if found.invalid_equal else [Breach.INVALID_DIFFERS]
        if self in (Claim.BASELINE, Claim.BITWISE):
            breaches += [Breach.BOXES_DIFFER] if found.boxes_equal is False else []
            breaches += [Breach.SCORES_DIFFER] if found.scores_equal is False else []
            breaches += [] if found.open_equal else [Breach.OUTPUTS_DIFFER]
        elif self is Claim.TOLERANCE:
            breaches += [] if found.open_frames else [Breach.NO_OPEN_LOOP]
            breaches += [] if found.near else [Breach.TOO_FAR]
            breaches += [] if found.scores_apart <= TOLERANCE_SCORE else [Breach.SCORES_DIFFER]
        elif found.open_equal and found.boxes_equal is not False:
            breaches += [Breach.UNCHANGED]
        return tuple(breaches)


_MEANINGS = {
    Claim.BASELINE: "the official computation",
    Claim.BITWISE: "every box equal to the baseline's, bit for bit",
    Claim.TOLERANCE: "the baseline's network output within rounding of float32",
    Claim.LOSSY: "another precision: boxes differ, the report says by how much",
}
_ORDER = tuple(Claim)


def weakest(claims: Iterable[Claim]) -> Claim:
    """What a combination of parts can claim; `BASELINE` for no part at all."""
    return max(claims, key=_ORDER.index, default=Claim.BASELINE)


@dataclass(frozen=True)
class Token:
    """A part of a tracker's name, such as `exact`.

    Attributes:
        kind: what it decides ("attention", "engine", "precision"); a name has one of each at most.
        meaning: one line for a list.
        claim: what a variant with it can claim at best.
        needs: what one must have for it, beside PyTorch.
    """

    name: str
    kind: str
    meaning: str
    claim: Claim
    needs: str = ""


#: The tokens that families share; each takes those that fit it.
TOKENS = {
    token.name: token
    for token in (
        Token(
            "streaming",
            "attention",
            "the paper's Equations 2 to 4, tile by tile in plain PyTorch",
            Claim.TOLERANCE,
        ),
        Token(
            "memeff",
            "attention",
            "PyTorch's fused memory-efficient attention in every attention",
            Claim.TOLERANCE,
        ),
        Token(
            "exact",
            "attention",
            "the official expression in place, a block of queries at a time",
            Claim.BITWISE,
        ),
        Token(
            "fused",
            "attention",
            "one CUDA kernel that rounds as the separate ones do (Triton)",
            Claim.TOLERANCE,
            "a CUDA device, Triton",
        ),
        Token(
            "graph",
            "engine",
            "one CUDA graph with static, pinned buffers",
            Claim.BITWISE,
            "a CUDA device",
        ),
        Token("compile", "engine", "torch.compile", Claim.TOLERANCE, "a C++ compiler"),
        Token("onnx", "engine", "ONNX Runtime", Claim.TOLERANCE, "onnx, onnxruntime"),
        Token("openvino", "engine", "OpenVINO", Claim.TOLERANCE, "onnx, openvino"),
        Token(
            "tensorrt",
            "engine",
            "TensorRT through ONNX Runtime",
            Claim.TOLERANCE,
            "a CUDA device, onnxruntime-gpu, TensorRT",
        ),
        Token("fp16", "precision", "float16", Claim.LOSSY),
        Token("bf16", "precision", "bfloat16", Claim.LOSSY),
        Token("int8", "precision", "8-bit integers, calibrated on the demo", Claim.LOSSY),
    )
}
#: Those that only fit networks which somebody else wrote.
OWN_TOKENS = {
    token.name: token
    for token in (
        Token(
            "channels_last",
            "layout",
            "weights and images laid out channels last, as some convolutions prefer",
            Claim.TOLERANCE,
        ),
    )
}
#: Those that single families offer beside the ones that all share.
FAMILY_TOKENS = {
    token.name: token
    for token in (
        Token(
            "triton",
            "layers",
            "bias, Hardswish, residual and normalisation in the products' CUDA kernels (Triton)",
            Claim.TOLERANCE,
            "a CUDA device, Triton",
        ),
    )
}
_ALL = {**TOKENS, **OWN_TOKENS, **FAMILY_TOKENS}
#: What a name means that has no token of a kind.
DEFAULTS = {"attention": "eager", "engine": "eager", "precision": "fp32"}
#: Kinds of parts that say which tracker it is, and not how it is executed.
_CONFIGURATION = ("size", "setting")


@dataclass(frozen=True)
class Variant:
    """A tracker and how it is executed.

    Attributes:
        name: resolved and canonical, such as `hit_base_exact_graph`.
        family: the family that loads it, such as `hit`.
        baseline: name of the tracker that it must be compared with; its own for a baseline.
        claim: what it promises.
        parts: what the name means, by kind: columns of the table of variants.
        identity: what loading adds, such as `weights_sha256`; records carry it.
    """

    name: str
    family: str
    baseline: str
    claim: Claim
    parts: Mapping[str, str] = field(default_factory=dict, hash=False)
    identity: Mapping[str, str] = field(default_factory=dict, hash=False)

    def part(self, kind: str) -> str:
        """The part of a kind, its default where the family does not know the kind."""
        return self.parts.get(kind, DEFAULTS.get(kind, ""))

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights; empty before they are loaded."""
        return self.identity.get("weights_sha256", "")


@dataclass(frozen=True)
class Grammar:
    """How a family's names are spelled: `<family>[_<size>][_<setting>][_<token>...]`, in any order.

    Attributes:
        family: the first word.
        sizes: what the second may be.
        settings: other official configurations of a size; each has a baseline of its own.
        tokens: names of the tokens that fit the family: by default, all that families share.
    """

    family: str
    sizes: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    tokens: tuple[str, ...] = tuple(TOKENS)

    def read(self, name: str) -> dict[str, str]:
        """The parts that a name gives, by kind; what it leaves out is not among them.

        Raises:
            UnknownTrackerError: naming the token, the nearest known one, and how to list them.
        """
        known = (*self.sizes, *self.settings, *self.tokens, DEFAULTS["precision"])
        rest = name.lower().removeprefix(self.family)
        parts: dict[str, str] = {}
        while rest:
            # A token may hold the sign that parts them.
            found = [word for word in known if f"{rest}_".startswith(f"_{word}_")]
            if not found:
                raise UnknownTrackerError(unknown(name, rest.split("_")[1], known[:-1]))
            word = max(found, key=len)
            rest = rest[len(word) + 1 :]
            kind = "setting" if word in self.settings else "precision"
            kind = "size" if word in self.sizes else kind
            kind = _ALL[word].kind if word in self.tokens else kind
            if kind in parts:
                raise UnknownTrackerError(
                    f"tracker name {name!r} gives two values for {kind}: {parts[kind]!r} and "
                    f"{word!r}"
                )
            parts[kind] = word
        return parts

    def spell(self, parts: Mapping[str, str]) -> str:
        """The canonical name of parts: size and setting first, defaults left out."""
        words = [parts[kind] for kind in _CONFIGURATION if kind in parts]
        kinds = dict.fromkeys([*DEFAULTS, *(token.kind for token in _ALL.values())])
        words += [
            parts[kind] for kind in kinds if kind in parts and parts[kind] != DEFAULTS.get(kind)
        ]
        return "_".join([self.family, *words])

    def variant(self, parts: Mapping[str, str]) -> Variant:
        """The variant of parts, the size among them where the family has sizes."""
        configured = {kind: parts[kind] for kind in _CONFIGURATION if kind in parts}
        full = {**configured, **DEFAULTS, **parts}
        baseline = self.spell(configured)
        claims = (_ALL[value].claim for value in full.values() if value in _ALL)
        return Variant(self.spell(full), self.family, baseline, weakest(claims), full)


def needs(parts: Mapping[str, str]) -> str:
    """What one must have for a variant of these parts, beside PyTorch; "" for nothing."""
    words = [_ALL[part].needs for part in parts.values() if part in _ALL]
    return ", ".join(dict.fromkeys(word for word in words if word))


def unknown(name: str, word: str, known: Iterable[str]) -> str:
    """The message for a word of a name that nobody knows."""
    candidates = list(known)
    near = difflib.get_close_matches(word, candidates, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(candidates)}"
    return (
        f"unknown tracker {name!r}: {word!r} is no part of a tracker name{hint} "
        "(`hit-trackers list` shows them all)"
    )
