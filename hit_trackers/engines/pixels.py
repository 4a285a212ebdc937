"""From pixels to what a network reads: ImageNet's normalisation, as all families here have it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

# Of ImageNet, for RGB in [0, 1].
MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


def normalise(patch: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """RGB uint8 (S, S, 3) -> float32 (1, 3, S, S), on the patch's device.

    Official `Preprocessor.process`; the permuted layout it leaves decides which convolution
    kernels run, so it is part of the computation.
    """
    image = patch.float().permute(2, 0, 1).unsqueeze(0)
    return ((image / 255.0) - mean) / deviation


def normalised_values() -> np.ndarray:
    """What `normalise` makes of each of the 256 values: float32 (1, 256, 3), for `cv2.LUT`.

    On a CPU looking a pixel up gives the same bits in less time.
    """
    ramp = torch.arange(256, dtype=torch.uint8).view(1, 256, 1).expand(1, 256, 3)
    mean, deviation = (torch.tensor(of).view(1, 3, 1, 1) for of in (MEAN, DEVIATION))
    values = normalise(ramp, mean, deviation)[0].permute(1, 2, 0)
    return np.ascontiguousarray(values.numpy())
