"""A process that holds loaded trackers and runs passes with them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping

from hit_trackers import families
from hit_trackers.errors import HitTrackersError
from hit_trackers.protocol import Tracker
from hit_trackers.variants import Variant
from toolkit_adapters.datasets.settings import use_configured_checkpoints
from toolkit_adapters.records import REPEAT
from toolkit_adapters.records.provenance import SEED, Options
from toolkit_adapters.running.arguments import set_threads
from toolkit_adapters.running.entrant import Entrant
from toolkit_adapters.running.jobs import Job
from toolkit_adapters.running.passes import Outcome, run_sequence


def split_checkpoints(values: Iterable[str]) -> dict[str, str]:
    """Read `--checkpoint` values into name -> file; a plain FILE is under the empty name."""
    checkpoints = {}
    for value in values:
        name, equals, file = value.partition("=")
        named = equals and name.isidentifier()
        checkpoints.update({name: file} if named else {"": value})
    return checkpoints


def checkpoint_of(checkpoints: Mapping[str, str], variant: Variant) -> str | None:
    """The `--checkpoint` of a variant; None leaves it to the configured folders.

    The names that it may be given under, the narrowest first: the tracker's, its baseline's, one
    of its parts' (such as the size), its family's.
    """
    names = (variant.name, variant.baseline, *variant.parts.values(), variant.family, "")
    return next((checkpoints[name] for name in names if name in checkpoints), None)


class Worker:
    """Loads trackers once and runs any number of passes."""

    def __init__(self, options: Options, checkpoints: Mapping[str, str] | None = None) -> None:
        """Configure this process: threads, seeds, where checkpoints are.

        Raises:
            HitTrackersError: a senseless number of threads.
        """
        import numpy as np
        import torch

        use_configured_checkpoints()
        set_threads(options.threads)
        # Nothing here is random; seeds are for trackers that somebody adds.
        random.seed(SEED)
        np.random.seed(SEED)  # noqa: NPY002
        torch.manual_seed(SEED)
        self.options = options
        self.checkpoints = dict(checkpoints or {})
        self.entrants: dict[str, Entrant] = {}

    def load(self, name: str) -> Entrant:
        """Load a tracker, or `<tracker>@repeat`, a second instance of one.

        Raises:
            HitTrackersError: unknown name, no weights, an engine that is not installed.
        """
        tracker = self._load(name.removesuffix(REPEAT))
        variant = tracker.variant
        if name.endswith(REPEAT):
            variant = families.repeated(variant, variant.name + REPEAT)
        return self.entrants.setdefault(variant.name, Entrant(tracker, variant))

    def load_controls(self) -> tuple[dict[str, Entrant], list[str]]:
        """Load both controls of every baseline among the entrants.

        Returns:
            The controls that are no entrants already, by name; and why others cannot run here.
        """
        controls: dict[str, Entrant] = {}
        problems = []
        for baseline in [name for name, e in self.entrants.items() if name == e.variant.baseline]:
            lossy = families.family_of(baseline).lossy_controls(baseline)
            for name in (f"{baseline}{REPEAT}", *lossy):
                if name in self.entrants:
                    continue
                try:
                    controls[name] = self.load(name)
                except (HitTrackersError, RuntimeError) as error:
                    problems.append(f"control {name} cannot run: {error}")
        return controls, problems

    def _load(self, name: str) -> Tracker:
        options = self.options
        checkpoint = checkpoint_of(self.checkpoints, families.parse(name))
        return families.load_tracker(
            name, checkpoint, options.device, deterministic=options.deterministic
        )

    def run(
        self,
        job: Job,
        *,
        shared: bool = False,
        on_frame: Callable[[], object] = lambda: None,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> Outcome:
        """Run one pass with the trackers that the job names (loaded before).

        Raises:
            Interrupted: `should_stop` said so.
            DatasetError: the sequence is no longer what it was when the run was planned.
        """
        return run_sequence(
            [self.entrants[name] for name in job.identities],
            job.dataset.load(job.sequence),
            identities=job.identities,
            open_loop=self.options.open_loop,
            max_frames=self.options.max_frames,
            ahead=self.options.decoded_ahead,
            shared=shared,
            tolerate_damage=self.options.tolerate_damage,
            on_frame=on_frame,
            should_stop=should_stop,
        )
