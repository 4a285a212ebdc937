"""The closed loop: a box in, a box out, frame after frame."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from hit_trackers import checkpoint as checkpoints
from hit_trackers import zoo
from hit_trackers.boxes import check_first_box, clip_box, from_search_region
from hit_trackers.crop import crop_region
from hit_trackers.engines import Engine, make_engine
from hit_trackers.errors import EngineError, ImageError, PredictionError
from hit_trackers.hit.network.config import CONFIGS
from hit_trackers.hit.network.hit import build
from hit_trackers.zoo import TrackerSpec


class Prediction(NamedTuple):
    """A tracker's answer for a frame.

    Attributes:
        box: float64 (4,) x, y, w, h in pixels.
        score: confidence in [0, 1]: the geometric mean of the two corner maps' highest probability.
    """

    box: np.ndarray
    score: float


class Tracker:
    """A HiT tracker; make one with `load_tracker`.

    Attributes:
        spec: what it is; `name` is `spec.name`.
        weights_sha256: of the weight file.
        device: "cpu", "cuda", "cuda:1", ...
        search_patch: RGB uint8 (256, 256, 3), the search region of the last update; some engines
            write the next one over it.
    """

    def __init__(self, engine: Engine, spec: TrackerSpec, weights_sha256: str, device: str) -> None:
        self.engine = engine
        self.spec = spec
        self.name = spec.name
        self.weights_sha256 = weights_sha256
        self.device = device
        self.config = CONFIGS[spec.size]
        self.search_patch: np.ndarray | None = None
        self._state: list[float] | None = None

    @property
    def network_seconds(self) -> float:
        """Wall seconds of the network in the last update: patch on the device in, box out."""
        return self.engine.network_seconds

    @property
    def device_seconds(self) -> float:
        """The same between two CUDA events; NaN on a CPU."""
        return self.engine.device_seconds

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
        self.search_patch = patch
        output = self.engine.run(patch)
        if not np.isfinite(output).all():
            raise PredictionError(f"{self.name}: the network's output is not finite: {output}")
        predicted = self._to_pixels(output[:4], factor)
        box = from_search_region(predicted, self._state, 0.5 * size / factor)
        self._state = clip_box(box, *image.shape[:2])
        score = math.sqrt(float(output[4]) * float(output[5]))
        return Prediction(np.array(self._state, dtype=np.float64), min(score, 1.0))

    def predict(self, patch: np.ndarray) -> np.ndarray:
        """The network alone, open loop, with the template held.

        Args:
            patch: a search region, RGB uint8 (256, 256, 3).

        Returns:
            float32 (4,): centre x, centre y, width, height as fractions of the search region.
        """
        return self.engine.run(patch)[:4].copy()

    def _to_pixels(self, box: np.ndarray, factor: float) -> list[float]:
        """Fractions of the search region -> image pixels, in float32 as the official tensor does.

        Dividing a CUDA tensor by a number multiplies by its float32 reciprocal; a CPU divides.
        """
        scaled = box.astype(np.float32) * np.float32(self.config.search_size)
        if self.device.startswith("cuda"):
            return (scaled * (np.float32(1) / np.float32(factor))).tolist()
        return (scaled / np.float32(factor)).tolist()


def check_image(image: np.ndarray) -> None:
    """Raise `ImageError` unless `image` is RGB uint8 (H, W, 3)."""
    if (
        not isinstance(image, np.ndarray)
        or image.dtype != np.uint8
        or image.ndim != 3
        or image.shape[2] != 3
    ):
        found = (
            f"{image.dtype} {image.shape}"
            if isinstance(image, np.ndarray)
            else type(image).__name__
        )
        raise ImageError(f"expected an RGB uint8 image (height, width, 3), got {found}")


def load_tracker(
    name: str,
    checkpoint: str | Path | None = None,
    device: str = "cpu",
    *,
    deterministic: bool = False,
) -> Tracker:
    """Make a tracker ready to run.

    Args:
        name: `hit[_base|_small|_tiny|_nano][_<optimisation>...]`; without a size, Base where an
            official checkpoint is configured, else the embedded Nano (said on standard error).
        checkpoint: official `.pth.tar`, bare state dict, or `.safetensors`; without one it is
            looked for as `hit_trackers.checkpoint` says.
        device: "cpu", "cuda" or "cuda:<index>".
        deterministic: ask PyTorch for deterministic algorithms and full float32, for the whole
            process. Without it PyTorch's defaults hold, as for the official tracker.

    Raises:
        UnknownTrackerError: the name does not parse.
        CheckpointError: no weights, or none that fit.
        EngineError: the engine cannot run on this device.
        MissingDependencyError: the engine's library is not installed.
    """
    size = checkpoints.default_size(name, checkpoint)
    spec = zoo.parse(name, default_size=size)
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise EngineError(
            f"device {device!r}: PyTorch {torch.__version__} finds no CUDA device here; "
            'use device "cpu" (--device cpu)'
        )
    if deterministic:
        make_deterministic()
    path = checkpoints.find(spec.size, checkpoint)
    network = build(spec.size)
    weights_sha256 = checkpoints.load_into(network, path)
    return Tracker(make_engine(network, spec, device), spec, weights_sha256, device)


def make_deterministic() -> None:
    """Deterministic algorithms and full float32 on CUDA, for the whole process."""
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cuda.matmul.allow_tf32 = False
