"""Misprints are found by computing figures again, and only where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from samefeatures.reproduce.misprints import Misprint, paper_misprints, thesis_misprints
from samefeatures.reproduce.published import (
    Printed,
    Said,
    Thesis,
    published_paper,
    published_thesis,
)


def figures(found: tuple[Misprint, ...]) -> dict[tuple[str, str, str, str], tuple[str, float]]:
    return {
        (m.where, m.what, m.source, m.target): (m.printed, round(m.recomputed, 2))
        for m in found
        if m.recomputed is not None
    }


def test_the_thesis_has_one_in_its_table_and_three_in_its_text() -> None:
    found = thesis_misprints(published_thesis())
    mobile, gain_of = "mobilenet_v2_140_224", ("pnasnet_large", "resnet_v2_152")
    assert figures(found) == {
        ("Table 5.2", "change vs source", "nasnet_large", mobile): ("0.28", -0.28),
        ("Section 2.4", "reported top-1", mobile, mobile): ("74.7", 74.9),
        ("Section 5.4", "percent gained vs target", *gain_of): ("3.76", 4.78),
        ("Section 5.4", "median change vs source", "", ""): ("-1.90", -2.17),
    }
    table, _, gain, median, *slips = found
    assert "the sign is wrong" in table.why
    assert "3.76 points" in gain.why
    assert "holds over all 100 cells" in median.why
    assert "-1.89" in median.why
    assert [(m.where, m.printed) for m in slips] == [
        ("Section 5.2", "F_A"), ("Section 5.4", "Figure 5.1"), ("Section 5.5", "C_A C_B⁻¹"),
    ]  # fmt: skip


def test_the_paper_has_three_in_its_table_and_says_them_again() -> None:
    there, back = ("inception_v4", "resnet_v2_152"), ("resnet_v2_152", "inception_v4")
    found = paper_misprints(published_paper())
    assert figures(found) == {
        ("Table 1", "top-1", "inception_v4", "inception_v4"): ("80.2", 80.07),
        ("Table 1", "loss vs target", *there): ("-1.4", -1.33),
        ("Table 1", "loss vs target", *back): ("4.5", 4.34),
        ("Section 4.1", "millions of training images", "", ""): ("1.1", 1.28),
        ("Section 4.2", "millions of training images", "", ""): ("1.1", 1.28),
        ("Section 5.1", "loss vs target", *back): ("4.5", 4.34),
        ("Section 5.1", "gain vs target", *there): ("1.4", 1.33),
        ("Section 6", "loss vs target", *back): ("4.5", 4.34),
    }
    assert "section 4.1 has 80.1" in found[0].why
    assert (found[-1].where, found[-1].printed) == ("Section 4", "M_{A→B} F_B()")


def test_mended_documents_have_none() -> None:
    def mended(said: tuple[Said, ...], figures: dict[str, str]) -> tuple[Said, ...]:
        return tuple(replace(s, printed=Printed(figures.get(s.what, s.printed.text))) for s in said)

    thesis = published_thesis()
    pair = ("nasnet_large", "mobilenet_v2_140_224")
    said = {
        "median change vs source": "-2.17",
        "reported top-1": "74.9",
        "percent gained vs target": "4.78",
    }
    whole = replace(
        thesis,
        change={**thesis.change, pair: Printed("-0.28")},
        said=mended(thesis.said, said),
        slips=(),
    )
    assert thesis_misprints(whole) == ()
    paper = published_paper()
    said = {
        "millions of training images": "1.3", "loss vs target": "4.3", "gain vs target": "1.3",
    }  # fmt: skip
    texts = {"80.2": "80.1", "-1.4": "-1.3", "4.5": "4.3"}
    rows = {
        pair: replace(
            row,
            percent=Printed(texts.get(row.percent.text, row.percent.text)),
            loss=row.loss and Printed(texts[row.loss.text]),
        )
        for pair, row in paper.rows.items()
    }
    whole_paper = replace(paper, rows=rows, said=mended(paper.said, said), slips=())
    assert paper_misprints(whole_paper) == ()


@pytest.mark.parametrize(
    ("document", "what", "wrong"),
    [
        ("thesis", "drop vs source", "0.05"),
        ("thesis", "greatest drop vs source", "-9.9"),
        ("paper", "mislabelled by the target", "10979"),
        ("paper", "top-1", "78.1"),
    ],
)
def test_every_derived_figure_of_the_text_is_checked(document: str, what: str, wrong: str) -> None:
    whole = published_thesis() if document == "thesis" else published_paper()
    said = tuple(replace(s, printed=Printed(wrong)) if s.what == what else s for s in whole.said)
    spoilt = replace(whole, said=said)
    found = thesis_misprints(spoilt) if isinstance(spoilt, Thesis) else paper_misprints(spoilt)
    places = {(m.where, m.what) for m in found if m.printed == wrong}
    assert places == {(s.where, what) for s in said if s.what == what}


@pytest.mark.parametrize("digit", [0, 1, 2])
def test_any_other_misprint_is_found_too(digit: int) -> None:
    thesis = published_thesis()
    pair = ("inception_v4", "nasnet_large")
    wrong = thesis.change[pair].value - 5 * 10.0**-digit
    spoilt = replace(thesis, change={**thesis.change, pair: Printed(f"{wrong:.2f}")})
    new = [m for m in thesis_misprints(spoilt) if (m.source, m.target) == pair]
    assert [m.what for m in new] == ["change vs source"]


def test_an_own_accuracy_that_two_tables_print_differently_is_found() -> None:
    thesis = published_thesis()
    row = replace(thesis.networks["inception_v3"], local_top1=Printed("78.8"))
    spoilt = replace(thesis, networks={**thesis.networks, "inception_v3": row})
    found = [m for m in thesis_misprints(spoilt) if m.where == "Table 5.1"]
    assert [(m.source, m.printed, m.recomputed) for m in found] == [("inception_v3", "78.8", 78.88)]


@pytest.mark.parametrize("document", ["Thesis", "Paper"])
def test_the_docs_list_them_all(document: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reproducing.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith(f"| {document}, ")]
    thesis = document == "Thesis"
    found = thesis_misprints(published_thesis()) if thesis else paper_misprints(published_paper())
    listed = {(m.where, m.printed.replace("-", "−")) for m in found}
    for where, printed in listed:
        assert any(where in row and printed in row.split("|")[2] for row in rows), (where, printed)
    assert all(any(where in row for where, _ in listed) for row in rows)
