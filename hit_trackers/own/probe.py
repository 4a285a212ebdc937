"""A look at the networks of an own tracker, for which they need not know anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch

from hit_trackers.engines.eager import DTYPES, weights_bytes
from hit_trackers.engines.operators import Counting
from hit_trackers.executed import Executed
from hit_trackers.own.calls import Calls
from hit_trackers.own.engines import OwnEngine
from hit_trackers.own.outputs import summarise
from hit_trackers.own.room import Room
from hit_trackers.own.watch import Watch
from hit_trackers.protocol import Outputs

#: Operators whose type of numbers is the precision of a network.
_PRODUCTS = ("convolution", "addmm", "mm", "bmm", "baddbmm", "linear", "scaled_dot_product")


class OwnProbe:
    """See `hit_trackers.protocol.Probe`; a network's input is the calls of one frame.

    Attributes:
        parameters: number of parameters of all networks.
        account: of `hit_trackers.optimise`, where attention is executed otherwise.
    """

    box_scale = float("nan")

    def __init__(self, watch: Watch, engine: OwnEngine, room: Room, account: Any = None) -> None:
        self.watch = watch
        self.engine = engine
        self.account = account
        self._room = room

    @property
    def recording(self) -> bool:
        """Keep what the next update gives to the networks."""
        return self.watch.recording

    @recording.setter
    def recording(self, value: bool) -> None:
        self.watch.recording = value

    @property
    def network_seconds(self) -> float:
        """Wall seconds of the calls in the last update; NaN on CUDA."""
        return self.watch.network_seconds

    @property
    def device_seconds(self) -> float:
        """The same by CUDA events; NaN on a CPU."""
        return self.watch.device_seconds

    @property
    def network_input(self) -> Calls | None:
        """The calls of the last update, where they were recorded."""
        return self.watch.recorded if self.watch.recorded.calls else None

    @property
    def networks(self) -> Mapping[str, torch.nn.Module]:
        """As of `Probe`."""
        return self.watch.modules

    @property
    def weights_bytes(self) -> int | None:
        """Bytes of parameters and buffers; None where another runtime has a copy of them."""
        if self.engine.kind not in ("eager", "compile", "graph"):
            return None
        return sum(weights_bytes(module) for module in self.watch.modules.values())

    @property
    def parameters(self) -> int:
        """Number of parameters, those that are shared counted once."""
        found = {id(p): p.numel() for m in self.watch.modules.values() for p in m.parameters()}
        return sum(found.values())

    def run_network(self, network_input: Any) -> Outputs | None:
        """As `Probe.run_network`; None where the calls are of another tracker's methods."""
        if not isinstance(network_input, Calls):
            return None
        if any(call.entry not in self.watch.entries for call in network_input.calls):
            return None
        with self._room.entered():
            return summarise(self.watch.replay(network_input))

    def executed(self, network_input: Calls) -> Executed:
        """As `Probe.executed`; the precision is that of most products that were seen."""
        kind, runtime = self.engine.kind, self.engine.runtime
        if kind in ("compile", "graph"):
            # Their products are in kernels of their own, or replayed.
            return Executed(kind, self.engine.precision, runtime)
        counting = _Observing()
        with self._room.entered(), counting, self._sites(counting):
            self.watch.replay(network_input, copying=False)
        if kind != "eager":
            return Executed(kind, self.engine.precision, runtime)
        names = {dtype: token for token, dtype in DTYPES.items()}
        dtypes = counting.dtypes.most_common(1)
        precision = names.get(dtypes[0][0], str(dtypes[0][0])) if dtypes else "fp32"
        sites = {name: dict(calls) for name, calls in counting.sites.items()}
        return Executed(kind, precision, runtime, sites, dict(counting.calls))

    @contextmanager
    def _sites(self, counting: _Observing) -> Iterator[None]:
        """Count the calls inside each attention that is executed otherwise."""
        sites = [] if self.account is None else planned(self.account)
        for site in sites:
            counting.sites[site.name] = Counter()

            def attend(*args: Any, site: Any = site, **kwargs: Any) -> Any:
                before, counting.site = counting.site, site.name
                try:
                    return type(site).attend(site, *args, **kwargs)
                finally:
                    counting.site = before

            vars(site)["attend"] = attend
        try:
            yield
        finally:
            for site in sites:
                del vars(site)["attend"]

    def workloads(self, network_input: Calls) -> Mapping[str, Callable[[], object]]:
        """As `Probe.workloads`: all that is seen of a frame is its calls of the networks."""
        if self.engine.kind not in ("eager", "compile", "graph"):
            return {}

        def frame() -> object:
            with self._room.entered():
                return self.watch.replay(network_input, copying=False)

        whole = {"frame": frame}
        # What is compiled or captured is not dispatched operator by operator.
        return {**whole, "network": frame} if self.engine.kind == "eager" else whole


class _Observing(Counting):
    """Counts operators, and the types of numbers of those that are products."""

    def __init__(self) -> None:
        super().__init__()
        self.dtypes: Counter[torch.dtype] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = str(func).split(".")[1]
        if any(word in name for word in _PRODUCTS):
            first = next((a for a in args if isinstance(a, torch.Tensor)), None)
            if first is not None and first.is_floating_point():
                self.dtypes[first.dtype] += 1
        return super().__torch_dispatch__(func, types, args, kwargs)


def planned(account: Any) -> list[Any]:
    """The sites of an account that are not left as their network wrote them."""
    return [site for site in account.sites if not site.is_left_alone]
