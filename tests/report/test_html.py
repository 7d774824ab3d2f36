"""The page as text: complete, escaped, and without a request to anywhere."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from samefeatures.report.environment import environment
from samefeatures.report.html import page
from samefeatures.report.html_cells import metrics
from samefeatures.report.sentences import sentences
from samefeatures.report.write import write_report
from samefeatures.study.results import ClassChange, StudyResults


class Tags(HTMLParser):
    """All start tags with their attributes, and all text outside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._raw = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._raw = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._raw = False

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def test_it_needs_nothing_but_itself(good: StudyResults) -> None:
    text = page(good)
    found = Tags(text)
    for _, attrs in found.tags:
        for key in ("src", "href", "srcset", "data", "action"):
            value = attrs.get(key)
            assert value is None or value.startswith("#") or value == "data:,"
    assert not re.search(r"@import|url\(|https?://|fetch\(|XMLHttp", text)


def test_the_tables_are_accessible(good: StudyResults) -> None:
    found = Tags(page(good))
    assert all(attrs.get("scope") in ("col", "row", "colgroup") for attrs in found.named("th"))
    assert len(found.named("caption")) == len(found.named("table"))
    cells = [a for a in found.named("td") if a.get("tabindex") == "0"]
    assert len(cells) == 4 * 9
    assert all(attrs.get("title") for attrs in cells)
    ids = [attrs["id"] for _, attrs in found.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for attrs in found.named("section"):
        assert attrs.get("aria-labelledby") in ids or attrs.get("class") == "panel"


def test_without_a_script_all_methods_show_and_the_links_lead_to_them(good: StudyResults) -> None:
    found = Tags(page(good))
    panels = [a for a in found.named("section") if a.get("class") == "panel"]
    assert [f"#{a['id']}" for a in panels] == [a["href"] for a in found.named("a")]
    assert not any("hidden" in attrs for attrs in panels)


def test_it_holds_what_a_reader_looks_for(good: StudyResults) -> None:
    text = page(good)
    found = Tags(text)
    for sentence in sentences(good):
        assert sentence in found.text
    for part in (
        "net_b: 80 fit rows are too few for 96 features",
        "ols from net_b: minimum-norm solution: rank 80 of 96",
        "over all cells with the diagonal (as the thesis counts)",
        "224 × 224",
        "0.875",
        "bicubic",
        "a.jpg",
        "truncated",
        "count 2, seed 0",
        "100 · (aAB − aAA) / aAA",
        "aBB − aAB",
        "ridge (alpha 0.01)",
        "methods:\n- ols",
        "samefeatures",
    ):
        assert part in found.text, part
    assert found.text.index("Warning") < found.text.index("To take away")
    codes = found.named("code")
    assert {"ab" * 32, "cd" * 32, "00" * 32} <= {attrs.get("title") for attrs in codes}


def test_a_cell_has_its_details(good: StudyResults) -> None:
    (details,) = [
        attrs["title"]
        for attrs in Tags(page(good)).named("td")
        if (attrs.get("title") or "").startswith("net_a → net_b\nCorrect: 8\u202f900 of")
    ]
    assert details is not None
    assert details.splitlines()[1:] == [
        "Correct: 8\u202f900 of 10\u202f000 (89.00 %)",
        "95 % interval: 88.37 to 89.60 %",
        "Correct in top 5: 9\u202f999 (99.99 %)",
        "Source's own top-1: 90.00 %",
        "Target's own top-1: 92.00 %",
        "Change vs source: −1.11 %",
        "Loss vs target: 3.00 points",
        "Agreement with target: 80.10 %",
        "R² of features: 0.7417",
        "Cosine of features: 0.8091",
        "Fixed: 40",
        "Broken: 340",
        "p vs target, Holm: < 1e-300",
        "p vs source, Holm: < 1e-300",
    ]


def test_every_metric_has_every_cell(good: StudyResults) -> None:
    raw = re.search(r'<script type="application/json" id="views">(.*?)</script>', page(good), re.S)
    assert raw is not None
    views = json.loads(raw[1])
    assert set(views["methods"]) == {"ols", "ridge", "logit", "naive"}
    assert set(views["says"]) == {metric.key for metric in metrics(good.measures)}
    for method in views["methods"].values():
        assert {key: len(cells) for key, cells in method.items()} == dict.fromkeys(
            (metric.key for metric in metrics(good.measures)), 9
        )
    ols = views["methods"]["ols"]
    assert ols["top1"][1][:2] == ["89.00", "−1.11"]
    assert ols["loss"][1][:2] == ["3.00", "89.00"]
    assert ols["loss"][3] == ["−1.50", "91.50", 0]  # a gain
    assert ols["r2"][0] == ["1.000", "90.00", 0]
    assert views["methods"]["ridge"]["top1"][2] == ["–", "", None]


def test_marks_and_intervals(unsure: StudyResults) -> None:
    text = page(unsure)
    raw = re.search(r'<script type="application/json" id="views">(.*?)</script>', text, re.S)
    assert raw is not None
    ols = json.loads(raw[1])["methods"]["ols"]
    assert [cell[:2] for cell in ols["top1"]][1:3] == [["79.80ᵗ", "−0.25"], ["79.60", "−0.50ˢ"]]
    assert ols["loss"][1][0] == "0.20ᵗ"
    assert ols["interval"][1][:2] == ["79.80", "79.0–80.6"]
    assert ols["fixed"][1][:2] == ["40", "60"]
    found = Tags(text).text
    assert "ᵗ at the accuracy: the hybrid does not differ significantly from the" in found
    assert "(1 of 2; 0 are better, 1 worse)" in found
    assert "Holm over the 2 maps" in found


def test_classes_that_gain_and_lose(good: StudyResults) -> None:
    assert 'id="classes"' not in page(good)
    change = {"method": "ols", "n": 1000, "maps": 6}
    results = replace(
        good,
        classes=(
            ClassChange(label=7, change_points=1.25, maps_gaining=5, maps_losing=1, **change),
            ClassChange(label=3, change_points=-2.5, maps_gaining=0, maps_losing=6, **change),
        ),
    )
    text = " ".join(Tags(page(results)).text.split())
    assert "ols 7: +1.25 (5↑ 1↓) 3: −2.50 (0↑ 6↓)" in text


def test_everything_is_escaped(nasty: StudyResults) -> None:
    text = page(nasty)
    found = Tags(text)
    assert len(found.named("script")) == 2
    assert not found.named("img")
    assert not found.named("i") or all("class" in attrs for attrs in found.named("i"))
    assert "alert(1)</script>" not in text
    for network in nasty.networks:
        assert network.name in found.text
    assert "</section><img src=x onerror=alert(1)>" in found.text


def test_ten_networks_and_no_warnings(published: StudyResults) -> None:
    text = page(published)
    assert 'class="warnings"' not in text
    assert text.count('tabindex="0" title=') == 100


def test_the_page_says_what_was_listed(good: StudyResults) -> None:
    data = replace(good.fit_data, taken=1, passed_over={"@eaDir": 2})
    assert (
        "<p>Fit: took 1 image; passed over 2 @eaDir; images with an EXIF orientation are turned "
        in (page(replace(good, fit_data=data)))
    )
    assert "took" not in page(good)
    assert "EXIF" not in page(good)
    for upright, says in ((False, "EXIF orientations are ignored.</p>"), (None, "some of the")):
        assert says in page(replace(good, fit_data=replace(data, upright=upright)))


def test_one_network_has_no_empty_tables(make: Callable[..., StudyResults], tmp_path: Path) -> None:
    alone = make({"ols": [[90.0]], "ridge": [[90.0]]}, n=10_000)
    found = Tags(page(alone))
    assert not [attrs for attrs in found.named("table") if attrs.get("class") == "grid"]
    said = "net_a is alone, and a map needs two networks. With its own head it is right on 90.00 %"
    assert said in found.text
    assert "1 network" in " ".join(found.text.split())
    assert "90.00" in found.text[found.text.index("Accuracies are the networks' own") :]
    assert {path.name for path in write_report(alone, tmp_path)} == {
        "report.html", "tables.md", "pairs.csv", "files.json"
    }  # fmt: skip
    assert "|" not in (tmp_path / "tables.md").read_text()


def test_without_heads_or_labels_the_cells_are_measures(make: Callable[..., StudyResults]) -> None:
    nothing = {
        "correct": None, "correct_top5": None, "top1": math.nan, "top5": math.nan,
        "source_top1": math.nan, "target_top1": math.nan, "change_vs_source_pct": math.nan,
        "loss_vs_target_points": math.nan, "agreement": math.nan, "fixed": None, "broken": None,
    }  # fmt: skip
    found = make({"ols": [[80.0, 70.0], [60.0, 80.0]]})
    networks = tuple(replace(n, classes=None, top1=math.nan, top5=math.nan) for n in found.networks)
    cells = tuple(replace(cell, **nothing) for cell in found.cells)
    text = page(replace(found, networks=networks, cells=cells))
    raw = re.search(r'<script type="application/json" id="views">(.*?)</script>', text, re.S)
    assert raw is not None
    views = json.loads(raw[1])["methods"]["ols"]
    assert set(views) == {"r2", "cosine"}
    assert views["r2"][1][0] == f"{70 / 120:.3f}"
    shown = Tags(text).text
    assert "how near the features of the row's" in shown
    assert "classified by the" not in shown
    assert "Best hybrid" not in shown
    assert "classifier)" not in shown
    assert f"{70 / 120:.3f}" in shown


def test_names_break_behind_marks_but_not_within_numbers() -> None:
    shown = environment().from_string("{{ name | breakable }}")
    assert shown.render(name="cosine (tolerance 0.001)") == "cosine (tolerance 0.001)"
    assert shown.render(name="hub_a/b.onnx") == "hub_<wbr>a/<wbr>b.<wbr>onnx"
