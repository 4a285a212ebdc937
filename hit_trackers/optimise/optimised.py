"""A network whose attentions are executed otherwise, with no line of it changed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_map

from hit_trackers.errors import EngineError
from hit_trackers.optimise.account import Account
from hit_trackers.optimise.catching import Catching, Take
from hit_trackers.optimise.expression import Expression, Product
from hit_trackers.optimise.networks import (
    are_the_same,
    autocast_is_on,
    held_by,
    public_methods,
)
from hit_trackers.optimise.note import Note, Unforeseen
from hit_trackers.optimise.recording import Recording, Script
from hit_trackers.optimise.site import Case, Site
from hit_trackers.optimise.watching import Frame, Place, Watch, replace

#: Of one method, one for each form of arguments that it is called with.
_MOST_SCRIPTS = 3


class Optimised:
    """Watches the public methods of one network, and swaps the attentions inside.

    The first call of a method is looked at: all is computed as the network wrote it, and every
    product that turns out to be an attention's is planned. From then on `Catching` is entered in
    the modules that hold one, from the part that is called last before it to the one that is called
    first after it: a mode costs some microseconds for each function that is called within.
    """

    def __init__(
        self,
        network: nn.Module,
        title: str,
        operator: str,
        account: Account,
        visit: Callable[[Case], None] | None = None,
    ) -> None:
        self.network = network
        self.title = title
        self.operator = operator
        self.account = account
        self._visit = visit
        self._looked: set[str] = set()
        self._sites: dict[Place, list[Site]] = {}
        self._opens: dict[Place, Place] = {}
        self._scripts: dict[Place, list[Script | None]] = {}
        self._recording: Recording | None = None
        self._running: list[_Window] = []
        self._depth = 0
        self._undo = ExitStack()
        for method in public_methods(network):
            replace(self._undo, network, method, functools.partial(self._outer, method))

    def undo(self) -> None:
        """Give the network its own methods back."""
        self._undo.close()

    def _title(self, *parts: str) -> str:
        return ".".join(part for part in (self.title, *parts) if part)

    def _outer(self, method: str, original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """A public method of the network itself."""
        if self._depth:  # called by another one
            return self._inner(("", method), original, *args, **kwargs)
        if torch.is_grad_enabled() and any(p.requires_grad for p in self.network.parameters()):
            raise EngineError(
                f"{self.title or 'network'}.{method} was called with gradients on: an optimised "
                "network is for inference; call it within torch.no_grad() or inference_mode()"
            )
        if autocast_is_on():
            # Each function picks a type of its own there.
            self.account.unproven[self._title(method)] = "left alone, as autocast is on"
            return original(*args, **kwargs)
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

        if self._recording is not None:
            self._recording.stop("attentions within attentions")
        scripts = self._scripts.setdefault(place, [])
        if not any(site.left_alone for site in sites):
            for script in scripts:
                if script is not None and script.fits(original, args, kwargs):
                    return script.run(*args, *kwargs.values())
            if place[0] and len(scripts) < _MOST_SCRIPTS:
                return self._record(place, take, original, args, kwargs)
        window = _Window(place, Catching(take))
        self._running.append(window)
        try:
            if place not in self._opens:
                window.open()
            return original(*args, **kwargs)
        finally:
            window.close()
            self._running.pop()

    def _record(
        self,
        place: Place,
        take: Take,
        original: Callable[..., Any],
        args: Any,
        kwargs: dict[str, Any],
    ) -> Any:
        """Call a method that was planned, and keep what it does, if the same comes of it again."""
        module = self.network.get_submodule(place[0])
        given = [t.clone() for t in _tensors((args, kwargs))]
        self._recording = recording = Recording(take, self.network, module)
        self._running.append(_Window(place, None))
        try:
            out, script = recording.record(original, args, kwargs)
        finally:
            self._running.pop()
            self._recording = None
        is_intact = all(map(torch.equal, given, _tensors((args, kwargs))))
        if not is_intact:
            script = "it writes on what it is given"
        elif isinstance(script, Script) and not self._is_same(script, args, kwargs, out):
            script = "written down it gives something else"
        if isinstance(script, str):
            self.account.not_written[self._title(*place)] = script
        self._scripts[place].append(script if isinstance(script, Script) else None)
        return out

    def _is_same(self, script: Script, args: Any, kwargs: dict[str, Any], truth: Any) -> bool:
        """Whether a script gives what the method gave; the calls of it do not count."""
        sites = [site for one in self._sites.values() for site in one]
        calls = [site.calls for site in sites]
        try:
            out = script.run(*args, *kwargs.values())
        except Exception:  # of somebody's code, or PyTorch's; the method itself runs
            return False
        for site, count in zip(sites, calls, strict=True):
            site.calls = count
        return _largest_difference(tree_map(_kept, truth), tree_map(_kept, out)) == 0

    def _part(
        self,
        part: Place,
        opens: bool,
        original: Callable[..., Any],
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """A part of a module that holds attentions, called just before or just after them."""
        window = self._running[-1] if self._running else None
        if window is not None and not opens:
            window.close()
        out = original(*args, **kwargs)
        if window is not None and opens and self._opens.get(window.place) == part:
            window.open()
        return out

    def _look(
        self, method: str, original: Callable[..., Any], args: Any, kwargs: dict[str, Any]
    ) -> Any:
        """Run a method as the network wrote it, and plan every attention that is found."""
        found: dict[Place, list[Site]] = {}
        state = _State(self.network, (args, kwargs))
        watch = Watch(method)
        frames: dict[Place, Frame] = {}

        def take(product: Product) -> Note:
            frame = watch.frames[-1]
            frames.setdefault(frame.place, frame).product()
            sites = found.setdefault(frame.place, [])
            number = f"{self._title(*frame.place)}[{len(sites)}]"
            sites.append(Site(number, self.operator, visit=self._visit))
            return sites[-1].note(Expression(product))

        with watch.over(self.network, frozenset(self._sites)), Catching(take):
            out = original(*args, **kwargs)
        out = tree_map(_let_out, out)
        self._looked.add(method)
        for place, again, theirs in watch.of_pytorch:
            if place in found and _largest_difference(again(), tree_map(_value, theirs)) != 0:
                for site in found[place]:
                    site.left_alone = "PyTorch has a faster way here, which looking would turn off"
        for place, sites in found.items():
            for site in sites:
                site.looking, site.visit = False, None
            if any(site.plans for site in sites) and place not in self._sites:
                self._bind(frames[place], sites)
        return self._prove(method, original, args, kwargs, out, state)

    def _bind(self, frame: Frame, sites: list[Site]) -> None:
        """From now on a method runs as planned."""
        self._sites[frame.place] = sites
        self.account.sites += [site for site in sites if site.plans]
        if all(site.is_left_alone for site in sites):
            return
        if frame.place[0]:  # the network's own methods pass `_outer` already
            self._replace(frame.place, functools.partial(self._inner, frame.place))
        if frame.opens is not None and frame.opens not in self._sites:
            self._opens[frame.place] = frame.opens
            self._replace(frame.opens, functools.partial(self._part, frame.opens, True))
        if frame.closes is not None and frame.closes not in self._sites:
            self._replace(frame.closes, functools.partial(self._part, frame.closes, False))

    def _replace(self, place: Place, within: Callable[..., Any]) -> None:
        name, method = place
        replace(self._undo, self.network.get_submodule(name), method, within)

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
        title = self._title(method)
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


class _Window:
    """The time in a call during which products are caught."""

    def __init__(self, place: Place, catching: Catching | None) -> None:
        self.place = place
        self._catching = catching
        self._is_open = False

    def open(self) -> None:
        """From now on; once only."""
        if self._catching is not None and not self._is_open:
            self._catching.__enter__()  # type: ignore[no-untyped-call]
            self._is_open = True

    def close(self) -> None:
        """Until now; it does not open again."""
        if self._is_open and self._catching is not None:
            self._catching.__exit__(None, None, None)  # type: ignore[no-untyped-call]
            self._catching = None
            self._is_open = False


class _State:
    """What a call could have changed: its arguments, and what the modules hold."""

    def __init__(self, network: nn.Module, arguments: Any) -> None:
        self._arguments = [t.clone() for t in _tensors(arguments)]
        self._held = held_by(network)

    def is_unchanged(self, network: nn.Module, arguments: Any) -> bool:
        return are_the_same(self._held, held_by(network)) and all(
            torch.equal(one, other)
            for one, other in zip(self._arguments, _tensors(arguments), strict=True)
        )


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_flatten(tree)[0] if isinstance(leaf, Tensor)]


def _value(leaf: Any) -> Any:
    return leaf.compute() if isinstance(leaf, Note) else leaf


def _kept(leaf: Any) -> Any:
    return list(leaf.kept.values()) if isinstance(leaf, Note) else leaf


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
