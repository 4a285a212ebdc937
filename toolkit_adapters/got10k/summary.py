"""The toolkit's figures beside ours, on the same files, and where and why they differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from toolkit_adapters.got10k.datasets import resolution
from toolkit_adapters.got10k.experiments import Experiment, ExperimentGOT10k, ExperimentLaSOT
from toolkit_adapters.records.files import write_atomically
from toolkit_adapters.scoring import combine, find

_SPEED = (
    "The toolkit's speed is the mean of 1/t with initialisation included: one slow frame hardly "
    "counts, and 99 frames of 5 ms with one of 500 ms make 198 FPS. Ours is frames / seconds, "
    "initialisation left out."
)
NOTES = {
    "got10k": (
        _SPEED,
        "AO and SR0.5 are the same convention and must agree; the released toolkit has no SR0.75.",
    ),
    "lasot": (
        _SPEED,
        "The toolkit scores frames without a target as any other (`got10k` convention); papers "
        "print the pytracking convention, where such a frame counts as a failure.",
    ),
    "trackingnet": (
        _SPEED,
        "The toolkit averages 21 thresholds with IoU > t on unrounded boxes; the server rounds "
        "boxes to integers, takes IoU >= t and the area under the curve, and so differs.",
    ),
}


@dataclass(frozen=True)
class Figure:
    """One measure of one tracker; None where a side does not have it."""

    tracker: str
    measure: str
    toolkit: float | None
    ours: float | None
    #: Both sides follow the same convention, so that they must agree.
    comparable: bool

    @property
    def verdict(self) -> str:
        """Whether the two agree, where they should."""
        if not self.comparable or self.toolkit is None or self.ours is None:
            return ""
        return "equal" if abs(self.toolkit - self.ours) < 1e-9 else "DIFFERENT"


def family(experiment: Experiment) -> str:
    """`got10k`, `lasot` or `trackingnet`."""
    if isinstance(experiment, ExperimentGOT10k):
        return "got10k"
    return "lasot" if isinstance(experiment, ExperimentLaSOT) else "trackingnet"


def compare(
    experiment: Experiment, trackers: list[str], performance: Mapping[str, Any]
) -> list[Figure]:
    """Score the toolkit's own files by our functions.

    Args:
        performance: what the toolkit's `report` returned.
    """
    kind = family(experiment)
    figures = []
    for tracker in trackers:
        theirs = performance[tracker]["overall"]
        figures += _scores(experiment, kind, tracker, theirs)
        seconds = np.concatenate(
            [experiment.times(tracker, name)[1:] for name in experiment.dataset.seq_names]
        )
        fps = len(seconds) / float(seconds.sum())
        figures.append(Figure(tracker, "FPS", float(theirs["speed_fps"]), fps, False))
    return figures


def _scores(
    experiment: Experiment, kind: str, tracker: str, theirs: Mapping[str, Any]
) -> list[Figure]:
    def ours(convention_name: str | None) -> Mapping[str, float]:
        convention = find(kind, convention_name)
        scores = []
        for name in experiment.dataset.seq_names:
            sequence = experiment.dataset.load(name)
            truth = sequence.truth
            if kind == "got10k":
                truth = replace(truth, size=resolution(sequence))
            scores.append(convention.score(experiment.boxes(tracker, name), truth))
        return combine(scores).values

    if kind == "got10k":
        values = ours(None)
        return [
            Figure(tracker, "AO", float(theirs["ao"]), values["AO"], True),
            Figure(tracker, "SR0.5", float(theirs["sr"]), values["SR0.5"], True),
            Figure(tracker, "SR0.75", None, values["SR0.75"], False),
        ]
    success, precision = float(theirs["success_score"]), float(theirs["precision_score"])
    if kind == "lasot":
        same, papers = ours("lasot_got10k"), ours("lasot_pytracking")
        return [
            Figure(tracker, "AUC (got10k)", success, same["AUC"], True),
            Figure(tracker, "P (got10k)", precision, same["P"], True),
            *(
                Figure(tracker, f"{name} (pytracking)", None, papers[name], False)
                for name in ("AUC", "P_Norm", "P")
            ),
        ]
    server = ours(None)
    return [
        Figure(tracker, "Success (server)", success, server["Success"], False),
        Figure(tracker, "Precision (server)", precision, server["Precision"], False),
        Figure(tracker, "NormPrec (server)", None, server["NormPrec"], False),
    ]


def write_summary(folder: Path, title: str, figures: list[Figure], notes: tuple[str, ...]) -> str:
    """Write `summary.md` and `summary.json` to a folder; returns the Markdown."""
    rows = [(f.tracker, f.measure, _number(f.toolkit), _number(f.ours), f.verdict) for f in figures]
    table = tabulate(
        rows,
        headers=("tracker", "measure", "got10k toolkit", "ours", ""),
        tablefmt="github",
        disable_numparse=True,
        colalign=("left", "left", "right", "right", "left"),
    )
    text = f"## {title}\n\n{table}\n\n" + "".join(f"- {note}\n" for note in notes)
    content = json.dumps([asdict(f) | {"verdict": f.verdict} for f in figures], indent=2)
    write_atomically(folder / "summary.md", text.encode())
    write_atomically(folder / "summary.json", (content + "\n").encode())
    return text


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}" if value < 2 else f"{value:.1f}"
