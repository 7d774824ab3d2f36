"""Both directions of a pair, against the cells and against the paper's own numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from samefeatures.report.both_ways import as_csv, both_ways
from samefeatures.report.grid import grids
from samefeatures.study.results import StudyResults

Make = Callable[..., StudyResults]


def test_every_pair_once_with_both_directions(good: StudyResults) -> None:
    ols, ridge, *_ = grids(good)
    found = both_ways(ols)
    assert [(p.first, p.second) for p in found] == [
        ("net_a", "net_b"),
        ("net_a", "net_c"),
        ("net_b", "net_c"),
    ]
    assert (found[0].there.top1, found[0].back.top1) == (89.0, 91.5)
    # a into c was not scored by ridge.
    assert [(p.first, p.second) for p in both_ways(ridge)] == [
        ("net_a", "net_b"),
        ("net_b", "net_c"),
    ]


def test_the_papers_table_1(make: Make) -> None:
    """80.07 and 78.04 % by themselves; 79.37 % from Inception into ResNet, 75.73 % back."""
    results = make({"ols": [[80.07, 79.37], [75.73, 78.04]]}, ["inception", "resnet"], n=50_000)
    (row,) = csv.DictReader(io.StringIO(as_csv(grids(results))))
    assert (row["first_correct"], row["second_correct"]) == ("40035", "39020")
    assert (row["correct_there"], row["correct_back"]) == ("39685", "37865")
    # 4.34 from the counts, and not the printed 4.5; see the notes on the published tables.
    assert round(float(row["loss_vs_target_points_back"]), 2) == 4.34
    assert round(float(row["loss_vs_target_points_there"]), 2) == -1.33
