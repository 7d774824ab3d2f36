"""The packaged figures are those that are printed, digit by digit."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from samefeatures.reproduce.published import Printed, published_paper, published_thesis


def test_printed_numbers_know_their_digits() -> None:
    assert Printed("-11.6").digits == 1
    assert Printed("5").digits == 0
    low, high = Printed("62.82").span
    assert (low, high) == pytest.approx((62.815, 62.825))


def test_the_tables_are_whole() -> None:
    thesis = published_thesis()
    assert len(thesis.networks) == 10
    names = list(thesis.networks)
    square = {(a, b) for a in names for b in names}
    assert set(thesis.accuracy) == set(thesis.change) == square
    assert thesis.networks["mobilenet_v2_140_224"].local_crop == 224
    assert thesis.accuracy["inception_v4", "resnet_v2_152"].text == "79.57"
    assert [s.printed.text for s in thesis.said if s.what == "best naive hybrid"] == ["0.27"]
    assert [row.correct for row in published_paper().rows.values()] == [40037, 39022, 39686, 37866]


@pytest.fixture(scope="module")
def shared(shared_data: Path) -> Path:
    return shared_data.parent


def test_they_are_those_of_the_tables_that_lie_beside_the_project(shared: Path) -> None:
    thesis = published_thesis()
    for name, ours in (("accuracy", thesis.accuracy), ("change", thesis.change)):
        with (shared / "published" / f"table_5_2_{name}.csv").open() as file:
            rows = list(csv.DictReader(file))
        theirs = {(r["source"], t): float(r[t]) for r in rows for t in r if t != "source"}
        assert theirs == {pair: printed.value for pair, printed in ours.items()}
    for name in ("table_5_1", "paper_table_1"):
        mine = Path(__file__).parents[2] / f"src/samefeatures/reproduce/printed/{name}.csv"
        assert mine.read_text() == (shared / "published" / f"{name}.csv").read_text()


def test_they_have_the_digits_of_the_thesis_itself(shared: Path) -> None:
    text = (shared / "seeds" / "thesis.md").read_text()
    text = text[text.index("\t\tTarget (classifier)") :]
    lines = [re.findall(r"(-?[\d.]+)%", line) for line in text.splitlines()]
    numbers = [line for line in lines if len(line) == 10][:20]
    thesis = published_thesis()
    names = list(thesis.networks)
    for i, source in enumerate(names):
        large = [thesis.accuracy[source, target].text for target in names]
        small = [thesis.change[source, target].text for target in names]
        assert numbers[2 * i : 2 * i + 2] == [large, small], source


SLIPS = {
    ("thesis", "Section 5.2"): r"$T_B$ by feeding $X_T$ into $F_A$",
    ("thesis", "Section 5.4"): "the same values from Figure 5.1",
    ("thesis", "Section 5.5"): r"M_{A \rightarrow B} = C_A C_B^{-1}",
    ("paper", "Section 4"): r"$Acc(C_A(F_A()))$ is less than $Acc(C_A(M_{A \rightarrow B} F_B()))$",
}
"""As the seed texts write what ``slips.csv`` quotes."""


def sections(path: Path) -> dict[str, str]:
    """The text of every numbered section and subsection, its subsections left out."""
    parts = re.split(r"^#+ (?:Chapter )?(\d[\d.]*?)\.? ", path.read_text(), flags=re.MULTILINE)
    texts = (" ".join(text.split()) for text in parts[2::2])
    return dict(zip(parts[1::2], texts, strict=True))


@pytest.mark.parametrize("document", ["thesis", "paper"])
def test_what_the_text_says_stands_in_its_section(document: str, shared: Path) -> None:
    printed = published_thesis() if document == "thesis" else published_paper()
    text = sections(shared / "seeds" / f"{document}.md")
    for said in printed.said:
        figure = said.printed.text
        forms = "|".join({figure, figure.lstrip("-"), f"{int(float(figure)):,}"})
        assert re.search(rf"(?<![\d.])({forms})(?!\d)", text[said.place]), said
    assert {(document, slip.where) for slip in printed.slips} == {
        place for place in SLIPS if place[0] == document
    }
    for slip in printed.slips:
        assert SLIPS[document, slip.where] in text[slip.where.removeprefix("Section ")]
