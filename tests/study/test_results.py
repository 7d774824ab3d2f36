"""What the record of a study computes from its cells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from samefeatures.study.study import Study


def test_medians_over_maps_and_over_all_cells(npz_study: Study) -> None:
    results = npz_study.score()
    for method in ("ols", "naive"):
        table = results.table(method)
        assert set(table) == {(a, b) for a in "abc" for b in "abc"}
        assert all(cell.method == method for cell in table.values())
        changes = {pair: cell.change_vs_source_pct for pair, cell in table.items()}
        off = [change for (a, b), change in changes.items() if a != b]
        assert results.median_change(method, over="maps") == np.median(off)
        assert results.median_change(method, over="cells") == np.median(list(changes.values()))
        if method == "naive":  # whose maps lose, so that the diagonal's zeros count
            assert np.median(off) < np.median(list(changes.values()))
    with pytest.raises(ValueError, match="over is 'all'; it must be 'maps' or 'cells'"):
        results.median_change("ols", over="all")


def test_classes_have_their_names_or_their_number(npz_study: Study) -> None:
    results = npz_study.score()
    assert results.class_name(1) == "1"
    assert replace(results, class_names=("cat", "dog")).class_name(1) == "1 dog"
