"""The table of a paper's claims, held against what is found."""

from __future__ import annotations

from toolkit_adapters.report import paper
from toolkit_adapters.report.collect import Collection
from toolkit_adapters.report.table import Table, text


def paper_table(collection: Collection) -> Table:
    """What the paper states, what is found here, and whether its claim holds here."""
    from toolkit_adapters.report.findings import paper_findings

    return Table(
        name="paper",
        title="The paper's claims, and what is found here",
        headings=("tracker", "the paper states", "found here", "holds here"),
        rows=tuple(
            (text(f.tracker), text(f.stated, "paper"), text(f.found), text(f.holds, f.kind))
            for f in paper_findings(collection)
        ),
        notes=(f"The paper's setting: {paper.SETTING}.",),
    )
