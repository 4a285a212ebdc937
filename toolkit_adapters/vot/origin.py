"""What a workspace's results come from: tracker, weights, code, device, threads, sequences.

The toolkit takes any result file that exists for the right one, also after the weights were
replaced or the code was changed.
"""

from __future__ import annotations

import configparser
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hit_trackers import families
from hit_trackers.declarations import VARIABLE
from hit_trackers.errors import ResultFileError, UnknownTrackerError
from hit_trackers.protocol import Tracker
from toolkit_adapters.records.origin import keep_origin
from toolkit_adapters.records.sources import sources_of
from toolkit_adapters.running.arguments import set_threads


def require_same_origin(space: Any, name: str) -> None:
    """Load a tracker of ours as the toolkit will, and compare it with what made its results.

    Somebody else's tracker passes: nothing is known of its weights.

    Raises:
        ResultFileError: the results are of another tracker, weights, code, device, number of
            threads or other sequences, or nothing says of which.
        HitTrackersError: the tracker cannot be loaded.
    """
    settings = _settings(Path(space.directory) / "trackers.ini", name)
    if "trackers_own" in settings and VARIABLE not in os.environ:
        os.environ[VARIABLE] = settings["trackers_own"]
        families.registry.cache_clear()
    try:
        families.parse(settings["tracker"])
    except (KeyError, UnknownTrackerError):
        return
    threads = settings.get("threads")
    set_threads(int(threads) if threads else None)
    tracker = families.load_tracker(
        settings["tracker"], settings.get("checkpoint") or None, settings.get("device", "cpu")
    )
    results = Path(space.directory) / "results"
    if not _file(results, name).is_file() and (results / name).is_dir():
        raise ResultFileError(
            f"{results / name}: nothing says which weights and data these results come from; "
            "delete the folder, and they are made again"
        )
    keep(space, name, tracker, settings)


def keep(space: Any, name: str, tracker: Tracker, settings: Mapping[str, str]) -> None:
    """Write, or compare, what the results of a tracker come from.

    Raises:
        ResultFileError: the results that are there come from something else.
    """
    keep_origin(
        _file(Path(space.directory) / "results", name),
        {
            "tracker": tracker.name,
            **tracker.variant.identity,
            "device": settings.get("device", "cpu"),
            "threads": settings.get("threads", ""),
            "sequences_sha256": fingerprint(space),
        },
        sources_of(tracker.variant.family),
        "Make another workspace",
    )


def fingerprint(space: Any) -> str:
    """SHA-256 over the names, boxes and first images of all sequences."""
    digest = hashlib.sha256()
    for sequence in space.dataset:
        boxes = [str(sequence.groundtruth(index)) for index in range(len(sequence))]
        digest.update("\n".join((sequence.name, *boxes)).encode())
        digest.update(Path(sequence.frame(0).filename()).read_bytes())
    return digest.hexdigest()


def _file(results: Path, name: str) -> Path:
    return results / f"{name}.json"


def _settings(registry: Path, name: str) -> dict[str, str]:
    parser = configparser.ConfigParser()
    parser.read(registry, encoding="utf-8")
    section = parser[name] if parser.has_section(name) else {}
    return {
        key.removeprefix("env_hit_"): value
        for key, value in section.items()
        if key.startswith("env_hit_")
    }
