"""A family whose network and checkpoints an official repository publishes.

Names follow a `Grammar`; checkpoints are found by the official file names; a network is built,
filled, made a `Program` and given to an engine. Each family says what differs. Imports nothing
heavy.
"""

from __future__ import annotations

import abc
import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hit_trackers import checkpoint as checkpoints
from hit_trackers.errors import UnknownTrackerError
from hit_trackers.families import Family, Weights
from hit_trackers.variants import DEFAULTS, FAMILY_TOKENS, TOKENS, Grammar, Variant

if TYPE_CHECKING:
    from torch import nn

    from hit_trackers.engines import Engine
    from hit_trackers.engines.program import Program
    from hit_trackers.protocol import Tracker

#: What is worth listing of each configuration beside its baseline and each token alone.
COMBINED = (
    *("exact_graph", "memeff_graph", "fused_graph", "fused_graph_triton"),
    *("openvino_bf16", "openvino_int8", "onnx_int8"),
)
#: What a bench measures of a configuration.
BENCHED = {
    "cpu": ("memeff", "exact", "onnx", "openvino", "openvino_bf16", "bf16"),
    "cuda": (
        *("memeff", "exact", "fused", "compile"),
        *("graph", "memeff_graph", "exact_graph", "fused_graph"),
        *("graph_triton", "fused_graph_triton", "graph_fp16"),
    ),
}
#: The tokens that do not fit where a family's attention has no bias.
NO_BIAS = {"fused": "the Triton kernel reads a bias, and this family's attention has none"}


class OfficialFamily(Family):
    """Several sizes and settings of one architecture.

    Attributes:
        grammar: how names are spelled.
        first: parts of the tracker that the family's bare name stands for.
        benched: parts of the tracker that a bench measures when none is named; None: of `first`.
        origin: where checkpoints come from, in words.
        unfit: tokens of other families that do not fit, and why.
        meanings: sizes and settings in words, for a list.
        constants: ends of keys that hold constants; see `checkpoint.load_into`.
    """

    grammar: Grammar
    first: Mapping[str, str]
    benched: Mapping[str, str] | None = None
    origin: str
    unfit: Mapping[str, str] = NO_BIAS
    meanings: Mapping[str, str] = {}
    constants: tuple[str, ...] = ()

    # What each family says.

    @abc.abstractmethod
    def files(self, parts: Mapping[str, str]) -> Sequence[str]:
        """Names of a configuration's weight file below a checkpoint folder, the official first."""

    @abc.abstractmethod
    def build(self, parts: Mapping[str, str]) -> nn.Module:
        """The network of a configuration, untrained."""

    @abc.abstractmethod
    def fill(self, network: nn.Module) -> None:
        """Give a network its seeded weights."""

    @abc.abstractmethod
    def program(self, network: Any, variant: Variant, device: str) -> Program:
        """The program of a variant around a network whose weights are loaded."""

    @abc.abstractmethod
    def tracker(self, engine: Engine, variant: Variant, device: str) -> Tracker:
        """The closed loop around an engine."""

    # Of every family.

    def configurations(self) -> Sequence[dict[str, str]]:
        """The parts of every baseline: each size with each setting."""
        sizes: list[dict[str, str]] = [{"size": size} for size in self.grammar.sizes] or [{}]
        settings: list[dict[str, str]] = [{}]
        settings += [{"setting": setting} for setting in self.grammar.settings]
        return [{**size, **setting} for size, setting in itertools.product(sizes, settings)]

    def parse(self, name: str) -> Variant:
        """As `Family.parse`; a name without a size is the family's first."""
        for word in name.lower().split("_"):
            if word in self.unfit:
                raise UnknownTrackerError(
                    f"unknown tracker {name!r}: {word!r} does not fit the family {self.name}: "
                    f"{self.unfit[word]}"
                )
        return self.grammar.variant({**self.first, **self.grammar.read(name)})

    def load(self, variant: Variant, checkpoint: str | Path | None, device: str) -> Tracker:
        """As `Family.load`."""
        from hit_trackers.engines import EXPORTING, make_engine

        path = self.find(variant, checkpoint)
        network = self.build(variant.parts)
        digest = checkpoints.load_into(network, path, self.fill, self.constants)
        # Other runtimes get the official computation in float32, whatever they make of it.
        plain = {"attention": DEFAULTS["attention"], "precision": DEFAULTS["precision"]}
        executed = dataclasses.replace(variant, parts={**variant.parts, **plain})
        exported = variant.part("engine") in EXPORTING
        program = (
            self.program(network, executed, "cpu")
            if exported
            else self.program(network, variant, device)
        )
        identified = dataclasses.replace(variant, identity={"weights_sha256": digest})
        return self.tracker(make_engine(program, variant, device), identified, device)

    def find(self, variant: Variant, checkpoint: str | Path | None) -> Path | None:
        """The weight file to load; None for seeded weights.

        Raises:
            CheckpointError: nothing there.
        """
        without = f"`{variant.name} --checkpoint seeded` runs with random weights"
        names = self.files(variant.parts)
        return checkpoints.find(variant.baseline, names, self.origin, checkpoint, without)

    def variants(self) -> Sequence[Variant]:
        """Every configuration: its baseline, each token alone where it can be, and usual pairs."""
        # Only other runtimes have 8 bits.
        alone = [name for name in self.grammar.tokens if name != "int8"]
        return [
            self.grammar.variant({**parts, **self.grammar.read(f"{self.name}_{words}")})
            for parts in self.configurations()
            for words in (DEFAULTS["precision"], *alone, *self._fitting(COMBINED))
        ]

    def _fitting(self, combinations: Sequence[str]) -> list[str]:
        tokens = set(self.grammar.tokens)
        return [words for words in combinations if tokens.issuperset(words.split("_"))]

    def tokens(self) -> Mapping[str, str]:
        """As `Family.tokens`, with sizes and settings, and those that do not fit and why."""
        known = {**TOKENS, **FAMILY_TOKENS}
        fit = {name: known[name].meaning for name in self.grammar.tokens}
        return {
            **self.meanings,
            **fit,
            **{name: f"not here: {why}" for name, why in self.unfit.items()},
        }

    def lossy_controls(self, baseline: str) -> Sequence[str]:
        """As `Family.lossy_controls`."""
        return (f"{baseline}_bf16",)

    def bench_variants(self, device: str) -> Sequence[str]:
        """As `Family.bench_variants`: of `benched`."""
        benched = self.grammar.variant(self.benched or self.first).name
        return [f"{benched}_{words}" for words in self._fitting(BENCHED[device])]

    def weights(self) -> Sequence[Weights]:
        """As `Family.weights`."""
        return [
            Weights(self.grammar.variant(parts).baseline, names[0], checkpoints.search(names))
            for parts in self.configurations()
            for names in [self.files(parts)]
        ]
