"""Scores, or weights, of an attention that a network holds in its hands while nobody computed them.

A note is a tensor to the network: it can be scaled, masked, normalised, and multiplied with the
values, which runs an operator on the whole expression at once. Whatever else is done to it computes
the network's own expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._pytree import tree_map

from hit_trackers.optimise.expression import (
    MATMULS,
    Expression,
    Rows,
    Step,
    einsum_role,
    fits,
    operands_of,
)


class Place(Protocol):
    """Where a note was made, and who knows what to do with it."""

    name: str
    left_alone: str
    escapes: bool
    #: Of what was made of its weights, by how.
    shapes: dict[str, tuple[int, ...]]

    def note_read(self, note: Note, rows: Rows | None) -> None:
        """Somebody reads some rows of it; None: all."""

    def attend(self, note: Note, values: Callable[[Tensor, Tensor], Tensor], v: Tensor) -> Tensor:
        """Its weights meet their values."""


class Unforeseen(Exception):
    """A network did what it had not done when it was looked at.

    The call is made again, with this attention as the network wrote it.
    """

    def __init__(self, site: Place, reason: str) -> None:
        super().__init__(f"{site.name}: {reason}")
        self.site = site
        self.reason = reason


_T = torch.Tensor
_STEPS: Mapping[Any, str] = {
    **dict.fromkeys((torch.mul, _T.mul, _T.__mul__, _T.__rmul__), "mul"),
    **dict.fromkeys((torch.div, _T.div, _T.__truediv__), "div"),
    **dict.fromkeys((torch.add, _T.add, _T.__add__, _T.__radd__), "add"),
    **dict.fromkeys((torch.sub, _T.sub, _T.__sub__), "sub"),
    **dict.fromkeys((torch.masked_fill, _T.masked_fill), "masked_fill"),
}
_STEPS_IN_PLACE: Mapping[Any, str] = {
    **dict.fromkeys((_T.mul_, _T.__imul__), "mul"),
    **dict.fromkeys((_T.div_, _T.__itruediv__), "div"),
    **dict.fromkeys((_T.add_, _T.__iadd__), "add"),
    **dict.fromkeys((_T.sub_, _T.__isub__), "sub"),
    _T.masked_fill_: "masked_fill",
}
_SOFTMAX = frozenset((torch.softmax, _T.softmax, F.softmax))
#: What is asked about a tensor without reading it.
_ABOUT = frozenset(
    (
        *(_T.size, _T.dim, _T.ndimension, _T.numel, _T.is_floating_point, _T.__len__),
        *(
            vars(torch._C.TensorBase)[name].__get__
            for name in ("shape", "ndim", "dtype", "device", "requires_grad", "is_cuda", "layout")
        ),
    )
)
#: Casts that change nothing where the type is the same already.
_CASTS = frozenset((_T.float, _T.half, _T.bfloat16, _T.to, _T.type_as, _T.contiguous))
#: Made of weights for a caller who may drop them (`nn.MultiheadAttention` does so).
_DERIVED = frozenset((_T.view, _T.reshape, _T.mean, _T.sum, _T.unsqueeze, _T.squeeze, _T.detach))


class Note(torch.Tensor):
    """See the module.

    Attributes:
        site: where it was made.
        expression: what it stands for; None once its values were made and nothing more is needed.
        soft: whether the softmax was taken: then it stands for weights.
        value: computed already; while a site is looked at it always is.
        kept: rows of the weights that were kept for a later reader.
        made_by: what was made of the weights since, such as their mean over heads: functions, and
            their other arguments.
        used: whether its values were made.
    """

    site: Place
    expression: Expression | None
    soft: bool
    value: Tensor | None
    kept: dict[Rows, Tensor]
    made_by: tuple[tuple[Any, Any, Any], ...]
    used: bool

    @staticmethod
    def __new__(
        cls,
        site: Place,
        expression: Expression | None,
        shape: tuple[int, ...],
        like: Tensor,
        *,
        soft: bool = False,
        value: Tensor | None = None,
    ) -> Note:
        """A note of a shape, with the type and device of a tensor."""
        note: Note = torch.Tensor._make_wrapper_subclass(
            cls, shape, dtype=like.dtype, device=like.device
        )
        note.site, note.expression, note.soft, note.value = site, expression, soft, value
        note.kept, note.made_by, note.used = {}, (), False
        return note

    def __repr__(self) -> str:  # type: ignore[override]
        return f"Note({'weights' if self.soft else 'scores'} of {self.site.name})"

    def compute(self) -> Tensor:
        """The network's own expression, as a tensor.

        Raises:
            Unforeseen: of this site it was not expected, and what it is made of is gone.
        """
        if self.value is None:
            if self.expression is None:
                raise Unforeseen(self.site, "its map is read in a part that nobody read before")
            self.check_intact()
            value = self.expression.weights() if self.soft else self.expression.scores()
            for func, args, kwargs in self.made_by:
                value = func(value, *args, **dict(kwargs))
            self.value = value
        return self.value

    def check_intact(self) -> None:
        """Raise `Unforeseen` where queries or keys were overwritten since the product was noted."""
        if self.expression is not None and not self.expression.product.is_intact():
            raise Unforeseen(self.site, "queries or keys are overwritten before they are used")

    @classmethod
    def __torch_function__(
        cls, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _ABOUT:
            with torch._C.DisableTorchFunctionSubclass():
                return func(*args, **kwargs)
        note = args[0] if args else None
        if func is torch.einsum and len(args) > 1:
            weights, *others = operands_of(args)
            if (
                isinstance(weights, Note)
                and len(others) == 1
                and einsum_role(args[0]) == "values"
                and not weights.made_by
            ):
                equation = args[0]
                return weights.times(lambda w, v: torch.einsum(equation, w, v), others[0])
        elif isinstance(note, Note):
            followed = note._follow(func, args[1:], kwargs)
            if followed is not NotImplemented:
                return followed
        return _computed(func, args, kwargs)

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        # Below the functions that PyTorch lets us see: C++ that was given a note.
        return _computed(func, args, kwargs or {})

    def _follow(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """What a function makes of the note; NotImplemented where it has to be computed."""
        if func in _DERIVED and self.soft and self.used:
            return self._derive(func, args, kwargs)
        if self.made_by:
            return NotImplemented
        if func in _STEPS_IN_PLACE and not self.soft and not kwargs:
            return self._step(_STEPS_IN_PLACE[func], args, in_place=True)
        if func in _STEPS and not self.soft and not kwargs:
            return self._step(_STEPS[func], args, in_place=False)
        if func in _SOFTMAX and not self.soft:
            return self._softmax(args, kwargs)
        if func in MATMULS and self.soft and len(args) == 1:
            return self.times(func, args[0])
        if func is F.dropout:
            chance = args[0] if args else kwargs.get("p", 0.5)
            training = args[1] if len(args) > 1 else kwargs.get("training", True)
            return self if not training or chance == 0 else NotImplemented
        if func in _CASTS and self._keeps_type(func, args, kwargs):
            return self
        if func is _T.__getitem__ and self.soft:
            return self._rows(args[0])
        return NotImplemented

    def _step(self, name: str, args: Any, *, in_place: bool) -> Any:
        operands = tuple(args)
        fits = len(operands) == (2 if name == "masked_fill" else 1)
        if not fits or not all(self._is_operand(one) for one in operands):
            return NotImplemented
        assert self.expression is not None
        expression = self.expression.then(Step(name, operands))
        value = None
        if self.value is not None:
            value = getattr(self.value, name + "_" * in_place)(*operands)
        if not in_place:
            return self._like(expression, value)
        self.expression, self.value = expression, value
        return self

    def _is_operand(self, one: Any) -> bool:
        if isinstance(one, (int, float)):
            return True
        if not isinstance(one, Tensor) or isinstance(one, Note):
            return False
        assert self.expression is not None
        return fits(one.shape, self.expression.product.shape)

    def _softmax(self, args: Any, kwargs: dict[str, Any]) -> Any:
        dim = args[0] if args else kwargs.get("dim")
        with torch._C.DisableTorchFunctionSubclass():
            last = self.dim() - 1
        if dim not in (-1, last) or kwargs.get("dtype") or len(args) > 1:
            return NotImplemented
        assert self.expression is not None
        value = None if self.value is None else torch.softmax(self.value, -1)
        return self._like(self.expression, value, soft=True)

    def _like(self, expression: Expression, value: Tensor | None, *, soft: bool = False) -> Note:
        product = expression.product
        return Note(self.site, expression, product.shape, product.q, soft=soft, value=value)

    def times(self, values: Callable[[Tensor, Tensor], Tensor], v: Any) -> Any:
        """The weights meet their values."""
        if not isinstance(v, Tensor) or isinstance(v, Note) or self.expression is None:
            return NotImplemented if self.value is None else values(self.value, v)
        return self.site.attend(self, values, v)

    def _keeps_type(self, func: Any, args: Any, kwargs: dict[str, Any]) -> bool:
        with torch._C.DisableTorchFunctionSubclass():
            dtype = self.dtype
        if func is _T.contiguous:
            return not kwargs
        if func is _T.type_as:
            return isinstance(args[0], Tensor) and bool(args[0].dtype is dtype)
        if func is _T.to:
            return len(args) == 1 and args[0] is dtype and not kwargs
        wanted = {_T.float: torch.float32, _T.half: torch.float16}
        return bool(wanted.get(func, torch.bfloat16) is dtype)

    def _rows(self, index: Any) -> Any:
        """A slice of the weights: of the rows that it names, and of no other, if it names some."""
        with torch._C.DisableTorchFunctionSubclass():
            shape = self.shape
        rows = index[-2] if isinstance(index, tuple) and len(index) == len(shape) else None
        if not isinstance(rows, slice) or rows.step not in (None, 1):
            return NotImplemented
        start, stop, _ = rows.indices(shape[-2])
        wanted = (start, stop)
        self.site.note_read(self, wanted)
        if self.value is not None:
            return self.value[index]
        kept = self.kept.get(wanted)
        if kept is None:
            return NotImplemented
        whole = (*index[:-2], slice(None), index[-1])
        return kept[whole]

    def _derive(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Something made of the weights after they were used: most often nobody reads it."""
        value = None if self.value is None else func(self.value, *args, **kwargs)
        how = (*self.made_by, (func, args, tuple(kwargs.items())))
        if value is not None:
            self.site.shapes[repr(how)] = tuple(value.shape)
        shape = self.site.shapes.get(repr(how))
        if shape is None:
            return NotImplemented
        with torch._C.DisableTorchFunctionSubclass():
            made = Note(self.site, self.expression, shape, self, soft=True, value=value)
        made.used, made.made_by = True, how
        return made


def _computed(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Call a function with every note computed."""

    def compute(one: Any) -> Any:
        if not isinstance(one, Note):
            return one
        one.site.note_read(one, None)
        return one.compute()

    # `tree_map` looks into lists and tuples, which is where functions of PyTorch have tensors.
    return func(*tree_map(compute, args), **tree_map(compute, kwargs))
