"""Moments of arrays that answer to measures by name."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import r2_score

import samefeatures as sf
from samefeatures.base.errors import ConfigError, FeatureError, MapError
from samefeatures.similarity import MEASURES, SpaceMeasure

RNG = np.random.default_rng(8)
Z = RNG.normal(size=(500, 4))
SPACES = {
    name: (Z @ RNG.normal(size=(4, d)) + RNG.normal(size=(500, d))).astype(np.float32)
    for name, d in {"a": 5, "b": 7, "c": 3}.items()
}


def test_every_measure_of_spaces_by_its_name() -> None:
    found, plain = sf.moments(SPACES), sf.Moments(["a", "b", "c"], [5, 7, 3])
    plain.update(*SPACES.values())
    for name in MEASURES.names:
        measure = MEASURES.get(name)()
        if isinstance(measure, SpaceMeasure) and measure.reads == "moments":
            for a, b in (("a", "b"), ("b", "a"), ("c", "a")):
                assert getattr(found, name)(a, b) == pytest.approx(measure.value(plain, a, b))
    assert set(MEASURES.names) <= set(dir(found))


@pytest.mark.parametrize("sizes", [(1e-50, 1e-50), (1e-70, 1.0), (1e68, 1e68), (1e-65, 1e68)])
def test_no_size_of_features_is_too_small_or_too_large(sizes: tuple[float, float]) -> None:
    spaces = {name: SPACES[name].astype(np.float64) for name in "ab"}
    small = sf.moments(spaces)
    scaled = {name: spaces[name] * size for name, size in zip("ab", sizes, strict=True)}
    found = sf.moments(scaled)
    fitted = sf.fit_map(scaled["a"], scaled["b"], source="a", target="b")
    for name in MEASURES.names:
        measure = MEASURES.get(name)()
        if isinstance(measure, SpaceMeasure) and measure.reads == "moments":
            assert getattr(found, name)("a", "b") == pytest.approx(getattr(small, name)("a", "b"))
    plain = sf.fit_map(spaces["a"], spaces["b"], source="a", target="b")
    assert found.r2(fitted) == pytest.approx(small.r2(plain))
    assert found.cosine(fitted) == pytest.approx(small.cosine(plain))


def test_cka_is_that_of_the_rows() -> None:
    a, b = (SPACES[k] - SPACES[k].mean(axis=0, dtype=np.float64) for k in "ab")
    grams = [a @ a.T, b @ b.T]
    expected = (grams[0] * grams[1]).sum() / np.prod([np.linalg.norm(g) for g in grams])
    assert sf.moments(SPACES).cka("a", "b") == pytest.approx(expected, rel=1e-9)


def test_measures_of_a_map_take_the_map() -> None:
    fitted = sf.fit_map(SPACES["a"][:300], SPACES["b"][:300], source="a", target="b")
    held_out = sf.moments({name: x[300:] for name, x in SPACES.items()})
    truth = SPACES["b"][300:].astype(np.float64)
    mapped = fitted.apply(SPACES["a"][300:].astype(np.float64))
    expected = r2_score(truth, mapped, multioutput="variance_weighted")
    assert held_out.r2(fitted) == pytest.approx(expected, rel=1e-9)
    with pytest.raises(MapError, match="'cosine' judges a map, not str"):
        held_out.cosine("a")
    narrow = sf.fit_map(SPACES["c"], SPACES["b"], source="a", target="b")
    with pytest.raises(FeatureError, match="a has 5 features here, and 3 in that map"):
        held_out.r2(narrow)


def test_rows_that_come_later_count() -> None:
    found = sf.moments({name: x[:300] for name, x in SPACES.items()})
    before = found.cca("a", "b")
    found.update(*(x[300:] for x in SPACES.values()))
    assert found.cca("a", "b") == pytest.approx(sf.moments(SPACES).cca("a", "b"))
    assert found.cca("a", "b") != before


def test_they_are_moments(tmp_path: Path) -> None:
    found = sf.moments(SPACES)
    found.save(tmp_path / "m.npz")
    again = sf.SpaceMoments.load(tmp_path / "m.npz")
    for twin in (again, copy.deepcopy(found), pickle.loads(pickle.dumps(found)), found.copy()):
        assert twin.cka("a", "b") == found.cka("a", "b")
    assert sf.Moments.load(tmp_path / "m.npz").n == 500


def test_what_is_not_there_is_said() -> None:
    found = sf.moments(SPACES)
    with pytest.raises(AttributeError, match=r"no 'ckas'. Did you mean 'cka'\?"):
        found.ckas("a", "b")
    with pytest.raises(FeatureError, match=r"no space 'd'. They hold a, b, c"):
        found.cka("a", "d")
    for spaces in ({}, [SPACES["a"]]):
        with pytest.raises(FeatureError, match="takes spaces by name"):
            sf.moments(spaces)
    with pytest.raises(FeatureError, match="no rows"):
        sf.moments({"a": SPACES["a"][:0]})
    with pytest.raises(FeatureError, match="a has 500 rows and b has 499"):
        sf.moments({"a": SPACES["a"], "b": SPACES["b"][1:]})


def test_rows_that_go_and_others_that_come_count() -> None:
    halves = [
        {name: x[part] for name, x in SPACES.items()} for part in (slice(250), slice(250, 500))
    ]
    first, second = (sf.moments(half) for half in halves)
    both = sf.moments(SPACES)
    before = both.cca("a", "b")
    both.subtract(first)
    both.merge(first)
    assert both.cca("a", "b") == pytest.approx(before)
    other = first.copy()
    assert other.cca("a", "b") != pytest.approx(second.cca("a", "b"))
    other.merge(second)
    other.subtract(first)  # as many rows as before, and others
    assert other.cca("a", "b") == pytest.approx(second.cca("a", "b"))
    assert first.debiased_cka("a", "b") != second.debiased_cka("a", "b")
    first.merge(second)
    first.subtract(sf.moments(halves[0]))
    with pytest.raises(FeatureError, match="needs norms of all rows"):
        first.debiased_cka("a", "b")


@pytest.mark.parametrize(
    "given", [(), ("a",), ("a", 3), (["a"], "b"), (SPACES["a"], SPACES["b"]), ("a", "b", "c")]
)
def test_measures_asked_in_another_way(given: Any) -> None:
    found = sf.moments(SPACES)
    with pytest.raises(ConfigError, match="'cka' is of two spaces by name, but"):
        found.cka(*given)
    with pytest.raises(MapError, match="'r2' judges a map, not"):
        found.r2(*given)
    with pytest.raises(MapError, match="r2 judges a map, not ndarray"):
        sf.r2(SPACES["a"], SPACES["a"], SPACES["b"])
