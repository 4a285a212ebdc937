"""Ray: a cluster of three nodes on this machine, one of which is killed; and what is refused.

What uses Ray runs in a process of its own: one that has used it must not fork, as other tests do.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from runner_fakes import digests, write_images

from hit_trackers.errors import MissingDependencyError, SchedulerError
from toolkit_adapters import cli
from toolkit_adapters.records import Flag, Results
from toolkit_adapters.running.scheduling import ray_cluster as cluster

HERE = Path(__file__).resolve()
NAMES = tuple("abcd")
#: Long enough that a worker is caught, and its node dead, before its sequence ends.
FRAMES = 100

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed (extra: ray)"
)


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    """Of a run of one tracker on four sequences."""
    root = tmp_path / "got10k"
    for seed, name in enumerate(NAMES):
        count = FRAMES + 2 * seed
        write_images(root / "val" / name, seed, count)
        (root / "val" / name / "groundtruth.txt").write_text("10,10,8,8\n" * count)
    (root / "val" / "list.txt").write_text("\n".join(NAMES) + "\n")
    arguments = ["--dataset", "got10k-val", "--root", str(root), "--threads", "1"]
    arguments += ["--checkpoint", "seeded", "--controls", "0", "--no-memory"]
    return [*arguments, "--tracker", "hit_nano"]


def start(*command: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join((str(HERE.parents[2]), os.environ["PYTHONPATH"]))
    environment = {**os.environ, "PYTHONPATH": paths, "RAY_USAGE_STATS_ENABLED": "0"}
    return subprocess.run(
        [sys.executable, *command], env=environment, capture_output=True, text=True, check=False
    )


@needs_ray
@pytest.mark.slow
def test_a_node_that_is_killed_costs_its_sequence_only(options: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "cluster"
    done = start(str(HERE.with_name("killed_node.py")), *options, "--results", str(folder))
    assert done.returncode == 0, done.stderr
    (killed,) = json.loads(done.stdout.splitlines()[-1])
    assert done.stderr.count("a worker is lost") == 1
    assert f"got10k-val/{killed} begins anew" in done.stderr
    assert cli.main(["run", *options, "--results", str(tmp_path / "local")]) == 0
    assert digests(folder) == digests(tmp_path / "local")
    assert len(digests(folder)) == len(NAMES)
    record = Results(folder).record("hit_nano", "got10k-val", "a")
    assert (record.flags & Flag.SHARED).all(), "who else uses a node's cores is not known"
    assert np.isfinite(record.network[1:]).all()


@needs_ray
def test_no_cluster_at_the_address(options: list[str], tmp_path: Path) -> None:
    address = ["--on", "ray", "--address", "no address", "--results", str(tmp_path / "none")]
    done = start("-m", "toolkit_adapters", "run", *options, *address)
    assert done.returncode == 1
    assert "--address no address: no Ray cluster answers there" in done.stderr


def test_a_device_of_ones_own_choice_is_refused() -> None:
    with pytest.raises(SchedulerError, match=r"--device cuda:1 with --on ray: expected cpu or"):
        cluster._gpus("cuda:1")
    assert (cluster._gpus("cpu"), cluster._gpus("cuda")) == (0, 1)


def test_without_ray_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"pip install hit-trackers\[ray\]"):
        cluster._import_ray()
