"""A run on a Ray cluster of three nodes on this machine, one of which is killed on the way.

    python killed_node.py RUN_OPTION ...

A program of its own, for a process that has used Ray must not fork, as other tests do. It prints
the sequences that were in hand when a node was killed, as JSON, and exits as the run does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import ray
from ray.cluster_utils import Cluster

from toolkit_adapters import cli
from toolkit_adapters.running.scheduling import ray_cluster as cluster


def start_nodes() -> Any:
    small = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    # Nodes of a loaded machine are slow, not dead; a killed one breaks its connections.
    checks = {"health_check_period_ms": 10_000, "health_check_failure_threshold": 10}
    nodes = Cluster(initialize_head=True, head_node_args={**small, "_system_config": checks})
    nodes.add_node(**small)
    nodes.add_node(**small)
    nodes.wait_for_nodes()
    return nodes


def main(options: list[str]) -> int:
    nodes = start_nodes()
    victim = nodes.list_all_nodes()[-1]
    killed: list[str] = []
    watch = cluster.RayScheduler._ask_progress

    def kill_in_the_middle(engine: Any, on_frames: Callable[..., object]) -> None:
        def look(job: Any, frames: int) -> None:
            on_frames(job, frames)
            hand = next(hand for hand in engine._hands if hand.job is job)
            if victim.node_id in hand.node and 0 < frames < job.frames and not killed:
                killed.append(job.sequence)
                nodes.remove_node(victim, allow_graceful=False)

        watch(engine, look)

    cluster.RayScheduler._ask_progress = kill_in_the_middle  # type: ignore[method-assign]
    cluster.POLL_SECONDS = 0.05
    try:
        status = cli.main(["run", *options, "--on", "ray", "--address", nodes.address])
    finally:
        ray.shutdown()
        nodes.shutdown()
    print(json.dumps(killed))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
