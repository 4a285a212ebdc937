"""Products of queries and keys caught on their way: within `Catching` they become notes."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from hit_trackers.optimise.expression import MATMULS, Product, product_of

_PRODUCTS = frozenset((*MATMULS, torch.einsum, torch.baddbmm))
#: Asked for each product that may be an attention's: a note to hand out, or None.
Take = Callable[[Product], Any]


class Catching(TorchFunctionMode):
    """While it is entered, `take` gets each product that may be one of queries and keys."""

    def __init__(self, take: Take) -> None:
        super().__init__()
        self.take = take

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _PRODUCTS:
            product = product_of(func, args, kwargs)
            noted = None if product is None else self.take(product)
            if noted is not None:
                return noted
        elif func is F.multi_head_attention_forward:
            # It hands itself over as a whole: look inside.
            with self:
                return _open_multi_head(*args, **kwargs)
        return func(*args, **kwargs)


#: The same code with a global of its own: it never hands itself over.
_open_multi_head = types.FunctionType(
    F.multi_head_attention_forward.__code__,
    {**vars(F), "has_torch_function": lambda _: False},
    "multi_head_attention_forward",
    F.multi_head_attention_forward.__defaults__,
)
_open_multi_head.__kwdefaults__ = F.multi_head_attention_forward.__kwdefaults__
