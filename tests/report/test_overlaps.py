"""Overlaps in words, in the terminal and on the page."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from test_html import Tags
from test_venn import EVEN, HOLE, PAPER_LIKE, make_overlap

from samefeatures.report.html import page
from samefeatures.report.overlaps import fits, loss_line, print_overlaps, view_pairs
from samefeatures.report.write import write_report
from samefeatures.scores.overlap import Overlap, Shown
from samefeatures.study.results import StudyResults

PIXEL = "data:image/jpeg;base64,AAAA"


def with_gallery(overlap: Overlap, *names: str) -> Overlap:
    shown = [
        Shown(
            id=name,
            kind="fixed" if i % 2 == 0 else "broken",
            label=i % 3,
            source_says=7,
            target_says=8,
            hybrid_says=i % 3,
            picture=PIXEL if i != 1 else "",
            problem="" if i != 1 else "the file is <gone>",
        )
        for i, name in enumerate(names)
    ]
    return replace(overlap, gallery=tuple(shown))


@pytest.fixture
def both() -> list[Overlap]:
    there = with_gallery(make_overlap(*PAPER_LIKE), "0/a.png", "1/b.png", "2/<c>.png")
    return [with_gallery(make_overlap(*EVEN, source="net_b", target="net_a"), "0/d.png"), there]


def test_the_papers_own_sentence() -> None:
    # As in the paper: of 10,978 images that ResNet mislabels, 2,960 are fixed.
    paper = make_overlap(35_000, 2_000, 1_000, 1_500, 1_000, 1_522, 960, 7_018)
    line = loss_line(paper)
    assert "Of the 10978 images that net_b mislabels" in line
    assert "fix 2960 (26.96 %)" in line
    assert "of the 39022 that it labels correctly they break 3022" in line
    assert "loss vs target 0.12 points" in line


def test_both_directions_stand_beside_each_other(both: list[Overlap]) -> None:
    file = io.StringIO()
    print_overlaps(both, Console(file=file, width=100))
    lines = [line.split() for line in file.getvalue().splitlines()]
    assert ["all", "three", "900", "34.35", "%", "35200", "70.40", "%"] in lines
    assert ["hybrid", "right", "1720", "65.65", "%", "40060", "80.12", "%"] in lines
    assert any(line[:2] == ["lost", "250"] for line in lines)


def test_one_view_for_a_pair_with_the_gain_first(both: list[Overlap], tmp_path: Path) -> None:
    (view,) = view_pairs(both, tmp_path)
    assert [o.source for o in view.directions] == ["net_a", "net_b"]
    assert view.title == "net_a ↔ net_b, ols"
    assert view.picture.startswith("data:image/png;base64,")
    assert {path.suffix for path in view.files} == {".png", ".svg", ".pdf"}
    assert all(path.exists() for path in view.files)


def test_without_circles_the_page_says_so_and_loses_nothing_else(
    good: StudyResults, tmp_path: Path
) -> None:
    (view,) = view_pairs([with_gallery(make_overlap(*HOLE), "0/a.png")], tmp_path)
    assert (view.picture, view.files, list(tmp_path.iterdir())) == ("", (), [])
    found = Tags(page(good, pairs=[view]))
    assert "can't be drawn as three circles" in found.text
    assert "650 87.25 %" in " ".join(found.text.split())
    assert [a["data-kind"] for a in found.named("li") if "data-kind" in a] == ["fixed"]


def test_the_page_shows_figure_table_and_gallery(
    good: StudyResults, both: list[Overlap], tmp_path: Path
) -> None:
    found = Tags(page(good, pairs=view_pairs(both, tmp_path)))
    items = [attrs for attrs in found.named("li") if "data-kind" in attrs]
    assert [a["data-kind"] for a in items] == ["fixed", "broken", "fixed", "fixed"]
    assert [a["data-way"] for a in items] == ["1", "1", "1", "2"]
    assert [a["data-label"] for a in items] == ["0", "1", "2", "0"]
    pictures = [attrs["src"] for attrs in found.named("img")]
    assert len(pictures) == 1 + 3
    assert all((src or "").startswith("data:image/") for src in pictures)
    assert all(attrs.get("alt") for attrs in found.named("img"))
    assert "not available: the file is <gone>" in found.text
    text = " ".join(found.text.split())
    assert "2 of 3960 fixed, 1 of 2922 broken" in text
    assert "scaled down by a factor of 10, where it would fill the circles," in text


def test_classes_are_called_by_their_names(
    good: StudyResults, both: list[Overlap], tmp_path: Path
) -> None:
    pairs = view_pairs(both, tmp_path)
    names = ("bag", "boot", "coat", "dress", "shirt", "shoe", "sandal", "<tie>", "hat", "scarf")
    named = " ".join(Tags(page(replace(good, class_names=names), pairs=pairs)).text.split())
    bare = " ".join(Tags(page(good, pairs=pairs)).text.split())
    for label in (0, 1, 2):  # true classes, to choose from; 7 and 8 are predicted
        assert f"{label} {names[label]}" in named
    assert "7 <tie> ✗" in named
    assert "8 hat ✗" in named
    assert "7 ✗" in bare
    assert "by class index" not in named


def test_an_overlap_of_an_older_scoring_is_named_and_not_shown(
    good: StudyResults, tmp_path: Path
) -> None:
    cell = good.table("ols")["net_a", "net_b"]
    s_h, h, s_t, t = 30, cell.fixed - 30, 40, cell.broken - 40
    three = cell.correct - cell.fixed - 100
    counts = (three, s_h, 100, s_t, 100, t, h, cell.n - three - s_h - s_t - t - h - 200)
    fresh = make_overlap(*counts)
    assert fits(fresh, good)
    old = make_overlap(*EVEN, source="net_b", target="net_a")
    assert not fits(old, good)
    assert not fits(replace(fresh, method="cca"), good)
    paths = write_report(good, tmp_path, overlaps=[fresh, old])
    text = (tmp_path / "report.html").read_text()
    assert "net_b → net_a, ols is of an older scoring" in text
    assert [path.name for path in paths[-4:-1]] == [
        "overlap_ols_net_a--net_b.png",
        "overlap_ols_net_a--net_b.svg",
        "overlap_ols_net_a--net_b.pdf",
    ]
