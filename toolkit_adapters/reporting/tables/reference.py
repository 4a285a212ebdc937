"""The table of what publications claim, held against what is found here."""

from __future__ import annotations

from toolkit_adapters.reporting import words
from toolkit_adapters.reporting.checks import Outcome, check
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import Mark, Table, text

_MARKS = {Outcome.HOLDS: Mark.GOOD, Outcome.DENIED: Mark.BAD}


def reference_table(collection: Collection) -> Table | None:
    """What is stated, what is found here, whether the claim holds here; None without a claim."""
    checks = check(collection)
    if not checks:
        return None
    references = {c.reference.label: c.reference for c in checks}
    return Table(
        name="paper",
        section=Section.REFERENCE,
        printed=True,
        title="The paper's claims, and what is found here",
        headings=("tracker", "the paper states", "found here", "holds here"),
        rows=tuple(
            (
                text(c.tracker),
                text(words.stated(collection, c), Mark.PUBLISHED),
                text(words.found(collection, c)),
                text(words.outcome(collection, c), _MARKS.get(c.outcome, Mark.NONE)),
            )
            for c in checks
        ),
        notes=tuple(f"The {r.label}'s setting: {r.setting}." for r in references.values()),
    )
