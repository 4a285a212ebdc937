"""TransT: a dilated ResNet, feature fusion, and two heads on every search token."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hit_trackers.layers.resnet import BatchNorm2d, ResNet
from hit_trackers.layers.sine import sine_position
from hit_trackers.layers.transformer import Perceptron
from hit_trackers.transt.network.config import CONFIGS, TransTConfig
from hit_trackers.transt.network.fusion import Fusion, Stream

FEATURES = 1024  # channels that the backbone leaves


class Output(NamedTuple):
    """What the network says of each of the 1024 search tokens, row by row.

    Attributes:
        logits: (1, 1024, 2) of target and background.
        boxes: (1, 1024, 4) centre x, centre y, width, height, as fractions of the search region.
    """

    logits: Tensor
    boxes: Tensor


class _Backbone(nn.Module):
    # One attribute deep, so that state-dict keys begin with `backbone.0.body.` as the official.
    def __init__(self) -> None:
        super().__init__()
        self.body = ResNet((3, 4, 6), (1, 2, 1), (1, 1, 2), BatchNorm2d)


class TransT(nn.Module):
    """The network. Images are float32 (1, 3, S, S), normalised with ImageNet mean and deviation.

    Attributes:
        knows_places: positions were computed once, and masks are left out. No pixel of TransT's is
            ever padding, as crops are padded with a colour; the official code computes both anew
            from a mask in every frame.
    """

    def __init__(self, config: TransTConfig) -> None:
        super().__init__()
        self.config = config
        self.knows_places = False
        self.featurefusion_network = Fusion(config)
        self.class_embed = Perceptron(config.width, 2)
        self.bbox_embed = Perceptron(config.width, 4)
        self.input_proj = nn.Conv2d(FEATURES, config.width, 1)
        self.backbone = nn.Sequential(_Backbone())

    def features(self, image: Tensor) -> Tensor:
        """(1, 3, S, S) -> (1, 1024, S / 8, S / 8)."""
        features: Tensor = self.backbone[0].get_submodule("body")(image)
        return features

    def places(self, image_size: int, like: Tensor) -> tuple[Tensor, Tensor | None]:
        """Positions (N, 1, C) and padding (1, N) of the tokens of an image of that size.

        Args:
            image_size: side of the image, in pixels.
            like: features (1, C, H, W) of it, for their size, dtype and device.
        """
        if self.knows_places:
            return self.get_buffer(f"position_{image_size}"), None
        # By way of a mask of the image, as official; nothing of it is ever true.
        mask = torch.zeros(1, image_size, image_size, dtype=torch.bool, device=like.device)
        padding = F.interpolate(mask[None].float(), size=like.shape[-2:]).to(torch.bool)[0]
        position = sine_position(padding, self.config.width).to(like.dtype)
        return _tokens(position), padding.flatten(1)

    def stream(self, features: Tensor, position: Tensor, padding: Tensor | None) -> Stream:
        """Features (1, 1024, H, W) and where they are -> a stream of tokens."""
        return Stream(_tokens(self.input_proj(features)), position, padding)

    def begin(self, stream: Stream) -> Stream:
        """The template's stream, as far as it depends on nothing else."""
        return self.featurefusion_network.begin(stream)

    def predict(self, search: Tensor, template: Stream) -> Output:
        """A search region, and the template's stream after `begin` -> scores and boxes."""
        features = self.features(search)
        stream = self.stream(features, *self.places(search.shape[-1], features))
        tokens = self.featurefusion_network(template, stream).unsqueeze(0).transpose(1, 2)
        return Output(self.class_embed(tokens)[-1], self.bbox_embed(tokens).sigmoid()[-1])

    @torch.no_grad()
    def keep_places(self) -> TransT:
        """Compute positions once, and leave out masks that are all false; call on the device."""
        like = self.input_proj.weight
        for size in (self.config.template_size, self.config.search_size):
            side = size // self.config.stride
            features = like.new_empty(1, 1, side, side)
            position, _ = self.places(size, features)
            self.register_buffer(f"position_{size}", position, persistent=False)
        self.knows_places = True
        return self


def _tokens(image: Tensor) -> Tensor:
    """(1, C, H, W) -> (H * W, 1, C)."""
    return image.flatten(2).permute(2, 0, 1)


def build(name: str) -> TransT:
    """An untrained network of one of `CONFIGS`, in training mode."""
    return TransT(CONFIGS[name])
