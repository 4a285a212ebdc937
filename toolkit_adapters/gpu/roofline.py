"""The part `roofline`: rates of this device, and the least time that a frame could take."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hit_trackers import families
from toolkit_adapters.gpu.steps import LeftOut, Result, Step

if TYPE_CHECKING:
    import torch

    from toolkit_adapters.gpu.device import Device

#: Bytes of the copy that bandwidth is measured with: more than any cache holds.
COPIED = 1 << 28
NODES = 200
TRACKERS = ("hit_base", "hit_base_exact_graph", "hit_small_exact_graph")


def steps() -> list[Step]:
    """See `parts.PARTS`."""
    frames = [Step(f"frame/{name}", partial(_frame, name)) for name in TRACKERS]
    return [
        Step("products", _products),
        Step("bandwidth", _bandwidth),
        Step("launches", _launches),
        Step("phases", _phases),
        *frames,
    ]


def _best(device: Device, work: object, repeats: int = 20) -> float:
    assert callable(work)
    return min(device.seconds(work) for _ in range(1 if device.rehearsal else repeats))


def _products(device: Device) -> Result:
    """FLOP/s of a large product: float32 in full, with TF32, and in the 16-bit formats."""
    import torch

    side = 64 if device.rehearsal else 4096
    found = {}
    kinds: dict[str, tuple[torch.dtype, bool]] = {
        "fp32": (torch.float32, False),
        "tf32": (torch.float32, True),
        "fp16": (torch.float16, False),
        "bf16": (torch.bfloat16, False),
    }
    for title, (dtype, tf32) in kinds.items():
        a = torch.randn(side, side, device=device.torch_name, dtype=dtype)
        with device.rounding(tf32, products=tf32):
            found[title] = 2 * side**3 / _best(device, lambda a=a: a @ a)
    return found


def _bandwidth(device: Device) -> Result:
    """Bytes read and written a second by a copy within the device."""
    import torch

    size = 1024 if device.rehearsal else COPIED
    source = torch.ones(size, dtype=torch.uint8, device=device.torch_name)
    target = torch.empty_like(source)
    return {"bytes_per_second": 2 * size / _best(device, lambda: target.copy_(source))}


def _launches(device: Device) -> Result:
    """Seconds from one tiny kernel to the next, launched one by one and as nodes of a graph."""
    import torch

    x = torch.zeros(32, device=device.torch_name)

    def work() -> None:
        for _ in range(NODES):
            x.add_(1.0)

    work()
    replay = device.captured(work)
    return {
        "one_by_one": _best(device, work) / NODES,
        "in_a_graph": _best(device, replay) / NODES,
    }


def _phases(device: Device) -> Result:
    """Seconds from a program to the next one in its launch, which waits for what it stores."""
    import torch

    values = torch.zeros(NODES + 1, device=device.torch_name)
    signs = torch.zeros(2, dtype=torch.int32, device=device.torch_name)
    work: Callable[[], object]
    if device.rehearsal:  # without Triton, what the kernel stores
        work = partial(torch.arange, NODES + 1, out=values)
    else:
        try:
            from toolkit_adapters.gpu.relay import relay
        except ImportError as error:
            raise LeftOut(f"needs Triton ({error})") from error
        work = partial(relay[(NODES,)], values, signs)
    work()
    seconds = _best(device, device.captured(work))
    return {"in_a_launch": seconds / NODES, "in_order": float(values[-1]) == NODES}


def _frame(name: str, device: Device) -> Result:
    """FLOPs of a frame, and the bytes of its weights, each read once."""
    from toolkit_adapters.bench.roofline import frame_flops

    variant = families.parse(name)
    sketch = families.family_of(name).sketch(variant)
    flops = frame_flops(variant)
    if sketch is None or flops is None:
        raise LeftOut(f"{name}: its family offers no sketch of a frame")
    return {"flops": flops, "weights_bytes": sketch.weights}
