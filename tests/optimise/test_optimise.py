"""Attentions of networks that nobody adapted: found, swapped, and proven."""

from __future__ import annotations

import copy

import pytest
import torch
from networks import TOKENS, Attention, MultiHead, Network, make, tokens

from hit_trackers.attention.tiles import tiles
from hit_trackers.errors import EngineError
from hit_trackers.optimise import optimise, public_methods
from hit_trackers.optimise.operators import FEWEST_ROWS

WAYS = ("plain", "einsum", "biased", "masked", "baddbmm")


def outputs(network: Network, times: int = 3) -> list[torch.Tensor]:
    with torch.no_grad():
        return [network(tokens(seed)) for seed in range(times)]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("operator", ["exact", "memeff", "streaming"])
def test_every_way_of_writing_attention_is_found(how, operator):
    network = make(Attention(how))
    official = outputs(network)
    account = optimise(network, operator)
    swapped = outputs(network)
    (site,) = account.sites
    assert site.calls > 0
    assert site.shape[-2:] == (TOKENS, TOKENS)
    assert not account.problems
    if operator == "exact":
        assert all(map(torch.equal, official, swapped))
        assert account.apart == {"forward": 0.0}
    else:
        assert not torch.equal(official[1], swapped[1])
        torch.testing.assert_close(official, swapped, rtol=1e-4, atol=1e-4)
        assert 0 < account.apart["forward"] < 1e-3


@pytest.mark.parametrize("block", [4, 33, 128])
@pytest.mark.parametrize("how", WAYS)
def test_tiles_of_any_height_change_no_bit(how, block, monkeypatch):
    monkeypatch.setattr("hit_trackers.optimise.operators.block_of", lambda _: block)
    network = make(Attention(how))
    official = outputs(network)
    account = optimise(network)
    assert all(map(torch.equal, official, outputs(network)))
    assert "tiles" in account.sites[0].plan


@pytest.mark.parametrize("masked", [False, True])
def test_multi_head_attention_is_looked_into(masked):
    network = make(MultiHead(masked))
    official = outputs(network)
    account = optimise(network)
    assert all(map(torch.equal, official, outputs(network)))
    (site,) = account.sites
    assert site.calls > 0
    assert not site.left_alone


def test_a_native_fast_path_is_left_alone():
    network = make(torch.nn.TransformerEncoderLayer(64, 8, 128, batch_first=True))
    official = outputs(network)
    optimise(network)
    assert all(map(torch.equal, official, outputs(network)))


@pytest.mark.parametrize("operator", ["exact", "memeff"])
def test_rows_that_are_read_are_kept(operator):
    network = make(Attention("plain", read=slice(0, 40)), Attention("plain"))
    official = outputs(network)
    account = optimise(network, operator)
    swapped = outputs(network)
    assert account.sites[0].reads == {(0, 40)}
    assert account.sites[0].calls > 0
    if operator == "exact":
        assert all(map(torch.equal, official, swapped))
    torch.testing.assert_close(official, swapped, rtol=1e-4, atol=1e-4)


def test_other_rows_than_before_are_found_out():
    network = make(Attention("plain", read=slice(0, 40)))
    optimise(network)
    first = outputs(network, 2)
    network.parts[0].read = slice(300, 340)
    again = outputs(network, 2)
    plain = make(Attention("plain", read=slice(300, 340)))
    assert all(map(torch.equal, again, outputs(plain, 2)))
    assert not torch.equal(first[1], again[1])


@pytest.mark.parametrize("how", ["whole_map_read", "overwritten"])
def test_what_cannot_be_swapped_stays_as_it_is(how):
    network = make(Attention(how), Attention("plain"))
    official = outputs(network)
    account = optimise(network)
    assert all(map(torch.equal, official, outputs(network)))
    assert [site.calls > 0 for site in account.sites if site.name.startswith("parts.1")] == [True]


def test_templates_kept_in_attributes_are_not_stale():
    network = make(Attention("einsum"), Attention("biased"))
    plain = copy.deepcopy(network)
    account = optimise(network)
    with torch.no_grad():
        for template in (10, 11, 12):
            for one in (network, plain):
                one.set_template(tokens(template))
            for seed in range(3):
                assert torch.equal(network.track(tokens(seed)), plain.track(tokens(seed)))
    assert account.unproven == {"set_template": "it keeps something from call to call"}
    assert account.apart == {"track": 0.0}


def test_another_size_is_planned_anew():
    network = make(Attention("plain"))
    plain = copy.deepcopy(network)
    account = optimise(network)
    with torch.no_grad():
        for count in (TOKENS, 300, TOKENS, 300):
            x = tokens(count)[:, :count]
            assert torch.equal(network(x), plain(x))
    assert len(account.sites[0].plans) == 2


def test_a_tracker_is_optimised_through_its_attributes():
    class Tracker:
        def __init__(self) -> None:
            self.network = make(Attention("plain"))
            self.again = self.network

    tracker = Tracker()
    account = optimise(tracker)
    outputs(tracker.network)
    assert [site.name for site in account.sites] == ["network.parts.0.forward[0]"]


def test_gradients_are_refused():
    network = make(Attention("plain"))
    optimise(network)
    with pytest.raises(EngineError, match="no_grad"):
        network(tokens(0))


def test_inference_mode():
    network = make(Attention("plain"), MultiHead())
    official = outputs(network)
    optimise(network)
    with torch.inference_mode():
        assert all(torch.equal(one, network(tokens(seed))) for seed, one in enumerate(official))


@pytest.mark.parametrize(("target", "operator"), [(object(), "exact"), (make(), "quick")])
def test_nothing_to_optimise_is_said(target, operator):
    with pytest.raises(EngineError, match=r"nn.Module|operator"):
        optimise(target, operator)


def test_memory_falls():
    from toolkit_adapters.running.activations import peak_activations

    network = make(Attention("plain"), Attention("plain"))
    x = torch.cat([tokens(seed) for seed in range(6)], dim=1)
    with torch.no_grad():
        before = peak_activations(lambda: network(x), "cpu").bytes
        optimise(network)
        network(x)
        after = peak_activations(lambda: network(x), "cpu").bytes
    assert after < before / 4


@pytest.mark.parametrize(("queries", "block"), [(190, 4), (153, 8), (5, 4), (3, 4), (400, 128)])
def test_no_tile_is_too_small(queries, block):
    parts = tiles(queries, block, FEWEST_ROWS)
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(queries))
    if queries >= FEWEST_ROWS:
        assert min(part.stop - part.start for part in parts) >= FEWEST_ROWS


def test_a_copy_has_weights_of_its_own():
    network = make(Attention("plain"), MultiHead())
    optimise(network)
    outputs(network)
    double = copy.deepcopy(network)
    for parameter in double.parameters():
        parameter.data.mul_(0.5)
    plain = make(Attention("plain"), MultiHead())
    for parameter in plain.parameters():
        parameter.data.mul_(0.5)
    assert all(map(torch.equal, outputs(double), outputs(plain)))


def test_autocast_is_left_alone():
    network = make(Attention("plain"))
    with torch.autocast("cpu", torch.bfloat16):
        official = outputs(network)
        account = optimise(network)
        assert all(map(torch.equal, official, outputs(network)))
    assert "autocast" in account.unproven["forward"]


def test_a_method_of_every_module_is_no_method_of_the_network():
    class Switched(Network):
        def train(self, mode: bool = True) -> Network:
            return super().train(mode)

        @staticmethod
        def scaled(x: torch.Tensor) -> torch.Tensor:
            return 2 * x

    network = Switched(Attention("plain"))
    optimise(network)
    network.eval()  # with gradients on, where a method that computes is refused
    assert set(public_methods(network)) == {"forward", "scaled", "set_template", "track"}
