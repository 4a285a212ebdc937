"""Workspaces: a registry of our trackers, a stack and sequences, in one folder."""

from __future__ import annotations

import configparser
import io
import os
import shlex
import shutil
import site
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hit_trackers.errors import HitTrackersError
from toolkit_adapters.datasets.base import Sequence
from toolkit_adapters.vot import stacks, toolkit
from toolkit_adapters.vot.sequences import write_stubs


def registry(trackers: Mapping[str, Mapping[str, str]]) -> str:
    """The text of `trackers.ini`.

    Args:
        trackers: tracker name -> its settings (`tracker`, `checkpoint`, `device`, `threads`), which
            reach the process as HIT_TRACKER and so on: a TraX tracker gets no arguments.
    """
    parser = configparser.ConfigParser(interpolation=None)
    for name, settings in trackers.items():
        parser[name] = {
            "label": name,
            "protocol": "traxpython",
            "command": "toolkit_adapters.vot",  # run as `python -m`
            "python": shlex.quote(sys.executable),
            **_paths(),
            **{f"env_hit_{key}": value for key, value in settings.items() if value},
        }
    for section in parser.sections():
        for key, value in parser[section].items():
            if "$" in value:
                raise HitTrackersError(f"trackers.ini: {key}: the toolkit would expand {value!r}")
            # The toolkit reads with interpolation, and knows no comments behind a value.
            parser[section][key] = value.replace("%", "%%")
    stream = io.StringIO()
    parser.write(stream)
    return stream.getvalue()


def _paths() -> dict[str, str]:
    """Where Python finds this package, if it is not installed: PYTHONPATH is overwritten."""
    folder = Path(__file__).resolve().parents[2]
    installed = [
        Path(path).resolve() for path in (*site.getsitepackages(), site.getusersitepackages())
    ]
    return {} if folder in installed else {"paths": str(folder)}


def create(
    folder: Path,
    trackers: Mapping[str, Mapping[str, str]],
    stack: Mapping[str, Any],
    sequences: Iterable[Sequence],
) -> list[str]:
    """Make a workspace, whole or not at all; returns the names of its sequences.

    Raises:
        HitTrackersError: the folder is not empty, or the stack needs boxes that the sequences do
            not have.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        kind = "a workspace already" if (folder / "config.yaml").is_file() else "not empty"
        raise HitTrackersError(
            f"{folder} is {kind}; choose another folder, or delete it with the results it holds"
        )
    found = list(sequences)
    _require_truth(stack, found)
    toolkit.require()
    import yaml  # type: ignore[import-untyped, unused-ignore]
    from vot.workspace import Workspace

    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        text = yaml.safe_dump(dict(stack), sort_keys=False)
        (scratch / "stack.yaml").write_text(text, encoding="utf-8")
        (scratch / "trackers.ini").write_text(registry(trackers), encoding="utf-8")
        names = write_stubs(scratch / "sequences", found) if found else []
        config = {"stack": "stack.yaml", "registry": ["trackers.ini"]}
        Workspace.initialize(str(scratch), config, download=False)
        scratch.chmod(0o755)
        os.replace(scratch, folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return names


def _require_truth(stack: Mapping[str, Any], sequences: Iterable[Sequence]) -> None:
    needing = [
        key
        for key, experiment in stack["experiments"].items()
        if experiment["type"] not in stacks.FIRST_BOX_ONLY
    ]
    lacking = [sequence.name for sequence in sequences if not sequence.has_truth]
    if needing and lacking:
        raise HitTrackersError(
            f"{', '.join(needing)} need the box of every frame; {lacking[0]} has only the first "
            f"({len(lacking)} such sequences): give the full annotations with --truth, or "
            "--experiment unsupervised --experiment realtime"
        )


def load(folder: Path) -> Any:
    """The toolkit's `Workspace`.

    Raises:
        HitTrackersError: there is none, or the toolkit cannot read it.
    """
    if not (folder / "config.yaml").is_file():
        raise HitTrackersError(
            f"{folder} is no workspace; make one: python -m toolkit_adapters.vot init {folder} "
            "--tracker hit"
        )
    toolkit.require()
    from vot.workspace import Workspace

    try:
        return Workspace.load(str(folder.resolve()))
    except Exception as error:  # the toolkit raises whatever it meets
        raise HitTrackersError(
            f"{folder}: the toolkit cannot load this workspace ({type(error).__name__}: {error}); "
            "look at its config.yaml, stack.yaml and sequences/list.txt"
        ) from error
