"""An attention as a network wrote it: the product of queries and keys, and what is done to it.

    softmax(q k^T [* scale] [+ bias] [masked]) v

Each operation is the network's own, kept as the function that it called; it can be made on any of
the rows (queries) alone. A row of the result depends on no other row.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

ALL = slice(None)
#: Of the queries: the first, and the one after the last.
Rows = tuple[int, int]
#: Numbers that are looked at in less time than it takes to add them.
_FEW = 1 << 14
#: Products of two tensors, the last two dimensions as matrices.
MATMULS = frozenset(
    (
        *(torch.matmul, torch.bmm),
        *(torch.Tensor.matmul, torch.Tensor.bmm, torch.Tensor.__matmul__),
    )
)


@dataclass(frozen=True)
class Product:
    """Queries times keys, not yet computed.

    Attributes:
        q: (..., Nq, D).
        keys: as the network gave them to its function: (..., D, Nk), or for `einsum` (..., Nk, D).
        of_rows: the network's own call, on some of the queries: `of_rows(q, rows)`.
        added: what the same call adds (`baddbmm`); None where it adds nothing.
        transposed: whether `keys` are (..., D, Nk).
        masks_nothing: whether `added` is zero.
        shape: of the scores, (..., Nq, Nk); found out.
        versions: counts that change when somebody writes on what it is made of; found out.
    """

    q: Tensor
    keys: Tensor
    of_rows: Callable[[Tensor, slice], Tensor]
    added: Tensor | None = None
    transposed: bool = True
    masks_nothing: bool = False
    shape: tuple[int, ...] = ()
    versions: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        batch = self.q.shape[:-2]
        if self.keys.shape[:-2] != batch:
            batch = torch.broadcast_shapes(batch, self.keys.shape[:-2])
        keys = self.keys.shape[-1 if self.transposed else -2]
        object.__setattr__(self, "shape", (*batch, self.q.shape[-2], keys))
        object.__setattr__(self, "versions", self._now())

    def is_intact(self) -> bool:
        """Whether nobody wrote on queries and keys since; unknown, so True, in inference mode."""
        return self.versions == self._now()

    @property
    def k(self) -> Tensor:
        """(..., Nk, D)."""
        return self.keys.transpose(-2, -1) if self.transposed else self.keys

    @property
    def is_flat(self) -> bool:
        """Whether all is one batch of matrices, so that `into` can compute it."""
        return self.q.shape[:-3].numel() == self.keys.shape[:-3].numel() == 1 and (
            self.added is None or self.masks_nothing
        )

    def into(self, buffer: Tensor, rows: slice) -> Tensor:
        """The scores of some queries, in memory that is there already: the same product.

        Memory that is asked for anew for each tile costs as much as the product itself.
        """
        q, keys = self.q.flatten(0, -3)[:, rows], self.k.transpose(-2, -1).flatten(0, -3)
        shape = (q.shape[0], q.shape[1], keys.shape[2])
        out = buffer[: torch.Size(shape).numel()].view(shape)
        return torch.bmm(q, keys, out=out).view(*self.shape[:-2], *shape[1:])

    def _now(self) -> tuple[int, ...]:
        # Tensors of inference mode do not count what is written on them.
        tensors = [self.q, self.keys, *([] if self.added is None else [self.added])]
        return tuple(0 if tensor.is_inference() else tensor._version for tensor in tensors)


def product_of(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Product | None:
    """The product that a call makes, where it may be one of queries and keys; else None."""
    if func is torch.einsum and len(args) > 1:
        return _of_einsum(args)
    if func in MATMULS and len(args) == 2 and not kwargs:
        q, keys = args
        if not _are_batches(q, keys):
            return None
        return Product(q, keys, lambda queries, rows: func(queries, keys))
    if func is torch.baddbmm and len(args) == 3 and not kwargs:
        added, q, keys = args
        if not _are_batches(q, keys) or not isinstance(added, Tensor):
            return None

        # A mask of zeros, such as that of a padding which is not there, changes no bit.
        masks_nothing = not q.is_cuda and _is_zero(added)

        def of_rows(queries: Tensor, rows: slice) -> Tensor:
            if masks_nothing:
                return torch.bmm(queries, keys)
            return torch.baddbmm(rows_of(added, rows, q.shape[-2]), queries, keys)

        return Product(q, keys, of_rows, added, masks_nothing=masks_nothing)
    return None


def _is_zero(added: Tensor) -> bool:
    """Whether a tensor that repeats few numbers is zero; large ones are not looked at."""
    for dim, stride in enumerate(added.stride()):
        if stride == 0:
            added = added.narrow(dim, 0, 1)
    return added.numel() <= _FEW and not added.any()


def _of_einsum(args: Sequence[Any]) -> Product | None:
    equation, operands = args[0], operands_of(args)
    if not isinstance(equation, str) or einsum_role(equation) != "scores" or len(operands) != 2:
        return None
    q, keys = operands
    if not _are_batches(q, keys):
        return None
    return Product(
        q, keys, lambda queries, rows: torch.einsum(equation, queries, keys), transposed=False
    )


def operands_of(args: Sequence[Any]) -> list[Any]:
    """The tensors of an einsum's arguments, which may be a list or one by one."""
    if len(args) == 2 and isinstance(args[1], (list, tuple)):
        return list(args[1])
    return list(args[1:])


@functools.lru_cache
def einsum_role(equation: str) -> str | None:
    """ "scores" for ..ld,..td->..lt (any letters), "values" for ..lt,..td->..ld; else None."""
    match = re.fullmatch(r"(\w+)(\w)(\w),(\w+)(\w)(\w)->(\w+)(\w)(\w)", equation.replace(" ", ""))
    if match is None or len({match[1], match[4], match[7]}) != 1 or match[2] != match[8]:
        return None
    if match[3] == match[6] and match[5] == match[9]:
        return "scores"
    return "values" if match[3] == match[5] and match[6] == match[9] else None


def _are_batches(q: Any, keys: Any) -> bool:
    # A single query is a matrix times a vector: another path of the library, and nothing to save.
    return (
        type(q) in (Tensor, torch.nn.Parameter)
        and type(keys) in (Tensor, torch.nn.Parameter)
        and q.is_floating_point()
        and q.dim() == keys.dim() >= 3
        and q.shape[-2] > 1
    )


def fits(shape: Sequence[int], into: Sequence[int]) -> bool:
    """Whether a tensor of a shape can be added to one of another, which stays as it is."""
    # `torch.broadcast_shapes` takes longer than many an attention.
    return len(shape) <= len(into) and all(
        one in (1, other) for one, other in zip(reversed(shape), reversed(into), strict=False)
    )


def rows_of(operand: Any, rows: slice, queries: int) -> Any:
    """The rows of an operand that has one for each query; else the operand."""
    if isinstance(operand, Tensor) and operand.dim() >= 2 and operand.shape[-2] == queries:
        return operand[..., rows, :]
    return operand


@dataclass(frozen=True)
class Step:
    """An operation on the scores.

    Attributes:
        name: "mul", "div", "add", "sub" or "masked_fill": methods of a tensor, and with `_` of one
            that is overwritten.
        operands: a number or a tensor; for "masked_fill" the mask and the number.
    """

    name: str
    operands: tuple[Any, ...]


@dataclass(frozen=True)
class Expression:
    """What an attention multiplies its values with."""

    product: Product
    steps: tuple[Step, ...] = ()

    @property
    def queries(self) -> int:
        """Nq."""
        return self.product.q.shape[-2]

    def then(self, step: Step) -> Expression:
        """With one operation more."""
        return Expression(self.product, (*self.steps, step))

    def scores(
        self, rows: slice = ALL, *, in_place: bool = False, buffer: Tensor | None = None
    ) -> Tensor:
        """The scores of some queries, before the softmax.

        Args:
            rows: of the queries.
            in_place: overwrite what nobody else holds: the same roundings in less memory.
            buffer: memory for the scores, of a product that can write `into` it.
        """
        q = self.product.q
        if buffer is None:
            scores = self.product.of_rows(q if rows == ALL else q[..., rows, :], rows)
        else:
            scores = self.product.into(buffer, rows)
        for step in self.steps:
            operands = tuple(rows_of(one, rows, self.queries) for one in step.operands)
            scores = getattr(scores, step.name + "_" * in_place)(*operands)
        return scores

    def weights(
        self, rows: slice = ALL, *, in_place: bool = False, buffer: Tensor | None = None
    ) -> Tensor:
        """Softmax of the scores of some queries, (..., rows, Nk); arguments as of `scores`."""
        scores = self.scores(rows, in_place=in_place, buffer=buffer)
        return torch.softmax(scores, -1, out=scores) if in_place else torch.softmax(scores, -1)

    def as_bias_and_scale(self) -> tuple[Tensor | None, float] | None:
        """The steps as `q k^T * scale + bias`; None where they are something else.

        A masked score becomes one that is very low, so that only masks of at most -1e4 count.
        """
        scale, bias = 1.0, self.product.added
        for step in self.steps:
            value = step.operands[-1]
            if step.name in ("mul", "div") and isinstance(value, (int, float)):
                factor = float(value) if step.name == "mul" else 1 / value
                scale *= factor
                bias = None if bias is None else bias * factor
            elif step.name == "add" and isinstance(value, Tensor):
                bias = value if bias is None else bias + value
            elif step.name == "masked_fill" and value <= -1e4:
                low = self.product.q.new_zeros(()).expand(step.operands[0].shape)
                low = low.masked_fill(step.operands[0], value)
                bias = low if bias is None else bias + low
            else:
                return None
        return bias, scale
