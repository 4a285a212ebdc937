"""The parts of a report, in order, and how long each may take. Imports nothing heavy."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from toolkit_adapters.gpu.steps import Step

#: Seconds that all parts may take together: nine minutes.
WHOLE = 540


@dataclass(frozen=True)
class Part:
    """A part.

    Attributes:
        name: of its module, its file, and of `--only`.
        limit: seconds after which it is stopped; what it has is kept.
        what: one line.
        needs: libraries beside PyTorch and NumPy without which it is left out, or poorer.
    """

    name: str
    limit: int
    what: str
    needs: str = ""

    def steps(self) -> list[Step]:
        """Its steps, in order; measures nothing."""
        module = importlib.import_module(f"toolkit_adapters.gpu.{self.name}")
        found: list[Step] = module.steps()
        return found


PARTS = (
    Part("machine", 20, "device, versions, clocks under load, PyTorch's defaults"),
    Part("bits", 140, "which variants are bitwise, TF32 on and off, step by step and per family"),
    Part("suite", 80, "the tests marked gpu", "pytest, pytest-timeout"),
    Part("speed", 150, "device and wall time of every variant beside its baseline; energy"),
    Part("memory", 30, "peaks of the allocator, beside the paper's"),
    Part("kernels", 40, "kernels and launches of a frame, by name"),
    Part("roofline", 20, "rates of the device, and what a frame could take at best"),
    Part("demo", 60, "trackers over the demo by the runner, verified", "OpenCV, filelock, tqdm"),
)


def named(name: str) -> Part:
    """The part of a name."""
    return next(part for part in PARTS if part.name == name)
