"""The pages show what works: their code runs, their commands parse, what they name exists."""

from __future__ import annotations

import configparser
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import PAGES, ROOT, blocks

from hit_trackers.declarations import VARIABLE
from hit_trackers.families import registry
from toolkit_adapters.cli import build_parser

RUN = [page for page in PAGES if any(block.is_run for block in blocks(page))]
ALSO = [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_code_runs_as_written(page: Path, reader: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, str(Path(__file__).with_name("run_page.py")), str(page)]
    done = subprocess.run(
        command, cwd=tmp_path, env=reader, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


@pytest.mark.parametrize("page", [*PAGES, ALSO[1]], ids=name_of)
def test_commands_parse(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "[]")  # a command may declare a tracker
    parser = build_parser()
    for block in blocks(page):
        for command in block.commands():
            try:
                parser.parse_args(command)
            except SystemExit:
                pytest.fail(f"{block.where}: hit-trackers {' '.join(command)}")
    registry.cache_clear()


def test_shown_files_are_the_files() -> None:
    shown = [block for page in PAGES for block in blocks(page) if block.title]
    assert shown
    for block in shown:
        path = ROOT / block.title
        assert block.code == path.read_text(encoding="utf-8"), f"{block.where}: not {block.title}"


@pytest.mark.parametrize("page", [*PAGES, *ALSO], ids=name_of)
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if page.name == "CHANGELOG.md" or page.stem == "changes":
        return  # it names what is gone
    for module in re.findall(r"python -m\s+([\w.]+)", text):
        if module.split(".")[0] in {"hit_trackers", "toolkit_adapters", "benchmarks", "training"}:
            assert importlib.util.find_spec(module), f"{page}: python -m {module}"
    tox = configparser.ConfigParser()
    tox.read(ROOT / "tox.ini")
    for name in re.findall(r"tox -e (\w+)", text):
        assert f"testenv:{name}" in tox, f"{page}: tox -e {name}"
    paths = r"`((?:hit_trackers|toolkit_adapters|tests|docs|examples|reports/bench)/[\w./-]+)`"
    for path in re.findall(paths, text):
        assert (ROOT / path).exists(), f"{page}: {path}"


@pytest.mark.parametrize("page", [*PAGES, *ALSO], ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Of all pages as files; `mkdocs build --strict` checks those of the site."""
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page}: {link}"
        if anchor and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, f"{page}: {link}"


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub and the site make it."""
    words = re.sub(r"[^\w\s-]", "", heading.lower()).strip()
    return re.sub(r"[\s]+", "-", words)
