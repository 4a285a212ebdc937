"""What an attention operator is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

Attend = Callable[[Tensor, Tensor, Tensor, Tensor | None, float], Tensor]


@dataclass(frozen=True)
class Operator:
    """A way to execute attention.

    Attributes:
        name: token in a tracker's name.
        attend: the operator, `attend(q, k, v, bias, scale)`.
        lay_out_bias: called once on the bias (H, Nq, Nk); same values, the layout the kernel wants.
    """

    name: str
    attend: Attend
    lay_out_bias: Callable[[Tensor], Tensor] = lambda bias: bias
