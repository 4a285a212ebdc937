"""Parts of an own tracker's name: what they execute, what they claim, and where they do not fit."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from own_samples import CONVOLUTION, KEEPING, MINE, NETWORK, SMALL, write

from hit_trackers import families, load_tracker
from hit_trackers.errors import EngineError, UnknownTrackerError
from hit_trackers.own import trial
from hit_trackers.variants import Claim
from toolkit_adapters import cli
from toolkit_adapters.records import Results

Run = Callable[..., int]


@pytest.mark.parametrize(
    ("name", "canonical", "claim"),
    [
        ("mine", "mine", Claim.BASELINE),
        ("mine_fp32", "mine", Claim.BASELINE),
        ("mine_exact", "mine_exact", Claim.BITWISE),
        ("mine_graph_exact", "mine_exact_graph", Claim.BITWISE),
        ("mine_compile", "mine_compile", Claim.TOLERANCE),
        ("mine_channels_last_bf16", "mine_bf16_channels_last", Claim.LOSSY),
    ],
)
def test_parts_combine_by_the_grammar(name: str, canonical: str, claim: Claim) -> None:
    write("trackers.toml", '[mine]\nmake = "mine.py:Mine"\n')
    variant = families.parse(name)
    assert (variant.name, variant.baseline, variant.claim) == (canonical, "mine", claim)


@pytest.mark.parametrize("name", ["mine_fused", "mine_channels", "mine_exact_memeff", "mine_x"])
def test_other_parts_are_refused(name: str) -> None:
    write("trackers.toml", '[mine]\nmake = "mine.py:Mine"\n')
    with pytest.raises(UnknownTrackerError):
        families.parse(name)


def test_a_variant_of_a_variant_keeps_its_baseline_and_the_weaker_claim() -> None:
    text = '[mine]\nmake = "a.py:A"\n[mine_fast]\nmake = "b.py:A"\nbaseline = "mine"\n'
    write("trackers.toml", text + 'claim = "tolerance"\n')
    variant = families.parse("mine_fast_exact")
    assert (variant.baseline, variant.claim) == ("mine", Claim.TOLERANCE)


FIT = ["exact", "memeff", "streaming", "channels_last", "bf16", "fp16", "onnx", "openvino"]
FIT += ["exact_channels_last", pytest.param("compile", marks=pytest.mark.slow)]


@pytest.mark.parametrize("part", FIT)
def test_a_part_runs_what_it_says(part: str) -> None:
    for library in {"onnx", "openvino"} & {part}:
        pytest.importorskip(library)
    write("mine.py", NETWORK)
    baseline, variant = load_tracker("mine=mine.py:Tracker"), load_tracker(f"mine_{part}")
    boxes = []
    for tracker in (baseline, variant):
        tracker.init(trial.image(3, 0), trial.BOX)
        tracker.probe.recording = True
        boxes.append(tracker.update(trial.image(3, 1)).box)
    ran = variant.probe.executed(variant.probe.network_input)
    assert ran.contradictions(variant.variant.parts) == ()
    assert variant.variant.weights_sha256 == baseline.variant.weights_sha256
    if variant.variant.claim is Claim.BITWISE:
        assert np.array_equal(*boxes)
    assert np.allclose(*boxes, atol=0.5 if variant.variant.claim is Claim.LOSSY else 1e-3)


def test_what_ran_is_seen_even_where_a_name_says_otherwise() -> None:
    write("mine.py", NETWORK)
    load_tracker("mine=mine.py:Tracker")
    tracker = load_tracker("mine_exact")
    tracker.init(trial.image(3, 0), trial.BOX)
    tracker.probe.recording = True
    tracker.update(trial.image(3, 1))
    tracker.probe.account.sites[0].left_alone = "as a test wants it"
    ran = tracker.probe.executed(tracker.probe.network_input)
    assert "no attention was seen to run" in ran.contradictions(tracker.variant.parts)[0]


@pytest.mark.parametrize(
    ("text", "part", "message"),
    [
        (MINE, "exact", "holds no torch.nn.Module when it is made"),
        (CONVOLUTION, "exact", "no attention was found"),
        (SMALL, "exact", "1 attentions run as written, being small"),
        (NETWORK, "graph", "CUDA graphs need a CUDA device"),
        (NETWORK, "exact_compile", "torch.compile makes kernels of its own"),
        (NETWORK, "exact_bf16", "within which attentions are left as they are"),
        (NETWORK, "exact_onnx", "onnx plans attention itself"),
        (NETWORK, "onnx_bf16", "on a CPU and in float32 only"),
        (KEEPING, "onnx", "something else in onnx than in PyTorch"),
        (NETWORK.replace("@torch.no_grad()", ""), "exact", "gradients on"),
        (
            NETWORK.replace("score = ", "raise ValueError('small')\n        score = "),
            "bf16",
            "small",
        ),
    ],
)
def test_a_part_that_does_not_fit_says_why(text: str, part: str, message: str) -> None:
    if "onnx" in part:
        pytest.importorskip("onnx")
    write("mine.py", text)
    families.tracker_name(f"mine=mine.py:{'Mine' if text is MINE else 'Tracker'}")
    with pytest.raises(EngineError, match=message) as caught:
        load_tracker(f"mine_{part}")
    assert str(caught.value).startswith(f"mine_{part}:")


def test_random_numbers_of_the_process_stay_as_they_are() -> None:
    write("mine.py", NETWORK.replace("score = ", "torch.rand(3), random.random()\n        score = ")
          .replace("import torch", "import random\nimport torch", 1))  # fmt: skip
    families.tracker_name("mine=mine.py:Tracker")
    random.seed(0)
    expected = random.random()
    random.seed(0)
    load_tracker("mine_bf16")
    assert random.random() == expected


def test_claims_are_verified_like_ours(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", NETWORK)
    parts = ("exact", "memeff", "bf16")
    names = [word for part in parts for word in ("--tracker", f"mine_{part}")]
    assert run("--tracker", "mine=mine.py:Tracker", *names) == 0
    record = Results(results).record("mine_exact", "got10k-val", "a")
    assert np.isfinite(record.network[1:]).all()
    assert record.open_digests.shape == record.open_index.shape == (2,)
    assert record.patch_size == 0
    assert cli.main(["verify", str(results)]) == 0
    said = capsys.readouterr().out
    assert "of the range" in said
    assert "mine_bf16 against mine" in said, "a lossy variant is the control"
    assert cli.main(["report", str(results), "--out", str(results.parent / "out")]) == 0


def test_a_tolerance_that_is_broken_is_found(
    run: Run, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("mine.py", NETWORK)
    half = "\n\ndef half():\n    made = Tracker()\n    made.network.head.weight.data.mul_(1.1)\n"
    write("half.py", NETWORK + half + "    return made\n")
    write(
        "trackers.toml",
        '[mine]\nmake = "mine.py:Tracker"\n'
        '[mine_half]\nmake = "half.py:half"\nbaseline = "mine"\nclaim = "tolerance"\n',
    )
    assert run("--tracker", "mine", "--tracker", "mine_half") == 0
    assert cli.main(["verify", str(results)]) == 1
    assert "of an output's range, more than 0.001" in capsys.readouterr().out


def test_bench_measures_them(capsys: pytest.CaptureFixture[str]) -> None:
    write("mine.py", NETWORK)
    names = ["--tracker", "mine=mine.py:Tracker", "--tracker", "mine_exact"]
    assert cli.main(["bench", *names, "--repeats", "1", "--threads", "1"]) == 0
    assert "| mine_exact" in capsys.readouterr().out
