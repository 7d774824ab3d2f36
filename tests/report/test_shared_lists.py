"""What is shared beyond the answers, whether these suffice, whom hybrids follow: every medium."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from spaces_by_hand import with_spaces
from test_html import Tags
from test_markdown import render
from test_terminal import printed

from samefeatures.report.beyond import Heat, darkness, heats
from samefeatures.report.beyond_figure import draw, picture
from samefeatures.report.html import page
from samefeatures.report.html_shared import heat_rows
from samefeatures.report.markdown import document
from samefeatures.report.shared import listings
from samefeatures.report.write import write_report
from samefeatures.study.results import StudyResults
from samefeatures.study.results.spaces import BeyondRow

TITLES = ("What is shared beyond the answers", "Do the answers alone suffice?")
FOLLOWS = "Whom the hybrids follow"


def heat(results: StudyResults) -> Heat:
    return heats(results)[0]


def test_features_and_nulls_stand_under_what_is_given(controlled: StudyResults) -> None:
    found = listings(with_spaces(controlled, null=-0.021))[0]
    # By hand: the fixture rises by a thousandth from pair to pair, and there are six.
    assert found.rows == (
        ("the source's answers", "features", "0.59", "0.59 to 0.59", "6 of 6"),
        (
            "the source's answers", "noise that knows the answers alone (null)", "−0.02",
            "−0.02 to −0.02", "0 of 6",
        ),
        ("the source's answers and the pixels", "features", "0.44", "0.44 to 0.45", "6 of 6"),
        (
            "the source's answers and the pixels", "noise that knows the answers alone (null)",
            "−0.02", "−0.02 to −0.02", "0 of 6",
        ),
    )  # fmt: skip
    assert found.notes == ("random weights: one <seed> each",)


def test_answers_of_each_source(spaced: StudyResults) -> None:
    assert spaced.controls is not None
    spaces = spaced.controls.spaces
    rows = [
        replace(r, labelled_right=7) if (r.source, r.target) == ("net_a", "net_c") else r
        for r in spaces.answers
    ]
    controls = replace(spaced.controls, spaces=replace(spaces, answers=tuple(rows)))
    found = listings(replace(spaced, controls=controls))[1]
    assert found.rows[0] == ("net_a", "10 of 10", "7 of 10", "7 (net_c)", "180", "201", "222")
    assert found.rows[1] == ("net_b", "10 of 10", "10 of 10", "10 (net_a)", "180", "201", "222")


def test_whom_each_method_follows(spaced: StudyResults) -> None:
    found = listings(spaced)[2]
    assert [row[0] for row in found.rows] == ["ols", "ridge (alpha 0.01)", "logit", "naive"]
    # By hand: 400 of 10,000 disagree, 300 as source, 80 as target; 190 and 186 of 300 mistakes.
    assert found.rows[0][1:] == ("4.0", "75.0", "20.0", "5.0", "0.62", "0.55", "63.3", "62.0")
    assert found.says[0].startswith("ols: Where source and target disagree")


def test_nothing_of_it_in_older_results(controlled: StudyResults) -> None:
    assert listings(controlled) == []
    assert heats(controlled) == []
    for text in (page(controlled), document(controlled), printed(controlled)):
        assert not any(title in text for title in (*TITLES, FOLLOWS))
        assert "Follows the source" not in text


def test_all_of_it_in_every_medium(spaced: StudyResults) -> None:
    for text in (Tags(page(spaced)).text, render(document(spaced)), printed(spaced)):
        together = " ".join(text.split())
        assert all(title in together for title in (*TITLES, FOLLOWS))
        assert "6 of 6" in together
    assert "<seed>" not in page(spaced)
    # Each heat map stands once, with intervals.
    assert document(spaced).count("### R² beyond") == 2
    assert "## R² beyond answers" not in re.sub("###.*", "", document(spaced))
    assert "0.59<br><sub>0.57 to 0.61</sub>" in document(spaced)


def test_cells_of_a_heat_map(spaced: StudyResults) -> None:
    rows = dict(heat_rows(heat(spaced)))
    own, there, _ = rows["net_a"]
    assert (own["large"], own["own"], own["level"]) == ("1.00", True, 0)
    assert (there["large"], there["small"]) == ("0.59", "0.57–0.61")
    assert there["level"] == 13  # 41 % of 32
    assert there["details"].split("\n") == [
        "net_a → net_b",
        "R²: 0.5900",
        "95 % interval: 0.5700 to 0.6100",
        "Noise that knows the answers alone: −0.0100",
    ]


@pytest.mark.parametrize(("r2", "dark"), [(1.2, 0.0), (0.25, 0.75), (-3.0, 1.0), (None, 0.0)])
def test_the_less_is_shared_the_darker(r2: float | None, dark: float) -> None:
    row = BeyondRow(
        given="answers", of="features", source="a", target="b", r2=r2, ci_low=None, ci_high=None
    )
    assert darkness(row) == dark
    assert darkness(None) == 0.0


def test_pictures_of_heat_maps(spaced: StudyResults, tmp_path: Path) -> None:
    text = [t.get_text() for t in picture(heat(spaced)).axes[0].texts]
    assert {"1.00", "0.59", "0.57–0.61", "the network itself"} <= set(text)
    assert (
        "The source's features: median 0.59 (0.59 to 0.59); 6 of 6 intervals lie above 0." in text
    )
    assert any(line.startswith("Noise that knows the answers alone: median −0.01") for line in text)
    first, second = ([path.read_bytes() for path in draw(heat(spaced), tmp_path)] for _ in range(2))
    assert first == second
    names = [path.name for path in write_report(spaced, tmp_path / "report")]
    assert {f"r2_beyond_answers{x}.{e}" for x in ("", "_pixels") for e in ("tex", "png", "svg")} < {
        *names
    }


def test_the_chooser_shows_whom_they_follow(spaced: StudyResults) -> None:
    raw = re.search(
        r'<script type="application/json" id="views">(.*?)</script>', page(spaced), re.S
    )
    assert raw is not None
    views = json.loads(raw[1])["methods"]["ols"]
    assert views["follows"][1] == ["75.00", "20.00", 25]
    assert views["follows"][0] == ["–", "", None]
    assert views["r2_beyond_answers"][1][0] == "0.590"
