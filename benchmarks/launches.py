"""What HiT's graph of a frame holds, counted without a GPU: calls that launch, pixels in, box out.

    python -m benchmarks.launches [--size base ...]

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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", action="append", choices=tuple(CONFIGS), help="default: base")
    rows = [
        [f"hit_{size}_{words}", launches(size, "fused" in words, "triton" in words)]
        for size in parser.parse_args().size or ["base"]
        for words in ("exact_graph", "graph_triton", "fused_graph", "fused_graph_triton")
    ]
    print(tabulate(rows, ["tracker", "launches"], tablefmt="github"))


if __name__ == "__main__":
    main()
