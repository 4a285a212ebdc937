"""The data of a report, kept beside it as `report.json`: a later one can be held against it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hit_trackers.errors import RecordError
from toolkit_adapters.records import REPEAT
from toolkit_adapters.records.jsonable import plain
from toolkit_adapters.reporting.collect import SCOPES, Collection
from toolkit_adapters.reporting.latency import Ratio
from toolkit_adapters.scoring import Score
from toolkit_adapters.scoring.statistics import Estimate

FILE = "report.json"
VERSION = 1


def take(collection: Collection) -> dict[str, Any]:
    """Everything that `changes` compares: scores and digests by sequence, times as ratios."""
    trackers = {}
    for name in collection.subjects:
        run = collection.run(name)
        own = {key[1]: found for key, found in collection.extracts.items() if key[0] == name}
        times = {}
        for scope in SCOPES:
            latency = collection.latency(name, scope)
            if latency is not None:
                times[scope] = {
                    **vars(latency),
                    "fps": latency.fps,
                    "ratio": _plain_ratio(collection.ratio(name, scope)),
                    "repeat": _plain_ratio(collection.ratio(f"{run.baseline}{REPEAT}", scope)),
                }
        trackers[name] = {
            "device": collection.device(name),
            "threads": run.identity.get("threads"),
            "weights_sha256": run.weights_sha256,
            "commit": run.provenance.get("commit"),
            "memory": dict(collection.memory.get(name) or {}),
            "latency": times,
            "datasets": {
                dataset: {
                    "convention": collection.accuracy.datasets[dataset].convention.name,
                    "dataset_fingerprint": collection.runs[name, dataset].identity.get(
                        "dataset_fingerprint"
                    ),
                    "sequences": {
                        sequence: {
                            "boxes_sha256": extract.digest,
                            "score": None
                            if extract.score is None
                            else {
                                "frames": extract.score.frames,
                                "values": extract.score.values,
                                "weights": extract.score.weights,
                            },
                        }
                        for sequence, extract in found.items()
                    },
                }
                for dataset, found in own.items()
            },
        }
    gaps = list(collection.verification.gaps)
    content: dict[str, Any] = plain({"version": VERSION, "gaps": gaps, "trackers": trackers})
    return content


def _plain_ratio(ratio: Ratio | None) -> dict[str, float] | None:
    return None if ratio is None else {**vars(ratio.estimate), "n": ratio.n, "median": ratio.median}


def ratio_of(entry: Mapping[str, Any] | None) -> Ratio | None:
    """A ratio to the baseline as it was; None where there was none, or in an older snapshot."""
    if entry is None:
        return None
    value, error, freedom, median = (
        math.nan if entry[key] is None else float(entry[key])
        for key in ("value", "error", "freedom", "median")
    )
    return Ratio(int(entry["n"]), Estimate(value, error, freedom), median)


def load(folder: Path) -> dict[str, Any]:
    """Read the `report.json` of an earlier report.

    Raises:
        RecordError: missing, malformed, or of another version.
    """
    path = folder / FILE if folder.is_dir() else folder
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version, trackers = content["version"], content["trackers"]
        content.setdefault("gaps", ["written before reports said what is missing"])
        if version != VERSION or not isinstance(trackers, dict):
            raise ValueError(f"version is {version!r}, expected {VERSION}")
    except FileNotFoundError:
        raise RecordError(f"{path}: missing; expected the folder of an earlier report") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecordError(
            f"{path}: not the data of a report ({error}); write the report again"
        ) from error
    return dict(content)


def score_of(entry: Mapping[str, Any] | None) -> Score | None:
    """A sequence's score as it was, without curves."""
    if entry is None:
        return None
    values = {name: math.nan if v is None else float(v) for name, v in entry["values"].items()}
    return Score(int(entry["frames"]), values, weights=dict(entry["weights"]))
