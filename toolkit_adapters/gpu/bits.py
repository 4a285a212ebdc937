"""The part `bits`: which variants are bitwise on this device, and which step of which is not."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from hit_trackers import families
from hit_trackers.families import OWN, registry
from hit_trackers.variants import Claim, Evidence
from toolkit_adapters.gpu.steps import Result, Step

if TYPE_CHECKING:
    from torch import Tensor

    from toolkit_adapters.gpu.device import Device

#: HiT-Base's attentions: heads, queries, keys, width of a key and of a value.
SHAPES = {
    "stage-1": (6, 320, 320, 32, 64),
    "shrink-1": (12, 80, 320, 32, 128),
    "stage-2": (9, 80, 80, 32, 64),
    "shrink-2": (16, 20, 80, 32, 128),
    "stage-3": (12, 20, 20, 32, 64),
}
#: HiT-Base's projections: tokens, inputs, outputs; the first of each stage's MLP, and of its keys.
LINEARS = {
    "stage-1": (320, 384, 768),
    "stage-2": (80, 512, 1024),
    "stage-3": (20, 768, 1536),
    "back-1": (320, 768, 384),
}
OPERATORS = ("exact", "fused", "memeff", "streaming")
#: With inputs of convolutions rounded to 10 bits, as PyTorch's defaults have it, and without. Of
#: operators by themselves, which have no convolution, it is those of products.
ROUNDINGS = {"tf32": True, "full": False}
#: Of which all that the bench measures is compared; of the others, what ends so.
FIRST, OTHERS = "hit", ("_memeff", "_exact", "_exact_graph")
#: Beside what a family's bench measures: controls that must differ.
LOSSY = ("fp16", "bf16")


def steps() -> list[Step]:
    """See `parts.PARTS`: operators, steps of the expression, then trackers family by family."""
    found = [Step(f"expression/{name}", partial(_expression, name)) for name in SHAPES]
    found += [Step(f"softmax/{name}", partial(_softmax, name)) for name in SHAPES]
    found += [Step(f"chains/{name}", partial(_chains, name)) for name in SHAPES]
    found += [Step(f"linear/{name}", partial(_linear, name)) for name in LINEARS]
    later: list[Step] = []
    for family in OWN:
        if family not in registry().families:
            continue
        for name in variants_of(family):
            lossy = families.parse(name).claim is Claim.LOSSY  # a control, in full float32
            one = [_step(name, how) for how in ROUNDINGS if how == "full" or not lossy]
            # A compilation takes a minute, and others would wait for it.
            (later if name.endswith("compile") else found).extend(one)
    found += [step for step in later if step.key.endswith("full")]
    # Of the families' other sizes, the two that matter; other settings of a size are left out.
    for family in OWN:
        if family not in registry().families:
            continue
        benched = families.parse(variants_of(family)[0]).baseline
        for variant in registry().families[family].variants():
            further = variant.claim is Claim.BASELINE and variant.name != benched
            if further and not variant.part("setting"):
                names = (f"{variant.name}_exact_graph", f"{variant.name}_memeff")
                found += [_step(name, "full") for name in names]
    return found


def _step(name: str, how: str) -> Step:
    return Step(f"network/{name}/{how}", partial(_network, name, how), f"network {way_of(name)}")


def way_of(name: str) -> str:
    """Trackers of one way run the same code in a rehearsal, where Triton and precisions do not."""
    variant = families.parse(name)
    if variant.claim is Claim.LOSSY:
        return "lossy"
    return f"{variant.part('attention')} {variant.part('engine')}"


def variants_of(family: str) -> list[str]:
    """The baseline, what its bench measures on CUDA, and lossy controls; fewer of what follows HiT.

    The baseline stands for itself, run again.
    """
    names = list(registry().families[family].bench_variants("cuda"))
    if family != FIRST:
        names = [name for name in names if name.endswith(OTHERS)]
    baseline = families.parse(names[0]).baseline
    known = [variant.name for variant in registry().families[family].variants()]
    return [baseline, *names, *(n for word in LOSSY for n in [f"{baseline}_{word}"] if n in known)]


def _problem(device: Device, name: str) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """Random queries, keys, values and a bias, laid out as HiT's are; and the scale."""
    import torch

    heads, queries, keys, width, values = SHAPES[name]
    make = torch.Generator("cpu").manual_seed(0)

    def random(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=make).to(device.torch_name)

    q = random(1, queries, heads, width).permute(0, 2, 1, 3)
    k, v = (random(1, keys, heads, w).permute(0, 2, 1, 3) for w in (width, values))
    return q, k, v, random(heads, queries, keys), width**-0.5


def _expression(name: str, device: Device) -> Result:
    """Every operator beside the official expression, as this device computes both."""
    from hit_trackers.attention import EAGER
    from hit_trackers.attention import OPERATORS as KNOWN
    from hit_trackers.errors import HitTrackersError

    q, k, v, bias, scale = _problem(device, name)
    found: Result = {}
    for how, on in ROUNDINGS.items():
        with device.rounding(on, products=on):
            official = EAGER.attend(q, k, v, bias, scale)
            for word in OPERATORS:
                operator = KNOWN[word]
                try:
                    out = operator.attend(q, k, v, operator.lay_out_bias(bias), scale)
                except HitTrackersError as error:
                    found[f"{word} {how}"] = {"left_out": str(error)}
                    continue
                found[f"{word} {how}"] = compare(official, out)
    return found


def _softmax(name: str, device: Device) -> Result:
    """PyTorch's softmax beside its steps: lanes of a warp, halves, a true division."""
    from toolkit_adapters.gpu.rounding import lane_softmax

    q, k, _, bias, scale = _problem(device, name)
    scores = q @ k.transpose(-2, -1) * scale + bias
    return {"lanes": compare(scores.softmax(dim=-1), lane_softmax(scores))}


def _chains(name: str, device: Device) -> Result:
    """The library's products beside chains of fused multiply-adds, over keys and over widths."""
    from toolkit_adapters.gpu.rounding import fused_chain

    q, k, v, bias, scale = _problem(device, name)
    keys = k.transpose(-2, -1)
    with device.rounding(False):
        scores = q @ keys
        weights = (scores * scale + bias).softmax(dim=-1)
        values = weights @ v
    return {
        "scores": compare(scores, fused_chain(q, keys)),
        "values": compare(values, fused_chain(weights, v)),
    }


def _linear(name: str, device: Device) -> Result:
    """A linear beside one chain over its inputs, its bias added last; and what else it could be."""
    import torch

    from toolkit_adapters.gpu.rounding import fused_chain

    rows, inner, columns = LINEARS[name]
    make = torch.Generator("cpu").manual_seed(0)
    x, weight, bias = (
        torch.randn(*shape, generator=make).to(device.torch_name)
        for shape in ((rows, inner), (columns, inner), (columns,))
    )
    with device.rounding(False):
        official = torch.nn.functional.linear(x, weight, bias)
        alone = x @ weight.t()
    chain = fused_chain(x, weight.t()) if not device.rehearsal else alone
    return {
        "bias added last": compare(official, alone + bias),
        "one chain": compare(official, chain + bias),
    }


def _network(name: str, how: str, device: Device) -> Result:
    """All outputs of a variant's network beside its baseline's, on the same search regions."""
    import numpy as np

    from toolkit_adapters.gpu.subject import Subject

    variant = families.parse(name)
    with device.rounding(ROUNDINGS[how]):
        baseline = Subject(device.load(variant.baseline)).outputs()
        subject = Subject(device.load(name))
        outputs = subject.outputs()
        again = subject.outputs()
    drift = np.abs(outputs.astype(np.float64) - baseline)
    evidence = Evidence(
        open_frames=len(outputs),
        open_equal=bool(np.array_equal(outputs, baseline)),
        open_px=float(drift[:, :4].max()) * subject.program.search_size,
        finite=bool(np.isfinite(outputs).all()),
    )
    return {
        "claim": str(variant.claim),
        "bitwise": evidence.open_equal,
        "largest_px": evidence.open_px,
        "largest": float(drift.max()),
        "repeats_bitwise": bool(np.array_equal(outputs, again)),
        "breaches": [breach.name.lower() for breach in variant.claim.breaches(evidence)],
        "holds": not variant.claim.breaches(evidence),
    }


def compare(official: Tensor, found: Tensor) -> dict[str, Any]:
    """Whether two tensors are equal bit for bit, what share of them is, and how far they are."""
    equal = official == found
    return {
        "bitwise": bool(equal.all()),
        "equal_share": float(equal.float().mean()),
        "largest": float((official - found).abs().max()),
    }
