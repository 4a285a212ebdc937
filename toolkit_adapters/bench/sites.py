"""The attentions of a tracker's networks, and what each operator makes of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch

from hit_trackers.errors import EngineError
from hit_trackers.optimise import OPERATORS, Case, survey
from hit_trackers.protocol import Tracker, networks_of, probe_of
from toolkit_adapters.running.activations import peak_activations
from toolkit_adapters.running.timing import clock, without_garbage_collection

AS_WRITTEN = "as written"
#: Runs of each operator, in turn; the fastest counts, as others share the machine.
REPEATS = 5


@dataclass(frozen=True)
class Trial:
    """An operator on one attention.

    Attributes:
        seconds: of the fastest run.
        bytes: peak of what it allocates.
        apart: largest difference from the network's own result; 0.0: equal bit for bit.
    """

    seconds: float
    bytes: int
    apart: float


@dataclass(frozen=True)
class Attention:
    """What was found at one place, or at several that are alike.

    Attributes:
        names: module, method, and which of its products.
        shape: of the scores, (..., Nq, Nk).
        widths: of a key and of a value.
        steps: what is done to the scores.
        map_bytes: of the scores, once.
        trials: by operator, `AS_WRITTEN` among them; None: it cannot express this one.
    """

    names: tuple[str, ...]
    shape: tuple[int, ...]
    widths: tuple[int, int]
    steps: tuple[str, ...]
    map_bytes: int
    trials: Mapping[str, Trial | None]

    @property
    def seconds(self) -> float:
        """Of all its places, as the network writes them."""
        official = self.trials[AS_WRITTEN]
        assert official is not None
        return len(self.names) * official.seconds


@dataclass(frozen=True)
class Survey:
    """Attentions of a frame, those that are alike together, and the seconds of its update."""

    attentions: tuple[Attention, ...]
    update: float


def survey_tracker(
    tracker: Tracker, images: list[np.ndarray], box: np.ndarray, device: str
) -> Survey:
    """Look at all attentions of a tracker's frame, and try every operator on each.

    Args:
        tracker: loaded; its networks are left as they are.
        images: RGB uint8 (H, W, 3), at least three: the first has the target in `box`.
        box: float64 (4,) x, y, w, h.
        device: where it runs.

    Raises:
        EngineError: nothing of it is executed by PyTorch, or no attention was found.
    """
    probe = probe_of(tracker)
    networks = {} if probe is None else networks_of(probe)
    if not networks:
        raise EngineError(f"{tracker.name} holds no network that PyTorch executes: nothing to see")
    tracker.init(images[0], box)
    seconds = math.inf
    for image in images[1:]:
        start = clock()
        tracker.update(image)
        seconds = min(seconds, clock() - start)
    found: dict[str, Attention] = {}

    def visit(case: Case) -> None:
        found[case.site.name] = Attention(
            (case.site.name,),
            tuple(case.expression.product.shape),
            case.site.widths,
            case.site.steps,
            case.site.map_bytes,
            _try_all(case, device),
        )

    tracker.init(images[0], box)
    survey(networks, lambda: tracker.update(images[1]), visit)
    if not found:
        raise EngineError(f"{tracker.name}: no attention was found in its networks")
    return Survey(_together(found.values()), seconds)


def _together(attentions: Iterable[Attention]) -> tuple[Attention, ...]:
    """Those that are alike as one, whose trials are those of the first."""
    groups: dict[tuple[object, ...], Attention] = {}
    for one in attentions:
        known = groups.setdefault((one.shape, one.widths, one.steps), one)
        if known is not one:
            merged = replace(known, names=(*known.names, *one.names))
            groups[one.shape, one.widths, one.steps] = merged
    return tuple(groups.values())


def _try_all(case: Case, device: str) -> dict[str, Trial | None]:
    outs = {operator: case.run(operator) for operator in (AS_WRITTEN, *OPERATORS)}
    possible = [operator for operator, out in outs.items() if out is not None]
    fastest = dict.fromkeys(possible, math.inf)
    with without_garbage_collection():
        for _ in range(REPEATS):
            for operator in possible:
                start = clock()
                case.run(operator)
                if device.startswith("cuda"):
                    torch.cuda.synchronize(device)
                fastest[operator] = min(fastest[operator], clock() - start)
    trials: dict[str, Trial | None] = dict.fromkeys(outs)
    for operator in possible:
        out = outs[operator]
        assert out is not None
        apart = 0.0 if torch.equal(out, case.truth) else float((out - case.truth).abs().max())
        peak = peak_activations(partial(case.run, operator), device)
        trials[operator] = Trial(fastest[operator], peak.bytes, apart)
    return trials
