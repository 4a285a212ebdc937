"""Watches what a tracker calls of its networks: how long, with what, and what executes it.

A call counts where it comes from outside a network. What a network calls of itself is part of it.
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from hit_trackers.own.calls import Call, Calls, Mode, copied, unchanged
from hit_trackers.own.networks import callable_parts

Run = Callable[..., Any]


class Entry:
    """A method of a network that its tracker may call, and what executes it.

    Attributes:
        name: such as `network.forward_test`, `net.head.forward`.
        official: the method as it was found.
        run: what is called in its place; an engine sets it.
    """

    def __init__(self, name: str, module: nn.Module, method: str) -> None:
        self.name = name
        self.module = module
        self.method = method
        self.official: Run = getattr(module, method)
        self.run: Run = self.official


class Watch:
    """The entries of all networks of one tracker.

    Attributes:
        entries: by name.
        called: names of the entries that were called from outside, in order.
        recording: keep copies of what the calls of the next frame are given.
        recorded: those calls.
        prepare: what an engine makes of an entry before its first call.
    """

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self.modules: dict[str, nn.Module] = {}
        self.entries: dict[str, Entry] = {}
        self.called: dict[str, None] = {}
        self.recording = False
        self.recorded = Calls()
        self.prepare: Callable[[Entry], Run] = lambda entry: entry.official
        self._inside = False
        self._seconds = math.nan
        # Pairs of events are made once, and used again in every frame.
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []
        self._pairs = 0

    def install(self, modules: dict[str, nn.Module]) -> None:
        """Watch the entries of these networks; those that are watched already stay as they are."""
        known = {id(module) for module in self.modules.values()}
        for name, module in modules.items():
            if id(module) in known:
                continue
            self.modules[name] = module
            for path, part, method in callable_parts(name, module):
                entry = Entry(f"{path}.{method}", part, method)
                self.entries[entry.name] = entry
                setattr(part, method, _Watched(self, entry))

    def begin(self) -> None:
        """A frame begins."""
        self._seconds = math.nan
        self._pairs = 0
        self.recorded = Calls()

    @property
    def network_seconds(self) -> float:
        """Wall seconds inside the networks in this frame; NaN on CUDA, where calls do not wait."""
        return math.nan if self.device.type == "cuda" else self._seconds

    @property
    def device_seconds(self) -> float:
        """The same between pairs of CUDA events; NaN on a CPU."""
        if self.device.type != "cuda" or not self._pairs:
            return math.nan
        events = self._events[: self._pairs]
        events[-1][1].synchronize()
        return sum(float(start.elapsed_time(end)) for start, end in events) / 1e3

    def call(self, entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Execute a call of an entry, and watch it where it comes from outside."""
        if self._inside:
            return entry.official(*args, **kwargs)
        if entry.name not in self.called:
            self.called[entry.name] = None
            entry.run = self.prepare(entry)
        if self.recording:
            mode = Mode.now(self.device.type)
            self.recorded.calls.append(Call(entry.name, copied(args), copied(kwargs), mode))
        self._inside = True
        try:
            return self._timed(entry.run, args, kwargs)
        finally:
            self._inside = False

    def _timed(self, run: Run, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self.device.type != "cuda":
            start = time.perf_counter()
            answer = run(*args, **kwargs)
            elapsed = time.perf_counter() - start
            self._seconds = elapsed if math.isnan(self._seconds) else self._seconds + elapsed
            return answer
        if self._pairs == len(self._events):
            self._events.append((torch.cuda.Event(True), torch.cuda.Event(True)))
        start_event, end_event = self._events[self._pairs]
        self._pairs += 1
        start_event.record()
        answer = run(*args, **kwargs)
        end_event.record()
        return answer

    @contextmanager
    def _aside(self) -> Iterator[None]:
        """Calls that are none of the tracker's: not watched, and without a trace."""
        before, self._inside = self._inside, True
        try:
            with unchanged(self.modules):
                yield
        finally:
            self._inside = before

    def replay(self, recorded: Calls, *, copying: bool = True) -> list[Any]:
        """Make recorded calls, on this tracker's networks; returns all answers.

        Args:
            recorded: of this tracker, or of its baseline.
            copying: give the networks copies, for they may write on what they are given; without,
                nothing but the calls happens, to be measured.

        Raises:
            KeyError: a call of an entry that these networks do not have.
        """
        entries = [self.entries[call.entry] for call in recorded.calls]
        answers = []
        with self._aside():
            for entry, call in zip(entries, recorded.calls, strict=True):
                if entry.name not in self.called:
                    self.called[entry.name] = None
                    entry.run = self.prepare(entry)
                given = (call.args, call.kwargs)
                args, kwargs = copied(given) if copying else given
                with call.mode.entered(self.device.type):
                    answers.append(entry.run(*args, **kwargs))
        return answers


class _Watched:
    """Stands in a network for one of its methods."""

    def __init__(self, watch: Watch, entry: Entry) -> None:
        self._watch = watch
        self._entry = entry
        functools.update_wrapper(self, entry.official)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._watch.call(self._entry, args, kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """In a copy of the network its own method, which nobody watches."""
        copy = memo.get(id(self._entry.module))
        method = getattr(type(copy), self._entry.method, None)
        return self._entry.official if method is None else method.__get__(copy)
