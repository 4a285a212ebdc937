"""A network whose attentions are executed otherwise, with no line of it changed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_map

from hit_trackers.errors import EngineError
from hit_trackers.optimise.account import Account
from hit_trackers.optimise.catching import Catching
from hit_trackers.optimise.expression import Expression, Product
from hit_trackers.optimise.networks import public_methods
from hit_trackers.optimise.note import Note, Unforeseen
from hit_trackers.optimise.site import Site

#: A method of a module below the network: the module's name, and the method's.
Place = tuple[str, str]


class Optimised:
    """Watches the public methods of one network, and swaps the attentions inside.

    The first call of a method is looked at: all is computed as the network wrote it, and every
    product that turns out to be an attention's is planned. From then on only the methods of the
    modules that hold one run within `Catching`.
    """

    def __init__(self, network: nn.Module, title: str, operator: str, account: Account) -> None:
        self.network = network
        self.title = title
        self.operator = operator
        self.account = account
        self._looked: set[str] = set()
        self._sites: dict[Place, list[Site]] = {}
        self._depth = 0
        self._undo = ExitStack()
        for method in public_methods(network):
            self._replace(self._undo, network, method, functools.partial(self._outer, method))

    def undo(self) -> None:
        """Give the network its own methods back."""
        self._undo.close()

    def _replace(
        self, stack: ExitStack, module: nn.Module, name: str, within: Callable[..., Any]
    ) -> None:
        """Call `within(original, *args, **kwargs)` in place of a method."""
        original = getattr(module, name)
        before = module.__dict__.get(name)

        @functools.wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            return within(original, *args, **kwargs)

        def restore() -> None:
            if before is None:
                module.__dict__.pop(name, None)
            else:
                module.__dict__[name] = before

        module.__dict__[name] = method
        stack.callback(restore)

    def _outer(self, method: str, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A public method of the network itself."""
        if self._depth:  # called by another one
            return self._inner(("", method), original, *args, **kwargs)
        if torch.is_grad_enabled() and any(p.requires_grad for p in self.network.parameters()):
            raise EngineError(
                f"{self.title or 'network'}.{method} was called with gradients on: an optimised "
                "network is for inference; call it within torch.no_grad() or inference_mode()"
            )
        self._depth += 1
        try:
            if method not in self._looked:
                return self._look(method, original, args, kwargs)
            return self._again(method, original, args, kwargs)
        finally:
            self._depth -= 1

    def _again(
        self, method: str, original: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> Any:
        while True:
            try:
                return self._inner(("", method), original, *args, **kwargs)
            except Unforeseen as found:
                if found.site.left_alone:
                    raise
                found.site.left_alone = found.reason

    def _inner(self, place: Place, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A method that holds attentions which were planned."""
        sites = self._sites.get(place, [])
        if all(site.is_left_alone for site in sites):
            return original(*args, **kwargs)
        waiting = iter(sites)

        def take(product: Product) -> Note | None:
            site = next(waiting, None)
            if site is None or site.is_left_alone:
                return None
            return site.note(Expression(product))

        with Catching(take):
            return original(*args, **kwargs)

    def _look(
        self, method: str, original: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> Any:
        """Run a method as the network wrote it, and plan every attention that is found."""
        found: dict[Place, list[Site]] = {}
        state = _State(self.network, (args, kwargs))
        with self._watched(method) as stack:

            def take(product: Product) -> Note:
                place = stack[-1]
                sites = found.setdefault(place, [])
                name = ".".join(part for part in (self.title, *place) if part)
                sites.append(Site(f"{name}[{len(sites)}]", self.operator))
                return sites[-1].note(Expression(product))

            with Catching(take):
                out = original(*args, **kwargs)
        out = tree_map(_let_out, out)
        self._looked.add(method)
        for place, again, theirs in stack.of_pytorch:
            if place in found and _largest_difference(again(), theirs) != 0:
                for site in found[place]:
                    site.left_alone = "PyTorch has a faster way here, which looking would turn off"
        for place, sites in found.items():
            for site in sites:
                site.looking = False
            if any(site.plans for site in sites) and place not in self._sites:
                self._bind(place, sites)
        if any(site.plans for sites in found.values() for site in sites):
            out = self._prove(method, original, args, kwargs, out, state)
        return out

    def _bind(self, place: Place, sites: list[Site]) -> None:
        """From now on the method of a place runs as planned."""
        self._sites[place] = sites
        self.account.sites += [site for site in sites if site.plans]
        if place[0]:  # the network's own methods pass `_outer` already
            module = self.network.get_submodule(place[0])
            self._replace(self._undo, module, place[1], functools.partial(self._inner, place))

    def _prove(
        self,
        method: str,
        original: Callable[..., Any],
        args: Any,
        kwargs: dict[str, Any],
        seen: Any,
        state: _State,
    ) -> Any:
        """Run the method untouched and as planned, where calling it again changes nothing.

        Returns:
            What the untouched method returns.
        """
        title = ".".join(part for part in (self.title, method) if part)
        if not state.is_unchanged(self.network, (args, kwargs)):
            self.account.unproven[title] = "it keeps something from call to call"
            return seen
        planned, self._sites = self._sites, {}
        truth = original(*args, **kwargs)
        self._sites = planned

        def apart(*, as_written: bool) -> float:
            for site in self.account.sites:
                site.as_written = as_written
            out = tree_map(_let_out, self._again(method, original, args, kwargs))
            return _largest_difference(truth, out)

        if apart(as_written=True) != 0:
            # Some code takes another path where somebody looks: it is better left alone.
            for site in self.account.sites:
                site.left_alone = site.left_alone or "looking at it changes what is computed"
        self.account.apart[title] = apart(as_written=False)
        return truth

    @contextmanager
    def _watched(self, method: str) -> Iterator[_Stack]:
        """Keep a stack of the methods that are being executed, of all modules below."""
        stack = _Stack([("", method)])

        def follow(place: Place, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            stack.append(place)
            try:
                out = original(*args, **kwargs)
            finally:
                stack.pop()
            if type(self.network.get_submodule(place[0])).__module__.startswith("torch.nn."):
                again = functools.partial(original, *args, **kwargs)
                stack.of_pytorch.append((place, again, tree_map(_let_out, out)))
            return out

        with ExitStack() as undo:
            for name, module in self.network.named_modules():
                for inner in public_methods(module) if name else []:
                    if (name, inner) not in self._sites:
                        within = functools.partial(follow, (name, inner))
                        self._replace(undo, module, inner, within)
            yield stack


class _Stack(list[Place]):
    """The methods that are being executed; and the calls of PyTorch's own modules, to repeat."""

    def __init__(self, places: list[Place]) -> None:
        super().__init__(places)
        self.of_pytorch: list[tuple[Place, Callable[[], Any], Any]] = []


class _State:
    """What a call could have changed: its arguments, and what the modules hold."""

    def __init__(self, network: nn.Module, arguments: Any) -> None:
        self._arguments = [t.clone() for t in _tensors(arguments)]
        self._held = self._of(network)

    def is_unchanged(self, network: nn.Module, arguments: Any) -> bool:
        held = self._of(network)
        return (
            held.keys() == self._held.keys()
            and all(held[key] is self._held[key] for key in held)
            and all(
                torch.equal(one, other)
                for one, other in zip(self._arguments, _tensors(arguments), strict=True)
            )
        )

    @staticmethod
    def _of(network: nn.Module) -> dict[tuple[str, str], Any]:
        return {
            (name, key): value
            for name, module in network.named_modules()
            for key, value in (*vars(module).items(), *module._buffers.items())
            if not callable(value)
        }


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_flatten(tree)[0] if isinstance(leaf, Tensor)]


def _let_out(leaf: Any) -> Any:
    """A note that leaves the network while it is looked at: as a tensor, and remembered."""
    if not isinstance(leaf, Note):
        return leaf
    leaf.site.escapes = True
    return leaf.compute()


def _largest_difference(truth: Any, out: Any) -> float:
    """0.0 where all tensors of two results are equal bit for bit; NaN where they cannot be."""
    pairs = list(zip(_tensors(truth), _tensors(out), strict=True))
    if all(torch.equal(one, other) and one.stride() == other.stride() for one, other in pairs):
        return 0.0
    return max(float((one.double() - other.double()).abs().max()) for one, other in pairs)
