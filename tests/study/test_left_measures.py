"""Measures of what controls leave, against errors of scikit-learn's regressions row by row."""

from __future__ import annotations

import gc
import weakref
from itertools import combinations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.neighbors import NearestNeighbors

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float32, Float64
from samefeatures.features.rows import ArrayRows
from samefeatures.features.sample import StoredSample, ranks_of
from samefeatures.joint.record import Moments
from samefeatures.similarity import SpaceMeasure
from samefeatures.similarity.common import Off, Split
from samefeatures.similarity.left import Left
from samefeatures.similarity.measures.cka import CKA
from samefeatures.similarity.measures.debiased_cka import DebiasedCKA
from samefeatures.similarity.measures.mutual_knn import MutualKNN
from samefeatures.similarity.sheet import inverse_of
from samefeatures.similarity.strengths import shift_of
from samefeatures.study import left_measures
from samefeatures.study.left_measures import LeftMeasures
from watching import Apart

DIMS = {"answers": 5, "pixels": 8, "a": 7, "b": 9, "c": 6}
FIT, JUDGE, SAMPLE = 160, 90, 60
STRENGTHS = {"pixels": 0.3, "answers": 0.05}
SPACES = ("a", "b", "c")
MEASURES = ("cka", "debiased_cka", "mutual_knn")


def made(n: int, seed: int) -> dict[str, Float32]:
    fixed, rng = np.random.default_rng(0), np.random.default_rng(seed)
    causes = rng.standard_normal((n, 6))
    return {
        name: (causes @ fixed.standard_normal((6, d)) + rng.standard_normal((n, d)) + 2).astype(
            "f4"
        )
        for name, d in DIMS.items()
    }


FITTED, JUDGED = made(FIT, 1), made(JUDGE, 2)
IDS = [f"image {k}" for k in range(JUDGE)]


def moments(spaces: dict[str, Float32]) -> Moments:
    out = Moments(list(spaces), [part.shape[1] for part in spaces.values()])
    out.update(*spaces.values())
    return out


def errors() -> dict[str, Float64]:
    """Every block divided by the root of its penalty, then one penalty of 1."""
    stacked = {}
    for side, spaces in (("fit", FITTED), ("judge", JUDGED)):
        penalty = {n: s * FITTED[n].var(axis=0).mean() * FIT for n, s in STRENGTHS.items()}
        stacked[side] = np.hstack([spaces[n] / np.sqrt(penalty[n]) for n in STRENGTHS])
    fitted = {n: Ridge(alpha=1.0).fit(stacked["fit"], FITTED[n].astype("f8")) for n in SPACES}
    return {n: JUDGED[n] - fitted[n].predict(stacked["judge"]) for n in SPACES}


def left(*, first: bool) -> Left:
    """Pixels are taken off with the answers, or were taken off for all sources before."""
    total = moments(FITTED)
    split = Split(total, moments(JUDGED))
    if not first:
        return Left(split, STRENGTHS, total)
    shift = shift_of(total, "pixels", STRENGTHS["pixels"], FIT)
    inverse = inverse_of(total.block("pixels", "pixels"), shift, HOST)
    off = Off(split, "pixels", inverse, often=frozenset(), algebra=HOST)
    return Left(split, {"answers": STRENGTHS["answers"]}, total, first=off)


def measures(*, first: bool, sample: int = SAMPLE) -> LeftMeasures:
    rows = {
        name: ArrayRows(name=name, values=part, fingerprint=name, ids=IDS)
        for name, part in JUDGED.items()
    }
    return LeftMeasures(
        MEASURES, left(first=first), rows, names=SPACES, sampled=StoredSample(rows, sample).rows
    )


def debiased(a: Float64, b: Float64) -> float:
    """The cosine between n × n matrices of similarities, centred off their diagonals."""

    def centred(x: Float64) -> Float64:
        k, n = x @ x.T, len(x)
        np.fill_diagonal(k, 0)
        rows = k.sum(axis=0) / (n - 2)
        k = k - rows - rows[:, None] + k.sum() / ((n - 1) * (n - 2))
        np.fill_diagonal(k, 0)
        return k

    k, m = centred(a), centred(b)
    return float((k * m).sum() / np.linalg.norm(k) / np.linalg.norm(m))


def neighbours(a: Float64, b: Float64) -> float:
    found = [
        NearestNeighbors(n_neighbors=10, metric="cosine", algorithm="brute")
        .fit(x)
        .kneighbors(return_distance=False)
        for x in (a, b)
    ]
    return float(np.mean([len(set(p) & set(q)) / 10 for p, q in zip(*found, strict=True)]))


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("chunk", [17, 4096])
def test_each_is_of_the_errors_of_the_rows(
    first: bool, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_measures, "ROWS", chunk)
    taken, apart = measures(first=first), errors()
    shown = np.argsort(ranks_of(IDS))[:SAMPLE]
    for a, b in combinations(SPACES, 2):
        found = taken.between(a, b)
        assert list(found) == list(MEASURES)
        across = np.linalg.norm(apart[a].T @ apart[b]) ** 2
        alone = [np.linalg.norm(apart[name].T @ apart[name]) for name in (a, b)]
        assert found["cka"] == pytest.approx(across / np.prod(alone), rel=1e-6)
        assert found["debiased_cka"] == pytest.approx(debiased(apart[a], apart[b]), abs=1e-6)
        assert found["mutual_knn"] == pytest.approx(neighbours(apart[a][shown], apart[b][shown]))
        assert found == taken.between(b, a)


def test_no_row_is_read_where_no_measure_asks_for_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    chunks = ArrayRows.chunks
    monkeypatch.setattr(
        ArrayRows, "chunks", lambda self, rows: read.append(self.name) or chunks(self, rows)
    )
    rows = {n: ArrayRows(name=n, values=v, fingerprint=n) for n, v in JUDGED.items()}
    for names, expected in (
        (["cka"], set()),
        (["debiased_cka"], set(JUDGED)),
        (["mutual_knn"], {*STRENGTHS, "a", "b"}),
    ):
        read.clear()
        sampled = StoredSample(rows, SAMPLE).rows
        taken = LeftMeasures(names, left(first=False), rows, names=SPACES, sampled=sampled)
        taken.between("a", "b")
        taken.between("b", "a")
        assert set(read) == expected
        assert len(read) == len(expected)  # once


def test_it_goes_with_its_last_name() -> None:
    """In a circle of references moments of gigabytes would wait for Python to look for circles."""
    gc.disable()
    try:
        taken = measures(first=True)
        assert taken.between("a", "b")
        known = weakref.ref(taken), weakref.ref(taken._left)
        del taken
        assert [each() for each in known] == [None, None]
    finally:
        gc.enable()


def left_of(fitted: dict[str, Float32], judged: dict[str, Float32], precision: str) -> LeftMeasures:
    """Pixels taken off without a ridge."""
    total, judge = moments(fitted), moments(judged)
    total.precision = judge.precision = precision
    rows = {n: ArrayRows(name=n, values=v, fingerprint=n) for n, v in judged.items()}
    gone = Left(Split(total, judge), {"pixels": 0.0}, total)
    sampled = StoredSample(rows, SAMPLE).rows
    return LeftMeasures(MEASURES, gone, rows, names=SPACES, sampled=sampled)


@pytest.mark.parametrize(("precision", "rounding"), [("float64", 0.0), ("float32", 1e-3)])
@pytest.mark.parametrize("of", ["a", "b"])
def test_what_nothing_is_left_of_has_no_value(of: str, precision: str, rounding: float) -> None:
    """A space that is linear in the controls, and no ridge: rounding is left, and is no space."""
    rng = np.random.default_rng(3)
    fitted, judged = (
        {
            **spaces,
            of: np.float32(
                3 * spaces["pixels"][:, :4] + 1 + rounding * rng.normal(size=(len(spaces["a"]), 4))
            ),
        }
        for spaces in (FITTED, JUDGED)
    )
    taken = left_of(fitted, judged, precision)
    assert taken.between("a", "b") == dict.fromkeys(MEASURES)
    assert None not in taken.between("c", "b" if of == "a" else "a").values()


def test_what_is_the_same_for_all_rows_has_no_similarity_about_its_mean() -> None:
    """It varied where it was fitted; of the rows that judge, one error is left of all."""
    judged = {**JUDGED, "b": np.broadcast_to(np.float32(5), JUDGED["b"].shape).copy()}
    judged["pixels"] = np.zeros_like(judged["pixels"])
    found = left_of(FITTED, judged, "float64").between("a", "b")
    assert found["debiased_cka"] is None
    assert found["cka"] is not None  # about the predictions


def test_rows_that_are_not_as_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(left_measures, "ROWS", 30)
    values = {**JUDGED, "b": JUDGED["b"][:-30]}
    rows = {n: ArrayRows(name=n, values=v, fingerprint=n) for n, v in values.items()}
    sampled = StoredSample(rows, SAMPLE).rows
    names = ["debiased_cka"]
    taken = LeftMeasures(names, left(first=False), rows, names=SPACES, sampled=sampled)
    with pytest.raises(ValueError, match="zip"):
        taken.between("a", "c")


def test_measures_are_computed_where_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    place, seen = Apart(), []

    def value(self: SpaceMeasure, *_: object, algebra: Algebra = HOST) -> float:
        seen.append((self.name, algebra is place))
        return 0.5

    monkeypatch.setattr(CKA, "value", value)
    monkeypatch.setattr(DebiasedCKA, "value", value)
    monkeypatch.setattr(MutualKNN, "of_rows", value)
    monkeypatch.setattr(MutualKNN, "value", lambda *_: 0.5)
    rows = {n: ArrayRows(name=n, values=v, fingerprint=n) for n, v in JUDGED.items()}
    sampled = StoredSample(rows, SAMPLE).rows
    taken = LeftMeasures(
        MEASURES, left(first=False), rows, names=SPACES, sampled=sampled, algebra=place
    )
    assert taken.between("a", "b") == dict.fromkeys(MEASURES, 0.5)
    assert seen == [
        ("cka", True),
        ("mutual_knn", True),
        ("mutual_knn", True),
        ("debiased_cka", True),
    ]
