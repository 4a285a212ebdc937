"""What the harness asks of any tracker, and what a tracker may offer in addition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Outputs:
    """What a network answered, or of very many numbers a sample.

    Attributes:
        values: float32 (K,), NaN among them where any output is not finite; K is the same for the
            same network on the same input.
        ranges: float32 (K,): range of the tensor that each is from, from its smallest to its
            largest number, zero among them; (0,) where the first four values are the box.
        digest: 64 bits over every bit of all outputs, and their shapes and types; 0 where
            `values` are all of them.
    """

    values: NDArray[np.float32]
    ranges: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    digest: int = 0


class Probe(Protocol):
    """A look inside a tracker, where it offers one: what a run records and a bench measures.

    Attributes:
        recording: set before an update whose `network_input` is wanted; a probe to which keeping
            it costs something keeps it then only.
        network_seconds: wall seconds of the network in the last update; NaN: not measured.
        device_seconds: the same between two CUDA events; NaN on a CPU.
        network_input: what the network was given in the last update, such as the search region,
            RGB uint8 (S, S, 3), or whatever else the probe of a variant takes; None where there is
            none. The next update may write over it.
        box_scale: pixels of the search region that a unit of the first four outputs stands for;
            NaN where nobody knows which outputs are the box.
        weights_bytes: bytes that the weights take; None where another runtime holds them.
        decisions: choices of the last update or `run_network`, by name; a probe may leave it out.
        networks: those that PyTorch executes, by title; a probe may leave it out.
    """

    recording: bool
    network_seconds: float
    device_seconds: float
    network_input: Any
    box_scale: float
    weights_bytes: int | None

    def run_network(self, network_input: Any) -> NDArray[np.float32] | Outputs | None:
        """The network alone, open loop, on a baseline's input; the state of the tracker stays.

        Returns:
            float32 (K,): all outputs, the box in the first four; `Outputs` where there may be very
            many, or nobody knows which are the box; None where the input is another network's.
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


def networks_of(probe: Probe) -> Mapping[str, Any]:
    """The `torch.nn.Module`s that PyTorch executes, by title; none where it does not say."""
    found: Mapping[str, Any] = getattr(probe, "networks", {})
    return found


def probe_of(tracker: Tracker) -> Probe | None:
    """The tracker's probe; None where it offers none, and columns stay empty."""
    probe: Probe | None = getattr(tracker, "probe", None)
    return probe


def outputs_of(probe: Probe, network_input: Any) -> Outputs | None:
    """As `Probe.run_network`, always as `Outputs`."""
    found = probe.run_network(network_input)
    if found is None or isinstance(found, Outputs):
        return found
    return Outputs(np.array(found, dtype=np.float32).ravel())


def check_image(image: object) -> None:
    """Raise `ImageError` unless `image` is RGB uint8 (H, W, 3)."""
    if not isinstance(image, np.ndarray):
        found = type(image).__name__
    elif image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        found = f"{image.dtype} {image.shape}"
    else:
        return
    raise ImageError(f"expected an RGB uint8 image (height, width, 3), got {found}")
