"""Where every number comes from, and what was seen to run."""

from __future__ import annotations

from collections import Counter

from hit_trackers.executed import Executed
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.table import NOTHING, Mark, Table, number, text


def provenance_table(collection: Collection) -> Table:
    """Where every number comes from."""
    rows = []
    plan = collection.results.plan
    for (tracker, dataset), run in collection.runs.items():
        extracts = collection.extracts[tracker, dataset].values()
        planned = plan.datasets[dataset].of(tracker) if plan and dataset in plan.datasets else None
        versions = run.identity.get("versions")
        known = versions if isinstance(versions, dict) else {}
        rows.append(
            (
                text(tracker),
                text(dataset),
                text(f"{len(extracts)} of {'unknown' if planned is None else len(planned)}"),
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
            *("tracker", "dataset", "sequences, of planned", "frames", "invalid", "shared"),
            *("device", "threads", "weights SHA-256", "dataset SHA-256", "commit", "versions"),
            *("started", "command"),
        ),
        rows=tuple(rows),
        notes=(
            "invalid: predictions that were no box, the previous one was kept; shared: frames "
            "during which other work used the device, left out of statistics of time.",
            *_record_notes(collection),
        ),
    )


#: So many notes of records are printed; the records have all.
MAX_NOTES = 20


def _record_notes(collection: Collection) -> list[str]:
    """What runs noted of single sequences: unusual images, memory that was not given back."""
    found = [
        f"{collection.label(tracker)}, {dataset}/{sequence}: {note}."
        for (tracker, dataset), extracts in collection.extracts.items()
        for sequence, extract in extracts.items()
        for note in extract.notes
    ]
    more = len(found) - MAX_NOTES
    return found[:MAX_NOTES] + ([f"{more} more notes are in the records."] if more > 0 else [])


def execution_table(collection: Collection) -> Table:
    """What was seen to run under each tracker's name, a row a tracker."""
    rows = []
    for tracker, found in collection.verification.executions.items():
        fits = text("NO", Mark.BAD) if found.problems else text("yes", Mark.GOOD)
        if not found.seen:
            fits = fits if found.problems else text("not observed")
        columns = [
            [ran.engine for ran in found.seen],
            [ran.precision for ran in found.seen],
            [ran.runtime for ran in found.seen],
            [_attention(ran) for ran in found.seen],
        ]
        cells = [text(" / ".join(dict.fromkeys(column)) or NOTHING) for column in columns]
        rows.append((text(collection.label(tracker)), *cells, fits))
    return Table(
        name="executed",
        section=Section.PROVENANCE,
        title="What ran, as seen on one frame of every sequence",
        headings=(
            "tracker",
            "engine",
            "precision",
            "runtime",
            "in its attentions",
            "fits its name",
        ),
        rows=tuple(rows),
        notes=(
            "in its attentions: PyTorch's operators called inside them, of all attentions "
            "together; none where another runtime executes the network.",
        ),
    )


def _attention(ran: Executed) -> str:
    """`7 attentions: bmm.default 14, _softmax.default 7`; "" where none was seen."""
    calls: Counter[str] = Counter()
    for site in ran.sites.values():
        calls.update({name.removeprefix("aten."): count for name, count in site.items()})
    if not ran.sites:
        return ""
    return f"{len(ran.sites)} attentions: " + ", ".join(f"{n} {c}" for n, c in calls.most_common())
