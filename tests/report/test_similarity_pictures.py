"""Measures of two spaces as figures, lists, text and JSON."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from samefeatures.base.errors import ConfigError
from samefeatures.report.drawing import style
from samefeatures.report.html import page
from samefeatures.report.markdown import document
from samefeatures.report.ranking import ranking_sentence, rankings
from samefeatures.report.shared import similarity_listing
from samefeatures.report.similarity import darkness, squares
from samefeatures.report.similarity_figure import picture
from samefeatures.report.similarity_record import similarity_record
from samefeatures.report.similarity_terminal import print_similarity
from samefeatures.report.similarity_write import write_similarity
from samefeatures.report.write import write_report
from samefeatures.similarity import MEASURES
from samefeatures.study.results import Controls, MeasureSummary, Similarity, SpaceFindings
from samefeatures.study.results.similarity import similarity_of
from samefeatures.study.results.spaces import BeyondRow


def summary(name: str) -> MeasureSummary:
    return MeasureSummary.of(MEASURES.get(name))


def similarity(count: int, names: tuple[str, ...] = ("cka", "angle")) -> Similarity:
    """Networks on a line: near neighbours are near by every measure."""
    networks = tuple(f"net_{i}" for i in range(count))
    pairs = [(a, b) for a in range(count) for b in range(count)]
    values = {}
    for name in names:
        of = summary(name)
        values[name] = {
            (networks[a], networks[b]): of.same + (of.apart - of.same) * abs(a - b) / count
            for a, b in pairs
        }
    return Similarity(
        title="On a line",
        names=networks,
        n=500,
        measures=tuple(map(summary, names)),
        values=values,
        beyond={"cka": {"answers": {k: v / 2 for k, v in values["cka"].items()}}},
    )


@pytest.fixture
def scored(make):
    """A study of six networks whose CKA and R² beyond answers rank the pairs alike."""
    names = [f"net_{i}" for i in range(6)]
    results = make({"ols": [[80.0 - abs(i - j) for j in range(6)] for i in range(6)]}, names)
    line = similarity(6, ("cka",))
    cells = tuple(
        replace(c, measures={**c.measures, "cka": line.values["cka"][c.source, c.target]})
        for c in results.cells
    )
    beyond = tuple(
        BeyondRow(
            given="answers", of="features", source=a, target=b, r2=line.values["cka"][a, b] ** 2,
            ci_low=None, ci_high=None,
        )
        for a in names for b in names if a != b
    )  # fmt: skip
    controls = Controls(
        source="net_0", seed=0, rows=(), logit_predictions_differing=0, logit_difference=0.0,
        left_out={}, spaces=SpaceFindings(beyond=beyond),
    )  # fmt: skip
    measures = (*results.measures, summary("cka"))
    return replace(results, cells=cells, measures=measures, controls=controls)


@pytest.mark.parametrize("count", [2, 10, 40])
def test_every_number_of_a_heat_map_lies_in_its_cell(count: int) -> None:
    tables = squares(similarity(count), "cka")
    with style():
        figure = picture(tables, n=500, order="study")
        figure.canvas.draw()
    assert [table.title for table in tables] == ["CKA", "CKA beyond the source's answers"]
    left, right = figure.axes
    assert left.get_position().x1 <= right.get_position().x0 + 1e-9
    texts = [text.get_text() for text in left.texts]
    wanted = "0.50" if count == 2 else "0.90" if count == 10 else "98"
    assert wanted in texts
    boxes = [t.get_window_extent() for t in left.texts if t.get_text() == wanted]
    assert max(box.width for box in boxes) < figure.bbox.width / count / 2


def test_the_order_of_the_dendrogram_moves_rows_and_columns_together() -> None:
    found = similarity(5)
    names = ("net_3", "net_0", "net_4", "net_1", "net_2")
    mixed = replace(found, names=names)
    table, beyond = (
        squares(mixed, "angle", order="dendrogram")[0],
        squares(mixed, "cka", order="dendrogram")[1],
    )
    assert table.names in {found.names, found.names[::-1]}
    steps = np.abs(np.arange(5)[:, None] - np.arange(5)[None, :])
    np.testing.assert_allclose(table.values, math.pi / 2 * steps / 5)
    np.testing.assert_allclose(beyond.values, (1 - steps / 5) / 2)
    with pytest.raises(ConfigError, match=r"'dendogram'\. Did you mean 'dendrogram'"):
        squares(found, "cka", order="dendogram")


def test_what_is_dark_is_what_is_not_shared() -> None:
    for name in ("cka", "angle"):
        of = summary(name)
        assert [darkness(v, of) for v in (of.same, of.apart, math.nan)] == [0, 1, 0]
    assert darkness(0.3, replace(summary("cka"), apart=math.nan)) == 0
    assert darkness(-0.5, summary("cka")) == 1


def test_gaps_are_dashes_and_counted(tmp_path: Path) -> None:
    found = similarity(3)
    gap = {**found.values["cka"], ("net_0", "net_1"): math.nan}
    found = replace(found, values={**found.values, "cka": gap})
    table = squares(found, "cka")[0]
    assert table.line == "Median 0.667 (0.333 to 0.667); not defined for 1 ordered pair."
    record = similarity_record(found, [])
    assert record.measures[0].matrix[0][1] is None
    text = io.StringIO()
    print_similarity(found, Console(file=text, width=80))
    assert "–" in text.getvalue()
    write_similarity(found, tmp_path)
    rows = list(csv.DictReader((tmp_path / "similarity.csv").read_text().splitlines()))
    assert rows[1]["value"] == ""
    assert rows[1]["value_beyond_answers"] != ""


def test_files_of_an_older_similarity_go(tmp_path: Path) -> None:
    write_similarity(similarity(3), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    write_similarity(similarity(3, ("cka",)), tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert "similarity_cka.pdf" in names
    assert "similarity_angle.pdf" not in names
    assert "notes.txt" in names


def test_the_same_numbers_are_the_same_bytes(tmp_path: Path, scored) -> None:
    found = similarity_of(scored)
    assert found is not None
    for folder in ("one", "other"):
        write_similarity(found, tmp_path / folder)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


def test_measures_are_ranked_against_what_the_study_found(scored) -> None:
    found = similarity_of(scored)
    assert found is not None
    ranked = rankings(found)
    assert [each.against.name for each in ranked[::3]] == [
        "r2_beyond_answers", "change_vs_source_pct", "loss_vs_target_points",
    ]  # fmt: skip
    assert [each.label for each in ranked[:3]] == ["CKA", "R² (ols)", "Cosine (ols)"]
    first = ranked[0]
    assert first.found.rho == pytest.approx(1)
    assert first.sure
    assert ranking_sentence(ranked) == (
        "CKA ranks the pairs as R² beyond the source's answers does: Spearman 1.00, 1.00 to 1.00 "
        f"without any one network (over 30 pairs of 6 networks, p {first.found.p:.3f})."
    ), "one measure alone is not the most like of any"
    assert rankings(replace(found, results=None)) == []
    # Down is nearer: turned, so that it ranks as CKA does.
    line = similarity(6)
    angle = replace(found, measures=line.measures, values=line.values)
    assert rankings(angle)[1].found.rho == pytest.approx(first.found.rho)
    assert ranking_sentence(rankings(angle)).startswith(
        "Of the measures of two spaces CKA ranks the pairs most like R² beyond the source's answers"
    )


def test_noise_is_not_called_a_ranking(scored) -> None:
    found = similarity_of(scored)
    assert found is not None
    rng = np.random.default_rng(0)
    noise = {pair: 1.0 if pair[0] == pair[1] else rng.random() for pair in found.values["cka"]}
    said = ranking_sentence(rankings(replace(found, values={"cka": noise})))
    assert said.startswith("No measure of two spaces ranks the pairs")


def test_page_and_markdown_have_a_section(scored, tmp_path: Path) -> None:
    listing = similarity_listing(scored)
    assert listing is not None
    assert listing.rows[0][:2] == ("CKA", "0.667")
    assert "How near the spaces are" in document(scored)
    assert 'id="similarity"' in page(scored)
    names = {path.name for path in write_report(scored, tmp_path)}
    assert {"similarity.csv", "similarity_ranking.svg", "similarity_ranking.csv"} <= names
    assert "How measures rank the pairs" in (tmp_path / "report.html").read_text()


def test_a_study_without_such_measures_has_none(make, tmp_path: Path) -> None:
    results = make({"ols": [[80.0, 70.0], [71.0, 81.0]]})
    assert similarity_listing(results) is None
    assert not any("similarity" in path.name for path in write_report(results, tmp_path))


def test_two_networks_have_no_ranking(scored) -> None:
    heads = {"net_0", "net_1"}
    cells = tuple(
        c
        if c.target in heads
        else replace(
            c,
            top1=math.nan,
            correct=None,
            change_vs_source_pct=math.nan,
            loss_vs_target_points=math.nan,
        )
        for c in scored.cells
    )
    found = replace(similarity(6, ("cka",)), results=replace(scored, cells=cells))
    assert {each.against.name for each in rankings(found)} == {"r2_beyond_answers"}
