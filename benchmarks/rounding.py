"""Which step of attention a fused kernel would have to round exactly as the separate calls do.

Each row replaces one step of the official expression by the same mathematics in another order or
form, the one a kernel on a GPU would take, and leaves the others as they are; float32 throughout.
Prints the share of attention outputs whose bits change, over all layers of a frame with the inputs
that the official computation gives them; and on how many search regions the network's box changes.

    python -m benchmarks.rounding [--tracker NAME] [--checkpoint FILE] [--device cuda]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from hit_trackers import load_tracker
from hit_trackers.attention import Attend, Operator, eager
from hit_trackers.engines.eager import EagerEngine
from hit_trackers.hit.network.hit import HiT
from hit_trackers.hit.tracker import HitTracker as Tracker
from toolkit_adapters.gpu.rounding import fused_chain, lane_sum
from toolkit_adapters.world.demo import CLIPS, scene_of


def row_sum(x: Tensor) -> Tensor:
    """PyTorch's own sum."""
    return x.sum(dim=-1, keepdim=True)


Sum = Callable[[Tensor], Tensor]
Product = Callable[[Tensor, Tensor], Tensor]


def attention(
    scores: Product = torch.matmul,
    exp: Sum = torch.exp,
    total: Sum = row_sum,
    apart: bool = False,
    late: bool = False,
    values: Product = torch.matmul,
) -> Attend:
    """The official expression with some of its steps replaced.

    The softmax is PyTorch's own unless `apart`: then it is maximum, `exp`, `total` and a division,
    which comes after the product with the values if `late`.
    """

    def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: float) -> Tensor:
        s = scores(q, k.transpose(-2, -1)) * scale + bias
        if not apart:
            return values(torch.softmax(s, dim=-1), v)
        weights = exp(s - s.amax(dim=-1, keepdim=True))
        divisor = total(weights)
        return values(weights, v) / divisor if late else values(weights / divisor, v)

    return attend


def exp2(x: Tensor) -> Tensor:
    """e^x by the hardware's base-two exponential, as CUDA's `__expf` and Triton's `exp` do."""
    return torch.exp2(x * math.log2(math.e))


STEPS: dict[str, Attend] = {
    "nothing: the official expression": attention(),
    "q k^T as one chain of fused multiply-adds": attention(scores=fused_chain),
    "the softmax in four calls (maximum, exp, sum, division)": attention(apart=True),
    "the same, exp as a power of two": attention(apart=True, exp=exp2),
    "the same, its sum over 32 lanes, then in a tree": attention(apart=True, total=lane_sum),
    "the same, division after the product with the values": attention(apart=True, late=True),
    "the product with the values as one chain": attention(values=fused_chain),
    "all of it as `fused` does: chains, lanes, a true division": attention(
        scores=fused_chain, apart=True, total=lane_sum, values=fused_chain
    ),
}


def search_regions(tracker: Tracker, count: int) -> list[np.ndarray]:
    """What the tracker sees in the first frames of the demo's first sequence."""
    scene = scene_of(CLIPS[0])
    first = scene.render(0.0)
    tracker.init(first.image, first.box)
    regions = []
    for number in range(1, count + 1):
        tracker.update(scene.render(float(number)).image)
        assert tracker.network_input is not None
        regions.append(tracker.network_input.copy())
    return regions


Arguments = tuple[Tensor, Tensor, Tensor, Tensor, float]


def layers(network: HiT, run: Callable[[], object]) -> list[Arguments]:
    """Arguments of every attention of one frame."""
    seen: list[Arguments] = []

    def recording(q: Tensor, k: Tensor, v: Tensor, bias: Tensor, scale: float) -> Tensor:
        seen.append((q, k, v, bias, scale))
        return eager.attend(q, k, v, bias, scale)

    network.use(Operator("recording", recording))
    run()
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tracker", default="hit_nano")
    parser.add_argument("--checkpoint")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--frames", type=int, default=20)
    args = parser.parse_args()
    tracker = load_tracker(args.tracker, args.checkpoint, args.device)
    engine = tracker.engine
    assert isinstance(engine, EagerEngine)
    network = engine.program.network
    assert isinstance(network, HiT)
    patches = search_regions(tracker, args.frames)
    expected = [engine.run(patch) for patch in patches]
    inputs = layers(network, lambda: engine.run(patches[0]))
    print("| replaced | outputs that change | by at most | boxes that change |")
    print("|---|---|---|---|")
    for name, attend in STEPS.items():
        changed, count, worst = 0, 0, 0.0
        with torch.inference_mode():
            for arguments in inputs:
                official, found = eager.attend(*arguments), attend(*arguments)
                changed += int((official != found).sum())
                count += official.numel()
                worst = max(worst, float((official - found).abs().max()))
        network.use(Operator("replaced", attend))
        boxes = sum(
            not np.array_equal(engine.run(patch), box)
            for patch, box in zip(patches, expected, strict=True)
        )
        print(f"| {name} | {changed / count:.1%} | {worst:.1e} | {boxes} of {len(patches)} |")


if __name__ == "__main__":
    main()
