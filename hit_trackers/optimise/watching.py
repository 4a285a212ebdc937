"""Which method of which module computes what, while a network is looked at."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from hit_trackers.optimise.networks import public_methods

#: A method of a module below the network: the module's name, and the method's.
Place = tuple[str, str]


@dataclass
class Frame:
    """A call of a method.

    Attributes:
        place: whose.
        opens: the part whose call ended last before the first attention began; None: there is none.
        closes: the part whose call began first after the last product: a note needs no catching.
    """

    place: Place
    opens: Place | None = None
    closes: Place | None = None
    _is_within: bool = False
    _last: Place | None = None
    _called_within: set[Place] = field(default_factory=set)

    def product(self) -> None:
        """A product is made that may begin an attention."""
        if not self._is_within:
            self.opens, self._is_within = self._last, True
        if self.closes is not None:
            self._called_within.add(self.closes)
        self.closes = None

    def begin(self, part: Place) -> None:
        """A part of the module is called."""
        if self._is_within and self.closes is None and part not in self._called_within:
            self.closes = part
        elif self._is_within:
            self._called_within.add(part)

    def end(self, part: Place) -> None:
        """That call ends."""
        self._last = part


class Watch:
    """The calls that are being made.

    Attributes:
        frames: from the network's own method to the innermost.
        of_pytorch: calls of PyTorch's own modules, to be repeated, and what they returned.
    """

    def __init__(self, method: str) -> None:
        self.frames = [Frame(("", method))]
        self.of_pytorch: list[tuple[Place, Callable[[], Any], Any]] = []

    @contextmanager
    def over(self, network: nn.Module, but: frozenset[Place]) -> Iterator[None]:
        """Follow the calls of all modules below, some methods left out."""
        with ExitStack() as undo:
            for name, module in network.named_modules():
                for method in public_methods(module) if name else []:
                    if (name, method) not in but:
                        follow = functools.partial(self._follow, module, (name, method))
                        replace(undo, module, method, follow)
            yield

    def _follow(
        self,
        module: nn.Module,
        place: Place,
        original: Callable[..., Any],
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        caller = self.frames[-1]
        caller.begin(place)
        self.frames.append(Frame(place))
        try:
            out = original(*args, **kwargs)
        finally:
            self.frames.pop()
        caller.end(place)
        if type(module).__module__.startswith("torch.nn."):
            again = functools.partial(original, *args, **kwargs)
            self.of_pytorch.append((place, again, out))
        return out


def replace(undo: ExitStack, module: nn.Module, name: str, within: Callable[..., Any]) -> None:
    """Call `within(original, *args, **kwargs)` in place of a method, until `undo` is closed."""
    original = getattr(module, name)
    before = vars(module).get(name)
    function = getattr(original, "__func__", None)

    @functools.wraps(original)
    def method(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        # Of a copy of the module it is the copy's own method that is called.
        bound = original if function is None else types.MethodType(function, self)
        return within(bound, *args, **kwargs)

    def restore() -> None:
        if before is None:
            vars(module).pop(name, None)
        else:
            vars(module)[name] = before

    vars(module)[name] = types.MethodType(method, module)
    undo.callback(restore)
