"""Measures on moments: each is taken where it says, of what it asks for, and no more than once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.metrics import r2_score

from samefeatures.base.arrays import Float32, Float64
from samefeatures.features.sample import SAMPLE
from samefeatures.joint.norms import distances, norm_of
from samefeatures.joint.record import Moments
from samefeatures.maps import AffineMap
from samefeatures.similarity import MEASURES, RowMeasure, SpaceMeasure
from samefeatures.similarity.measures.cka import CKA
from samefeatures.similarity.measures.pwcca import PWCCA
from samefeatures.study.measuring import Measuring, of_the_same
from watching import not_on_the_host

RNG = np.random.default_rng(0)
CAUSES = RNG.normal(size=(90, 5))
SPACES = {
    name: (CAUSES @ RNG.normal(size=(5, dim)) + RNG.normal(size=(90, dim)) + 3).astype(np.float32)
    for name, dim in {"a": 4, "b": 6, "c": 3}.items()
} | {"dead": np.full((90, 2), 2.0, np.float32)}


def moments() -> Moments:
    out = Moments(list(SPACES), [rows.shape[1] for rows in SPACES.values()])
    out.update(*SPACES.values())
    return out


def norms() -> Moments:
    out = Moments([norm_of(name) for name in SPACES], [1] * len(SPACES))
    out.update(*(distances(rows, rows.mean(axis=0, dtype="f8")) for rows in SPACES.values()))
    return out


def none() -> Moments:
    pytest.fail("nobody asks for these")


class Shown:
    """The first rows of every space; notes of which they are read."""

    def __init__(self, count: int = 40) -> None:
        self.count = count
        self.read: list[str] = []

    def rows(self, name: str) -> Float32:
        self.read.append(name)
        return SPACES[name][: self.count]


def of(names: Sequence[str], *, count: int = 40) -> Measuring:
    return Measuring(names, moments, norms=norms, sample=Shown(count))


def a_map(source: str = "a", target: str = "b") -> AffineMap:
    rows, columns = SPACES[target].shape[1], SPACES[source].shape[1]
    rng = np.random.default_rng(1)
    return AffineMap(
        weight=rng.normal(size=(rows, columns)), bias=rng.normal(size=(rows,)), source=source,
        target=target, method="ols", source_fingerprint="", target_fingerprint="",
    )  # fmt: skip


def cka(a: str, b: str) -> float:
    """By the rows."""
    x, y = (SPACES[name] - SPACES[name].mean(axis=0, dtype="f8") for name in (a, b))
    norm = np.linalg.norm
    return float(norm(x.T @ y) ** 2 / norm(x.T @ x) / norm(y.T @ y))


def test_a_map_has_its_own_measures_and_those_of_its_spaces() -> None:
    fitted = a_map()
    found = of(["cosine", "cka", "r2", "mutual_knn"]).of(fitted)
    assert list(found) == ["cosine", "cka", "r2", "mutual_knn of 40 rows"]
    mapped = SPACES["a"] @ fitted.weight.T + fitted.bias
    true = SPACES["b"].astype("f8")
    assert found["r2"] == pytest.approx(r2_score(true, mapped, multioutput="variance_weighted"))
    lengths = np.linalg.norm(true) * np.linalg.norm(mapped)
    assert found["cosine"] == pytest.approx(np.vdot(true, mapped) / lengths)
    assert found["cka"] == pytest.approx(cka("a", "b"))
    near = MEASURES.get("mutual_knn")()
    assert isinstance(near, RowMeasure)
    of_rows = [near.of_rows(SPACES[name][:40]) for name in "ab"]
    assert found["mutual_knn of 40 rows"] == near.value(*of_rows) > 0
    assert all(isinstance(value, float) for value in found.values())


def test_of_two_spaces_both_ways_are_taken_in_their_order() -> None:
    measuring = of(["r2", "cka", "pwcca", "debiased_cka"])
    assert measuring.of_spaces == ("cka", "pwcca", "debiased_cka")
    there, back = measuring.between("b", "a"), measuring.between("a", "b")
    assert list(there) == list(back) == ["cka", "pwcca", "debiased_cka"]  # no map, no r2
    assert there["cka"] == back["cka"] == pytest.approx(cka("a", "b"))
    for found, ends in ((there, ("b", "a")), (back, ("a", "b"))):
        assert found["pwcca"] == pytest.approx(PWCCA().value(moments(), *ends), rel=1e-9)
    assert abs(there["pwcca"] - back["pwcca"]) > 1e-3


def test_norms_are_taken_for_a_measure_that_reads_them_and_for_no_other() -> None:
    plain = Measuring(["cka", "angle"], moments, norms=none)
    assert plain.between("a", "b")["cka"] == pytest.approx(cka("a", "b"))
    x, y = SPACES["a"].astype("f8"), SPACES["b"].astype("f8")

    def apart(rows: Float64) -> Float64:
        """Similarities centred off the diagonal (Székely and Rizzo, 2014)."""
        k: Float64 = rows @ rows.T
        n = len(rows)
        np.fill_diagonal(k, 0)
        each = k.sum(axis=0) / (n - 2)
        k += k.sum() / ((n - 1) * (n - 2)) - each - each[:, None]
        np.fill_diagonal(k, 0)
        return k

    k, m = apart(x), apart(y)
    expected = (k * m).sum() / np.linalg.norm(k) / np.linalg.norm(m)
    found = of(["cka", "debiased_cka"]).between("a", "b")
    assert found["debiased_cka"] == pytest.approx(expected, rel=1e-6)
    assert found["cka"] == pytest.approx(cka("a", "b"))


def test_no_moment_is_asked_for_where_rows_are_all() -> None:
    measuring = Measuring(["mutual_knn"], none, norms=none, sample=Shown())
    assert measuring.between("a", "b")["mutual_knn"] > 0


def test_rows_of_a_space_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown()
    measuring = Measuring(["mutual_knn"], none, norms=none, sample=shown)
    for a, b in ("ab", "ba", "ac", "cb", "aa"):
        measuring.between(a, b)
    assert sorted(shown.read) == ["a", "b", "c"]


def test_what_both_ways_have_in_common_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[str, str, str]] = []

    def counted(kind: type[SpaceMeasure]) -> None:
        value = kind.value

        def noted(self: SpaceMeasure, given: Moments, a: str, b: str, **options: object) -> float:
            taken.append((self.name, a, b))
            return value(self, given, a, b, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(kind, "value", noted)

    counted(CKA)
    counted(PWCCA)
    asked: list[Moments] = []

    def noted_moments() -> Moments:
        asked.append(moments())
        return asked[-1]

    measuring = Measuring(["cka", "pwcca"], noted_moments, norms=none)
    for _ in range(2):
        assert measuring.between("b", "a")["cka"] == measuring.between("a", "b")["cka"]
        measuring.of(a_map("b", "a"))
    assert sorted(taken) == [("cka", "a", "b"), ("pwcca", "a", "b"), ("pwcca", "b", "a")]
    assert len(asked) == 1 + 2  # once for spaces, and for each map


def test_keys_tell_samples_of_other_sizes_apart() -> None:
    names = ["cka", "mutual_knn"]
    plain = {name: MEASURES.key(name) for name in names}
    assert Measuring(names, none, norms=none).keys == plain
    assert Measuring(names, none, norms=none, sample=Shown(SAMPLE)).keys == plain
    other = Measuring(names, none, norms=none, sample=Shown(7)).keys
    assert other == {"cka": plain["cka"], "mutual_knn": f"{plain['mutual_knn']} of 7 rows"}


def test_a_network_is_itself_unless_it_says_nothing_of_any_other() -> None:
    names = ["r2", "cka", "angle"]
    same = {"r2": 1.0, "cka": 1.0, "angle": 0.0}
    assert of_the_same(names) == same
    gap = math.nan
    measuring = of(names)
    known, silent = {"r2": 0.1, "cka": 0.2, "angle": 1.0}, {"r2": gap, "cka": gap, "angle": gap}
    assert measuring.with_itself("dead", [known, silent]) == same  # of one it says something
    assert measuring.with_itself("a", [silent, silent]) == same  # the others are dead
    assert measuring.with_itself("dead", []) == same
    dead = measuring.with_itself("dead", [silent, silent])
    assert dead == pytest.approx({"r2": 1.0, "cka": gap, "angle": gap}, nan_ok=True)


def test_it_is_known_without_a_look_where_anything_is_said() -> None:
    measuring = Measuring(["r2", "cka"], none, norms=none)
    others = [{"r2": math.nan, "cka": value} for value in (0.1, math.nan)]
    assert measuring.with_itself("a", others) == {"r2": 1, "cka": 1}


def test_all_is_computed_where_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["r2", "cka", "cca", "pwcca", "procrustes", "debiased_cka", "mutual_knn"]
    summed, of_norms, fitted = moments(), norms(), a_map()
    plain = Measuring(names, lambda: summed, norms=lambda: of_norms, sample=Shown()).of(fitted)
    place = not_on_the_host(monkeypatch)
    measuring = Measuring(
        names, lambda: summed, norms=lambda: of_norms, sample=Shown(), algebra=place
    )
    assert measuring.of(fitted) == pytest.approx(plain)
