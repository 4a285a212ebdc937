"""HiT's linears in another way where that is faster and changes no bit; for float32 on a CPU."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from hit_trackers.layers.products import RearrangedLinear, Way

# What torch.compile, too, calls for weights laid out beforehand; PyTorch does not document it.
PACKED_CONVOLUTION = "_convolution_pointwise"


class SwappedLinear(RearrangedLinear):
    """Computed as (W x^T)^T instead of x W^T; the result is laid out feature by feature.

    With few tokens a BLAS gains little from a second thread in the usual way: it divides the work
    by tokens, and not by features.
    """

    def ways(self, tokens: int) -> Iterator[Way]:
        """One, with more than one thread."""
        if torch.get_num_threads() > 1:
            yield self.swapped

    def swapped(self, tokens: Tensor) -> Tensor:
        """(1, N, C) -> (1, N, D)."""
        return torch.addmm(self.bias[:, None], self.weight, tokens[0].t()).t()[None]


class PackedLinear(RearrangedLinear):
    """Computed from weights laid out once for oneDNN; they are kept a second time.

    With few tokens most of the time goes into laying out the weights, which a BLAS does again in
    every call. oneDNN accepts weights laid out before, but adds the C products in other chains than
    a BLAS (MKL: in chains of 192 on an EPYC). A convolution in C / 192 groups has the same chains,
    which are then added in the same order.
    """

    keeps = True
    SMALLEST_CHAIN = 64

    def ways(self, tokens: int) -> Iterator[Way]:
        """Every number of chains of one width, from one."""
        if torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, PACKED_CONVOLUTION):
            for chains in range(1, self.in_features // self.SMALLEST_CHAIN + 1):
                if self.in_features % chains == 0:
                    yield self.packed(chains, tokens)

    def packed(self, chains: int, tokens: int) -> Way:
        """The way that adds that many chains."""
        width = self.in_features // chains
        convolution = getattr(torch.ops.mkldnn, PACKED_CONVOLUTION)
        with torch.no_grad():
            weight = self.weight.view(self.out_features, chains, width).transpose(0, 1)
            weight = weight.reshape(-1, width, 1, 1)
            # The bias starts the first chain.
            bias = torch.cat((self.bias, self.bias.new_zeros((chains - 1) * self.out_features)))
            layout = ([0, 0], [1, 1], [1, 1], chains)
            size = [1, self.in_features, 1, tokens]
            weight = torch.ops.mkldnn._reorder_convolution_weight(weight, *layout, size)

        def multiply(tokens: Tensor) -> Tensor:
            image = tokens.reshape(1, 1, -1, self.in_features).permute(0, 3, 1, 2)
            sums: Tensor = convolution(image, weight, bias, *layout, "none", [], "")
            sums = sums.permute(0, 2, 3, 1)[0]
            return sums if chains == 1 else sums.view(-1, chains, self.out_features).sum(1)[None]

        return multiply
