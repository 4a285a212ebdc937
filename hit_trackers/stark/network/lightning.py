"""STARK-Lightning: RepVGG, one encoder layer whose queries are the search region's, a light head.

The official PyTorch tracker runs RepVGG with its three branches and not as one convolution: the
copy that it converts is thrown away. So does this.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hit_trackers.layers import FrozenBatchNorm2d, centred
from hit_trackers.layers.resnet import Norm, overwrite
from hit_trackers.layers.sparing import Sparing
from hit_trackers.stark.config import StarkConfig
from hit_trackers.stark.network.stark import Output, Tokens, additive, join, sequence
from hit_trackers.stark.network.transformer import Encoding

FEATURES = 192  # channels that the backbone leaves


class _Branch(nn.Sequential):
    """A convolution and its norm."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.add_module("conv", nn.Conv2d(channels, out, kernel, stride, kernel // 2, bias=False))
        self.add_module("bn", norm(out))


class RepVGGBlock(Sparing):
    """The sum of a 3 x 3 and a 1 x 1 convolution, and of its input where shapes allow."""

    def __init__(self, channels: int, out: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.rbr_identity = norm(channels) if channels == out and stride == 1 else None
        self.rbr_dense = _Branch(channels, out, 3, stride, norm)
        self.rbr_1x1 = _Branch(channels, out, 1, stride, norm)

    def spare(self) -> None:
        """As of `Sparing`; the input itself is read by all branches."""
        super().spare()
        for branch in (self.rbr_dense, self.rbr_1x1):
            overwrite(branch.get_submodule("bn"))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, out, H / stride, W / stride)."""
        same = 0 if self.rbr_identity is None else self.rbr_identity(x)
        if not self.sparing:
            summed: Tensor = self.rbr_dense(x) + self.rbr_1x1(x) + same
            return F.relu(summed)
        summed = self.rbr_dense(x).add_(self.rbr_1x1(x))
        return (summed if self.rbr_identity is None else summed.add_(same)).relu_()


class _RepVGG(nn.Module):
    """RepVGG-A0 up to four blocks of its third stage: (B, 3, H, W) -> (B, 192, H / 16, W / 16)."""

    def __init__(self) -> None:
        super().__init__()
        self.stage0 = RepVGGBlock(3, 48, 2, FrozenBatchNorm2d)
        channels = 48
        for stage, (width, depth) in enumerate(((48, 2), (96, 4), (FEATURES, 4)), start=1):
            blocks = []
            for number in range(depth):
                stride = 2 if number == 0 else 1
                blocks.append(RepVGGBlock(channels, width, stride, FrozenBatchNorm2d))
                channels = width
            self.add_module(f"stage{stage}", nn.Sequential(*blocks))

    def forward(self, image: Tensor) -> Tensor:
        """Normalised images -> features."""
        x = self.stage0(image)
        for stage in (1, 2, 3):
            x = self.get_submodule(f"stage{stage}")(x)
        features: Tensor = x
        return features


class _Backbone(nn.Module):
    # One attribute deep, so that state-dict keys begin with `backbone.body.` as the official.
    def __init__(self) -> None:
        super().__init__()
        self.body = _RepVGG()


class _Position(nn.Module):
    """A learned position of each token: a row's half and a column's half."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.row_embed = nn.Embedding(side, width // 2)
        self.col_embed = nn.Embedding(side, width // 2)

    def forward(self) -> Tensor:
        """(1, C, side, side), in the official layout."""
        side = self.row_embed.num_embeddings
        places = torch.arange(side, device=self.row_embed.weight.device)
        columns = self.col_embed(places).unsqueeze(0).repeat(side, 1, 1)
        rows = self.row_embed(places).unsqueeze(1).repeat(1, side, 1)
        position = torch.cat((columns, rows), dim=-1).permute(2, 0, 1)
        return position.unsqueeze(0).repeat(1, 1, 1, 1)


class _Encoder(Encoding):
    """Queries (N, 1, C), keys and values of all images (M, 1, C) -> (N, 1, C)."""

    def forward(self, query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None) -> Tensor:
        """See the class."""
        tokens = self.norm1(self.add(query, self.self_attn(query, key, value, padding)))
        normed: Tensor = self.norm2(self.add(tokens, self.feed(tokens, self.linear1, self.linear2)))
        return normed


class _Transformer(nn.Module):
    def __init__(self, config: StarkConfig) -> None:
        super().__init__()
        self.encoder = _Encoder(config)


class _Head(nn.Module):
    """Both corners' score maps from one tower; their soft-argmax over the cells' centres."""

    coordinates: Tensor

    def __init__(self, config: StarkConfig) -> None:
        super().__init__()
        width = config.width
        self.size = config.search_size
        self.conv_tower = nn.Sequential(
            RepVGGBlock(width, width, 1, nn.BatchNorm2d),
            RepVGGBlock(width, width, 1, nn.BatchNorm2d),
            nn.Conv2d(width, 2, 3, padding=1),
        )
        centres = (torch.arange(config.search_side) + 0.5) * config.stride
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        coordinates = torch.stack((x.flatten(), y.flatten())).float()
        self.register_buffer("coordinates", coordinates, persistent=False)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """As of `hit_trackers.layers.CornerHead`."""
        maps: Tensor = self.conv_tower(features)
        vectors = [maps[:, corner].reshape(len(maps), -1).softmax(dim=1) for corner in (0, 1)]
        expected = [
            torch.sum(axis * vector, dim=1) for vector in vectors for axis in self.coordinates
        ]
        return torch.stack(expected, dim=1) / self.size, vectors[0], vectors[1]


class Lightning(nn.Module):
    """The network; used as `hit_trackers.stark.network.stark.Stark` is.

    Attributes:
        looks: as of `Stark`.
    """

    looks = False

    def __init__(self, config: StarkConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = _Backbone()
        self.transformer = _Transformer(config)
        self.box_head = _Head(config)
        self.pos_emb_x = _Position(config.search_side, config.width)
        self.pos_emb_z0 = _Position(config.template_side, config.width)
        self.bottleneck = nn.Conv2d(FEATURES, config.width, 1)

    def embed(self, image: Tensor, mask: Tensor) -> Tokens:
        """An image (1, 3, S, S) and its padding, bool (1, S, S) -> its tokens."""
        features = self.backbone.body(image)
        of_search = image.shape[-1] == self.config.search_size
        position = self.pos_emb_x() if of_search else self.pos_emb_z0()
        padding = F.interpolate(mask[None].float(), size=features.shape[-2:]).to(torch.bool)[0]
        tokens = self.bottleneck(features)
        return Tokens(sequence(tokens), padding.flatten(1), sequence(position))

    def encode(self, joined: Tokens) -> Tensor:
        """The memory of the search region, (400, 1, C)."""
        count = self.config.search_side**2
        query = joined.tokens[-count:] + joined.position[-count:]
        padding = additive(joined.padding, joined.tokens) if self.looks else joined.padding
        key = joined.tokens + joined.position
        memory: Tensor = self.transformer.encoder(query, key, joined.tokens, padding)
        return memory

    def predict(self, templates: Tokens, search: Tokens) -> Output:
        """Tokens of the template, and of the search region."""
        memory = self.encode(join([templates, search]))
        features = memory.permute(1, 2, 0).contiguous()
        side = self.config.search_side
        features = features.view(*features.shape[:2], side, side).contiguous()
        corners, top_left, bottom_right = self.box_head(features)
        return Output(centred(corners), top_left, bottom_right, None)

    def look(self) -> Lightning:
        """Make it `looks`."""
        self.looks = True
        return self
