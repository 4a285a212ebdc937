"""ResNet up to its third stage, as trackers use it as a backbone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from hit_trackers.layers import FrozenBatchNorm2d
from hit_trackers.layers.sparing import Sparing

EXPANSION = 4
Norm = Callable[[int], nn.Module]


class BatchNorm2d(nn.BatchNorm2d):
    """PyTorch's, in evaluation mode only.

    Attributes:
        sparing: on a CPU its input is overwritten, by the same kernel.
    """

    sparing = False

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same."""
        if not self.sparing or x.device.type != "cpu":
            return super().forward(x)
        unread = x.new_empty(0)  # statistics, which evaluation does not compute
        torch.ops.aten.native_batch_norm.out(
            *(x, self.weight, self.bias, self.running_mean, self.running_var),
            *(False, 0.0, self.eps),
            out=x,
            save_mean=unread,
            save_invstd=unread,
        )
        return x


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 (which carries stride and dilation) and 1 x 1 convolution beside a shortcut."""

    def __init__(
        self, channels: int, width: int, stride: int, dilation: int, norm: Norm, shortcut: bool
    ) -> None:
        super().__init__()
        out = width * EXPANSION
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = norm(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = norm(width)
        self.conv3 = nn.Conv2d(width, out, 1, bias=False)
        self.bn3 = norm(out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Sequential | None = None
        if shortcut:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, out, 1, stride, bias=False), norm(out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 4 * width, H / stride, W / stride)."""
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        activated: Tensor = self.relu(out)
        return activated


def overwrite(norm: nn.Module) -> None:
    """Let a norm overwrite its input, which nothing else may read."""
    if isinstance(norm, FrozenBatchNorm2d):
        norm.keep()
    elif isinstance(norm, BatchNorm2d):
        norm.sparing = True


class ResNet(Sparing):
    """The stem and three stages: (B, 3, H, W) -> (B, 1024, H / s, W / s).

    Args:
        blocks: of each stage.
        strides: of each stage; 2 from the stem's convolution and 2 from its pooling come before.
        dilations: of the first block of each stage, on its 3 x 3 convolution.
        norm: makes the norm that follows each convolution.

    Sparing its norms overwrite their inputs, and on a CPU the stem's pooling compares shifted maps,
    in an eighth of the time: PyTorch's own also notes where each maximum was.
    """

    def __init__(
        self,
        blocks: tuple[int, int, int],
        strides: tuple[int, int, int],
        dilations: tuple[int, int, int],
        norm: Norm,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = norm(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = 64
        for stage in range(3):
            width = 64 << stage
            layers = [
                Bottleneck(channels, width, strides[stage], dilations[stage], norm, shortcut=True)
            ]
            channels = width * EXPANSION
            layers += [
                Bottleneck(channels, width, 1, 1, norm, shortcut=False)
                for _ in range(blocks[stage] - 1)
            ]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))

    def spare(self) -> None:
        """As of `Sparing`."""
        super().spare()
        for norm in self.modules():
            overwrite(norm)

    def forward(self, image: Tensor) -> Tensor:
        """Normalised images (B, 3, H, W) -> features of the third stage."""
        x = self.relu(self.bn1(self.conv1(image)))
        x = _max_pool(x) if self.sparing and x.device.type == "cpu" else self.maxpool(x)
        for stage in (1, 2, 3):
            x = self.get_submodule(f"layer{stage}")(x)
        features: Tensor = x
        return features


def _max_pool(x: Tensor) -> Tensor:
    """Maxima over 3 x 3 cells, every second one, for a map whose sides are even."""
    rows = torch.maximum(x[..., 0::2, :], x[..., 1::2, :])
    torch.maximum(rows[..., 1:, :], x[..., 1:-1:2, :], out=rows[..., 1:, :])
    cells = torch.maximum(rows[..., 0::2], rows[..., 1::2])
    torch.maximum(cells[..., 1:], rows[..., 1:-1:2], out=cells[..., 1:])
    return cells
