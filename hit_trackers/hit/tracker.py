"""HiT's closed loop: a first box in, a box per frame out."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from hit_trackers.checkpoint import load_into
from hit_trackers.engines import EXPORTING, Engine, make_engine, observe
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.errors import PredictionError
from hit_trackers.executed import Executed
from hit_trackers.geometry import check_first_box, clip_box, crop_region, from_search_region
from hit_trackers.hit import weights
from hit_trackers.hit.network import seeded
from hit_trackers.hit.network.config import CONFIGS
from hit_trackers.hit.network.hit import build
from hit_trackers.hit.network.levit import BiasedAttention
from hit_trackers.hit.program import HitProgram, make_program
from hit_trackers.protocol import Prediction, check_image
from hit_trackers.variants import DEFAULTS, Variant


class HitTracker:
    """A HiT tracker, and its own probe; make one with `hit_trackers.load_tracker`.

    A score is the geometric mean of the two corner maps' highest probability.

    Attributes:
        variant: what it is, the SHA-256 of its weight file among its identity.
        device: "cpu", "cuda", "cuda:1", ...
        network_input: RGB uint8 (256, 256, 3), the search region of the last update; some engines
            write the next one over it.
    """

    def __init__(self, engine: Engine, variant: Variant, device: str) -> None:
        self.engine = engine
        self.variant = variant
        self.device = device
        self.config = CONFIGS[variant.part("size")]
        self.box_scale = float(self.config.search_size)
        self.network_input: np.ndarray | None = None
        self._state: list[float] | None = None

    @property
    def name(self) -> str:
        """`variant.name`."""
        return self.variant.name

    @property
    def probe(self) -> HitTracker:
        """The tracker itself, which offers all that a probe can."""
        return self

    def init(self, image: np.ndarray, box: Sequence[float] | np.ndarray) -> None:
        """Start on a target.

        Args:
            image: RGB uint8 (H, W, 3).
            box: x, y, w, h in pixels.

        Raises:
            ImageError: another shape or dtype.
            BoxError: no finite box of positive size on the image.
        """
        check_image(image)
        state = check_first_box(box, *image.shape[:2])
        template, _ = crop_region(
            image, state, self.config.template_factor, self.config.template_size
        )
        self.engine.set_template(template)
        self._state = state

    def update(self, image: np.ndarray) -> Prediction:
        """Find the target in the next frame.

        Args:
            image: RGB uint8 (H, W, 3); its size may differ from the last frame's.

        Raises:
            ImageError: another shape or dtype.
            PredictionError: the network's output is not finite; the state is unchanged.
        """
        if self._state is None:
            raise RuntimeError("Tracker.init(image, box) comes before update(image)")
        check_image(image)
        size = self.config.search_size
        patch, factor = crop_region(
            image, self._state, self.config.search_factor, size, out=self.engine.patch_buffer
        )
        self.network_input = patch
        output = self.engine.run(patch)
        if not np.isfinite(output).all():
            raise PredictionError(f"{self.name}: the network's output is not finite: {output}")
        predicted = self._to_pixels(output[:4], factor)
        box = from_search_region(predicted, self._state, 0.5 * size / factor)
        self._state = clip_box(box, *image.shape[:2])
        score = math.sqrt(float(output[4]) * float(output[5]))
        return Prediction(np.array(self._state, dtype=np.float64), min(score, 1.0))

    @property
    def network_seconds(self) -> float:
        """Wall seconds of the network in the last update: patch on the device in, box out."""
        return self.engine.network_seconds

    @property
    def device_seconds(self) -> float:
        """The same between two CUDA events; NaN on a CPU."""
        return self.engine.device_seconds

    @property
    def weights_bytes(self) -> int | None:
        """Bytes of the weights; None where another runtime holds them."""
        return self.engine.weights_bytes

    def run_network(self, network_input: np.ndarray) -> np.ndarray:
        """The network alone, open loop, with the template held.

        Args:
            network_input: a search region, RGB uint8 (256, 256, 3).

        Returns:
            float32 (6,): centre x, centre y, width, height as fractions of the search region, then
            the highest probability of either corner map.
        """
        return np.asarray(self.engine.run(network_input).copy())

    def executed(self, network_input: np.ndarray) -> Executed:
        """As `Probe.executed`."""
        return observe(self.engine, network_input, BiasedAttention)

    def workloads(self, network_input: np.ndarray) -> Mapping[str, Callable[[], object]]:
        """As `Probe.workloads`; "after embedding" is the network without the patch embedding."""
        found = dict(self.engine.workloads(network_input))
        if isinstance(self.engine, EagerEngine):
            found["after embedding"] = _after_embedding(self.engine, network_input)
        return found

    def _to_pixels(self, box: np.ndarray, factor: float) -> list[float]:
        """Fractions of the search region -> image pixels, in float32 as the official tensor does.

        Dividing a CUDA tensor by a number multiplies by its float32 reciprocal; a CPU divides.
        """
        scaled = box.astype(np.float32) * np.float32(self.config.search_size)
        if self.device.startswith("cuda"):
            multiplied: list[float] = (scaled * (np.float32(1) / np.float32(factor))).tolist()
            return multiplied
        divided: list[float] = (scaled / np.float32(factor)).tolist()
        return divided


def _after_embedding(engine: EagerEngine, patch: np.ndarray) -> Callable[[], object]:
    """The network without the patch embedding, whose peak of memory hides that of the rest."""
    program = engine.program
    assert isinstance(program, HitProgram)
    network, template = program.network, engine.held
    assert template is not None
    with torch.inference_mode():
        search = network.embed(engine.normalise(patch))
        if not program.caches_template:
            template = network.embed(template)

    @torch.inference_mode()
    def work() -> object:
        return network.predict(search, template)

    return work


def load(variant: Variant, checkpoint: str | Path | None, device: str) -> HitTracker:
    """See `hit_trackers.families.Family.load`."""
    size = variant.part("size")
    path = weights.find(size, checkpoint)
    network = build(size)
    digest = load_into(network, path, seeded.fill, weights.CONSTANTS)
    # Other runtimes get the official computation in float32, whatever they make of it.
    exported = variant.part("engine") in EXPORTING
    executed = dataclasses.replace(
        variant, parts={**variant.parts, "attention": DEFAULTS["attention"], "precision": "fp32"}
    )
    program = (
        make_program(network, executed, "cpu")
        if exported
        else make_program(network, variant, device)
    )
    identified = dataclasses.replace(variant, identity={"weights_sha256": digest})
    return HitTracker(make_engine(program, variant, device), identified, device)
