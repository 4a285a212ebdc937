"""What HiT's graph of a frame holds, counted without a GPU: calls that launch, pixels in, box out.

    python -m benchmarks.launches [--size base ...]
    python -m benchmarks.launches --blocks     # what an attention with its projections takes

The frame runs on tensors without contents, as it would be captured. ATen calls that only allocate
or make a view are left out, kernels of our own counted. A library may launch several kernels in a
call, such as for a product that it splits.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from tabulate import tabulate
from torch import Tensor

from hit_trackers.attention import ON_CUDA, Operator
from hit_trackers.engines.operators import count_operators
from hit_trackers.hit.network import triton_block, triton_layers
from hit_trackers.hit.network.config import CONFIGS
from hit_trackers.hit.network.hit import build
from hit_trackers.hit.program import HitProgram


class Kernels:
    """Counts what is launched, and computes nothing."""

    def __init__(self) -> None:
        self.launched = 0

    def launch(self, *_: Any, **__: Any) -> None:
        self.launched += 1

    def attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None, scale: float) -> Tensor:
        self.launched += 1
        return q.new_empty(1, q.shape[2], q.shape[1], v.shape[-1]).transpose(1, 2)

    def __getattr__(self, name: str) -> Any:
        return _AnyGrid(self.launch)


class _AnyGrid:
    def __init__(self, launch: Callable[..., None]) -> None:
        self.launch = launch

    def __getitem__(self, grid: object) -> Callable[..., None]:
        return self.launch


@contextmanager
def counting() -> Iterator[Kernels]:
    kernels = Kernels()
    with mock.patch.object(triton_layers, "kernels", return_value=kernels):
        yield kernels


def launches(size: str, fused: bool, triton: bool) -> int:
    """Of `hit_<size>_exact_graph`, or with `fused` in place of `exact`, and with `triton`."""
    with counting() as kernels, torch.device("meta"), torch.no_grad():
        network = build(size).prepare().work_in_place()
        program = HitProgram(network, caches=True)
        network.use(Operator("fused", kernels.attend) if fused else ON_CUDA["exact"])
        if triton:
            triton_layers.use(network, program.mean, program.deviation)
            if fused:
                triton_block.use(network)
            program.reads_pixels = True
        held = program.embed(torch.empty(program.template_shape, dtype=torch.uint8))
        pixels = torch.empty(program.search_shape, dtype=torch.uint8)
        kernels.launched = 0
        calls = count_operators(lambda: program(pixels, held))
    working = sum(count for name, count in calls.items() if "empty" not in name)
    return working + kernels.launched


#: Data sheets: FLOP/s in float32 without tensor cores, bytes a second of memory, processors.
GPUS = {"H100": (67e12, 3.35e12, 132), "L40S": (91.6e12, 0.864e12, 142)}


def blocks(size: str) -> list[list[object]]:
    """Each kind of attention that takes one launch, by the data sheets of two GPUs.

    Per kind: programs of its phases, MFLOP, MB of weights; then for each GPU us for the arithmetic,
    us for the weights, and us for the arithmetic of a head's queries, keys and values in one
    processor, with rows computed 16 at a time.
    """
    with counting(), torch.device("meta"), torch.no_grad():
        network = build(size).prepare().use(Operator("fused", ON_CUDA["exact"].attend))
        triton_layers.use(network, *[torch.empty(1, 3, 1, 1)] * 2)
        triton_block.use(network)
    rows: list[list[object]] = []
    for block in network.modules():
        if not isinstance(block, triton_block.AttentionBlock):
            continue
        heads, queries, tokens = block.bias.shape
        asking = [(queries, block.query)] if block.shrinks else []
        linears = [(tokens, block.made), *asking, (queries, block.project)]
        flops = sum(2 * rows * of.in_features * of.out_features for rows, of in linears)
        # Scores are computed in each of three passes.
        flops += 2 * heads * queries * tokens * (3 * block.width + block.values)
        weights = sum(4 * of.in_features * of.out_features for _, of in linears)
        row: list[object] = [f"{tokens} to {queries}" if block.shrinks else f"{tokens}"]
        row += [" + ".join(str(n) for n in block.programs() if n), flops / 1e6, weights / 1e6]
        for rate, bandwidth, processors in GPUS.values():
            of_a_head = sum(
                2 * -(-rows // 16) * 16 * of.in_features * of.out_features / heads
                for rows, of in linears[:-1]
            )
            seconds = (flops / rate, weights / bandwidth, of_a_head / rate * processors)
            row += [each * 1e6 for each in seconds]
        if row not in rows:
            rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", action="append", choices=tuple(CONFIGS), help="default: base")
    parser.add_argument("--blocks", action="store_true", help="costs of blocks, on paper")
    arguments = parser.parse_args()
    sizes = arguments.size or ["base"]
    if arguments.blocks:
        heads = ["tokens", "programs", "MFLOP", "weights, MB"]
        for gpu in GPUS:
            heads += [f"{gpu}: arithmetic, us", "weights, us", "a head in one processor, us"]
        for size in sizes:
            print(f"\n{size}\n" + tabulate(blocks(size), heads, tablefmt="github", floatfmt=".1f"))
        return
    rows = [
        [f"hit_{size}_{words}", launches(size, "fused" in words, "triton" in words)]
        for size in sizes
        for words in ("exact_graph", "graph_triton", "fused_graph", "fused_graph_triton")
    ]
    print(tabulate(rows, ["tracker", "launches"], tablefmt="github"))


if __name__ == "__main__":
    main()
