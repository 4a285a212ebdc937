"""Where things are on this machine: roots of datasets, from a flag, the environment or a file.

The file is `config.ini` in the user's configuration folder (`HIT_TRACKERS_CONFIG` overrides it):

    [roots]
    lasot = /data/LaSOT
    trackingnet = /data/TrackingNet
    got10k = /data/GOT-10k

    [checkpoints]
    folder = /data/checkpoints
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterable
from pathlib import Path

import platformdirs

from hit_trackers.errors import DatasetError, HitTrackersError

DATASETS = ("demo", "lasot", "trackingnet", "got10k-val", "got10k-test")
BENCHMARKS = {
    "lasot": "lasot",
    "trackingnet": "trackingnet",
    "got10k-val": "got10k",
    "got10k-test": "got10k",
}
LAYOUTS = {
    "lasot": "<root>/airplane/airplane-1/{groundtruth.txt,img/00000001.jpg}",
    "trackingnet": "<root>/TEST/{anno/<sequence>.txt,frames/<sequence>/0.jpg}",
    "got10k": "<root>/{val,test}/{list.txt,<sequence>/groundtruth.txt,<sequence>/00000001.jpg}",
}


def _expanded(folder: str) -> Path:
    # Unlike Path.expanduser this leaves the `~` of an unknown user alone: a path not found.
    return Path(os.path.expanduser(folder))


def variable(benchmark: str) -> str:
    """The environment variable that holds a benchmark's root: `LASOT_ROOT`."""
    return f"{benchmark.upper()}_ROOT"


def config_file() -> Path:
    """Path of the configuration file, whether or not it exists."""
    override = os.environ.get("HIT_TRACKERS_CONFIG")
    if override:
        return _expanded(override)
    return Path(platformdirs.user_config_dir("hit-trackers", appauthor=False)) / "config.ini"


def cache_folder() -> Path:
    """Where the rendered demo is kept (`HIT_TRACKERS_CACHE` overrides it)."""
    override = os.environ.get("HIT_TRACKERS_CACHE")
    if override:
        return _expanded(override)
    return Path(platformdirs.user_cache_dir("hit-trackers", appauthor=False))


def setting(section: str, key: str) -> str | None:
    """One value of the configuration file, None where the file or the key is absent.

    Raises:
        HitTrackersError: the file is not INI; the message has the line.
    """
    path = config_file()
    try:
        if not path.is_file():
            return None
    except OSError:  # the home of somebody else, as under sudo or in a service
        return None
    parser = configparser.ConfigParser(interpolation=None)
    try:
        text = path.read_text(encoding="utf-8")
        if "\0" in text:
            raise configparser.Error("it holds a NUL character")
        parser.read_string(text, source=str(path))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise HitTrackersError(
            f"{path}: cannot be read as INI ({error}); expected [roots] and `lasot = /data/LaSOT`"
        ) from error
    return parser.get(section, key, fallback=None) or None


def use_configured_checkpoints() -> None:
    """Let `hit_trackers` find the checkpoint folder of the configuration file.

    The environment goes first: a `HIT_CHECKPOINTS` that is set stays as it is.
    """
    folder = setting("checkpoints", "folder")
    if folder:
        os.environ.setdefault("HIT_CHECKPOINTS", str(_expanded(folder)))


def split_roots(values: Iterable[str], datasets: Iterable[str]) -> dict[str, Path]:
    """Read `--root` values into dataset -> root.

    `DIR` alone is the root of the one benchmark asked for; `lasot=DIR` names its benchmark.

    Raises:
        HitTrackersError: an unknown benchmark, or a plain DIR where several are asked for.
    """
    wanted = [name for name in datasets if name in BENCHMARKS]
    roots: dict[str, Path] = {}
    for value in values:
        benchmark, equals, folder = value.partition("=")
        if equals and benchmark in {*BENCHMARKS, *LAYOUTS}:
            names = [name for name, kind in BENCHMARKS.items() if benchmark in (name, kind)]
        else:
            names, folder = wanted, value
            if len({BENCHMARKS[name] for name in wanted}) != 1:
                raise HitTrackersError(
                    f"--root {value}: whose root is it? This run asks for {wanted or 'the demo'}; "
                    "write --root lasot=DIR (or trackingnet=DIR, got10k=DIR), one a benchmark"
                )
        roots.update({name: _expanded(folder) for name in names})
    return roots


def find_root(dataset: str, root: str | Path | None = None) -> Path:
    """Root folder of `lasot`, `trackingnet`, `got10k-val` or `got10k-test`.

    Looked for in this order: the argument, the environment, the configuration file.

    Raises:
        DatasetError: nothing is configured, or what is configured is no folder.
    """
    benchmark = BENCHMARKS[dataset]
    sources = (
        ("--root", root),
        (variable(benchmark), os.environ.get(variable(benchmark))),
        (f"{config_file()}: [roots] {benchmark}", setting("roots", benchmark)),
    )
    for source, value in sources:
        if not value:
            continue
        folder = _expanded(str(value))
        if not folder.is_dir():
            raise DatasetError(
                f"{dataset}: {folder} (from {source}) is no folder; "
                f"expected {LAYOUTS[benchmark].replace('<root>', str(folder))}"
            )
        return folder
    raise DatasetError(
        f"{dataset}: no root is configured; pass --root DIR, set {variable(benchmark)}, or write "
        f"`{benchmark} = DIR` under [roots] in {config_file()}; expected layout: "
        f"{LAYOUTS[benchmark]}. `--dataset demo` needs nothing"
    )
