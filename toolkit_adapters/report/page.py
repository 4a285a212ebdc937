"""The page: one HTML file with everything in it, which asks nothing of the network."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from hit_trackers import __version__
from toolkit_adapters.report.collect import Collection
from toolkit_adapters.report.drawing import Figure
from toolkit_adapters.report.findings import Question
from toolkit_adapters.report.strips import Strip
from toolkit_adapters.report.table import Table

#: Rows of a table that the page holds at most; the CSV file has them all.
MAX_ROWS = 4000


@dataclass(frozen=True)
class Embedded:
    """A figure or strip as the page embeds it: data URIs."""

    source: str
    dark: str
    alt: str
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of the page under its own heading."""

    id: str
    title: str
    figures: tuple[Embedded, ...]
    tables: tuple[Table, ...]


#: Heading, prefixes of the names of its figures and strips, prefixes of the names of its tables.
_SECTIONS = (
    ("Changes", (), ("changes",)),
    ("The paper and ours", (), ("paper",)),
    ("Speed", ("variants",), ("table1", "variants")),
    ("Accuracy", ("curves",), ("table2", "accuracy", "scores")),
    ("Equivalence", ("divergence", "frames"), ("equivalence", "sequences")),
    ("Latency in detail", ("latency",), ("latency",)),
    ("Memory", (), ("memory",)),
    ("Provenance", (), ("provenance",)),
)


def render_page(
    collection: Collection,
    title: str,
    summary: str,
    questions: Sequence[Question],
    tables: Sequence[Table],
    figures: Sequence[Figure],
    strips: Sequence[Strip],
) -> str:
    """The page as text."""
    import jinja2
    from markupsafe import Markup

    here = resources.files("toolkit_adapters.report")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(here.joinpath("page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        title=title,
        summary=summary,
        on_cuda=collection.on_cuda,
        failures=collection.verification.failures,
        questions=questions,
        sections=_sections(tables, figures, strips),
        # Our own files, not data: quotes in them must stay quotes.
        style=Markup(here.joinpath("page.css").read_text("utf-8")),
        script=Markup(here.joinpath("page.js").read_text("utf-8")),
        version=__version__,
    )


def _sections(
    tables: Sequence[Table], figures: Sequence[Figure], strips: Sequence[Strip]
) -> list[Section]:
    sections = []
    for title, figure_names, table_names in _SECTIONS:
        pictures = [
            Embedded(_svg(f.svg), _svg(f.svg_dark()), f.alt, f.caption)
            for f in figures
            if f.name.startswith(figure_names) and figure_names
        ]
        pictures += [
            Embedded(_uri("image/jpeg", strip.jpeg), "", strip.alt, strip.caption)
            for strip in strips
            if strip.name.startswith(figure_names) and figure_names
        ]
        found = [t.first(MAX_ROWS) for t in tables if t.name.startswith(table_names)]
        if pictures or found:
            name = title.lower().replace(" ", "-")
            sections.append(Section(name, title, tuple(pictures), tuple(found)))
    return sections


def _svg(text: str) -> str:
    return _uri("image/svg+xml", text.encode())


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
