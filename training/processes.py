"""Training in several processes of one thread each.

On CPU cores that others use too, two such processes do far more than one of two threads: threads
wait for each other, spinning, inside every operator; processes once a step, asleep.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing

from training.loop import Plan, Training, train
from training.views import open_views


def train_together(plan: Plan, out: Path, views: Path, shards: int, threads: int) -> None:
    """Train on the CPU in `plan.processes` processes of `threads` threads, from what is saved."""
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(
            _work, (plan, out, views, shards, threads, f"{folder}/meeting"), plan.processes
        )


def _work(
    rank: int, plan: Plan, out: Path, views: Path, shards: int, threads: int, meeting: str
) -> None:
    torch.set_num_threads(threads)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=plan.processes
    )
    training = Training(plan, out, rank=rank)
    training.resume()
    train(training, open_views(views, shards))
    torch.distributed.destroy_process_group()
