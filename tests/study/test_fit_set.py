"""Hybrids on the fit rows: maps of all of them, and of all folds but the first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from npz_worlds import feature_file
from samefeatures.features.rows import ArrayRows
from samefeatures.joint.record import Moments
from samefeatures.networks.record import Head
from samefeatures.scores.intervals import wilson
from samefeatures.study.fit_set import control_row, fit_set_rows
from watching import noted_place

N, DIMS = 70, {"a": 6, "b": 5, "c": 4}


def test_a_row_of_a_control_is_counted() -> None:
    said, own, labels = np.array([1, 1, 0, 2]), np.array([1, 0, 2, 2]), np.array([1, 1, 0, 0])
    row = control_row("naive", ("a", "b"), said.astype(np.int32), own.astype(np.int32), labels)
    assert (row.control, row.source, row.target) == ("naive", "a", "b")
    assert (row.n, row.correct, row.top1, row.agreement) == (4, 3, 75, 50)
    assert (row.ci_low, row.ci_high) == wilson(3, 4)
    row = control_row("naive", ("a", "b"), said.astype(np.int32), own.astype(np.int32), None)
    assert (row.n, row.correct, row.top1, row.agreement) == (4, None, None, 50)
    assert (row.ci_low, row.ci_high) == (None, None)


@pytest.mark.parametrize("labelled", [True, False])
def test_maps_are_judged_on_rows_that_they_saw_and_on_those_that_they_did_not(
    labelled: bool,
) -> None:
    rng = np.random.default_rng(0)
    values = {k: rng.normal(size=(N, d)).astype(np.float32) for k, d in DIMS.items()}
    heads = {
        k: Head(rng.normal(size=(3, d)).astype("f4"), rng.normal(size=3).astype("f4"))
        for k, d in DIMS.items()
    }
    networks = {k: feature_file(k, x, heads[k]) for k, x in values.items()}
    fold_of = rng.permutation(np.arange(N) % 5)
    folds = []
    for k in range(5):
        fold = Moments(list(DIMS), list(DIMS.values()))
        fold.update(*(x[fold_of == k] for x in values.values()))
        folds.append(fold)
    place, asked = noted_place()
    inputs: Any = SimpleNamespace(
        networks=networks,
        source="a",
        targets=["b", "c"],
        fit={k: ArrayRows(name=k, values=x, fingerprint=k) for k, x in values.items()},
        algebra=place,
    )
    made: Any = SimpleNamespace(summed=SimpleNamespace(folds=folds), fold_of=fold_of)
    labels = rng.integers(0, 3, N)
    given = [  # of any maps: they come folded
        Head(rng.normal(size=(3, 6)).astype("f4"), np.zeros(3, np.float32)) for _ in "bc"
    ]
    found = list(fit_set_rows(inputs, made, given, labels if labelled else None))
    seen, every = fold_of != 0, np.ones(N, bool)
    expected: list[tuple[Any, ...]] = []
    for control in ("fit set", "fit set, seen", "fit set, unseen"):
        for name, folded in zip("bc", given, strict=True):
            on = {"fit set": every, "fit set, seen": seen}.get(control, ~seen)
            x, y = values["a"].astype(float), values[name].astype(float)
            if control == "fit set":
                said = (x @ folded.weight.T).argmax(axis=1)
            else:
                with_one = np.column_stack([x, np.ones(N)])
                mapped = with_one @ np.linalg.lstsq(with_one[seen], y[seen], rcond=None)[0]
                said = (mapped @ heads[name].weight.T + heads[name].bias).argmax(axis=1)
            own = heads[name].logits(values[name]).argmax(axis=1)
            right = int((said == labels)[on].sum()) if labelled else None
            alike = 100 * (said == own)[on].mean()
            expected.append((control, "a", name, on.sum(), right, pytest.approx(alike)))
    assert [(r.control, r.source, r.target, r.n, r.correct, r.agreement) for r in found] == expected
    # One factorisation; a map and a fold for each target; heads on rows of each network.
    assert sorted(asked) == ["heads"] * 3 + ["inverse"] + ["product"] * 4
    with pytest.raises(ValueError, match="zip"):
        list(fit_set_rows(inputs, made, given[:1], None))
