"""Stacks: which experiments a workspace has. Every one names our experiments by dotted path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hit_trackers.errors import HitTrackersError

_OURS = "toolkit_adapters.vot.experiments"
#: The toolkit's experiment kinds that 0.9.0 cannot run as released, and what runs instead.
REPLACED = {
    "unsupervised": f"{_OURS}.Unsupervised",
    "supervised": f"{_OURS}.Supervised",
    "multistart": f"{_OURS}.MultiStart",
}
#: Kinds that can do without the box of every frame.
FIRST_BOX_ONLY = ("unsupervised", f"{_OURS}.Unsupervised")

_ACCURACY = [{"type": "average_accuracy", "name": "accuracy", "burnin": 1}]
DEFAULT: dict[str, Any] = {
    "title": "The four experiments",
    "experiments": {
        "unsupervised": {"type": "unsupervised", "repetitions": 1, "analyses": _ACCURACY},
        "supervised": {
            "type": "supervised",
            "repetitions": 1,
            "skip_initialize": 5,
            "skip_tags": ["absent"],
            "analyses": [{"type": "supervised_average_ar", "name": "ar"}],
        },
        "multistart": {
            "type": "multistart",
            "analyses": [{"type": "multistart_average_ar", "name": "ar"}],
        },
        "realtime": {
            "type": "unsupervised",
            "repetitions": 1,
            "realtime": {"grace": 3},
            "analyses": _ACCURACY,
        },
    },
}


def make_stack(
    name: str | None, experiments: list[str] | None, *, own_data: bool
) -> dict[str, Any]:
    """A stack with our experiments in place of the toolkit's.

    Args:
        name: of a bundled stack (`vot2022/shorttermbox`), or a YAML file; None for the four
            experiments.
        experiments: take only these.
        own_data: leave out the stack's dataset, which the toolkit would download.

    Raises:
        HitTrackersError: no such stack, or no such experiment in it.
    """
    stack = dict(DEFAULT) if name is None else _read(name)
    if own_data:
        stack.pop("dataset", None)
    wanted = list(stack["experiments"]) if experiments is None else experiments
    unknown = [key for key in wanted if key not in stack["experiments"]]
    if unknown:
        known = ", ".join(stack["experiments"])
        raise HitTrackersError(
            f"stack {name or 'default'} has no experiment {', '.join(unknown)}; it has {known}"
        )
    stack["experiments"] = {
        key: {**stack["experiments"][key], "type": _replace(stack["experiments"][key]["type"])}
        for key in wanted
    }
    return stack


def _replace(kind: str) -> str:
    return REPLACED.get(kind, kind)


def _read(name: str) -> dict[str, Any]:
    import yaml  # type: ignore[import-untyped, unused-ignore]
    from vot.stack import list_integrated_stacks, resolve_stack

    file = resolve_stack(name, str(Path.cwd()))
    if file is None:
        known = ", ".join(sorted(list_integrated_stacks()))
        raise HitTrackersError(
            f"no stack {name!r}; expected a YAML file or one that comes with the toolkit: {known}"
        )
    try:
        stack = yaml.safe_load(Path(file).read_text(encoding="utf-8"))
        kinds = [experiment["type"] for experiment in stack["experiments"].values()]
    except (yaml.YAMLError, OSError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as e:
        raise HitTrackersError(
            f"{file}: no stack ({type(e).__name__}: {e}); expected `experiments:`, each with a type"
        ) from e
    if not all(isinstance(kind, str) for kind in kinds):
        raise HitTrackersError(f"{file}: a type that is no text; expected the name of a class")
    return dict(stack)
