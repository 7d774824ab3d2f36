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
                assert row.p_vs_target_raw == pytest.approx(expected, rel=1e-12)
            interval = proportion_confint(row.correct, row.n, method="wilson")
            assert (row.ci_low, row.ci_high) == pytest.approx([100 * b for b in interval])
        for side, values in raw.items():
            assert method[f"p_vs_{side}_raw"].tolist() == pytest.approx(values, rel=1e-12)
            adjusted = multipletests(values, method="holm")[1]
            assert method[f"p_vs_{side}"].tolist() == pytest.approx(adjusted.tolist(), rel=1e-12)


def test_the_diagonal_and_the_logit_map_differ_from_nothing(npz_study: Study) -> None:
    for cell in npz_study.score().cells:
        if cell.source == cell.target:
            assert (cell.p_vs_target, cell.p_vs_source, cell.fixed, cell.broken) == (1, 1, 0, 0)
            assert (cell.p_vs_target_raw, cell.p_vs_source_raw) == (1, 1)
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
