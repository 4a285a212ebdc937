"""The three answers a reader comes for, and the paper's claims held against them."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit_adapters.records import REPEAT
from toolkit_adapters.report import paper
from toolkit_adapters.report.collect import Collection
from toolkit_adapters.report.tables.latency import network_scope
from toolkit_adapters.report.tables.memory import memory_change
from toolkit_adapters.verdict.certificates import Certificate


@dataclass(frozen=True)
class Answer:
    """One variant's answer to one question: a word or figure, and the sentence behind it."""

    tracker: str
    headline: str
    detail: str
    kind: str = ""  # "good", "bad" or ""


@dataclass(frozen=True)
class Question:
    """A question, every variant's answer, and what the paper says."""

    title: str
    answers: tuple[Answer, ...]
    paper: str


@dataclass(frozen=True)
class Finding:
    """A claim of the paper beside what is found here."""

    tracker: str
    stated: str
    found: str
    holds: str  # "yes", "no", or why it cannot be said
    kind: str


def questions(collection: Collection) -> tuple[Question, ...]:
    """Is it the same tracker, how much faster, how much smaller?"""
    names = collection.variants
    denials = [
        f" Not so for {f.tracker}: {f.found}."
        for f in paper_findings(collection)
        if f.stated == paper.IDENTITY and f.holds == "no"
    ]
    return (
        Question(
            "Is it the same tracker?",
            tuple(filter(None, (same(collection, name) for name in names))),
            f"The paper says: “{paper.IDENTITY}”." + "".join(denials),
        ),
        Question(
            "How much faster?",
            tuple(faster(collection, name) for name in names),
            f"The paper says: {paper.BASELINE_MS} → {paper.MEMEFF_MS} ms, {paper.BASELINE_FPS} → "
            f"{paper.MEMEFF_FPS} FPS, × {paper.SPEEDUP:.2f} ({paper.SETTING}).",
        ),
        Question(
            "How much smaller?",
            tuple(smaller(collection, name) for name in names),
            f"The paper says: {paper.MEMORY_CHANGE:+.1%} peak memory ({paper.SETTING}).",
        ),
    )


def same(collection: Collection, tracker: str) -> Answer | None:
    """Whether a variant is still its baseline, and if not, since which frame."""
    certificate = collection.certificate(tracker)
    if certificate is None:
        return None
    detail = f"{certificate.identical_share:.2%} of {certificate.frames} frames bit for bit equal"
    if divergence := first_divergence(certificate):
        detail += f"; {divergence}, at most {certificate.largest_px:.3g} px"
    detail += f". Claims {certificate.claim}: {'holds' if certificate.holds else 'BROKEN'}."
    alike = certificate.level in ("bitwise", "file-identical", "score-identical")
    kind = "bad" if not certificate.holds else "good" if alike else ""
    return Answer(tracker, certificate.level, detail, kind)


def first_divergence(certificate: Certificate) -> str:
    """`first difference in car-1, frame 7`; "" where there is none."""
    for s in certificate.sequences:
        if s.first_divergent is not None:
            return f"first difference in {s.sequence}, frame {s.first_divergent}"
    return ""


def faster(collection: Collection, tracker: str) -> Answer:
    """Speed against the baseline, on the same frames."""
    scope = network_scope(collection, tracker)
    ratio, latency = collection.ratio(tracker, scope), collection.latency(tracker, scope)
    if ratio is None or latency is None:
        return Answer(tracker, "not measured", "It was not timed together with its baseline.")
    baseline = collection.latency(collection.run(tracker).baseline, scope)
    clock = "device time" if scope == "device" else "wall time on a CPU"
    before = f"{baseline.mean * 1e3:.2f} → " if baseline else ""
    whole = collection.ratio(tracker, "update")
    verdict = collection.speed_verdict(tracker, scope)
    detail = (
        f"network {before}{latency.mean * 1e3:.2f} ms, {latency.fps:.0f} FPS ({clock}); "
        f"95 % interval {ratio.interval.low:.3f} to {ratio.interval.high:.3f}: {verdict}"
    )
    control = collection.ratio(f"{collection.run(tracker).baseline}{REPEAT}", scope)
    if control:
        low, high = control.interval.low, control.interval.high
        detail += f" (the baseline against itself: {low:.3f} to {high:.3f})"
    detail += f"; whole update × {whole.value:.3f}." if whole else "."
    kind = {"faster": "good", "slower": "bad"}.get(verdict, "")
    return Answer(tracker, f"× {ratio.value:.3f}", detail, kind)


def smaller(collection: Collection, tracker: str) -> Answer:
    """Peak memory against the baseline."""
    baseline = collection.run(tracker).baseline
    fields = ("activations_peak_bytes", "allocated_peak_bytes", "rss_peak_bytes")
    changes = [memory_change(collection, tracker, field) for field in fields]
    if all(change.value is None for change in changes):
        return Answer(tracker, "not measured", "Peak memory was not measured for both.")
    mine, theirs = collection.memory[tracker], collection.memory[baseline]
    activations, allocated, resident = changes
    parts = []
    for change, field, title in zip(changes, fields, ("activations", "with weights"), strict=False):
        if change.value is not None:
            sizes = f"{theirs[field] / 1e6:.2f} → {mine[field] / 1e6:.2f} MB"
            parts.append(f"{title} {sizes} ({change.text})")
    if not parts:
        parts = [f"resident set {resident.text}"]
    headline = next(c for c in (allocated, activations, resident) if c.value is not None)
    assert headline.value is not None
    kind = "good" if headline.value < -0.005 else "bad" if headline.value > 0.005 else ""
    return Answer(tracker, headline.text, "; ".join(parts) + ".", kind)


def paper_findings(collection: Collection) -> list[Finding]:
    """The paper's claims about memory-efficient attention, for each variant that is just that."""
    found = []
    for name in collection.variants:
        spec = collection.run(name).spec
        if (spec["attention"], spec["engine"], spec["precision"]) != ("memeff", "eager", "fp32"):
            continue
        found += [_identity(collection, name), _speed(collection, name), _memory(collection, name)]
        found += _scores(collection, name)
    return found


def _identity(collection: Collection, tracker: str) -> Finding:
    certificate = collection.certificate(tracker)
    stated = paper.IDENTITY
    if certificate is None or not certificate.frames:
        return Finding(tracker, stated, "not compared", "cannot be said", "")
    if certificate.level == "bitwise":
        found = f"every bit of {certificate.frames} frames is equal"
        return Finding(tracker, stated, found, "yes", "good")
    found = (
        f"{certificate.level}: {certificate.identical_share:.2%} of {certificate.frames} frames "
        f"are equal; {first_divergence(certificate)}; at most {certificate.largest_px:.3g} px"
    )
    return Finding(tracker, stated, found, "no", "bad")


def _speed(collection: Collection, tracker: str) -> Finding:
    stated = f"{paper.BASELINE_MS} → {paper.MEMEFF_MS} ms, × {paper.SPEEDUP:.2f}"
    ratio = collection.ratio(tracker, network_scope(collection, tracker))
    if ratio is None:
        return Finding(tracker, stated, "not measured", "cannot be said", "")
    low, high = ratio.interval.low, ratio.interval.high
    found = f"× {ratio.value:.3f} [{low:.3f}, {high:.3f}] on {collection.device(tracker)}"
    verdict = collection.speed_verdict(tracker, network_scope(collection, tracker))
    size = collection.run(tracker).spec["size"]
    if not collection.run(tracker).on_cuda:
        return Finding(tracker, stated, f"{found}: {verdict}", "not tested: no GPU", "")
    if size != "base":
        return Finding(tracker, stated, f"{found}: {verdict}", f"not tested: {size}", "")
    kind = {"faster": "good", "slower": "bad"}.get(verdict, "")
    holds = {"faster": "yes, it is faster", "slower": "no"}.get(verdict, "undecided")
    return Finding(tracker, stated, found, holds, kind)


def _memory(collection: Collection, tracker: str) -> Finding:
    stated = f"{paper.MEMORY_CHANGE:+.1%} peak memory"
    answer = smaller(collection, tracker)
    if answer.headline == "not measured":
        return Finding(tracker, stated, answer.detail, "cannot be said", "")
    if not collection.run(tracker).on_cuda:
        return Finding(tracker, stated, answer.detail, "not tested: no GPU", "")
    holds = {"good": "yes, it is smaller", "bad": "no"}.get(answer.kind, "no difference")
    return Finding(tracker, stated, answer.detail, holds, answer.kind)


def _scores(collection: Collection, tracker: str) -> list[Finding]:
    """Identical predictions score the same: where ours do not, the table must show it."""
    findings = []
    baseline = collection.run(tracker).baseline
    for dataset in collection.datasets:
        mine, theirs = (collection.overall(name, dataset) for name in (tracker, baseline))
        if mine is None or theirs is None:
            continue
        convention = collection.accuracy.datasets[dataset].convention
        stated = ", ".join(f"{k} {v}" for k, v in paper.SCORES[convention.dataset].items())
        pairs = [
            f"{k} {100 * theirs.values[k]:.1f} → {100 * mine.values[k]:.1f}"
            for k in paper.SCORES[convention.dataset]
        ]
        equal = all(pair.split()[1] == pair.split()[3] for pair in pairs)
        findings.append(
            Finding(
                tracker,
                f"unchanged accuracy ({convention.dataset}: {stated})",
                f"{dataset}: {', '.join(pairs)}",
                "yes, the same to 0.1" if equal else "no, they differ",
                "good" if equal else "bad",
            )
        )
    return findings
