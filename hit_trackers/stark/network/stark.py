"""STARK-S and STARK-ST: ResNet, transformer, corner head; ST says how sure it is, too."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hit_trackers.layers import CornerHead, FrozenBatchNorm2d, centred
from hit_trackers.layers.resnet import ResNet
from hit_trackers.layers.sine import sine_position
from hit_trackers.layers.transformer import Perceptron
from hit_trackers.stark.config import StarkConfig
from hit_trackers.stark.network.transformer import Transformer

FEATURES = 1024  # channels that the backbone leaves


class Tokens(NamedTuple):
    """Tokens of an image, or of several.

    Attributes:
        tokens: (N, 1, C).
        padding: bool (1, N), true where a token lies outside the image.
        position: (N, 1, C), added to queries and keys.
    """

    tokens: Tensor
    padding: Tensor
    position: Tensor


class Output(NamedTuple):
    """What the network says of a search region.

    Attributes:
        boxes: (1, 4) centre x, centre y, width, height, as fractions of the search region.
        top_left: (1, 400) probability of each cell to hold the top-left corner, row by row.
        bottom_right: (1, 400) the same for the bottom-right corner.
        logits: (1, 1, 1) whether the target is there, before sigmoid; None of STARK-S.
    """

    boxes: Tensor
    top_left: Tensor
    bottom_right: Tensor
    logits: Tensor | None


class _Backbone(nn.Module):
    # One attribute deep, so that state-dict keys begin with `backbone.0.body.` as the official.
    def __init__(self, config: StarkConfig) -> None:
        super().__init__()
        one, two, three = config.blocks
        self.body = ResNet((one, two, three), (1, 2, 2), (1, 1, 1), FrozenBatchNorm2d)


class Stark(nn.Module):
    """The network. Images are float32 (1, 3, S, S), normalised with ImageNet mean and deviation.

    Attributes:
        looks: whether it looks if there is any padding; where there is none, positions are known
            and masks can be left out. The same bits; only where looking is cheap, on a CPU.
    """

    looks = False

    def __init__(self, config: StarkConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = nn.Sequential(_Backbone(config))
        self.transformer = Transformer(config)
        self.box_head = CornerHead(config.width, 256, config.search_side, config.stride)
        self.query_embed = nn.Embedding(1, config.width)
        self.bottleneck = nn.Conv2d(FEATURES, config.width, 1)
        self.cls_head = Perceptron(config.width, 1) if config.interval else None

    def embed(self, image: Tensor, mask: Tensor) -> Tokens:
        """An image (1, 3, S, S) and its padding, bool (1, S, S) -> its tokens."""
        features = self.backbone[0].get_submodule("body")(image)
        padding = F.interpolate(mask[None].float(), size=features.shape[-2:]).to(torch.bool)[0]
        name = f"position_{features.shape[-1]}"
        if self.looks and not padding.any():
            position = self.get_buffer(name)
        else:
            position = sine_position(padding, self.config.width).to(features.dtype)
        tokens = self.bottleneck(features)
        return Tokens(sequence(tokens), padding.flatten(1), sequence(position))

    def encode(self, tokens: Tokens) -> tuple[Tensor, Tensor | None]:
        """The memory (N, 1, C), and what its keys are masked by."""
        padding = additive(tokens.padding, tokens.tokens) if self.looks else tokens.padding
        return self.transformer.encode(tokens.tokens, tokens.position, padding), padding

    def predict(self, templates: Tokens, search: Tokens) -> Output:
        """Tokens of all templates, and of the search region."""
        joined = join([templates, search])
        memory, padding = self.encode(joined)
        found = self.transformer.decode(self.query_embed.weight, memory, joined.position, padding)
        found = found.unsqueeze(0).transpose(1, 2)  # (1, B, N, C)
        logits = None if self.cls_head is None else self.cls_head(found)[-1]
        corners, top_left, bottom_right = self.box_head(self._weighted(memory, found))
        return Output(centred(corners), top_left, bottom_right, logits)

    def _weighted(self, memory: Tensor, found: Tensor) -> Tensor:
        """The memory of the search region, weighted by likeness: (1, C, 20, 20)."""
        tokens = memory[-(self.config.search_side**2) :].transpose(0, 1)  # (B, 400, C)
        likeness = torch.matmul(tokens, found.squeeze(0).transpose(1, 2))  # (B, 400, 1)
        weighted = tokens.unsqueeze(-1) * likeness.unsqueeze(-2)
        features = weighted.permute(0, 3, 2, 1).contiguous()
        side = self.config.search_side
        maps: Tensor = features.view(-1, features.shape[2], side, side)
        return maps

    def forward(self, search: Tensor, mask: Tensor, *templates: Tensor) -> Output:
        """Images and masks by turns: the search region's, then those of each template."""
        pairs = zip(templates[0::2], templates[1::2], strict=True)
        return self.predict(join([self.embed(*pair) for pair in pairs]), self.embed(search, mask))

    @torch.no_grad()
    def look(self) -> Stark:
        """Make it `looks`; call with precision and device set."""
        like = self.bottleneck.weight
        for side in (self.config.template_side, self.config.search_side):
            nothing = torch.zeros(1, side, side, dtype=torch.bool, device=like.device)
            position = sine_position(nothing, self.config.width).to(like.dtype)
            self.register_buffer(f"position_{side}", position, persistent=False)
        self.looks = True
        self.transformer.places_once = True
        return self


def join(parts: list[Tokens]) -> Tokens:
    """Several images' tokens as one sequence."""
    if len(parts) == 1:
        return parts[0]
    return Tokens(
        torch.cat([part.tokens for part in parts]),
        torch.cat([part.padding for part in parts], dim=1),
        torch.cat([part.position for part in parts]),
    )


def additive(padding: Tensor, like: Tensor) -> Tensor | None:
    """What a mask adds to scores, 0 or minus infinity; None where it is all false.

    It looks, so that the device must be waited for.
    """
    if not padding.any():
        return None
    zeros = torch.zeros_like(padding, dtype=like.dtype)
    return zeros.masked_fill_(padding, -math.inf)


def sequence(image: Tensor) -> Tensor:
    """(1, C, H, W) -> (H * W, 1, C)."""
    return image.flatten(2).permute(2, 0, 1)
