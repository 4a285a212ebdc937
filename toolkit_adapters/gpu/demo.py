"""The part `demo`: trackers over rendered sequences by the runner, and every claim verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit_adapters.gpu.steps import LeftOut, Result, Step

if TYPE_CHECKING:
    from toolkit_adapters.gpu.device import Device

TRACKERS = (
    *("hit_nano", "hit_nano_exact", "hit_nano_graph", "hit_nano_exact_graph"),
    *("hit_nano_memeff", "hit_nano_memeff_graph", "hit_nano_fused_graph"),
)
#: Of what is run: sequences of the demo, and frames of each.
DATASET, FRAMES = "demo-lasot", 150


def steps() -> list[Step]:
    """See `parts.PARTS`; the run resumes by itself."""
    return [Step("run", _run), Step("verify", _verify), Step("times", _times)]


def _folder(device: Device) -> Path:
    folder = device.scratch.resolve() / "demo"
    folder.parent.mkdir(parents=True, exist_ok=True)
    (folder.parent / ".gitignore").write_text("*\n", encoding="utf-8")  # no part of a report
    return folder


def _run(device: Device) -> Result:
    """All trackers on the same decoded frames, both controls among them."""
    import hit_trackers
    import toolkit_adapters as harness

    folder = _folder(device)
    weights = Path(hit_trackers.__file__).parent / "weights" / "hit_nano.safetensors"
    trackers = TRACKERS[:2] if device.rehearsal else TRACKERS
    summary = harness.run(
        trackers,
        [DATASET],
        folder,
        device=device.torch_name,
        max_frames=8 if device.rehearsal else FRAMES,
        checkpoints={"": str(weights)},
        optional=frozenset(name for name in trackers if "fused" in name),
        sequences=("person-1",) if device.rehearsal else (),
        memory=False,
        threads=1 if device.rehearsal else None,
    )
    return {
        "complete": summary.complete,
        "failures": [str(failure) for failure in summary.failures],
        "left_out": dict(summary.left_out),
    }


def _ran(device: Device) -> Path:
    folder = _folder(device)
    if not any(folder.glob("*/*/run.json")):
        raise LeftOut("nothing was run: see the step run")
    return folder


def _verify(device: Device) -> Result:
    """Every claim on unrounded boxes, closed loop and open loop; both controls."""
    import toolkit_adapters as harness

    verification = harness.verify(_ran(device), partial=True)
    found: dict[str, Any] = {
        certificate.tracker: {
            "boxes": str(certificate.verdict),
            "largest_px": certificate.largest_px,
        }
        for certificate in verification.certificates
    }
    broken = list(verification.broken)
    return {"trackers": found, "broken": broken, "holds": not broken}


def _times(device: Device) -> Result:
    """Medians in seconds of each tracker's columns, as the records hold them."""
    import numpy as np

    import toolkit_adapters as harness
    from toolkit_adapters.records import SCOPES

    results = harness.open_results(_ran(device))
    found: Result = {}
    for tracker in results.trackers:
        records = [
            results.record(tracker, dataset, sequence)
            for dataset in results.datasets
            if results.has_run(tracker, dataset)
            for sequence in results.sequences(tracker, dataset)
        ]
        found[tracker] = {
            scope: float(np.nanmedian(times)) if np.isfinite(times).any() else None
            for scope in SCOPES
            for times in [np.concatenate([getattr(r, scope)[r.timed] for r in records])]
        }
    return found
