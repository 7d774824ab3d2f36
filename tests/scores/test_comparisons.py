"""The columns of certainty, against SciPy and statsmodels on the written predictions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from samefeatures.base.errors import StoreError
from samefeatures.scores.comparisons import compare
from samefeatures.scores.heads import Score
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study


def test_every_cell_against_statsmodels(npz_study: Study) -> None:
    npz_study.score()
    cells = pd.read_csv(npz_study.out / "results.csv")
    predictions = pd.read_parquet(npz_study.out / "predictions.parquet")
    right = {
        name: (predictions[name] == predictions["label"]).to_numpy()
        for name in predictions.columns[2:]
    }
    for _, method in cells[cells.source != cells.target].groupby("method"):
        raw = {"source": [], "target": []}
        for row in method.itertuples():
            hybrid = right[f"{row.method}/{row.source}/{row.target}"]
            for side, values in raw.items():
                own = right[f"own/{getattr(row, side)}"]
                counts = [[(own & hybrid).sum(), (own & ~hybrid).sum()]]
                counts.append([(~own & hybrid).sum(), (~own & ~hybrid).sum()])
                values.append(min(1, mcnemar(counts, exact=True).pvalue))
            assert (row.fixed, row.broken) == (counts[1][0], counts[0][1])
            assert row.fixed - row.broken == row.correct - own.sum()
            if row.fixed + row.broken:
                expected = binomtest(row.fixed, row.fixed + row.broken).pvalue
                assert row.p_vs_target_raw == pytest.approx(expected, rel=1e-11, abs=0)
            interval = proportion_confint(row.correct, row.n, method="wilson")
            assert (row.ci_low, row.ci_high) == pytest.approx([100 * b for b in interval])
        for side, values in raw.items():
            near = {"rel": 1e-11, "abs": 0}  # some are far below what approx takes for nothing
            assert method[f"p_vs_{side}_raw"].tolist() == pytest.approx(values, **near)
            adjusted = multipletests(values, method="holm")[1]
            assert method[f"p_vs_{side}"].tolist() == pytest.approx(adjusted.tolist(), **near)


def test_the_diagonal_and_the_logit_map_differ_from_nothing(npz_study: Study) -> None:
    for cell in npz_study.score().cells:
        if cell.source == cell.target:
            assert (cell.p_vs_target, cell.p_vs_source, cell.fixed, cell.broken) == (1, 1, 0, 0)
            assert (cell.p_vs_target_raw, cell.p_vs_source_raw) == (1, 1)
            assert (cell.agreement, cell.r2, cell.cosine) == (100, 1, 1)
        elif cell.method == "logit":
            assert cell.p_vs_source == 1
        elif cell.method == "naive":
            assert cell.p_vs_target < 1e-6


def test_counts_by_hand() -> None:
    labels = np.array([0, 1, 2, 0, 1, 2])

    def score(*predicted: int) -> Score:
        values = np.array(predicted, np.int32)
        return Score(values, int((values == labels).sum()), 6)

    own = {"a": score(0, 1, 2, 0, 0, 0), "b": score(0, 0, 0, 0, 1, 2)}
    (found,) = compare({("a", "b"): score(0, 1, 0, 1, 1, 0)}, own, labels).values()
    assert (found.fixed, found.broken) == (1, 2)
    assert (found.p_vs_target, found.p_vs_source) == (1, 1)


def test_each_p_value_is_of_its_own_side_and_family() -> None:
    """By hand: 2⁻ᵏ is that of k + 1 images, all of which changed to one side."""
    labels = np.zeros(16, np.int64)

    def score(right: range) -> Score:
        values = np.array([0 if i in right else 1 for i in range(16)], np.int32)
        return Score(values, len(right), 0)

    own = {"a": score(range(16)), "b": score(range(8))}
    hybrids = {("a", "b"): score(range(12)), ("b", "a"): score(range(9))}
    ab, ba = compare(hybrids, own, labels).values()
    assert (ab.fixed, ab.broken, ba.fixed, ba.broken) == (4, 0, 0, 7)
    assert (ab.p_vs_target_raw, ba.p_vs_target_raw) == pytest.approx((2**-3, 2**-6))
    assert (ab.p_vs_source_raw, ba.p_vs_source_raw) == pytest.approx((2**-3, 1))
    assert (ab.p_vs_target, ba.p_vs_target) == pytest.approx((2**-3, 2 * 2**-6))
    assert (ab.p_vs_source, ba.p_vs_source) == pytest.approx((2 * 2**-3, 1))


def test_results_of_an_older_version_are_refused_with_the_way_out(npz_study: Study) -> None:
    npz_study.score()
    path: Path = npz_study.results_path
    raw = json.loads(path.read_text())
    for cell in raw["cells"]:
        del cell["p_vs_target"]
    path.write_text(json.dumps(raw))
    with pytest.raises(
        StoreError, match=r"not a results file of this version .*samefeatures score"
    ):
        StudyResults.load(path)
