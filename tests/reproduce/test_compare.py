"""Comparisons: fed with the printed tables, and with studies that differ in known ways."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from records import printed_paper_as_a_study, printed_thesis_as_a_study

from samefeatures.reproduce.misprints import thesis_misprints
from samefeatures.reproduce.paper import compare_with_paper
from samefeatures.reproduce.published import published_thesis
from samefeatures.reproduce.thesis import compare_with_thesis
from samefeatures.reproduce.write import record
from samefeatures.study.results import Cell


def test_the_printed_thesis_does_not_differ_from_itself() -> None:
    found = compare_with_thesis(printed_thesis_as_a_study())
    tables = {(f.table, f.what) for f in found.figures}
    assert len(tables) == 4 + 2 + 1 + 2
    assert len(found.figures) == 40 + 100 + 100 + 100 + 2
    for figure in found.figures:
        if figure.what != "reported top-1":  # Google's own, at other crops
            assert figure.difference == pytest.approx(0, abs=1e-9), figure
            assert not figure.differs
    wrong = [(f.source, f.target) for f in found.figures if f.misprint]
    assert wrong == [("nasnet_large", "mobilenet_v2_140_224")]
    assert found.misprints == thesis_misprints(published_thesis())
    assert found.missing == {}
    assert all(m.difference == pytest.approx(0, abs=1e-9) for m in found.medians)
    said = "\n".join(found.summary)
    assert "Table 5.2: 100 of the 100 cells that were run are within 0.5 points" in said
    assert "38 of the 90 hybrids beat the target's own accuracy" in said
    assert "90 of 90 logit maps repeat" in said
    assert "0.27 %" in said
    assert "no cell differs" in said
    assert "Crop: as in the thesis for every network." in found.setup


def test_medians_both_ways() -> None:
    found = {(m.what, m.over): m for m in compare_with_thesis(printed_thesis_as_a_study()).medians}
    assert {key: round(m.everywhere, 2) for key, m in found.items()} == {
        ("change vs source", "maps"): -2.17,
        ("change vs source", "cells"): -1.89,
        ("loss vs target", "maps"): 1.57,
        ("loss vs target", "cells"): 0.7,
    }


def test_a_misprinted_cell_is_held_against_what_the_others_give() -> None:
    found = compare_with_thesis(printed_thesis_as_a_study())
    pair = ("nasnet_large", "mobilenet_v2_140_224")
    figure = found.table("5.2", "change vs source")[pair]
    assert figure.printed == "0.28"
    assert figure.published == pytest.approx(-0.278, abs=1e-3)
    assert figure.difference == pytest.approx(0, abs=1e-9)


def test_missing_cells_are_missing() -> None:
    whole = printed_thesis_as_a_study()
    gone = "resnet_v1_152"
    results = replace(
        whole,
        networks=tuple(n for n in whole.networks if n.name != gone),
        methods=tuple(m for m in whole.methods if m.name != "naive"),
        cells=tuple(
            c for c in whole.cells if gone not in (c.source, c.target) and c.method != "naive"
        ),
    )
    found = compare_with_thesis(results, why={gone: "its weights are not there"})
    table = found.table("5.2", "top-1")
    assert len(table) == 100
    for (source, target), figure in table.items():
        assert (figure.ours is None) == (gone in (source, target))
        assert (figure.difference is None) == (gone in (source, target))
    assert found.missing[gone] == "its weights are not there"
    assert "naive experiment" in found.missing["method naive"]
    naive = next(f for f in found.figures if f.what == "best naive hybrid")
    assert naive.ours is None
    assert "19 are missing" in "\n".join(found.summary)
    maps = next(m for m in found.medians if m.over == "maps" and m.unit == "%")
    assert (maps.count, maps.of) == (72, 90)
    assert maps.difference == pytest.approx(0, abs=1e-9)
    assert maps.published != pytest.approx(maps.everywhere)


def test_a_deviation_is_found_and_placed() -> None:
    whole = printed_thesis_as_a_study()

    def moved(cell):  # type: ignore[no-untyped-def]
        here = (cell.method, cell.source, cell.target) == ("ols", "inception_v2", "nasnet_large")
        return replace(cell, top1=cell.top1 + 0.75) if here else cell

    results = replace(whole, cells=tuple(moved(c) for c in whole.cells))
    found = compare_with_thesis(results)
    said = "\n".join(found.summary)
    assert "99 of the 100 cells" in said
    assert (
        "largest deviation +0.75 points, inception_v2 → nasnet_large (71.76 against 71.01)" in said
    )
    assert [f.source for f in found.figures if f.table == "5.2" and f.differs] == ["inception_v2"]


def test_another_setup_is_said() -> None:
    whole = printed_thesis_as_a_study()
    first = whole.networks[0]
    prep = {**(first.preprocessing or {}), "input_size": [3, 224, 224], "interpolation": "bicubic"}
    other = replace(first, source="onnx:a.onnx", preprocessing=prep)
    results = replace(
        whole,
        networks=(other, *whole.networks[1:]),
        fit_data=replace(whole.fit_data, name="train", images=5000, rows=5000),
    )
    said = "\n".join(compare_with_thesis(results).setup)
    assert "1 networks are not the document's own: inception_v1 is onnx:a.onnx" in said
    assert "inception_v1 224 instead of 331" in said
    assert "bicubic, central 0.875" in said
    assert "5,000 rows of 5,000 images (train); theirs 1.3 million" in said
    assert "as many as theirs" in said


def test_a_study_of_nothing_has_every_cell_missing() -> None:
    whole = printed_thesis_as_a_study()
    found = compare_with_thesis(replace(whole, networks=(), methods=(), cells=()))
    assert all(f.ours is None for f in found.figures)
    assert len(found.missing) == 10 + 3
    assert "none of its 100 cells was run" in "\n".join(found.summary)


def test_the_printed_paper_does_not_differ_from_itself() -> None:
    found = compare_with_paper(printed_paper_as_a_study())
    assert [f.what for f in found.figures].count("correct") == 4
    in_table = [f for f in found.figures if f.table == "1"]  # it has no images one by one
    assert [f for f in in_table if f.difference != pytest.approx(0, abs=1e-9)] == []
    assert {f.printed for f in found.figures if f.misprint} == {"80.2", "-1.4", "4.5"}
    said = "\n".join((*found.summary, *found.setup))
    assert (
        "Misprint in Table 1, resnet_v2_152 → inception_v4: loss vs target is printed as 4.5"
        in said
    )
    assert "ours are by ols" in said
    assert "inception_v4 299, resnet_v2_152 320" in said


def test_the_papers_own_loss_goes_first_where_a_study_has_it() -> None:
    normalised, ols = printed_paper_as_a_study("cosine"), printed_paper_as_a_study("ols")
    both = replace(
        ols,
        methods=(*ols.methods, *normalised.methods),
        cells=(*(replace(c, top1=1.0) for c in ols.cells), *normalised.cells),
    )
    found = compare_with_paper(both)
    assert all(not f.differs for f in found.figures if f.table == "1")
    assert "ours are by cosine" in found.setup[0]


def test_counts_of_other_images_are_not_compared() -> None:
    paper = printed_paper_as_a_study()
    results = replace(paper, cells=tuple(replace(c, n=1000) for c in paper.cells))
    found = compare_with_paper(results)
    assert all(f.ours is None for f in found.figures if f.what == "correct")
    assert all(f.ours is not None for f in found.figures if f.what == "top-1")


def test_what_the_map_fixes_stands_beside_the_papers_count() -> None:
    """10,978 = 50,000 - 39,022 of Table 1; 39,686 are right after 2,960 fixed, 2,296 broken."""
    paper = printed_paper_as_a_study()

    def mapped(cell: Cell) -> Cell:
        if (cell.source, cell.target) != ("inception_v4", "resnet_v2_152"):
            return cell
        return replace(cell, fixed=2_960, broken=2_296)

    same = compare_with_paper(replace(paper, cells=tuple(mapped(c) for c in paper.cells)))
    counts = {f.what: f for f in same.figures if f.table == "5.2"}
    assert counts["mislabelled by the target"].ours == 10_978
    assert counts["fixed by the map"].ours == 2_960
    assert not any(f.differs for f in counts.values())
    said = "\n".join(same.summary)
    assert "fixes 2,960 of the 10,978 images that resnet_v2_152 mislabels (26.96 %)" in said
    without = compare_with_paper(replace(paper, cells=()))
    assert [f.ours for f in without.figures if f.table == "5.2"] == [None, None]
    assert "the paper has 2,960 of 10,978 (26.96 %); ours is missing" in "\n".join(without.summary)


def test_names_are_the_thesis_own() -> None:
    assert compare_with_thesis(printed_thesis_as_a_study()).networks == tuple(
        published_thesis().networks
    )


def test_an_accuracy_of_zero_has_no_change() -> None:
    """A change against nothing is no number: missing, and left out of the medians."""
    whole = printed_thesis_as_a_study()

    def blind(cell: Cell) -> Cell:
        if cell.source != "nasnet_large":
            return cell
        return replace(cell, top1=0.0, correct=0, change_vs_source_pct=float("nan"))

    found = compare_with_thesis(replace(whole, cells=tuple(blind(c) for c in whole.cells)))
    changes = found.table("5.2", "change vs source")
    assert all((f.ours is None) == (pair[0] == "nasnet_large") for pair, f in changes.items())
    medians = {(m.what, m.over): m for m in found.medians}
    assert medians["change vs source", "maps"].count == 81
    assert medians["loss vs target", "maps"].count == 90
    assert all(m.ours is not None for m in found.medians)
    drop = next(f for f in found.figures if f.what == "greatest drop vs source")
    assert drop.source == "inception_v1"
    json.dumps(record(found), allow_nan=False)
