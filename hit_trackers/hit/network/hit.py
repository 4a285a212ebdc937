"""HiT: LeViT, bridge, global vector, corner head (official `hit.py`)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from hit_trackers.attention import Operator
from hit_trackers.hit.network.bridge import Bridge
from hit_trackers.hit.network.config import CONFIGS, HiTConfig
from hit_trackers.hit.network.layers import fold_batch_norms
from hit_trackers.hit.network.levit import BiasedAttention, LeViT, Residual
from hit_trackers.layers import CornerHead, centred


class Output(NamedTuple):
    """What the network says of a batch of search regions.

    Attributes:
        boxes: (B, 4) centre x, centre y, width, height, as fractions of the search region.
        top_left: (B, 256) probability of each cell to hold the top-left corner, row by row.
        bottom_right: (B, 256) the same for the bottom-right corner.
    """

    boxes: Tensor
    top_left: Tensor
    bottom_right: Tensor


class _Backbone(nn.Module):
    # One attribute deep, so that state-dict keys begin with `backbone.body.` as the official ones.
    def __init__(self, config: HiTConfig) -> None:
        super().__init__()
        self.body = LeViT(config)


class HiT(nn.Module):
    """The network. Images are float32 (B, 3, S, S), normalised with ImageNet mean and deviation."""

    def __init__(self, config: HiTConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = _Backbone(config)
        self.box_head = CornerHead(
            config.hidden, config.head_channels, config.search_side, config.patch
        )
        self.bottleneck = Bridge(config)

    def embed(self, image: Tensor) -> Tensor:
        """Patch embedding of one image: (B, 3, S, S) -> tokens (B, (S / 16)^2, C)."""
        return self.backbone.body.embed(image)

    def head_features(self, search: Tensor, template: Tensor) -> Tensor:
        """Tokens of both images -> features (B, hidden, 16, 16) that the corner head reads."""
        memory = self.bottleneck(self.backbone.body(search, template))
        vector = memory[0:1].squeeze(0).unsqueeze(2)  # (B, C, 1)
        tokens = memory[1:].transpose(0, 1)  # (B, 256, C)
        similarity = torch.matmul(tokens, vector)
        weighted = tokens.unsqueeze(-1) * similarity.unsqueeze(-2)
        features = weighted.permute(0, 3, 2, 1).contiguous()
        side = self.config.search_side
        maps: Tensor = features.view(-1, features.shape[2], side, side)
        return maps

    def predict(self, search: Tensor, template: Tensor) -> Output:
        """Tokens of both images -> boxes and corner probabilities."""
        corners, top_left, bottom_right = self.box_head(self.head_features(search, template))
        return Output(centred(corners), top_left, bottom_right)

    def forward(self, search: Tensor, template: Tensor) -> Output:
        """Images (B, 3, 256, 256) and (B, 3, 128, 128) -> boxes and corner probabilities."""
        return self.predict(self.embed(search), self.embed(template))

    def prepare(self) -> HiT:
        """Make ready for inference, in place: evaluation mode, norms of the backbone folded.

        The norms of the bridge and the head are not folded, as in the official tracker; call
        after the weights are loaded and on their device.
        """
        self.eval()
        device = self.bottleneck.proj1.weight.device
        fold_batch_norms(self.backbone.body)
        # The weights go on requiring gradients, as the official tracker's do: torch.matmul folds
        # its batch dimensions differently for such a tensor, and the bridge's last bits with it.
        return self.to(device)

    def work_in_place(self) -> HiT:
        """Let activations and residual sums overwrite their input, which is not read again.

        No bit changes: the same operations on the same values. For inference; call after `prepare`.
        """
        for module in self.modules():
            if isinstance(module, nn.Hardswish):
                module.inplace = True
            elif isinstance(module, (Residual, Bridge)):
                module.in_place = True
        return self

    def use(self, operator: Operator) -> HiT:
        """Execute every attention by `operator`; call after `prepare`, precision and device set."""
        for module in self.modules():
            if isinstance(module, BiasedAttention):
                module.use(operator)
        return self


def build(size: str) -> HiT:
    """An untrained network of one of the sizes in `CONFIGS`, in training mode."""
    return HiT(CONFIGS[size])
