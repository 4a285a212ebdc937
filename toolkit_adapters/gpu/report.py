"""The report of what the parts measured: report.json for programs, report.md to be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit_adapters.gpu import claims, folder, published
from toolkit_adapters.gpu.parts import PARTS
from toolkit_adapters.gpu.sentences import Sentence, sentences
from toolkit_adapters.gpu.steps import REHEARSED
from toolkit_adapters.records.files import write_atomically


def write(out: Path, command: str, rehearsal: bool = False) -> Path:
    """Write the report of a folder's parts; returns the page.

    A rehearsal's is `REHEARSAL.md`, and has no figure.
    """
    kept = {part.name: found for part in PARTS if (found := folder.read(out, part.name))}
    rehearsal |= any(bool(found.identity.get("rehearsal")) for found in kept.values())
    judged = _judged(kept, rehearsal)
    content = {
        "rehearsal": rehearsal,
        "command": command,
        "identity": next((found.identity for found in kept.values()), {}),
        "claims": {key: found._asdict() for key, found in judged.items()},
        "parts": {
            name: {"steps": found.steps, "begun": found.begun} for name, found in kept.items()
        },
    }
    name = REHEARSED if rehearsal else "report"
    text = json.dumps(content, indent=1) + "\n"
    write_atomically(out / f"{name}.json", text.encode())
    page = out / f"{name}.md"
    write_atomically(page, ("\n".join(_page(content, kept, judged)) + "\n").encode())
    return page


def _judged(kept: Mapping[str, folder.Kept], rehearsal: bool) -> dict[str, claims.Finding]:
    if rehearsal:
        return {key: claims.Finding(claims.OPEN, REHEARSED) for key in claims.KEYS}
    return claims.judge({name: found.results for name, found in kept.items()})


def told(out: Path) -> Iterator[str]:
    """Lines: each sentence of the documentation, and what a folder's parts say of it."""
    kept = {part.name: found for part in PARTS if (found := folder.read(out, part.name))}
    judged = _judged(kept, any(found.identity.get("rehearsal") for found in kept.values()))
    waiting = sentences()
    for sentence in waiting:
        for key in sentence.keys:
            state, figure = judged[key]
            yield f"{state.upper():9} {sentence.where}  {key}: {figure}"
            yield f"          {sentence.text}"
    if not waiting:  # a wheel has no pages
        for claim in claims.CLAIMS:
            state, figure = judged[claim.key]
            yield f"{state.upper():9} {claim.key}: {claim.what}: {figure}"


def _page(
    content: Mapping[str, Any],
    kept: Mapping[str, folder.Kept],
    judged: Mapping[str, claims.Finding],
) -> Iterator[str]:
    identity = content["identity"]
    if content["rehearsal"]:
        yield "# REHEARSAL: nothing was measured"
        yield ""
        yield "No device was there. This shows that every part runs to its end and no more."
    else:
        yield f"# GPU report: {identity.get('device', 'no part yet')}"
    yield ""
    yield f"`{content['command']}`"
    yield ""
    yield from _table(["what", "value"], [[key, value] for key, value in identity.items()])
    yield from ("", "## What the documentation says", "")
    places = _places(sentences())
    rows = [
        [claim.what, judged[claim.key].state, judged[claim.key].figure, places.get(claim.key, "")]
        for claim in claims.CLAIMS
    ]
    yield from _table(["claim", "is", "measured", "where"], rows)
    if not content["rehearsal"]:
        results = {name: found.results for name, found in kept.items()}
        yield from ("", "## Beside the paper", "")
        yield "Time: of the network, on the wall, median. Memory: a frame's peak beside weights."
        yield ""
        compared = published.rows(results, str(identity.get("device", "")))
        headers = ["device", "tracker", "ms", "FPS", "memory", "outputs"]
        yield from _table(headers, list(compared))
    for name, found in kept.items():
        part = next(part for part in PARTS if part.name == name)
        yield from ("", f"## {name}", "", f"{part.what[0].upper()}{part.what[1:]}.", "")
        yield from _part(name, found)


def _places(found: Sequence[Sentence]) -> dict[str, str]:
    places: dict[str, str] = {}
    for sentence in found:
        for key in sentence.keys:
            places[key] = ", ".join(filter(None, (places.get(key), sentence.where)))
    return places


def _part(name: str, kept: folder.Kept) -> Iterator[str]:
    rows = []
    for key, step in kept.steps.items():
        said = step.get("reason") or _TOLD.get(name, _plain)(step["result"])
        rows.append([key, step["state"], said])
    yield from _table(["step", "", "found"], rows)


def _plain(result: Any) -> str:
    return ", ".join(f"{key} {_value(value)}" for key, value in result.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + _plain(value) + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _ms(times: Mapping[str, Any]) -> str:
    return " / ".join(_times(times.get(key), 1e3) for key in ("p50", "p99"))


def _times(value: Any, factor: float) -> str:
    return f"{value * factor:.3f}" if isinstance(value, (int, float)) else str(value or "-")


def _speed(result: Any) -> str:
    words = []
    for side in ("baseline", "variant"):
        found = result[side]
        scopes = [f"{s} {_ms(found[s])}" for s in ("device", "network", "update") if found.get(s)]
        joules = found.get("joules_per_frame")
        words.append(f"{side}: {', '.join(scopes)} ms (p50 / p99), {_value(joules)} J a frame")
    ratios = [f"{scope} x{_value(of['median'])}" for scope, of in result["ratio"].items() if of]
    return f"{'; '.join(words)}; {', '.join(ratios)}"


def _kernels(result: Any) -> str:
    first = sorted(result["by_name"], key=_longest)[-1:] or [{}]
    launches = {k: v for k, v in result["calls"].items() if "Launch" in k}
    return (
        f"{result['kernels']} kernels, {_times(result['seconds'], 1e3)} ms, {result['operators']} "
        f"operators, {_plain(launches)}; longest: {first[0].get('name', '-')[:60]}"
    )


def _longest(kernel: Mapping[str, Any]) -> float:
    seconds = kernel["seconds"]
    return 0.0 if seconds == REHEARSED else float(seconds)


def _suite(result: Any) -> str:
    counts = [f"{len(result[kind])} {kind}" for kind in ("passed", "skipped", "failed")]
    bad = "; ".join(f"{name}: {why[:120]}" for name, why in result["failed"].items())
    return ", ".join(counts) + (f": {bad}" if bad else "")


_TOLD = {"speed": _speed, "kernels": _kernels, "suite": _suite}


def _table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Without tabulate, which a bare machine has not."""
    yield "| " + " | ".join(headers) + " |"
    yield "|" + "---|" * len(headers)
    for row in rows:
        cells = (str(cell).replace("|", "\\|").replace("\n", " ") for cell in row)
        yield "| " + " | ".join(cells) + " |"
