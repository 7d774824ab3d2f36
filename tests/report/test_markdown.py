"""Markdown that another parser reads back as it was meant."""

from __future__ import annotations

import html
import re

from markdown_it import MarkdownIt

from samefeatures.report.grid import grids
from samefeatures.report.markdown import document, escape, table
from samefeatures.study.results import StudyResults


def render(text: str) -> str:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return str(parser.render(text))


def test_a_cell_of_the_thesis(published: StudyResults) -> None:
    text = table(grids(published)[0])
    assert "| 62.82<br><sub>−11.60</sub> |" in text
    assert "| **71.06**<br><sub>0.00</sub> |" in text


def test_a_parser_finds_every_cell_where_it_belongs(published: StudyResults) -> None:
    page = render(table(grids(published)[0]))
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.S)
    assert len(rows) == 11
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.S) for row in rows]
    assert {len(row) for row in cells} == {11}
    assert cells[0][2] == "inception_v2"
    assert cells[1][2] == "62.82<br><sub>−11.60</sub>"


def test_names_survive_a_parser(nasty: StudyResults) -> None:
    page = render(document(nasty))
    assert "<script>" not in page
    assert "<img" not in page
    for network in nasty.networks:
        assert html.unescape(page).count(network.name) >= 2


def test_marks(unsure: StudyResults) -> None:
    text = table(grids(unsure)[0])
    assert "| **80.00**<br><sub>0.00</sub> | 79.80ᵗ<br><sub>−0.25</sub> |" in text
    assert "| 79.60<br><sub>−0.50ˢ</sub> |" in text
    assert "ᵗ at the accuracy: the hybrid does not differ" in text


def test_missing_cells_are_dashes(good: StudyResults) -> None:
    assert "| 89.20<br><sub>−0.89</sub> | – |" in table(grids(good)[1])


def test_the_document_holds_everything(good: StudyResults) -> None:
    text = document(good)
    assert text.startswith("# Do these networks")
    assert "> **Warning:** net\\_b: 80 fit rows" in text
    for title in ("ols", "ridge (alpha 0.01)", "logit", "naive", "Notes of the fits"):
        assert f"\n## {title}\n" in text
    assert "- logit into net\\_c: not lossless" in text
    assert "as the thesis counts" in text


def test_escape() -> None:
    assert escape("a|b_c*<d>&") == r"a\|b\_c\*&lt;d&gt;&amp;"
