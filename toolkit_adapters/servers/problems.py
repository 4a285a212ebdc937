"""What a validator finds: a place and a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One reason why a server would reject a submission, or silently score it as something else.

    Attributes:
        where: zip, or `zip:file`, as a person would look it up.
        line: 1-based line of that file, None where the file as a whole is meant.
        reason: what is wrong, what is expected, and what the server would do with it.
        count: how many lines of the file have the same trouble, this one included.
    """

    where: str
    line: int | None
    reason: str
    count: int = 1

    def __str__(self) -> str:
        place = self.where if self.line is None else f"{self.where}:{self.line}"
        more = f" (and {self.count - 1} more lines like it)" if self.count > 1 else ""
        return f"{place}: {self.reason}{more}"


def summarise(problems: Iterable[Problem], limit: int = 40) -> str:
    """The first `limit` problems, a line each, and how many more there are."""
    lines = [str(problem) for problem in problems]
    rest = len(lines) - limit
    return "\n".join(lines[:limit] + ([f"... and {rest} more problems"] if rest > 0 else []))
