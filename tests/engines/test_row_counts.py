"""A library that adds otherwise with few rows, as MKL does on some processors: `exact` notices."""

from __future__ import annotations

import narrow
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scripted import smooth_clip, track
from torch import Tensor

from hit_trackers import load_tracker
from hit_trackers.layers.transformer import Sublayers
from hit_trackers.mixformer import config as mixformer_config
from hit_trackers.ostrack import config as ostrack_config
from hit_trackers.stark import config as stark_config
from hit_trackers.transt.network import config as transt_config

BOX = [70.0, 40.0, 60.0, 50.0]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for configs, few in (
        (mixformer_config.CONFIGS, narrow.MIXFORMER),
        (ostrack_config.CONFIGS, narrow.OSTRACK),
        (stark_config.CONFIGS, narrow.STARK),
        (transt_config.CONFIGS, narrow.TRANST),
    ):
        for key, config in few.items():
            monkeypatch.setitem(configs, key, config)  # type: ignore[arg-type]
    monkeypatch.setattr(Sublayers, "BLOCK", 80)


@pytest.mark.parametrize(
    ("name", "few"),
    [
        ("mixformer_vit", 50),  # 36 tokens of the search region, 68 in all
        ("ostrack_256", 100),  # 89 of 153 in the last block
        ("ostrack_256_noce", 300),  # 256 of 320
        ("stark_s50", 90),  # blocks of up to 80, of 116
        ("transt", 90),  # of 256
    ],
)
def test_bitwise_all_the_same(name: str, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def linear(tokens: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        half = tokens.shape[-1] // 2
        if tokens[..., 0].numel() > few:
            return usual(tokens, weight, bias)
        calls.append(tokens.shape)
        return usual(tokens[..., half:], weight[:, half:], bias) + usual(
            tokens[..., :half], weight[:, :half]
        )

    usual = F.linear
    monkeypatch.setattr(F, "linear", linear)
    baseline, exact = (load_tracker(each, "seeded") for each in (name, f"{name}_exact"))
    clip = smooth_clip(4)
    for tracker in (baseline, exact):
        track(tracker, clip, BOX)
    given = baseline.probe.network_input
    with torch.inference_mode():
        outputs = [tracker.probe.run_network(given) for tracker in (baseline, exact)]
    assert np.array_equal(*outputs)
    assert calls
