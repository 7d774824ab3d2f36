"""Misprints are found by computing figures again, and only where they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from samefeatures.reproduce.misprints import paper_misprints, thesis_misprints
from samefeatures.reproduce.published import Printed, published_paper, published_thesis


def test_the_thesis_has_one_in_its_table_and_one_in_its_text() -> None:
    table, text = thesis_misprints(published_thesis())
    assert (table.source, table.target) == ("nasnet_large", "mobilenet_v2_140_224")
    assert (table.printed, round(table.recomputed, 2)) == ("0.28", -0.28)
    assert "the sign is wrong" in table.why
    assert (text.printed, round(text.recomputed, 2)) == ("-1.90", -2.17)
    assert "holds over all 100 cells" in text.why
    assert "-1.89" in text.why


def test_the_paper_has_three() -> None:
    found = {(m.what, m.source, m.target): m for m in paper_misprints(published_paper())}
    assert {key: (m.printed, round(m.recomputed, 2)) for key, m in found.items()} == {
        ("top-1", "inception_v4", "inception_v4"): ("80.2", 80.07),
        ("loss vs target", "inception_v4", "resnet_v2_152"): ("-1.4", -1.33),
        ("loss vs target", "resnet_v2_152", "inception_v4"): ("4.5", 4.34),
    }


def test_a_mended_thesis_has_none() -> None:
    thesis = published_thesis()
    pair = ("nasnet_large", "mobilenet_v2_140_224")
    mended = replace(
        thesis,
        change={**thesis.change, pair: Printed("-0.28")},
        said={**thesis.said, "median change vs source": Printed("-2.17")},
    )
    assert thesis_misprints(mended) == ()


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


def test_a_greater_drop_than_the_text_says_is_found() -> None:
    thesis = published_thesis()
    said = {**thesis.said, "greatest drop vs source": Printed("-9.9")}
    found = [m for m in thesis_misprints(replace(thesis, said=said)) if "drop" in m.what]
    assert [(m.where, round(m.recomputed, 1)) for m in found] == [("Section 5.4", -11.6)]
