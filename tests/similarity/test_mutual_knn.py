"""Mutual nearest neighbours: against scikit-learn, with ties, and where they say nothing."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

import samefeatures as sf
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError, FeatureError
from samefeatures.features.sample import ranks_of
from samefeatures.similarity.measures import mutual_knn
from samefeatures.similarity.measures.mutual_knn import MutualKNN
from samefeatures.study.compare import compare
from samefeatures.study.config import parse_config
from samefeatures.study.study import Study

RNG = np.random.default_rng(7)


def by_sklearn(a: np.ndarray, b: np.ndarray, k: int = 10) -> float:
    """Both sets of neighbours by brute force; kneighbors() leaves a row itself out."""
    sets = [
        NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute")
        .fit(x.astype(np.float64))
        .kneighbors(return_distance=False)
        for x in (a, b)
    ]
    return float(np.mean([len(set(p) & set(q)) / k for p, q in zip(*map(list, sets), strict=True)]))


def take(a: np.ndarray, b: np.ndarray) -> float:
    measure = MutualKNN()
    return measure.value(measure.of_rows(a), measure.of_rows(b))


def pair(n: int, d: int, e: int) -> tuple[np.ndarray, np.ndarray]:
    a = RNG.normal(size=(n, d)).astype(np.float32) + np.float32(0.5)
    return a, (a[:, :1] + RNG.normal(size=(n, e))).astype(np.float32)


@pytest.mark.parametrize("shape", [(700, 8, 5), (64, 64, 64), (129, 300, 40), (12, 3, 900)])
def test_neighbours_are_those_of_scikit_learn(shape: tuple[int, int, int]) -> None:
    a, b = pair(*shape)
    assert take(a, b) == pytest.approx(by_sklearn(a, b), abs=1e-12)
    assert take(b, a) == take(a, b)


def test_blocks_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pair(500, 6, 9)
    whole = take(a, b)
    monkeypatch.setattr(mutual_knn, "ENTRIES", 7 * 500)
    assert take(a, b) == whole


def test_the_same_neighbours_and_chance() -> None:
    a = RNG.normal(size=(400, 6))
    rotation, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
    assert take(a, a) == 1
    assert take(a, 7 * a @ rotation) == 1
    assert take(a, a * RNG.uniform(1e-200, 1e200, size=(400, 1))) == 1
    values = [take(RNG.normal(size=(400, 6)), RNG.normal(size=(400, 6))) for _ in range(10)]
    assert np.mean(values) == pytest.approx(10 / 399, abs=0.006)


def test_copies_of_images_are_neighbours_where_they_have_a_place() -> None:
    """Of six each, five are twins; of thirty each, nobody can say which ten are nearest."""
    a, b = pair(60, 5, 7)
    for count, known in ((6, 5), (30, 0)):
        which = RNG.permutation(np.repeat(np.arange(60 if known else 12), count))
        found = MutualKNN().of_rows(a[which])
        for row, mine in enumerate(which):
            twins = {j for j in np.flatnonzero(which == mine) if j != row}
            places = set(found[row]) - {-1}
            assert len(places) == known
            assert places <= twins
        value, itself = take(a[which], b[which]), take(a[which], a[which])
        assert (value, itself) == (1, 1) if known else math.isnan(value)


@pytest.mark.parametrize("d", [7, 512])
@pytest.mark.parametrize("offset", [1e4, 1e5, 1e6, 1e9])
def test_spaces_far_from_the_origin_are_no_nearer(d: int, offset: float) -> None:
    """Cosines of all pairs are 1 to many digits, and neighbours as far apart as anywhere."""
    a, b = np.random.default_rng(d).normal(size=(2, 600, d))
    a, b = a + offset, b + offset
    for one in (a, b):
        unit = np.asarray(one, np.longdouble)
        unit = unit / np.sqrt((unit * unit).sum(axis=1, keepdims=True))
        flat = (unit - unit[:1]).astype(np.float64)
        near = NearestNeighbors(n_neighbors=10, algorithm="brute").fit(flat)
        expected = near.kneighbors(return_distance=False)
        found = MutualKNN().of_rows(one)
        assert np.mean([len({*p} & {*q}) for p, q in zip(found, expected, strict=True)]) > 9.97
    assert take(a, b) == pytest.approx(10 / 599, abs=0.006)
    dead = np.vstack([a[:-1], np.zeros((1, d))])
    assert take(dead, a) > 0.97


@pytest.mark.parametrize("kind", ["clusters", "few values", "one direction", "one hot"])
def test_nobody_can_say_is_no_value(kind: str) -> None:
    """An order among equals would make neighbours of spaces that share nothing."""
    rng = np.random.default_rng(3)

    def space() -> np.ndarray:
        rows, side = rng.normal(size=(600, 5)), np.sign(rng.normal(size=(600, 1)))
        return {
            "clusters": rows + 1e8 * side,
            "few values": np.round(rows[:, :2]),
            "one direction": rows[:, :1],
            "one hot": np.eye(4)[rng.integers(4, size=600)],
        }[kind]

    assert math.isnan(take(space(), space()))


def test_where_it_says_nothing() -> None:
    a, b = pair(40, 4, 4)
    assert math.isnan(take(np.full((40, 3), 2.0), b))  # constant
    assert math.isnan(take(np.zeros((40, 3)), b))
    assert math.isnan(take(np.abs(a[:, :1]) + 1, b))  # all along one direction
    for n in (1, 2, 3, 11):
        assert math.isnan(take(a[:n], b[:n]))  # all others are among ten
    assert not math.isnan(take(a[:12], b[:12]))
    dead = np.vstack([a[:39], np.zeros((1, 4))])
    assert 0 <= take(dead, b) <= 1
    assert take(dead, dead) == 1


def test_moments_keep_rows_if_told_to() -> None:
    a, b = pair(300, 6, 4)
    spaces = {"a": a, "b": b}
    found = sf.moments(spaces, sample=300)
    assert found.mutual_knn("a", "b") == pytest.approx(by_sklearn(a, b), abs=1e-12)
    some = np.argsort(ranks_of(range(300)))[:80]
    assert sf.moments(spaces, sample=80).mutual_knn("a", "b") == take(a[some], b[some])
    once = {name: iter([x[:50], x[50:]]) for name, x in spaces.items()}
    assert sf.moments(once, sample=80).mutual_knn("a", "b") == take(a[some], b[some])
    again = pickle.loads(pickle.dumps(found))
    assert again.mutual_knn("a", "b") == found.mutual_knn("a", "b")
    later = sf.moments({name: x[:200] for name, x in spaces.items()}, sample=80)
    later.mutual_knn("a", "b")
    later.update(a[200:], b[200:])
    assert later.mutual_knn("a", "b") == take(a[some], b[some])
    for without in (sf.moments(spaces), found.copy()):
        with pytest.raises(FeatureError, match=r"keep none.*sample=10000"):
            without.mutual_knn("a", "b")
    for sample in (0, -1, 2.5, True):
        with pytest.raises(ConfigError, match="sample is"):
            sf.moments(spaces, sample=sample)
    a[3, 2] = np.nan
    with pytest.raises(FeatureError, match="a "):
        sf.moments(spaces, sample=80)


def test_a_comparison_reads_its_held_out_rows() -> None:
    a, b = pair(200, 6, 4)
    held = {"a": a[100:], "b": b[100:]}
    options = {"measures": ["r2", "mutual_knn"], "methods": [sf.OLS()]}
    results = compare({"a": a[:100], "b": b[:100]}, eval=held, **options)
    expected = by_sklearn(held["a"], held["b"])
    assert results.table("ols")["a", "b"].measure("mutual_knn") == pytest.approx(expected)
    few = compare({"a": a[:100], "b": b[:100]}, eval=held, sample=50, **options)
    assert few.table("ols")["a", "b"].measure("mutual_knn") != pytest.approx(expected)
    assert (results.settings["sample"], few.settings["sample"]) == (10_000, 50)
    assert "sample" not in compare({"a": a, "b": b}, measures=["cka"]).settings
    with pytest.raises(ConfigError, match="sample has no effect"):
        compare({"a": a[:100], "b": b[:100]}, eval=held, sample=50, measures=["cka"])


def test_a_study_keeps_the_value_until_the_sample_changes(tmp_path: Path) -> None:
    worlds = make_worlds(m=200)
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    raw = {"networks": sources, "methods": ["ols"], "measures": ["r2", "mutual_knn"]}

    def value(**keys: object) -> float | None:
        study = Study(parse_config({**raw, **keys}), out=tmp_path / "out", base=tmp_path)
        return study.score().table("ols")["a", "b"].measure("mutual_knn")

    spaces = {name: world["eval_features"] for name, world in worlds.items()}
    assert value() == pytest.approx(by_sklearn(spaces["a"], spaces["b"]), abs=1e-12)
    few = sf.moments(spaces, sample=60).mutual_knn("a", "b")
    assert value(sample=60) == few != value()
    for keys in ({"sample": 60, "measures": ["r2"]}, {"sample": 0}):
        with pytest.raises(ConfigError, match="sample"):
            parse_config({**raw, **keys})
