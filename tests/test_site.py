"""The site of docs/ is built, every public name is on it, and it works without a network."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from mkdocs.config import load_config

import samefeatures as sf
from once import make_once

PROJECT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(PROJECT).as_posix()
    for path in [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")]
)
Browser = Any


def build(config: Path, out: Path) -> subprocess.CompletedProcess[str]:
    # Not --quiet: it hushes warnings before they are counted.
    command = [sys.executable, "-m", "mkdocs", "build", "-f", config, "-d", out]
    return subprocess.run(
        command,
        cwd=PROJECT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        done = build(PROJECT / "mkdocs.yml", folder / "site")
        assert done.returncode == 0, done.stdout + done.stderr

    return make_once(tmp_path_factory, "site", make) / "site"


class Refers(HTMLParser):
    """What a page loads, where it leads, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key in {"src", "srcset", "action", "poster", "data"} or (tag, key) == (
                "link",
                "href",
            ):
                self.loads.append(value or "")
            elif key == "href":
                self.leads.append(value or "")
            elif key in {"id", "name"}:
                self.anchors.add(value or "")


@cache
def refers(page: Path) -> Refers:
    return Refers(page.read_text(encoding="utf-8"))


def html_pages(site: Path) -> list[Path]:
    found = sorted(site.rglob("*.html"))
    assert len(found) > 40
    return found


def in_nav(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        for value in entry.values():
            if isinstance(value, list):
                yield from in_nav(value)
            else:
                yield value


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_its_place(page: str) -> None:
    assert page in set(in_nav(load_config(str(PROJECT / "mkdocs.yml")).nav or []))


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    found = set().union(*(refers(page).anchors for page in site.glob("reference/*.html")))
    assert {f"samefeatures.{name}" for name in sf.__all__} <= found | {
        "samefeatures.SamefeaturesError"
    }
    assert "samefeatures.base.errors.SamefeaturesError" in found


def test_pages_lead_to_the_reference(site: Path) -> None:
    assert (
        "../reference/report.html#samefeatures.write_report"
        in refers(site / "docs" / "report.html").leads
    )


def test_every_command_is_in_the_reference(site: Path) -> None:
    from samefeatures.commands.app import app

    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    assert len(names) > 5
    assert {f"samefeatures-{name}" for name in names} <= refers(
        site / "reference" / "commands.html"
    ).anchors


def test_links_lead_to_files_and_anchors(site: Path) -> None:
    """By the built pages alone, whatever MkDocs holds of them."""
    lost, counted = [], 0
    for page in html_pages(site):
        if page.name == "404.html":  # its addresses are those of a server
            continue
        for target in refers(page).leads:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            counted += 1
            place = page.parent / unquote(parts.path) if parts.path else page
            if not place.is_file():
                lost.append(f"{page.name}: {target}")
            elif place.suffix == ".html" and unquote(parts.fragment) not in refers(place).anchors:
                lost.append(f"{page.name}: no anchor {target}")
    assert counted > 1000
    assert lost == []


def test_nothing_comes_from_another_host(site: Path) -> None:
    for page in html_pages(site):
        assert [t for t in refers(page).loads if urlsplit(t).netloc] == []
    for sheet in site.rglob("*.css"):
        assert re.findall(r"@import|url\(['\"]?(?:https?:)?//", sheet.read_text()) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_the_same_in_the_repository(page: str, site: Path) -> None:
    """MkDocs reads another Markdown than code hosts: lists and paragraphs in them, above all."""
    there = MarkdownIt("commonmark").enable("table").render((PROJECT / page).read_text())
    path = site / ("index.html" if page == "README.md" else page.replace(".md", ".html"))
    text = path.read_text(encoding="utf-8")
    here = text[text.index("<article") : text.index("</article>")]
    for tag in ("p", "li", "ol", "ul", "tr", "pre", "h2", "h3", "em", "strong", "img"):
        found = [len(re.findall(rf"<{tag}[ >]", html)) for html in (there, here)]
        assert found[0] == found[1], f"<{tag}>: {found[0]} in the repository, {found[1]} here"


@pytest.mark.parametrize("page", PAGES)
def test_no_line_of_a_sentence_starts_with_a_comment(page: str) -> None:
    """There the sentence would end, in every Markdown."""
    assert re.findall(r"^\s*<!-- [^>]*-->\S.*", (PROJECT / page).read_text(), re.MULTILINE) == []


def test_what_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    faults = {
        "file": "[a](none.md)",
        "anchor": "[a](file.md#none)",
        "name": "[a][samefeatures.none]",
    }
    (tmp_path / "docs").mkdir()
    for name, text in faults.items():
        (tmp_path / "docs" / f"{name}.md").write_text(f"# {name}\n\n{text}\n")
    (tmp_path / "mkdocs.yml").write_text(
        f"INHERIT: {PROJECT / 'mkdocs.yml'}\nhooks: []\nnot_in_nav: ''\n"
        "nav: [file.md, anchor.md]\nextra_css: []\nextra: {}\nplugins: [search, autorefs]\n"
    )
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    said = done.stdout + done.stderr
    assert done.returncode == 1
    for part in ("'none.md'", "'file.md#none'", "samefeatures.none", "- name.md"):
        assert part in said


def test_a_docstring_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# a\n\n::: samefeatures.none\n")
    (tmp_path / "mkdocs.yml").write_text(
        f"INHERIT: {PROJECT / 'mkdocs.yml'}\nhooks: []\nnav: [index.md]\nextra_css: []\n"
        f"plugins: {{mkdocstrings: {{handlers: {{python: {{paths: ['{PROJECT / 'src'}']}}}}}}}}\n"
    )
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode == 1
    assert "samefeatures.none" in done.stdout + done.stderr


def test_search_works_from_the_disk(site: Path, browser: Browser) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get("about:blank")  # a new window's own page asks for things
    browser.get_log("performance")
    browser.get((site / "docs" / "python.html").as_uri())
    browser.execute_script("document.querySelector('#__search').click()")
    browser.find_element("css selector", ".md-search__input").send_keys("detectable")
    results = WebDriverWait(browser, 30).until(
        lambda page: page.find_elements("css selector", ".md-search-result__item a")
    )
    assert any("reference/scores.html" in r.get_attribute("href") for r in results)
    sent = [
        entry["message"]
        for entry in browser.get_log("performance")
        if '"Network.requestWillBeSent"' in entry["message"]
    ]
    assert len(sent) > 5
    assert [event for event in sent if not re.search(r'"url":"(file://|data:)', event)] == []
