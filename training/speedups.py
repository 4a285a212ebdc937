"""Cheaper training steps on a CPU: the same mathematics as the network's own, less memory moved.

Inference never comes here: what is trained is a plain state dict.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hit_trackers.attention import Operator
from hit_trackers.hit.network.levit import BiasedAttention


class _Attend(torch.autograd.Function):
    """softmax(q k^T scale + bias) v in the inputs' precision.

    Automatic mixed precision would run this softmax in float32 on a copy, which costs more than
    the products around it.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: float) -> Tensor:
        with torch.autocast(q.device.type, enabled=False):
            q = q * scale
            weights = torch.softmax(q @ k.transpose(-2, -1) + bias.to(q.dtype), dim=-1)
            ctx.save_for_backward(q, k, v, weights)
            ctx.scale, ctx.bias_dtype = scale, bias.dtype
            return weights @ v

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        q, k, v, weights = ctx.saved_tensors
        with torch.autocast(q.device.type, enabled=False):
            grad = grads[0].to(v.dtype)
            grad_v = weights.transpose(-2, -1) @ grad
            inner = torch._softmax_backward_data(
                grad @ v.transpose(-2, -1), weights, -1, weights.dtype
            )
            # A product with ones: a sum over the batch would first copy all of it to float32.
            ones = inner.new_ones(1, len(inner))
            grad_bias = (ones @ inner.flatten(1)).view(inner.shape[1:]).to(ctx.bias_dtype)
            return inner @ k * ctx.scale, inner.transpose(-2, -1) @ q, grad_v, grad_bias, None


class _TokenNorm(nn.BatchNorm1d):
    """Batch norm of (M, C), as of a channels-last image: the kernel for that is vectorised."""

    def forward(self, tokens: Tensor) -> Tensor:
        count, channels = tokens.shape
        image = tokens.view(1, count, 1, channels).permute(0, 3, 1, 2)
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        out = F.batch_norm(
            image,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            0.1 if self.momentum is None else self.momentum,
            self.eps,
        )
        return out.permute(0, 2, 3, 1).reshape(count, channels)


def quicken(network: nn.Module) -> None:
    """Swap in the cheaper attention and norms, in place; parameters and their names stay."""
    for module in network.modules():
        if isinstance(module, BiasedAttention):
            module.operator = Operator("training", _Attend.apply)
        elif type(module) is nn.BatchNorm1d:
            module.__class__ = _TokenNorm
