"""The training loop: stops anywhere, and goes on from its last saved state as if it had not."""

from __future__ import annotations

import copy
import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from hit_trackers import checkpoint
from hit_trackers.errors import CheckpointError
from hit_trackers.hit import weights
from hit_trackers.hit.network import seeded
from hit_trackers.hit.network.hit import HiT, build
from training.batches import Jitter, make_batch
from training.losses import Losses, losses
from training.speedups import quicken
from training.views import Views

FIELDS = (
    *("step", "pairs", "seconds", "learning_rate"),
    *("train_loss", "train_iou", "valid_loss", "valid_l1", "valid_giou", "valid_iou"),
)


@dataclass(frozen=True)
class Plan:
    """What one training is; a run that is resumed may only lengthen `steps`."""

    steps: int = 4000
    batch: int = 32  # pairs that a process sees in a step
    processes: int = 2
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-2
    warmup: int = 200
    # The rate is constant, then falls in a straight line to zero over this last share of the steps:
    # a run can thus be lengthened without having been planned so.
    decay: float = 0.3
    averaging: float = 0.998  # of the weights' moving average, which is what is kept
    clip: float = 2.0
    seed: int = 0
    precision: str = "bf16"
    size: str = "nano"
    validate_every: int = 250
    save_every: int = 100
    held_out: int = 128  # scenes at the beginning of the views that are never trained on
    jitter: Jitter = field(default_factory=Jitter)
    start_from: str | None = None  # weights to begin with; from nothing if None

    def rate(self, step: int) -> float:
        """Learning rate of a step."""
        rise = min(1.0, (step + 1) / self.warmup)
        fall = min(1.0, (self.steps - step) / max(1.0, self.decay * self.steps))
        return self.learning_rate * rise * fall


class Training:
    """A network, its moving average and its optimiser, at a step.

    With several processes each has one of these, of its own `rank`; their gradients are averaged.
    Batch norms see their own process's pairs only, and those of rank 0 are kept.
    """

    def __init__(self, plan: Plan, folder: Path, device: str = "cpu", rank: int = 0):
        self.plan, self.folder, self.device, self.rank = plan, folder, device, rank
        torch.manual_seed(plan.seed)
        self.network = build(plan.size)
        if plan.start_from:
            start = Path(plan.start_from)
            checkpoint.load_into(self.network, start, seeded.fill, weights.CONSTANTS)
        self.network.to(device)
        quicken(self.network)
        self.average = copy.deepcopy(self.network).eval()
        # Norms, biases and attention biases are not decayed, as is usual.
        decayed = [p for p in self.network.parameters() if p.ndim >= 2]
        plain = [p for p in self.network.parameters() if p.ndim < 2]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": plan.weight_decay},
                {"params": plain, "weight_decay": 0.0},
            ],
            lr=plan.learning_rate,
        )
        self.step, self.seconds = 0, 0.0

    @property
    def state_path(self) -> Path:
        """Where the state is saved."""
        return self.folder / "state.pt"

    def resume(self) -> None:
        """Continue from the saved state, if there is one.

        Raises:
            CheckpointError: it is damaged, or of another network.
        """
        if not self.state_path.is_file():
            return
        try:
            state = torch.load(self.state_path, map_location=self.device, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.average.load_state_dict(state["average"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.seconds = state["step"], state["seconds"]
        except Exception as error:  # of many kinds, from zip to pickle to shapes
            raise CheckpointError(
                f"{self.state_path}: cannot go on from this state "
                f"({type(error).__name__}: {str(error).splitlines()[0]}); "
                "move it away to begin anew, or choose another --out"
            ) from error

    def save(self) -> None:
        """Write the state; a stop while writing leaves the last one whole."""
        partial = self.state_path.with_suffix(".partial")
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(state, partial)
        partial.replace(self.state_path)

    def _losses(
        self, network: nn.Module, views: Views, scenes: Any, rng: Any, jitter: Jitter
    ) -> Losses:
        batch = make_batch(views, scenes, rng, jitter)
        with torch.autocast(
            self.device.split(":")[0], torch.bfloat16, self.plan.precision == "bf16"
        ):
            output = network(batch.search.to(self.device), batch.template.to(self.device))
        assert isinstance(network, HiT)
        return losses(output, batch.boxes.to(self.device), network.config.search_side)

    def advance(self, views: Views) -> Losses:
        """One step of the optimiser. Its pairs depend on the seed, the step and the rank only."""
        plan = self.plan
        rng = np.random.default_rng([plan.seed, self.step, self.rank])
        scenes = rng.integers(plan.held_out, len(views), plan.batch)
        for group in self.optimiser.param_groups:
            group["lr"] = plan.rate(self.step)
        self.network.train()
        result = self._losses(self.network, views, scenes, rng, plan.jitter)
        self.optimiser.zero_grad(set_to_none=True)
        result.total.backward()
        if plan.processes > 1:
            self._share_gradients()
        nn.utils.clip_grad_norm_(self.network.parameters(), plan.clip)
        self.optimiser.step()
        self.step += 1
        self._average()
        return result

    def _share_gradients(self) -> None:
        gradients = [p.grad for p in self.network.parameters() if p.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients])
        torch.distributed.all_reduce(together)
        together /= self.plan.processes
        for gradient, part in zip(
            gradients, together.split([g.numel() for g in gradients]), strict=True
        ):
            gradient.copy_(part.view_as(gradient))

    @torch.no_grad()
    def _average(self) -> None:
        keep = min(self.plan.averaging, (1 + self.step) / (10 + self.step))
        target = self.average.state_dict()
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                target[name].lerp_(value, 1 - keep)
            else:
                target[name].copy_(value)

    @torch.no_grad()
    def validate(self, views: Views) -> Losses:
        """Losses of the averaged network on the scenes held out: the same pairs every time."""
        plan = self.plan
        scenes = np.arange(plan.held_out)
        rng = np.random.default_rng([plan.seed, 2**31])
        parts = [
            self._losses(self.average, views, chunk, rng, plan.jitter)
            for chunk in np.array_split(scenes, max(1, len(scenes) // 64))
        ]
        return Losses(*(torch.stack(values).mean() for values in zip(*parts, strict=True)))


def train(training: Training, views: Views, progress: bool = True) -> None:
    """Train up to `plan.steps`, adding a row to `curve.csv` at every validation.

    Only the process of rank 0 validates, saves and writes.
    """
    plan, first = training.plan, training.rank == 0
    recent: list[Sequence[Tensor]] = []
    begun = time.perf_counter() - training.seconds
    bar = tqdm(total=plan.steps, initial=training.step, desc="training", unit="step")
    bar.disable = not (progress and first)
    with bar:
        while training.step < plan.steps:
            result = training.advance(views)
            recent.append((result.total.detach(), result.iou.detach()))
            training.seconds = time.perf_counter() - begun
            bar.update()
            if training.step % 20 == 0:
                bar.set_postfix(loss=f"{result.total.item():.3f}", iou=f"{result.iou.item():.3f}")
            if first and (training.step % plan.validate_every == 0 or training.step == plan.steps):
                loss, iou = (float(torch.stack(list(v)).mean()) for v in zip(*recent, strict=True))
                recent.clear()
                _write_row(training, loss, iou, training.validate(views))
            if first and (training.step % plan.save_every == 0 or training.step == plan.steps):
                training.save()


def _write_row(training: Training, loss: float, iou: float, valid: Losses) -> None:
    path = training.folder / "curve.csv"
    # After a resume, rows that the interrupted run wrote past its last saved state are made again.
    rows = [row for row in read_curve(path) if int(row["step"]) < training.step]
    plan = training.plan
    values = [
        *(training.step, training.step * plan.batch * plan.processes, round(training.seconds, 1)),
        *(f"{plan.rate(training.step - 1):.3g}", f"{loss:.4f}", f"{iou:.4f}"),
        *(f"{float(v):.4f}" for v in (valid.total, valid.l1, valid.giou, valid.iou)),
    ]
    rows.append(dict(zip(FIELDS, map(str, values), strict=True)))
    with path.open("w", newline="", encoding="ascii") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_curve(path: Path) -> list[dict[str, str]]:
    """Rows of a `curve.csv`; none where there is no such file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="ascii") as file:
        return list(csv.DictReader(file))
