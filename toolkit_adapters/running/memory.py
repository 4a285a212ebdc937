"""Peak memory of one tracker, measured in a process of its own.

`python -m toolkit_adapters.running.memory NAME` prints one JSON object: the peak of what PyTorch's
allocator handed out during one frame; on CUDA also its peaks over the whole life of the process;
and the process's resident set.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from hit_trackers.errors import HitTrackersError
from toolkit_adapters.records import MEMORY_FILE, Results
from toolkit_adapters.records.files import write_atomically
from toolkit_adapters.running.arguments import set_threads

IMAGE_SIZE = (720, 1280)
UPDATES = 5
_BOX = (600.0, 300.0, 80.0, 60.0)


def measure(
    name: str, checkpoint: str | None = None, device: str = "cpu", threads: int | None = None
) -> dict[str, Any]:
    """Measure a tracker in a new process.

    Returns:
        tracker, device, weights_sha256, method, versions, and in bytes (None where this device or
        engine does not tell): `weights_bytes`, those laid out a second time among them;
        `activations_peak_bytes`, allocated at most beside the weights; `allocated_peak_bytes`, with
        them; `reserved_peak_bytes`, kept by the CUDA allocator; `rss_peak_bytes`, resident set of
        the whole process, libraries included.

    Raises:
        HitTrackersError: the process failed; the last line it printed is in the message.
    """
    command = [sys.executable, "-m", "toolkit_adapters.running.memory", name, "--device", device]
    command += ["--checkpoint", checkpoint] if checkpoint else []
    command += ["--threads", str(threads)] if threads else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        values = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise HitTrackersError(
            f"measuring the memory of {name} failed (exit status {done.returncode}): {last}; "
            "--no-memory leaves it out"
        ) from None
    return dict(values)


def store(results: Results, values: dict[str, Any]) -> None:
    """Write `memory.json` beside the tracker's records."""
    text = json.dumps(values, indent=2, sort_keys=True) + "\n"
    write_atomically(results.folder / values["tracker"] / MEMORY_FILE, text.encode())


def _measure_here(name: str, checkpoint: str | None, device: str) -> dict[str, Any]:
    import numpy as np

    from hit_trackers import load_tracker
    from hit_trackers.protocol import probe_of
    from toolkit_adapters.records.provenance import device_name, versions
    from toolkit_adapters.running.activations import peak_activations

    image = np.random.default_rng(0).integers(0, 256, (*IMAGE_SIZE, 3), dtype=np.uint8)
    tracker = load_tracker(name, checkpoint, device)
    probe = probe_of(tracker)
    tracker.init(image, _BOX)
    for number in range(UPDATES):
        if probe is not None:
            probe.recording = number == UPDATES - 1
        tracker.update(image)
    weights = probe.weights_bytes if probe else None
    activations = allocated = reserved = None
    method = "resident set only: the network does not allocate through PyTorch"
    on_cuda = device.startswith("cuda")
    if on_cuda:
        import torch

        allocated = torch.cuda.max_memory_allocated(device)
        reserved = torch.cuda.max_memory_reserved(device)
        activations = allocated - weights if weights else None
        method = "torch.cuda.max_memory_allocated and max_memory_reserved, whole process"
    if probe is not None and probe.network_input is not None:
        frame = probe.workloads(probe.network_input).get("frame")
        if frame is not None:
            activations = peak_activations(frame, device).bytes
            if on_cuda:
                method += "; activations of one frame"
            else:
                allocated = activations + weights if weights else None
                method = "torch.profiler: peak of allocations during one frame"
    return {
        "tracker": tracker.name,
        "device": device_name(device),
        "weights_sha256": tracker.variant.weights_sha256,
        "weights_bytes": weights,
        "activations_peak_bytes": activations,
        "allocated_peak_bytes": allocated,
        "reserved_peak_bytes": reserved,
        "rss_peak_bytes": peak_resident(),
        "method": method,
        "updates": UPDATES,
        "versions": versions(),
    }


def peak_resident() -> int | None:
    """Largest resident set of this process so far, in bytes; None where the system does not say."""
    status = Path("/proc/self/status")
    if status.is_file():
        # Not getrusage: on Linux its peak is inherited from the process that started this one.
        lines = status.read_text(encoding="utf-8").splitlines()
        peaks = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        return int(peaks[0]) * 1024 if peaks else None
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def main() -> None:
    """Measure the tracker named on the command line and print the values as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--checkpoint")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    set_threads(args.threads)
    print(json.dumps(_measure_here(args.name, args.checkpoint, args.device)))


if __name__ == "__main__":
    main()
