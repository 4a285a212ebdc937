"""The closed loop of pytracking's descendants: a first box in, a box per frame out.

A template is cut around the first box, a search region around the last one; a network says where
the target is in it; the box goes back to the image and is clipped. HiT, OSTrack, MixFormer and
STARK do this alike; what a family does otherwise it says by replacing a method.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from hit_trackers.engines import Engine, observe
from hit_trackers.errors import PredictionError
from hit_trackers.executed import Executed
from hit_trackers.geometry import Box, check_first_box, clip_box, crop_region, from_search_region
from hit_trackers.protocol import Decision, Prediction, check_image
from hit_trackers.variants import Variant


@dataclass(frozen=True)
class Regions:
    """What is cut out of an image.

    Attributes:
        search_size, template_size: sides of the patches, in pixels.
        search_factor, template_factor: sides of the squares over sqrt(w * h) of the box.
    """

    search_size: int
    template_size: int
    search_factor: float
    template_factor: float = 2.0


class Given(NamedTuple):
    """What a network whose templates change is given: `network_input` of its tracker.

    Attributes:
        search: uint8 (S, S, C).
        templates: uint8 (n, T, T, C), all that were held.
        to_exceed: what a score had to exceed for the frame to become a template; NaN: nothing.
    """

    search: NDArray[np.uint8]
    templates: NDArray[np.uint8]
    to_exceed: float = float("nan")


class ClosedLoopTracker:
    """A tracker, and its own probe; make one with `hit_trackers.load_tracker`.

    Attributes:
        variant: what it is, the SHA-256 of its weight file among its identity.
        device: "cpu", "cuda", "cuda:1", ...
        network_input: as of `Probe`: a search region, or `Given` where templates change; some
            engines write the next one over it.
        site: class of the network's attentions.
        recording: as of `Probe`; here it costs nothing to keep the input.
    """

    site: type[nn.Module]
    recording = False

    def __init__(self, engine: Engine, variant: Variant, device: str, regions: Regions) -> None:
        self.engine = engine
        self.variant = variant
        self.device = device
        self.regions = regions
        self.box_scale = float(regions.search_size)
        self.network_input: Any = None
        self.decisions: Mapping[str, Decision] = {}
        self._state: Box | None = None

    @property
    def name(self) -> str:
        """`variant.name`."""
        return self.variant.name

    @property
    def networks(self) -> Mapping[str, nn.Module]:
        """As of `Probe`."""
        program = getattr(self.engine, "program", None)
        return {} if program is None else {"": program.network}

    @property
    def probe(self) -> Any:
        """The tracker itself, which offers all that a probe can."""
        return self

    def init(self, image: NDArray[np.uint8], box: Sequence[float] | NDArray[np.float64]) -> None:
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
        self.start(self.cut_template(image, state))
        self._state = state

    def update(self, image: NDArray[np.uint8]) -> Prediction:
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
        patch, factor = self.cut_search(image, self._state)
        self.network_input = self.given(patch)
        output = self.engine.run(patch)
        if not np.isfinite(output).all():
            raise PredictionError(f"{self.name}: the network's output is not finite: {output}")
        self._state = self.place(output, self._state, factor, image.shape[0], image.shape[1])
        self.decisions = self.decide(output)
        self.learn(image, self._state, output)
        return Prediction(np.array(self._state, dtype=np.float64), self.score(output))

    # What a family may do otherwise.

    def start(self, template: NDArray[np.uint8]) -> None:
        """Hold the first frame's template."""
        self.engine.set_template(template)

    def cut_template(self, image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
        """The template around a box, uint8 (T, T, C)."""
        regions = self.regions
        patch, _ = crop_region(image, box, regions.template_factor, regions.template_size)
        return patch

    def cut_search(self, image: NDArray[np.uint8], box: Box) -> tuple[NDArray[np.uint8], float]:
        """The search region around a box, uint8 (S, S, C), and its pixels per image pixel."""
        regions = self.regions
        out = self.engine.patch_buffer
        return crop_region(image, box, regions.search_factor, regions.search_size, out=out)

    def given(self, patch: NDArray[np.uint8]) -> Any:
        """What the network is given with a search region, as `network_input` shows it."""
        return patch

    def place(
        self, output: NDArray[np.float32], last: Box, factor: float, height: int, width: int
    ) -> Box:
        """The box of the network's outputs on the image, clipped."""
        half_side = 0.5 * self.regions.search_size / factor
        box = from_search_region(self.to_pixels(output[:4], factor), last, half_side)
        return clip_box(box, height, width)

    def to_pixels(self, box: NDArray[np.float32], factor: float) -> list[float]:
        """Fractions of the search region -> image pixels, in float32 as the official tensor does.

        Dividing a CUDA tensor by a number multiplies by its float32 reciprocal; a CPU divides.
        """
        scaled = box.astype(np.float32) * np.float32(self.regions.search_size)
        if self.device.startswith("cuda"):
            multiplied: list[float] = (scaled * (np.float32(1) / np.float32(factor))).tolist()
            return multiplied
        divided: list[float] = (scaled / np.float32(factor)).tolist()
        return divided

    def score(self, output: NDArray[np.float32]) -> float:
        """Confidence in [0, 1]."""
        return min(float(output[4]), 1.0)

    def decide(self, output: NDArray[np.float32]) -> Mapping[str, Decision]:
        """The decisions that an output holds, or that follow from it; none by default."""
        return {}

    def learn(self, image: NDArray[np.uint8], box: Box, output: NDArray[np.float32]) -> None:
        """Change the templates after a frame, where the family does."""

    # The probe.

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

    def run_network(self, network_input: Any) -> NDArray[np.float32]:
        """The network alone, open loop, with the template held.

        Args:
            network_input: a search region, uint8 (S, S, C).

        Returns:
            float32 (K,): centre x, centre y, width, height as fractions of the search region, then
            what else the family's program computes.
        """
        output = np.array(self.engine.run(network_input))
        self.decisions = self.decide(output)
        return output

    def executed(self, network_input: Any) -> Executed:
        """As `Probe.executed`."""
        return observe(self.engine, self.search_of(network_input), self.site)

    def workloads(self, network_input: Any) -> Mapping[str, Callable[[], object]]:
        """As `Probe.workloads`."""
        return self.engine.workloads(self.search_of(network_input))

    def inputs(self, network_input: Any) -> dict[str, NDArray[Any]]:
        """What an exported network is given, by input name; for calibration."""
        found: dict[str, NDArray[Any]] = self.engine.inputs(  # type: ignore[attr-defined]
            self.search_of(network_input)
        )
        return found

    @staticmethod
    def search_of(network_input: Any) -> NDArray[np.uint8]:
        """The search region in what a network was given."""
        return network_input.search if isinstance(network_input, Given) else network_input


class UpdatingTracker(ClosedLoopTracker):
    """A tracker whose templates change while it tracks: the first frame's, then others.

    Attributes:
        templates: uint8 (n, T, T, C), those that the engine holds.
    """

    templates: NDArray[np.uint8]

    def hold(self, templates: NDArray[np.uint8]) -> None:
        """Hold other templates."""
        self.templates = templates
        self.engine.set_template(templates)

    def start(self, template: NDArray[np.uint8]) -> None:
        """As of `ClosedLoopTracker`; at first every template is the first frame's."""
        self.hold(np.stack([template, template]))

    def given(self, patch: NDArray[np.uint8]) -> Given:
        """The search region and the templates."""
        return Given(patch, self.templates)

    def run_network(self, network_input: Any) -> NDArray[np.float32]:
        """As of `ClosedLoopTracker`, with the templates given where they are; its own come back."""
        if not isinstance(network_input, Given):
            return super().run_network(network_input)
        other = not np.array_equal(network_input.templates, self.templates)
        if other:
            self.engine.set_template(network_input.templates)
        try:
            return super().run_network(network_input.search)
        finally:
            if other:
                self.engine.set_template(self.templates)
