"""The table of where every number comes from."""

from __future__ import annotations

from toolkit_adapters.report.collect import Collection
from toolkit_adapters.report.sections import Section
from toolkit_adapters.report.table import Table, number, text


def provenance_table(collection: Collection) -> Table:
    """Where every number comes from."""
    rows = []
    for (tracker, dataset), run in collection.runs.items():
        extracts = collection.extracts[tracker, dataset].values()
        versions = run.identity.get("versions")
        known = versions if isinstance(versions, dict) else {}
        rows.append(
            (
                text(tracker),
                text(dataset),
                text(f"{len(extracts)} of {len(run.sequences)}"),
                number(sum(extract.frames for extract in extracts), "d"),
                number(sum(extract.invalid for extract in extracts), "d"),
                number(sum(extract.shared for extract in extracts), "d"),
                text(run.identity.get("device")),
                text(run.identity.get("threads")),
                text(run.weights_sha256[:16]),
                text(str(run.identity.get("dataset_fingerprint"))[:16]),
                text(str(run.provenance.get("commit"))[:12]),
                text(", ".join(f"{name} {version}" for name, version in known.items())),
                text(run.provenance.get("started")),
                text(run.provenance.get("command")),
            )
        )
    return Table(
        name="provenance",
        section=Section.PROVENANCE,
        title="Where the numbers come from",
        headings=(
            *("tracker", "dataset", "sequences", "frames", "invalid", "shared", "device"),
            *("threads", "weights SHA-256", "dataset SHA-256", "commit", "versions"),
            *("started", "command"),
        ),
        rows=tuple(rows),
        notes=(
            "invalid: predictions that were no box, the previous one was kept; shared: frames "
            "during which other work used the device, left out of statistics of time.",
        ),
    )
