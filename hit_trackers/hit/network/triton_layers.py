"""HiT's layers around the attention in fewer launches, for CUDA, with Triton: token `triton`.

At batch 1 a GPU waits for launches more than for arithmetic. Each linear of a residual branch takes
its Hardswish (before or after it), its bias and the residual sum into its own kernel, and the patch
embedding takes the pixels' normalisation into its first convolution. Every step is rounded by
itself, as the separate kernels round it, and sums are chains of fused multiply-adds in order.
Whether the vendor's library adds in that order is known on the device only, so the claim is a
tolerance.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from hit_trackers.attention import fused
from hit_trackers.hit.network.hit import HiT
from hit_trackers.hit.network.levit import Attention, Residual, ShrinkAttention

COLUMNS, STEP, PIXELS = 32, 32, 32


def require(device: torch.device, precision: str) -> None:
    """Raise unless the kernels can run there.

    Raises:
        EngineError: no CUDA device, or another precision than float32.
        MissingDependencyError: Triton is not installed.
    """
    fused.require(device, precision, "the token triton")


class Projection(nn.Module):
    """A linear, (1, N, C) -> (1, N, D), with Hardswish before or after it, and a residual sum."""

    def __init__(self, linear: nn.Module, before: bool = False, after: bool = False) -> None:
        super().__init__()
        assert isinstance(linear, nn.Linear), "batch norms are folded first"
        self.linear = linear
        self.before, self.after = before, after

    def forward(self, tokens: Tensor, residual: Tensor | None = None) -> Tensor:
        """Tokens (1, N, C), and what is added to the result (1, N, D)."""
        return project(tokens, self.linear, self.before, self.after, residual)


def project(
    tokens: Tensor,
    linear: nn.Linear,
    before: bool = False,
    after: bool = False,
    residual: Tensor | None = None,
) -> Tensor:
    """h(linear(h(tokens))) + residual, in one launch, where h is Hardswish or nothing.

    Args:
        tokens: float32 (1, N, C).
        linear: of C inputs and D outputs, with a bias.
        before, after: whether there is a Hardswish.
        residual: float32 (1, N, D); None for nothing.
    """
    batch, rows, inner = tokens.shape
    assert batch == 1, "a tracker sees one image at a time"
    columns = linear.out_features
    out = tokens.new_empty(1, rows, columns)
    tokens = tokens.contiguous()
    residual = residual.contiguous() if residual is not None else None
    height = rows_of_a_program(rows)
    with torch.cuda.device_of(tokens):  # Triton launches on the current device
        kernels().projection[-(-rows // height), -(-columns // COLUMNS)](
            *(tokens, linear.weight, linear.bias, out if residual is None else residual, out),
            *(rows, inner, columns),
            BEFORE=before,
            AFTER=after,
            RESIDUAL=residual is not None,
            BLOCK_ROWS=height,
            BLOCK_COLUMNS=COLUMNS,
            STEP=STEP,
            num_warps=4,
            enable_fp_fusion=False,  # a product and a sum made one would be rounded once
        )
    return out


def rows_of_a_program(rows: int) -> int:
    """Few tokens: more programs, for a GPU has more than a hundred processors."""
    return 32 if rows > 128 else 16


class Mlp(nn.Module):
    """x + linear(Hardswish(linear(x))) in two launches."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        self.widen = Projection(layers[0], after=True)
        self.narrow = Projection(layers[2])

    def forward(self, tokens: Tensor) -> Tensor:
        """(1, N, C) -> (1, N, C)."""
        found: Tensor = self.narrow(self.widen(tokens), tokens)
        return found


class AttentionBranch(nn.Module):
    """x + projection(Hardswish(attention(x))), the last three in one launch."""

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        self.project = Projection(attention.proj[1], before=True)
        attention.proj = nn.Sequential()  # what it would have done comes after it now
        self.attention = attention

    def forward(self, tokens: Tensor) -> Tensor:
        """(1, N, C) -> (1, N, C)."""
        found: Tensor = self.project(self.attention(tokens), tokens)
        return found


class FirstConvolution(nn.Module):
    """Pixels, uint8 (S, S, 3) -> Hardswish of the first convolution, float32 (1, C, S/2, S/2).

    Laid out channels last, as cuDNN answers the layout that the normalisation leaves.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, convolution: nn.Module, mean: Tensor, deviation: Tensor) -> None:
        super().__init__()
        assert isinstance(convolution, nn.Conv2d), "batch norms are folded first"
        self.convolution = convolution
        self.register_buffer("mean", mean.flatten(), persistent=False)
        self.register_buffer("deviation", deviation.flatten(), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        side, channels = pixels.shape[0], self.convolution.out_channels
        assert pixels.shape == (side, side, 3), "one square image"
        out = torch.empty(1, side // 2, side // 2, channels, device=pixels.device)
        convolution = self.convolution
        with torch.cuda.device_of(pixels):
            kernels().first_convolution[side // 2, -(-side // 2 // PIXELS)](
                *(pixels.contiguous(), self.mean, self.deviation),
                *(convolution.weight, convolution.bias, out, side),
                CHANNELS=channels,
                WIDTH=1 << (channels - 1).bit_length(),
                BLOCK=PIXELS,
                num_warps=4,
                enable_fp_fusion=False,
            )
        return out.permute(0, 3, 1, 2)


def use(network: HiT, mean: Tensor, deviation: Tensor) -> None:
    """Replace a prepared network's layers; it then reads pixels, not a normalised image."""
    body = network.backbone.body
    blocks: list[nn.Module] = []
    for block in body.blocks:
        if isinstance(block, Residual) and isinstance(block.m, Attention):
            blocks.append(AttentionBranch(block.m))
        elif isinstance(block, Residual):
            assert isinstance(block.m, nn.Sequential)
            blocks.append(Mlp(block.m))
        else:
            assert isinstance(block, ShrinkAttention)
            block.proj = nn.Sequential(Projection(block.proj[1], before=True))
            blocks.append(block)
    body.blocks = nn.Sequential(*blocks)
    first, _, *rest = body.patch_embed
    body.patch_embed = nn.Sequential(FirstConvolution(first, mean, deviation), *rest)


def kernels() -> Any:
    """HiT's kernels; the first call imports Triton."""
    from hit_trackers.hit.network import kernels

    return kernels
