"""What the report says of maps of every rank, and the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samefeatures.report import ranks_figure
from samefeatures.report.markdown import document
from samefeatures.report.ranks import enough_says, rank_listings
from samefeatures.study.results import RankRow, Ranks, StudyResults


def row(pair: str, rank: int, full: int, top1: float | None, r2: float) -> RankRow:
    return RankRow(
        source=f"net_{pair[0]}", target=f"net_{pair[1]}", rank=rank, full_rank=full, n=200,
        correct=None if top1 is None else int(2 * top1), top1=top1,
        change_vs_source_pct=None if top1 is None else top1 - 90,
        loss_vs_target_points=None if top1 is None else 85 - top1,
        r2=r2, r2_beyond_answers=r2 / 2,
    )  # fmt: skip


SWEEP = Ranks(
    rows=(
        row("ab", 1, 4, 20.0, 0.1), row("ab", 2, 4, 79.5, 0.5), row("ab", 4, 4, 80.0, 0.7),
        row("ba", 1, 2, 60.0, 0.2), row("ba", 2, 2, 70.0, 0.6),
    )
)  # fmt: skip


def test_medians_by_rank_and_the_smallest_that_is_enough(good: StudyResults) -> None:
    by_rank, enough = rank_listings(replace(good, ranks=SWEEP))
    assert [line[0] for line in by_rank.rows] == ["1", "2", "full"]
    assert by_rank.rows[0] == ("1", "40.0", "−50.0", "45.0", "0.150", "0.075")
    assert by_rank.rows[2][1] == "75.0", "the pair of two directions counts with its second"
    assert enough.rows == (
        ("net_a", "–", "2", "–"), ("net_b", "2", "–", "–"), ("net_c", "–", "–", "–"),
    )  # fmt: skip
    assert enough.notes == ("Median: 2.",)
    assert enough_says(SWEEP) == (
        "2 pairs: the smallest rank of the sweep within one point of accuracy of full rank is 2 in "
        "the median (2 to 2); full ranks are 3 (2 to 4)."
    )
    text = document(replace(good, ranks=SWEEP))
    assert "## How many dimensions a pair needs" in text
    assert r"| net\_a | – | 2 | – |" in text


def test_without_heads_r2_decides(good: StudyResults) -> None:
    rows = tuple(
        replace(r, correct=None, top1=None, change_vs_source_pct=None, loss_vs_target_points=None)
        for r in SWEEP.rows
    )
    _, enough = rank_listings(replace(good, ranks=Ranks(rows=rows)))
    assert enough.rows == (
        ("net_a", "–", "4", "–"), ("net_b", "2", "–", "–"), ("net_c", "–", "–", "–"),
    )  # fmt: skip
    assert "0.01 of R²" in enough.says[0]


def test_no_sweep_says_nothing(good: StudyResults, tmp_path: Path) -> None:
    assert rank_listings(good) == []
    assert rank_listings(replace(good, ranks=Ranks(rows=()))) == []
    assert ranks_figure.draw(good, tmp_path) == []


def test_the_picture_has_a_panel_for_what_is_known(tmp_path: Path) -> None:
    figure: Any = ranks_figure.picture(SWEEP)
    assert [axes.get_ylabel() for axes in figure.axes] == ["top-1, %", "R²", "R² beyond answers"]
    thin, other, median = figure.axes[0].lines
    assert list(thin.get_xdata()) == [1, 2, 4]
    assert list(other.get_ydata()) == [60.0, 70.0]
    assert list(median.get_ydata()) == [40.0, 74.75, 75.0]
    assert figure.axes[0].get_xscale() == "log"


@pytest.mark.parametrize(
    ("ranks", "told"),
    [
        ([1, 2, 4, 8, 12], [1, 2, 4, 8]),
        ([1, 3, 10, 30], [1, 3, 10, 30]),
        ([1, 2, 3, 4, 5, 6], [1, 2, 4]),
        ([1, 2, 4, 8, 16, 32, 64, 132], [1, 4, 16, 64]),
    ],
)
def test_ranks_of_any_sweep_are_told_along_the_axis(ranks: list[int], told: list[int]) -> None:
    rows = tuple(row("ab", rank, ranks[-1], 50.0, 0.5) for rank in ranks)
    figure: Any = ranks_figure.picture(Ranks(rows=rows))
    assert [axes.get_xticks().tolist() for axes in figure.axes] == [told] * 3


def test_names_in_the_head_of_a_list_are_no_markup(good: StudyResults) -> None:
    text = document(replace(good, ranks=SWEEP))
    assert r"| Source ↓ Target → | net\_a | net\_b |" in text
    assert "net_a" not in text
