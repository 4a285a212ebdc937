"""From pixels to what a network reads: ImageNet's normalisation, as most families here have it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

# Of ImageNet, for RGB in [0, 1].
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def normalise(patch: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """RGB uint8 (S, S, 3) or (n, S, S, 3) -> float32 (n, 3, S, S), on the patch's device.

    Official `Preprocessor.process`; the permuted layout it leaves decides which convolution
    kernels run, so it is part of the computation.
    """
    pixels = patch.float()
    several = patch.dim() == 4
    image = pixels.permute(0, 3, 1, 2) if several else pixels.permute(2, 0, 1).unsqueeze(0)
    return ((image / 255.0) - mean) / deviation


def table(colours: Callable[[Tensor], Tensor]) -> np.ndarray:
    """What a normalisation makes of each of the 256 values: float32 (1, 256, 3), for `cv2.LUT`.

    On a CPU looking a pixel up gives the same bits in less time.
    """
    ramp = torch.arange(256, dtype=torch.uint8).view(1, 256, 1).expand(1, 256, 3)
    return np.ascontiguousarray(colours(ramp)[0].permute(1, 2, 0).numpy())
