"""OSTrack: ViT over template and search tokens, centre head (official `ostrack.py`)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from hit_trackers.layers import GeluInPlace, Tower
from hit_trackers.ostrack.config import CONFIGS, OSTrackConfig
from hit_trackers.ostrack.network.block import Block, Kept

BRANCHES = {"ctr": 1, "offset": 2, "size": 2}


class Output(NamedTuple):
    """What the network says of a search region.

    Attributes:
        scores: (B, 1, F, F) that a cell holds the target's centre, in [1e-4, 1 - 1e-4].
        sizes: (B, 2, F, F) width and height, fractions of the search region.
        offsets: (B, 2, F, F) of the centre from the cell's corner, in cells.
        kept: what each elimination decided.
    """

    scores: Tensor
    sizes: Tensor
    offsets: Tensor
    kept: tuple[Kept, ...]


class PatchEmbedding(nn.Module):
    """A token per 16 x 16 pixels: (B, 3, S, S) -> (B, (S / 16)^2, C)."""

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, (S / 16)^2, C)."""
        tokens: Tensor = self.proj(image).flatten(2).transpose(1, 2)
        return tokens


class Backbone(nn.Module):
    """The ViT. `cls_token` and `pos_embed` are in checkpoints and never read."""

    def __init__(self, config: OSTrackConfig) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 197, width))
        self.pos_embed_z = nn.Parameter(torch.zeros(1, config.template_side**2, width))
        self.pos_embed_x = nn.Parameter(torch.zeros(1, config.search_side**2, width))
        self.patch_embed = PatchEmbedding(width, config.patch)
        drops = config.locations if config.eliminates else ()
        self.blocks = nn.Sequential(
            *(
                Block(width, config.heads, config.keep_ratio, config.centre_token)
                if number in drops
                else Block(width, config.heads)
                for number in range(config.depth)
            )
        )
        self.norm = nn.LayerNorm(width, eps=1e-6)
        #: Whether the map of the last block is held while the next one runs, as officially.
        self.holds_maps = False

    def embed_template(self, image: Tensor) -> Tensor:
        """(B, 3, T, T) -> tokens with their positions added."""
        tokens: Tensor = self.patch_embed(image)
        tokens += self.pos_embed_z
        return tokens

    def embed_search(self, image: Tensor) -> Tensor:
        """(B, 3, S, S) -> tokens with their positions added."""
        tokens: Tensor = self.patch_embed(image)
        tokens += self.pos_embed_x
        return tokens

    def forward(self, search: Tensor, template: Tensor) -> tuple[Tensor, tuple[Kept, ...]]:
        """Tokens of both -> tokens of the search region in place, and what was eliminated.

        Returns:
            (B, [template +] search, C), the template's first; those that were removed are zero.
        """
        first, count = template.shape[1], search.shape[1]
        tokens = torch.cat([template, search], dim=1)
        del search, template
        positions = torch.arange(count, device=tokens.device).expand(tokens.shape[0], -1)
        kept: list[Kept] = []
        held: Tensor | None = None
        for block in self.blocks:
            tokens, positions, found, weights = block(tokens, first, positions)
            held = weights if self.holds_maps else None
            del weights
            kept += [found] if found is not None else []
        tokens = self.norm(tokens)
        first = 0 if self.blocks[-1].drops_template else first
        if kept:
            tokens = self._in_place(tokens, first, count, positions)
        del held
        return tokens, tuple(kept)

    def _in_place(self, tokens: Tensor, first: int, count: int, positions: Tensor) -> Tensor:
        """Put the tokens that are left where they were in the grid, and zeros elsewhere."""
        batch, _, width = tokens.shape
        index = positions.unsqueeze(-1).expand(-1, -1, width)
        grid = tokens.new_zeros(batch, count, width).scatter_(1, index, tokens[:, first:])
        return torch.cat([tokens[:, :first], grid], dim=1) if first else grid


class CentreHead(Tower):
    """A score, an offset and a size for each cell (official `CenterPredictor`)."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        for name, outputs in BRANCHES.items():
            self.add_branch(name, width, channels, outputs)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, C, F, F) -> scores, sizes and offsets; see `Output`."""
        scores, offsets, sizes = (self.branch(features, name) for name in BRANCHES)
        return _probability(scores), _probability(sizes), offsets


def _probability(x: Tensor) -> Tensor:
    return torch.clamp(x.sigmoid_(), min=1e-4, max=1 - 1e-4)


class OSTrack(nn.Module):
    """The network. Images are float32 (B, 3, S, S), normalised with ImageNet mean and deviation."""

    def __init__(self, config: OSTrackConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = Backbone(config)
        self.box_head = CentreHead(config.width, config.channels)

    def predict(self, search: Tensor, template: Tensor) -> Output:
        """Tokens of both -> maps over the search region."""
        tokens, kept = self.backbone(search, template)
        side = self.config.search_side
        region = tokens[:, -(side**2) :]
        # The official code gives the head a contiguous copy; its layout decides the kernels.
        features = region.transpose(1, 2).contiguous().view(-1, region.shape[-1], side, side)
        scores, sizes, offsets = self.box_head(features)
        return Output(scores, sizes, offsets, kept)

    def forward(self, search: Tensor, template: Tensor) -> Output:
        """Images (B, 3, S, S) and (B, 3, T, T) -> maps over the search region."""
        backbone = self.backbone
        # In the official order.
        tokens = backbone.patch_embed(search)
        template = backbone.embed_template(template)
        tokens += backbone.pos_embed_x
        return self.predict(tokens, template)

    def work_in_place(self) -> OSTrack:
        """Overwrite what is not read again, leave out what nobody reads: the same bits."""
        for module in self.modules():
            if isinstance(module, Block):
                module.in_place = True
                module.mlp.act = GeluInPlace()
        last = self.backbone.blocks[-1]
        assert isinstance(last, Block)
        last.drops_template = True
        return self

    def as_official(self) -> OSTrack:
        """Hold the maps that the official code holds, and pick rows out of them as it does."""
        self.backbone.holds_maps = self.config.eliminates
        for module in self.modules():
            if isinstance(module, Block):
                module.picks_by_mask = True
        return self


def build(size: str, setting: str = "") -> OSTrack:
    """An untrained network of one of `CONFIGS`, in training mode."""
    return OSTrack(CONFIGS[size, setting])
