"""The process of one part: `python -m toolkit_adapters.gpu.worker OUT PART [--rehearse]`.

A part has a process of its own, so that what breaks the CUDA context, or takes too long, costs one
step. Exits 0 when every step has an end, 3 when the rest needs a new process.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hit_trackers.errors import EngineError, HitTrackersError, MissingDependencyError
from toolkit_adapters.gpu import folder
from toolkit_adapters.gpu.parts import Part, named
from toolkit_adapters.gpu.steps import LeftOut, Step, blank, one_of_each

if TYPE_CHECKING:
    from toolkit_adapters.gpu.device import Device

AGAIN = 3
#: After such an error every further call of the process fails.
_BROKEN = ("CUDA error", "CUDNN_STATUS_EXECUTION_FAILED", "cudaError")


def work(out: Path, part: Part, device: Device, cut: bool = False) -> int:
    """Do what a part has left; see the module.

    Args:
        out: folder of the report.
        part: which.
        device: where.
        cut: end this process in the middle of the second step, as a machine that is taken away.
    """
    from toolkit_adapters.gpu.identity import identity

    current = identity(device)
    kept = folder.read(out, part.name) or folder.Kept(part.name, current)
    folder.require_same(folder.path_of(out, part.name), kept.identity, current)
    steps = one_of_each(part.steps()) if device.rehearsal else part.steps()
    device.scratch = out / folder.SCRATCH
    for number, step in enumerate(steps, 1):
        if step.key in kept.steps:
            continue
        kept.begun[step.key] = kept.begun.get(step.key, 0) + 1
        if kept.begun[step.key] > folder.ATTEMPTS:
            reason = f"the process ended in it {folder.ATTEMPTS} times"
            kept.steps[step.key] = {"state": "failed", "reason": reason}
            folder.write(out, kept)
            continue
        folder.write(out, kept)
        if cut and number == min(2, len(steps)):
            os.kill(os.getpid(), signal.SIGKILL)
        found = _done(step, device)
        kept.steps[step.key] = found
        folder.write(out, kept)
        _say(part, number, len(steps), step, found)
        if any(sign in str(found.get("reason", "")) for sign in _BROKEN):
            return AGAIN
    return 0


def _done(step: Step, device: Device) -> dict[str, object]:
    start = time.perf_counter()
    try:
        result = step.work(device)
    except (LeftOut, MissingDependencyError, ModuleNotFoundError, EngineError) as error:
        return {"state": "left out", "reason": " ".join(str(error).split())}
    except Exception as error:  # one step's failure is a finding, and must not cost the others
        return {"state": "failed", "reason": f"{type(error).__name__}: {str(error)[:2000]}"}
    seconds = round(time.perf_counter() - start, 3)
    if device.rehearsal:
        return {"state": "done", "seconds": blank(seconds), "result": blank(result)}
    return {"state": "done", "seconds": seconds, "result": result}


def _say(part: Part, number: int, count: int, step: Step, found: dict[str, object]) -> None:
    reason = f": {str(found['reason'])[:160]}" if "reason" in found else ""
    print(f"{part.name} {number}/{count} {step.key}: {found['state']}{reason}", flush=True)


def main() -> int:
    """Work on the part that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("part")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rehearse", action="store_true")
    parser.add_argument("--cut", action="store_true")
    args = parser.parse_args()
    try:
        if args.rehearse:
            from toolkit_adapters.gpu.rehearsal import rehearsed

            with rehearsed() as device:
                return work(args.out, named(args.part), device, args.cut)
        from toolkit_adapters.gpu.device import Device

        return work(args.out, named(args.part), Device(args.device), args.cut)
    except HitTrackersError as error:
        print(f"{args.part}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
