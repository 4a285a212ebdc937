"""Linears computed in another way where that is faster and changes no bit; for float32 on a CPU.

The bits of a product depend on the order in which the library adds, and that order on the library,
its version, the shapes and the number of threads. So nothing is assumed: another way is used only
if it gives the usual bits on random tokens, for each number of tokens and of threads.

Nor are the bits of a row always its own: with two threads and up to 384 rows, MKL on an Intel Xeon
adds 3072 products in two halves, one a thread, and with more rows in one. Where fewer tokens are
multiplied than officially, that is tried, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hit_trackers.attention import trial

Way = Callable[[Tensor], Tensor]

# Smaller layers are not worth it (`python -m benchmarks.products`).
FEWEST_WEIGHTS = 2**17
# Rows that are filled up at a time.
STEP = 64
# With fewer a layout is hardly read.
FROM_64 = range(64, 1 << 31)

# What torch.compile, too, calls for weights laid out beforehand; PyTorch does not document them.
LAY_OUT, LINEAR = "_mkl_reorder_linear_weight", "_mkl_linear"


class RearrangedLinear(nn.Linear):
    """A linear with other ways to compute it: N tokens (1, N, C) or (N, 1, C) -> D channels.

    `found` holds the way that is used, by tokens and threads; None: the usual way, which gets its
    tokens in the usual layout, whatever layout the linear before it left. `keeps` says whether each
    way keeps the weights a second time, laid out by a library. `whole` is how many tokens the
    official call has, where a call with fewer gets the last of them and must give their bits.
    """

    keeps = False
    whole = 0

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear.in_features, linear.out_features, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self.found: dict[tuple[int, int], Way | None] = {}
        self._layouts = 0

    def ways(self, tokens: int) -> Iterator[Way]:
        """Ways to try for that many tokens, in order; none, unless a subclass has some."""
        yield from ()

    @property
    def packed_bytes(self) -> int:
        """Bytes of the weights laid out by a library, in addition to the usual ones."""
        return self.weight.nbytes * self._layouts if self.keeps else 0

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens -> the same with D channels, in the layout of the way taken."""
        assert 1 in tokens.shape[:2], "a tracker sees one image at a time"
        key = (tokens.shape[0] * tokens.shape[1], torch.get_num_threads())
        if key not in self.found:
            self.found[key] = self._find(tokens)
        way = self.found[key]
        return super().forward(tokens.contiguous()) if way is None else way(tokens)

    def _filled_up(self, rows: int, tokens: Tensor) -> Tensor:
        """With so many more tokens in front, which nobody reads."""
        return super().forward(F.pad(tokens, (0, 0, rows, 0)))[:, rows:]

    def _find(self, tokens: Tensor) -> Way | None:
        count = tokens.shape[0] * tokens.shape[1]
        left_out = max(0, self.whole - count)
        is_large = self.weight.numel() >= FEWEST_WEIGHTS
        if not is_large and not left_out:
            return None
        (some,) = trial.stand_ins(tokens)
        usual = super().forward(some.contiguous())
        official = self._filled_up(left_out, some) if left_out else usual
        for way in self.ways(count) if is_large else ():
            if torch.equal(way(some), official):
                self._layouts += 1
                return way
        if torch.equal(usual, official):
            return None
        # As few as do, for they cost time; as many as officially always do.
        fillings = (partial(self._filled_up, rows) for rows in range(STEP, left_out, STEP))
        same = (way for way in fillings if torch.equal(way(some), official))
        return next(same, partial(self._filled_up, left_out))


class LaidOutLinear(RearrangedLinear):
    """Computed by MKL from weights that it laid out once; they are kept a second time.

    Otherwise it lays them out in every call, a part of the time that is the smaller the more tokens
    there are; it is worth it where a linear widens them. A layout is for one number of tokens.

    Args:
        counts: of tokens, for which weights are laid out.
    """

    keeps = True

    def __init__(self, linear: nn.Linear, counts: range) -> None:
        super().__init__(linear)
        self.counts = counts

    def ways(self, tokens: int) -> Iterator[Way]:
        """One, where PyTorch was built with MKL."""
        available = torch.backends.mkl.is_available() and hasattr(torch.ops.mkl, LINEAR)
        if available and tokens in self.counts:
            yield self.laid_out(tokens)

    def laid_out(self, tokens: int) -> Way:
        """The way for that many tokens."""
        weight = getattr(torch.ops.mkl, LAY_OUT)(self.weight.detach(), tokens)
        linear = getattr(torch.ops.mkl, LINEAR)

        def multiply(x: Tensor) -> Tensor:
            product: Tensor = linear(x, weight, self.weight, self.bias, tokens)
            return product

        return multiply


def rearrange(module: nn.Module, make: Callable[[nn.Linear], nn.Linear]) -> None:
    """Replace every linear below `module`, in place, by what is made of it; but once only."""
    for name, child in module.named_children():
        if isinstance(child, RearrangedLinear):
            continue
        if isinstance(child, nn.Linear):
            setattr(module, name, make(child))
        else:
            rearrange(child, make)


def lay_out_widening(network: nn.Module, counts: range = FROM_64, whole: int = 0) -> None:
    """Make every large linear of a network that widens its tokens a `LaidOutLinear`, in place.

    Nothing is done in another precision than float32, or on another device than a CPU.

    Args:
        network: whose linears.
        counts: of tokens, for which weights are laid out.
        whole: tokens of the official calls, where some calls have only the last of them.
    """

    def make(linear: nn.Linear) -> nn.Linear:
        if not _is_usual(linear.weight):
            return linear
        is_widening = linear.out_features > linear.in_features
        if is_widening and linear.weight.numel() >= FEWEST_WEIGHTS:
            made: RearrangedLinear = LaidOutLinear(linear, counts)
        elif whole:
            made = RearrangedLinear(linear)
        else:
            return linear
        made.whole = whole
        return made

    rearrange(network, make)


def _is_usual(weight: Tensor) -> bool:
    return weight.dtype == torch.float32 and weight.device.type == "cpu"
