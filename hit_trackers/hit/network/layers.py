"""Convolutions and linears that carry a batch norm, and can fold it in."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvBN(nn.Sequential):
    """3 x 3 convolution of stride 2 without bias, then batch norm (official `Conv2d_BN`)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.add_module("c", nn.Conv2d(channels_in, channels_out, 3, 2, 1, bias=False))
        self.add_module("bn", nn.BatchNorm2d(channels_out))

    @torch.no_grad()
    def folded(self) -> nn.Conv2d:
        """The same map as one convolution."""
        conv, norm = self.get_submodule("c"), self.get_submodule("bn")
        assert isinstance(conv, nn.Conv2d)
        assert isinstance(norm, nn.BatchNorm2d)
        scale, bias = _scale_and_bias(norm)
        folded = nn.Conv2d(conv.in_channels, conv.out_channels, 3, 2, 1)
        folded.weight.copy_(conv.weight * scale[:, None, None, None])
        _assign_bias(folded, bias)
        return folded


class LinearBN(nn.Sequential):
    """Linear without bias, then batch norm over all the tokens (official `Linear_BN`).

    Maps (B, N, C) to (B, N, D). A residual branch ends in one with `gain=0`, so that it starts as
    the identity.
    """

    def __init__(self, features_in: int, features_out: int, gain: float = 1.0) -> None:
        super().__init__()
        self.add_module("c", nn.Linear(features_in, features_out, bias=False))
        norm = nn.BatchNorm1d(features_out)
        nn.init.constant_(norm.weight, gain)
        self.add_module("bn", norm)

    def forward(self, tokens: Tensor) -> Tensor:
        """(B, N, C) -> (B, N, D)."""
        tokens = self.get_submodule("c")(tokens)
        normed: Tensor = self.get_submodule("bn")(tokens.flatten(0, 1)).reshape_as(tokens)
        return normed

    @torch.no_grad()
    def folded(self) -> nn.Linear:
        """The same map as one linear."""
        linear, norm = self.get_submodule("c"), self.get_submodule("bn")
        assert isinstance(linear, nn.Linear)
        assert isinstance(norm, nn.BatchNorm1d)
        scale, bias = _scale_and_bias(norm)
        folded = nn.Linear(linear.in_features, linear.out_features)
        folded.weight.copy_(linear.weight * scale[:, None])
        _assign_bias(folded, bias)
        return folded


def _scale_and_bias(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    # The official order of operations: another one changes the last bits of every folded weight.
    assert norm.running_mean is not None
    assert norm.running_var is not None
    deviation = (norm.running_var + norm.eps) ** 0.5
    return norm.weight / deviation, norm.bias - norm.running_mean * norm.weight / deviation


def _assign_bias(layer: nn.Conv2d | nn.Linear, bias: Tensor) -> None:
    assert layer.bias is not None
    layer.bias.copy_(bias)


def fold_batch_norms(module: nn.Module) -> None:
    """Replace, in place, every `ConvBN` and `LinearBN` below `module` by its folded layer."""
    for name, child in module.named_children():
        if isinstance(child, (ConvBN, LinearBN)):
            setattr(module, name, child.folded())
        else:
            fold_batch_norms(child)
