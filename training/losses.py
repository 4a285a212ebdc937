"""What training minimises: L1 and GIoU on the box, as the HiT paper, and the corners' maps."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from hit_trackers.hit.network.hit import Output

L1_WEIGHT, GIOU_WEIGHT = 5.0, 2.0
# Not in the paper: the soft-argmax alone says little about where a corner is until a map has one
# peak. Two cross-entropies get a network that starts from nothing there in a fraction of the steps.
MAP_WEIGHT = 0.5


class Losses(NamedTuple):
    """Scalars; `iou` is the mean intersection over union, for people to read."""

    total: Tensor
    l1: Tensor
    giou: Tensor
    maps: Tensor
    iou: Tensor


def losses(output: Output, boxes: Tensor, side: int) -> Losses:
    """Compare the network's output with boxes (B, 4) cx, cy, w, h; maps are `side` squared."""
    predicted = output.boxes.float()
    l1 = (predicted - boxes).abs().mean()
    overlap, generalised = giou(to_corners(predicted), to_corners(boxes))
    corners = to_corners(boxes)
    maps = corner_loss(output.top_left, corners[:, :2], side)
    maps = maps + corner_loss(output.bottom_right, corners[:, 2:], side)
    loss_giou = (1 - generalised).mean()
    total = L1_WEIGHT * l1 + GIOU_WEIGHT * loss_giou + MAP_WEIGHT * maps
    return Losses(total, l1, loss_giou, maps, overlap.mean())


def to_corners(boxes: Tensor) -> Tensor:
    """(B, 4) cx, cy, w, h -> x1, y1, x2, y2."""
    half = boxes[:, 2:] / 2
    return torch.cat([boxes[:, :2] - half, boxes[:, :2] + half], dim=1)


def giou(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU of corner boxes (B, 4), row by row.

    Rezatofighi et al., Generalized Intersection over Union, CVPR 2019.
    """
    low, high = (
        torch.maximum(first[:, :2], second[:, :2]),
        torch.minimum(first[:, 2:], second[:, 2:]),
    )
    shared = (high - low).clamp(min=0).prod(1)
    # A box whose corners have changed places has no area.
    areas = [(box[:, 2:] - box[:, :2]).clamp(min=0).prod(1) for box in (first, second)]
    union = areas[0] + areas[1] - shared
    iou = shared / union.clamp(min=1e-6)
    low, high = (
        torch.minimum(first[:, :2], second[:, :2]),
        torch.maximum(first[:, 2:], second[:, 2:]),
    )
    hull = (high - low).clamp(min=0).prod(1)
    return iou, iou - (hull - union) / hull.clamp(min=1e-6)


def corner_loss(probabilities: Tensor, corners: Tensor, side: int) -> Tensor:
    """Cross-entropy of a map (B, side * side) against the cells around corners (B, 2) in [0, 1].

    The target spreads a corner over four cells so that their expected position is the corner: the
    head counts a cell at its left edge.
    """
    place = (corners * side).clamp(0, side - 1)
    cells = torch.arange(side, device=place.device)
    # (B, 2, side): share of each column, and of each row.
    shares = (1 - (cells - place[..., None]).abs()).clamp(min=0)
    target = (shares[:, 1, :, None] * shares[:, 0, None, :]).flatten(1)
    return -(target * probabilities.float().clamp(min=1e-8).log()).sum(1).mean()
