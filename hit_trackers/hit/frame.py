"""All of a frame's network work as one module: uint8 search region in, one small result out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from hit_trackers.hit.network.hit import HiT, Output

# Of ImageNet, for RGB in [0, 1] (official `Preprocessor`).
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


def result(output: Output) -> Tensor:
    """Everything the host needs of a frame, in one float32 (6,) tensor: box and both peaks."""
    # The official tracker averages over its queries, of which there is one.
    box = output.boxes.view(-1, 4).mean(dim=0)
    peaks = torch.stack((output.top_left.amax(), output.bottom_right.amax()))
    return torch.cat((box, peaks)).float()


class Embedder(nn.Module):
    """Normalisation and patch embedding of one image."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: HiT) -> None:
        super().__init__()
        self.patch_embed = network.backbone.body.patch_embed
        weight = next(self.patch_embed.parameters())
        self.dtype = weight.dtype
        for name, values in (("mean", MEAN), ("deviation", DEVIATION)):
            constant = torch.tensor(values, device=weight.device).view(1, 3, 1, 1)
            self.register_buffer(name, constant, persistent=False)

    def forward(self, patch: Tensor) -> Tensor:
        """RGB uint8 (S, S, 3) -> tokens (1, (S / 16)^2, C)."""
        image = normalise(patch, self.mean, self.deviation).to(self.dtype)
        return self.patch_embed(image).flatten(2).transpose(1, 2)


class Frame(nn.Module):
    """What the engines that execute the network as a whole are given.

    Normalisation and the reduction to six numbers are inside, so that a frame costs one copy to the
    device and one back. The template's patch embedding is an input: it is computed once a sequence.
    """

    def __init__(self, network: HiT) -> None:
        super().__init__()
        self.network = network
        self.embed = Embedder(network)

    def forward(self, patch: Tensor, template: Tensor) -> Tensor:
        """RGB uint8 (256, 256, 3) and template tokens -> float32 (6,); see `Engine.run`."""
        return result(self.network.predict(self.embed(patch), template))
