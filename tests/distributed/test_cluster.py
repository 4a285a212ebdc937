"""A Ray cluster of three nodes on this machine, one of which is killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runner_fakes import digests, write_images

from hit_trackers.errors import EngineError
from toolkit_adapters import cli
from toolkit_adapters.records import Flag, Results
from toolkit_adapters.schedule import cluster

ray = pytest.importorskip("ray", reason="Ray is not installed (extra: ray)")
NAMES = tuple("abcd")
#: Long enough that a worker is caught, and its node dead, before its sequence ends.
FRAMES = 100


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[2]))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    small = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    # Nodes of a loaded machine are slow, not dead; a killed one breaks its connections.
    checks = {"health_check_period_ms": 10_000, "health_check_failure_threshold": 10}
    made = Cluster(initialize_head=True, head_node_args={**small, "_system_config": checks})
    made.add_node(**small)
    made.add_node(**small)
    made.wait_for_nodes()
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., int]:
    root = tmp_path / "got10k"
    for seed, name in enumerate(NAMES):
        count = FRAMES + 2 * seed
        write_images(root / "val" / name, seed, count)
        (root / "val" / name / "groundtruth.txt").write_text("10,10,8,8\n" * count)
    (root / "val" / "list.txt").write_text("\n".join(NAMES) + "\n")

    def command(results: Path, *extra: str) -> int:
        arguments = ["run", "--dataset", "got10k-val", "--root", str(root), "--threads", "1"]
        arguments += ["--checkpoint", "seeded", "--controls", "0", "--no-memory"]
        arguments += ["--tracker", "hit_nano", *extra]
        return cli.main([*arguments, "--results", str(results)])

    return command


@pytest.mark.slow
def test_a_node_that_is_killed_costs_its_sequence_only(
    nodes: Any,
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    victim = nodes.list_all_nodes()[-1]
    killed: list[str] = []
    watch = cluster.ClusterEngine._ask_progress

    def kill_in_the_middle(engine: Any, on_frames: Callable[..., object]) -> None:
        def look(job: Any, frames: int) -> None:
            on_frames(job, frames)
            hand = next(hand for hand in engine._hands if hand.job is job)
            if victim.node_id in hand.node and 0 < frames < job.frames and not killed:
                killed.append(job.sequence)
                nodes.remove_node(victim, allow_graceful=False)

        watch(engine, look)

    monkeypatch.setattr(cluster.ClusterEngine, "_ask_progress", kill_in_the_middle)
    monkeypatch.setattr(cluster, "POLL_SECONDS", 0.05)
    assert run(tmp_path / "cluster", "--engine", "ray", "--address", nodes.address) == 0
    err = capsys.readouterr().err
    assert len(killed) == 1
    assert err.count("a worker is lost") == 1
    assert f"got10k-val/{killed[0]} begins anew" in err
    assert run(tmp_path / "local") == 0
    assert digests(tmp_path / "cluster") == digests(tmp_path / "local")
    assert len(digests(tmp_path / "local")) == len(NAMES)
    record = Results(tmp_path / "cluster").record("hit_nano", "got10k-val", "a")
    assert (record.flags & Flag.SHARED).all(), "who else uses a node's cores is not known"
    assert np.isfinite(record.network[1:]).all()


def test_no_cluster_at_the_address(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "none", "--engine", "ray", "--address", "no address") == 1
    assert "--address no address: no Ray cluster answers there" in capsys.readouterr().err


def test_a_device_of_ones_own_choice_is_refused() -> None:
    with pytest.raises(EngineError, match=r"--device cuda:1 with --engine ray: expected cpu or"):
        cluster._gpus("cuda:1")
    assert (cluster._gpus("cpu"), cluster._gpus("cuda")) == (0, 1)


def test_without_ray_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from hit_trackers.errors import MissingDependencyError

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"pip install hit-trackers\[ray\]"):
        cluster._import_ray()
