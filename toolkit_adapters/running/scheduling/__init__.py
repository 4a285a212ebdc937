"""Who runs which sequence: in this process, in several, or on a Ray cluster.

Wherever a sequence runs, the process of the command writes its record: one writer under one lock.
A worker that outlives its command can then not touch a folder that another run holds by then.
"""

from __future__ import annotations

from toolkit_adapters.running.scheduling.base import Description, Scheduler, Setup, Watch
from toolkit_adapters.running.scheduling.inline import InlineScheduler
from toolkit_adapters.running.scheduling.places import threads_per_worker

__all__ = ["Description", "Scheduler", "Setup", "Watch", "default_threads", "open_scheduler"]


def open_scheduler(
    setup: Setup,
    name: str = "local",
    *,
    workers: int | None = None,
    address: str | None = None,
    cpus_per_worker: int = 1,
) -> Scheduler:
    """Start what runs the sequences.

    Args:
        setup: what each worker loads.
        name: "local" (this machine) or "ray" (a cluster).
        workers: processes, or actors; None for one here, for all that fit on a cluster.
        address: of a Ray cluster, "auto" for the one this machine belongs to; None starts one.
        cpus_per_worker: CPUs that an actor takes.

    Raises:
        HitTrackersError: a tracker cannot be loaded; workers differ; Ray is not installed.
    """
    if name == "ray":
        from toolkit_adapters.running.scheduling.ray_cluster import RayScheduler

        return RayScheduler(setup, workers, address, cpus_per_worker)
    if workers is not None and workers > 1:
        from toolkit_adapters.running.scheduling.local import LocalScheduler

        return LocalScheduler(setup, workers)
    return InlineScheduler(setup)


def default_threads(name: str, workers: int | None, cpus_per_worker: int) -> int | None:
    """CPU threads of each worker where the user does not say; None leaves it to PyTorch.

    Workers that each have as many threads as there are cores would slow each other down.
    """
    if name == "ray":
        return cpus_per_worker
    return threads_per_worker(workers) if workers is not None and workers > 1 else None
