"""The configuration file: where things are on this machine; and the cache folder.

The file is `config.ini` in the user's configuration folder (`HIT_TRACKERS_CONFIG` overrides it):

    [roots]
    lasot = /data/LaSOT
    trackingnet = /data/TrackingNet
    got10k = /data/GOT-10k

    [checkpoints]
    folder = /data/checkpoints

    [trackers]
    file = /home/me/lab/trackers.toml
"""

from __future__ import annotations

import configparser
import os
from pathlib import Path

from hit_trackers.declarations import FILE_VARIABLE
from hit_trackers.errors import HitTrackersError


def expanded(folder: str) -> Path:
    """`folder` with `~` expanded."""
    # Unlike Path.expanduser this leaves the `~` of an unknown user alone: a path not found.
    return Path(os.path.expanduser(folder))


def config_file() -> Path:
    """Path of the configuration file, whether or not it exists."""
    override = os.environ.get("HIT_TRACKERS_CONFIG")
    if override:
        return expanded(override)
    return _users("config") / "config.ini"


def cache_folder() -> Path:
    """Where the rendered demo is kept (`HIT_TRACKERS_CACHE` overrides it)."""
    override = os.environ.get("HIT_TRACKERS_CACHE")
    if override:
        return expanded(override)
    return _users("cache")


def _users(kind: str) -> Path:
    """This program's folder of a kind, config or cache, where the system keeps a user's."""
    try:
        import platformdirs
    except ModuleNotFoundError:  # a bare Linux machine, where `gpu-report` runs nevertheless
        return Path(os.path.expanduser("~")) / f".{kind}" / "hit-trackers"
    place = {"config": platformdirs.user_config_dir, "cache": platformdirs.user_cache_dir}[kind]
    return Path(place("hit-trackers", appauthor=False))


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


def use_configured_trackers() -> None:
    """Let `hit_trackers` find the own trackers of the configuration file; the environment first."""
    file = setting("trackers", "file")
    if file:
        os.environ.setdefault(FILE_VARIABLE, str(expanded(file)))


def use_configured_checkpoints() -> None:
    """Let `hit_trackers` find the checkpoint folder of the configuration file.

    The environment goes first: a `HIT_CHECKPOINTS` that is set stays as it is.
    """
    folder = setting("checkpoints", "folder")
    if folder:
        os.environ.setdefault("HIT_CHECKPOINTS", str(expanded(folder)))
