"""The pieces that a part is made of: what is measured in one go, and kept when the part ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit_adapters.gpu.device import Device

Result = dict[str, Any]


class LeftOut(Exception):
    """A step cannot be done here; the message says why, and nothing is broken."""


@dataclass(frozen=True)
class Step:
    """One measurement.

    Attributes:
        key: its name in the part's file; claims are judged by it.
        work: measures; numbers, truths, words, and lists and objects of these.
        kind: steps of one kind run the same code, so that a rehearsal needs one of them.
    """

    key: str
    work: Callable[[Device], Result]
    kind: str = ""


def one_of_each(steps: Iterable[Step]) -> list[Step]:
    """The first step of every kind; where none is given, what stands before the first slash."""
    first: dict[str, Step] = {}
    for step in steps:
        first.setdefault(step.kind or step.key.partition("/")[0], step)
    return list(first.values())


REHEARSED = "REHEARSAL"


def blank(result: Any) -> Any:
    """A result without its numbers and truths, for a rehearsal: nobody can take it for one."""
    if isinstance(result, dict):
        return {key: blank(value) for key, value in result.items()}
    if isinstance(result, (list, tuple)):
        return [blank(value) for value in result]
    return REHEARSED if isinstance(result, (bool, int, float)) else result
