"""What the harness asks of any tracker, and what a tracker may offer in addition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hit_trackers.errors import ImageError

if TYPE_CHECKING:
    from hit_trackers.executed import Executed
    from hit_trackers.variants import Variant


class Prediction(NamedTuple):
    """A tracker's answer for a frame.

    Attributes:
        box: float64 (4,) x, y, w, h in pixels.
        score: confidence in [0, 1]; NaN where the tracker has none.
    """

    box: NDArray[np.float64]
    score: float


class Decision(NamedTuple):
    """A choice that a tracker made in a frame: a last bit can change all that follows from it.

    Attributes:
        taken: a whole number that says what was chosen, equal for equal choices.
        margin: how far the choice was from another one, in the unit that its name stands for;
            0 or more. NaN: there was nothing to choose.
    """

    taken: int
    margin: float


class Tracker(Protocol):
    """Tracks one target: a box on the first frame in, a box per frame out.

    A tracker may have an attribute `probe` as well (see `Probe` and `probe_of`).

    Attributes:
        variant: what it is.
    """

    variant: Variant

    @property
    def name(self) -> str:
        """`variant.name`."""

    def init(self, image: NDArray[np.uint8], box: Any) -> None:
        """Start on a target: RGB uint8 (H, W, 3), and x, y, w, h in pixels."""

    def update(self, image: NDArray[np.uint8]) -> Prediction:
        """Find the target in the next frame: RGB uint8 (H, W, 3), whose size may change."""


class Probe(Protocol):
    """A look inside a tracker, where it offers one: what a run records and a bench measures.

    Attributes:
        network_seconds: wall seconds of the network in the last update; NaN: not measured.
        device_seconds: the same between two CUDA events; NaN on a CPU.
        network_input: what the network was given in the last update, such as the search region,
            RGB uint8 (S, S, 3), for its own `run_network` to read; the next update may write over
            it.
        box_scale: pixels of the search region that a unit of the first four outputs stands for.
        weights_bytes: bytes that the weights take; None where another runtime holds them.
        decisions: choices of the last update or `run_network`, by name; a probe may leave it out.
    """

    network_seconds: float
    device_seconds: float
    network_input: Any
    box_scale: float
    weights_bytes: int | None

    def run_network(self, network_input: Any) -> NDArray[np.float32]:
        """The network alone, open loop, on an input; the state of the tracker stays.

        Returns:
            float32 (K,): all outputs, the box in the first four.
        """

    def executed(self, network_input: Any) -> Executed:
        """What executes the network, observed on one frame: not timed, and slow."""

    def workloads(self, network_input: Any) -> Mapping[str, Callable[[], object]]:
        """Parts of the work on one frame that PyTorch executes operator by operator.

        Each is a function that runs it: "frame" is all the device does, "network" the network
        alone; a family may name more. Empty where another runtime executes the network.
        """


def decisions_of(probe: Probe) -> Mapping[str, Decision]:
    """The choices of a probe's last update or `run_network`; none where it does not say."""
    found: Mapping[str, Decision] = getattr(probe, "decisions", {})
    return found


def probe_of(tracker: Tracker) -> Probe | None:
    """The tracker's probe; None where it offers none, and columns stay empty."""
    probe: Probe | None = getattr(tracker, "probe", None)
    return probe


def check_image(image: object) -> None:
    """Raise `ImageError` unless `image` is RGB uint8 (H, W, 3)."""
    if not isinstance(image, np.ndarray):
        found = type(image).__name__
    elif image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f"{image.dtype} {image.shape}"
    else:
        return
    raise ImageError(f"expected an RGB uint8 image (height, width, 3), got {found}")
