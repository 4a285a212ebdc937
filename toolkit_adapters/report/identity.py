"""Tables of equivalence and provenance, and the waterfall of variants."""

from __future__ import annotations

from toolkit_adapters.report import paper
from toolkit_adapters.report.collect import Collection
from toolkit_adapters.report.table import Cell, Table, number, text
from toolkit_adapters.report.tables import memory_change, network_scope, ratio_cell

LEVEL_NOTE = (
    "From strongest to weakest: bitwise (every bit of every box), file-identical (the same result "
    "files), score-identical (the same printed table), bounded (no coordinate moves by more than "
    "1 px), different."
)


def equivalence_table(collection: Collection) -> Table:
    """Each variant against its baseline, all datasets, controls included."""
    rows = []
    for c in collection.verification.certificates:
        first = next((s for s in c.sequences if s.first_divergent is not None), None)
        control = " (control)" if c.tracker in collection.controls else ""
        rows.append(
            (
                text(c.tracker + control),
                text(c.claim),
                text(c.level, "good" if c.level == "bitwise" else ""),
                text("yes" if c.holds else "NO", "good" if c.holds else "bad"),
                number(c.frames, "d"),
                number(c.identical_share, ".2%"),
                text(f"{first.sequence}, frame {first.first_divergent}" if first else "none"),
                number(c.largest_px, ".3g"),
                number(c.smallest_iou, ".6f"),
                number(c.open_ulps if c.open_frames else None, "d"),
                number(c.open_px if c.open_frames else None, ".2g"),
            )
        )
    return Table(
        name="equivalence",
        title="Is it the same tracker? Unrounded boxes against the baseline's",
        headings=(
            *("tracker", "claims", "is", "claim holds", "frames", "identical frames"),
            *("first difference", "largest px", "smallest IoU"),
            *("open loop, ulps", "open loop, px"),
        ),
        rows=tuple(rows),
        notes=(
            LEVEL_NOTE,
            "Closed loop: each tracker follows its own boxes. Open loop: both networks are fed the "
            "baseline's search regions; ulps are units in the last place of float32.",
            *(f"Control: {control.message}." for control in collection.verification.controls),
        ),
    )


def sequence_table(collection: Collection) -> Table:
    """Each variant on each sequence."""
    rows = [
        (
            text(c.tracker),
            text(dataset.dataset),
            text(s.sequence),
            text(s.level),
            number(s.frames, "d"),
            number(s.identical / s.frames, ".2%"),
            number(s.first_divergent, "d"),
            number(s.largest_px, ".3g"),
            number(s.smallest_iou, ".6f"),
            number(s.open_ulps if s.open_frames else None, "d"),
        )
        for c in collection.verification.certificates
        for dataset in c.datasets
        for s in dataset.sequences
    ]
    return Table(
        name="sequences",
        title="Equivalence by sequence",
        headings=(
            *("tracker", "dataset", "sequence", "is", "frames", "identical frames"),
            *("first different frame", "largest px", "smallest IoU", "open loop, ulps"),
        ),
        rows=tuple(rows),
        notes=("Frames count from 0, the frame of initialisation.",),
    )


def waterfall_table(collection: Collection) -> Table:
    """One row a variant: cost, memory, accuracy, verdict."""
    rows = []
    for name in collection.subjects:
        run = collection.run(name)
        latency = collection.latency(name, scope := network_scope(collection, name))
        certificate = collection.certificate(name)
        verdict = text("baseline")
        if certificate is not None:
            kept = "claim holds" if certificate.holds else "CLAIM BROKEN"
            kind = "good" if certificate.holds else "bad"
            verdict = text(f"{certificate.level}; {kept}", kind)
        rows.append(
            (
                text(name),
                text(" / ".join(run.parts[part] for part in ("attention", "engine", "precision"))),
                number(latency.mean if latency else None, ".2f", scale=1e3),
                ratio_cell(collection.ratio(name, scope)),
                memory_change(collection, name, "activations_peak_bytes"),
                memory_change(collection, name, "allocated_peak_bytes"),
                *(score_cell(collection, name, dataset) for dataset in collection.datasets),
                verdict,
            )
        )
    scores = [
        f"{dataset} {collection.accuracy.datasets[dataset].convention.headline[0]}"
        for dataset in collection.datasets
    ]
    clock = "device" if collection.on_cuda else "wall"
    return Table(
        name="variants",
        title="Every variant: cost, memory, accuracy, verdict",
        headings=(
            *("tracker", "attention / engine / precision", f"network ms ({clock})", "×"),
            *("activations", "allocated", *scores, "verdict"),
        ),
        rows=tuple(rows),
    )


def score_cell(collection: Collection, tracker: str, dataset: str) -> Cell:
    """The first score of a dataset, per cent."""
    overall = collection.overall(tracker, dataset)
    key = collection.accuracy.datasets[dataset].convention.headline[0]
    return number(overall.values[key] if overall else None, ".2f", scale=100)


def provenance_table(collection: Collection) -> Table:
    """Where every number comes from."""
    rows = []
    for (tracker, dataset), run in collection.runs.items():
        tracks = collection.tracks[tracker, dataset].values()
        versions = run.identity.get("versions")
        known = versions if isinstance(versions, dict) else {}
        rows.append(
            (
                text(tracker),
                text(dataset),
                text(f"{len(tracks)} of {len(run.sequences)}"),
                number(sum(track.frames for track in tracks), "d"),
                number(sum(track.invalid for track in tracks), "d"),
                number(sum(track.shared for track in tracks), "d"),
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
