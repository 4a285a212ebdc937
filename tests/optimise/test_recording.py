"""Methods with attentions, written down: run again only where that is the same."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest
import torch
from networks import Attention, MultiHead, Network, make, tokens
from torch import Tensor, nn

from hit_trackers.optimise import optimise
from toolkit_adapters.running.activations import peak_activations

RUNS: list[str] = []  # a list of this file, which no guard can know of


class Watched(Attention):
    """Says when its own code runs; `detail` may be changed between calls."""

    def __init__(self, how: str = "plain", detail: object = None) -> None:
        super().__init__(how)
        self.detail = detail

    def forward(self, x: Tensor) -> Tensor:
        RUNS.append("forward")
        return super().forward(x) * self.factor()

    def factor(self) -> float:
        return 1.0


class Scaled(Watched):
    """Multiplies by something that it holds."""

    def factor(self) -> float:
        if isinstance(self.detail, list):
            return float(self.detail[0])
        if isinstance(self.detail, dict):
            return float(self.detail["of"].factor)
        if isinstance(self.detail, SimpleNamespace):
            return float(self.detail.factor)
        return float(self.detail) if isinstance(self.detail, float) else 1.0


class LooksAtValues(Watched):
    def forward(self, x: Tensor) -> Tensor:
        out = super().forward(x)
        return out if out.sum() > 0 else -out


class Counts(Watched):
    def forward(self, x: Tensor) -> Tensor:
        self.detail = 1.0 if self.detail is None else self.detail + 1.0
        return super().forward(x) * self.detail


class Remembers(Watched):
    """Uses a tensor that only this file knows of."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + ELSEWHERE["tensor"]


ELSEWHERE = {"tensor": torch.zeros(1)}


def same(network: Network, plain: Network, seeds: range) -> None:
    with torch.no_grad():
        for seed in seeds:
            assert torch.equal(network(tokens(seed)), plain(tokens(seed)))


def runs_of_the_method(part: nn.Module, calls: int = 3) -> int:
    """Of `calls` calls, after it was planned, those in which the module's own code runs."""
    network = make(part)
    plain = copy.deepcopy(network)
    optimise(network)
    same(network, plain, range(3))
    RUNS.clear()
    same(network, plain, range(calls))
    return len(RUNS) - calls  # those of the plain one


@pytest.mark.parametrize("how", ["plain", "einsum", "biased", "masked", "baddbmm"])
def test_a_planned_method_runs_as_it_was_written_down(how):
    assert runs_of_the_method(Watched(how)) == 0


@pytest.mark.parametrize(
    ("part", "why"),
    [
        (LooksAtValues, "it looks at values"),
        (Counts, "it keeps something from call to call"),
        (Remembers, "a tensor from elsewhere"),
    ],
)
def test_what_cannot_be_written_down_runs_itself(part, why):
    assert runs_of_the_method(part()) >= 3
    network = make(part())
    account = optimise(network)
    with torch.no_grad():
        for seed in range(3):
            network(tokens(seed))
    assert account.not_written == {"parts.0.forward": why}


def test_a_tensor_from_elsewhere_is_not_frozen():
    network, plain = make(Remembers()), make(Remembers())
    optimise(network)
    same(network, plain, range(3))
    ELSEWHERE["tensor"] = torch.ones(1)
    same(network, plain, range(3))


@pytest.mark.parametrize(
    "detail",
    [2.0, [2.0], SimpleNamespace(factor=2.0), {"of": SimpleNamespace(factor=2.0)}],
    ids=["number", "list", "object", "object in a dict"],
)
def test_an_attribute_that_changes_is_seen(detail):
    network, plain = make(Scaled(detail=detail)), make(Scaled(detail=copy.deepcopy(detail)))
    optimise(network)
    same(network, plain, range(3))
    RUNS.clear()
    same(network, plain, range(1))
    assert len(RUNS) == 1, "only the plain one runs itself"
    for part in (network.parts[0], plain.parts[0]):
        if isinstance(part.detail, list):
            part.detail[0] = 5.0
        elif isinstance(part.detail, dict):
            part.detail["of"].factor = 5.0
        elif isinstance(part.detail, SimpleNamespace):
            part.detail.factor = 5.0
        else:
            part.detail = 5.0
    same(network, plain, range(3))


def exchange(part: Attention) -> None:
    torch.manual_seed(5)
    part.proj = nn.Linear(64, 64)


def hook(part: Attention) -> None:
    part.proj.register_forward_hook(lambda module, args, out: out + 1)


def other_weights(part: Attention) -> None:
    torch.manual_seed(6)
    part.qkv.weight = nn.Parameter(torch.randn_like(part.qkv.weight))


def other_bits(part: Attention) -> None:
    with torch.no_grad():
        part.qkv.weight.mul_(2)


@pytest.mark.parametrize("change", [exchange, hook, other_weights, other_bits])
def test_a_part_that_changes_is_seen(change):
    network, plain = make(Attention("plain")), make(Attention("plain"))
    optimise(network)
    same(network, plain, range(3))
    for one in (network, plain):
        change(one.parts[0])
    same(network, plain, range(3))


def test_three_times_the_same_tensor_is_not_three_tensors():
    """`nn.MultiheadAttention` takes another way where queries, keys and values are one tensor."""
    network, plain = make(MultiHead()), make(MultiHead())
    optimise(network)
    same(network, plain, range(3))
    attention, usual = (one.parts[0].attention for one in (network, plain))
    with torch.no_grad():
        x, y = tokens(1).transpose(0, 1), tokens(2).transpose(0, 1)
        mask = torch.zeros(1, 400, dtype=torch.bool)
        for args in ((x, x, x), (x, y, y), (x, x.clone(), x.clone())):
            made, truth = (one(*args, key_padding_mask=mask)[0] for one in (attention, usual))
            assert torch.equal(made, truth)


def test_what_no_line_uses_is_let_go():
    network, plain = make(Attention("plain")), make(Attention("plain"))
    optimise(network)
    same(network, plain, range(3))
    with torch.no_grad():
        peaks = [
            peak_activations(lambda one=one: one(tokens(0)), "cpu").bytes
            for one in (network, plain)
        ]
    assert peaks[0] < peaks[1]
