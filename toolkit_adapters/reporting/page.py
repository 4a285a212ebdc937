"""The page: one HTML file with everything in it, which asks nothing of the network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from hit_trackers.version import VERSION
from toolkit_adapters.reporting.answers import Question
from toolkit_adapters.reporting.checks import references_for
from toolkit_adapters.reporting.clips import Clip
from toolkit_adapters.reporting.collect import Collection
from toolkit_adapters.reporting.drawing import Figure
from toolkit_adapters.reporting.sections import Section
from toolkit_adapters.reporting.strips import Strip
from toolkit_adapters.reporting.table import Mark, Table

#: Rows of a table that the page holds at most; the CSV file has them all.
MAX_ROWS = 4000


@dataclass(frozen=True)
class Embedded:
    """A figure, strip or clip as the page embeds it: data URIs."""

    source: str
    dark: str
    alt: str
    caption: str
    video: str = ""  # what `source` is the poster of


@dataclass(frozen=True)
class Part:
    """What stands under one heading of the page."""

    section: Section
    figures: tuple[Embedded, ...]
    tables: tuple[Table, ...]


def render_page(
    collection: Collection,
    title: str,
    summary: str,
    questions: Sequence[Question],
    tables: Sequence[Table],
    figures: Sequence[Figure],
    strips: Sequence[Strip],
    clips: Sequence[Clip] = (),
) -> str:
    """The page as text."""
    import jinja2
    from markupsafe import Markup

    here = resources.files("toolkit_adapters.reporting")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(here.joinpath("page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        title=title,
        summary=summary,
        on_cuda=collection.on_cuda,
        published=any(r.gpu for r in references_for(collection.families)),
        failures=collection.verification.broken,
        gaps=collection.verification.gaps,
        questions=questions,
        parts=_parts(tables, figures, strips, clips),
        Mark=Mark,
        # Our own files, not data: quotes in them must stay quotes.
        style=Markup(here.joinpath("page.css").read_text("utf-8")),
        script=Markup(here.joinpath("page.js").read_text("utf-8")),
        version=VERSION,
    )


def _parts(
    tables: Sequence[Table],
    figures: Sequence[Figure],
    strips: Sequence[Strip],
    clips: Sequence[Clip],
) -> list[Part]:
    parts = []
    for section in Section:
        pictures = [
            Embedded(_svg(f.svg), _svg(f.svg_dark()), f.alt, f.caption)
            for f in figures
            if f.section is section
        ]
        pictures += [
            Embedded(
                _uri("image/jpeg", clip.poster),
                "",
                clip.alt,
                clip.caption,
                _uri("video/mp4", clip.mp4),
            )
            for clip in clips
            if clip.section is section
        ]
        pictures += [
            Embedded(_uri("image/jpeg", strip.jpeg), "", strip.alt, strip.caption)
            for strip in strips
            if strip.section is section
        ]
        found = [table.first(MAX_ROWS) for table in tables if table.section is section]
        if pictures or found:
            parts.append(Part(section, tuple(pictures), tuple(found)))
    return parts


def _svg(text: str) -> str:
    return _uri("image/svg+xml", text.encode())


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
