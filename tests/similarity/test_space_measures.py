"""Measures of two spaces from moments, against the rows themselves and other libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes, subspace_angles
from scipy.spatial import procrustes as scipy_procrustes
from sklearn.decomposition import PCA

from samefeatures.algebra import Host
from samefeatures.base.arrays import Float64
from samefeatures.joint.norms import NormSums, with_norms
from samefeatures.joint.record import Moments
from samefeatures.joint.views import SecondMoments
from samefeatures.similarity import MEASURES, SpaceMeasure
from samefeatures.similarity.spectra import Spectra
from watching import not_on_the_host

NAMES = [name for name in MEASURES.names if issubclass(MEASURES.get(name), SpaceMeasure)]
OF_CCA = ["cca", "r2_cca", "pwcca", "whitened_angle"]


def moments_of(**rows: np.ndarray) -> Moments:
    moments = Moments(list(rows), [x.shape[1] for x in rows.values()])
    moments.update(*rows.values())
    return moments


def with_norms_of(**rows: np.ndarray) -> SecondMoments:
    sums = NormSums(list(rows), [x.shape[1] for x in rows.values()])
    sums.update(*rows.values())
    moments = moments_of(**rows)
    return with_norms(moments, sums.moments(moments))


def take(name: str, a: np.ndarray, b: np.ndarray) -> float:
    measure = MEASURES.get(name)()
    assert isinstance(measure, SpaceMeasure)
    return measure.value(
        (with_norms_of if measure.reads == "norms" else moments_of)(a=a, b=b), "a", "b"
    )


def world(n: int, dims: tuple[int, int], *, shared: int = 2, seed: int = 0):
    """Two spaces of these dimensions with some causes in common, means far from zero."""
    rng = np.random.default_rng(seed)
    causes = rng.normal(size=(n, shared))
    return tuple(
        causes @ rng.normal(size=(shared, d)) + rng.normal(size=(n, d)) * rng.uniform(0.2, 2, d) + 5
        for d in dims
    )


SHAPES = [(400, (6, 9)), (60, (20, 20)), (40, (9, 25))]
"""Tall; square enough that ranks just fit; and ranks that nearly fill n − 1."""


@pytest.mark.parametrize("name", NAMES)
def test_no_rounding_takes_a_rotated_space_out_of_the_scale(name: str) -> None:
    measure = MEASURES.get(name)()
    within = sorted((measure.same, measure.apart))
    for seed in range(40):
        a = np.random.default_rng(seed).normal(size=(12, 3))
        value = take(name, a, 3 * np.roll(a, 1, axis=1))
        assert value == pytest.approx(measure.same, abs=1e-7)
        assert within[0] <= value <= within[1]


def centred(x: np.ndarray) -> np.ndarray:
    return x - x.mean(axis=0)


def rho(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Canonical correlations by SciPy: cosines of the angles between the column spaces."""
    return np.sort(np.cos(subspace_angles(centred(a), centred(b))))[::-1]


def cka(a: np.ndarray, b: np.ndarray) -> float:
    """By the n × n matrices of similarities, doubly centred."""
    n = len(a)
    h = np.eye(n) - 1 / n
    k, m = h @ a @ a.T @ h, h @ b @ b.T @ h
    return float((k * m).sum() / np.linalg.norm(k) / np.linalg.norm(m))


def hsic(k: np.ndarray, m: np.ndarray) -> float:
    """The unbiased estimate of Song et al. (2012), equation 5, of n × n matrices."""
    n = len(k)
    k, m = k - np.diag(k.diagonal()), m - np.diag(m.diagonal())
    apart = k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 * (k @ m).sum() / (n - 2)
    return float(((k * m).sum() + apart) / (n * (n - 3)))


def debiased_cka(a: np.ndarray, b: np.ndarray) -> float:
    k, m = centred(a) @ centred(a).T, centred(b) @ centred(b).T
    return hsic(k, m) / math.sqrt(hsic(k, k) * hsic(m, m))


def svcca(a: np.ndarray, b: np.ndarray) -> float:
    kept = []
    for x in (centred(a), centred(b)):
        u, s, _ = np.linalg.svd(x, full_matrices=False)
        enough = int(np.argmax(np.cumsum(s**2) >= 0.99 * (s**2).sum())) + 1
        kept.append(u[:, :enough] * s[:enough])
    return float(rho(*kept).mean())


def pwcca(a: np.ndarray, b: np.ndarray) -> float:
    """By the canonical variates themselves, rows at hand."""
    qa, _ = np.linalg.qr(centred(a))
    qb, _ = np.linalg.qr(centred(b))
    u, s, _ = np.linalg.svd(qa.T @ qb, full_matrices=False)
    weights = np.abs((qa @ u).T @ centred(a)).sum(axis=1)
    return float(weights @ s / weights.sum())


def procrustes(a: np.ndarray, b: np.ndarray) -> float:
    """By SciPy's rotation, the smaller space filled up with zeros."""
    width = max(a.shape[1], b.shape[1])
    x, y = (np.pad(centred(z), ((0, 0), (0, width - z.shape[1]))) for z in (a, b))
    rotation, _ = orthogonal_procrustes(x, y)
    return float((x @ rotation * y).sum() / np.linalg.norm(x) / np.linalg.norm(y))


REFERENCES = {
    "cka": cka,
    "debiased_cka": debiased_cka,
    "cca": lambda a, b: float(rho(a, b).mean()),
    "r2_cca": lambda a, b: float((rho(a, b) ** 2).mean()),
    "svcca": svcca,
    "pwcca": pwcca,
    "procrustes": procrustes,
    "angle": lambda a, b: math.acos(procrustes(a, b)),
    "whitened_angle": lambda a, b: math.acos(
        float(rho(a, b).sum()) / math.sqrt(a.shape[1] * b.shape[1])
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_every_measure_from_moments_is_that_of_the_rows(name: str, shape) -> None:
    a, b = world(*shape)
    assert take(name, a, b) == pytest.approx(REFERENCES[name](a, b), rel=1e-8)
    if not MEASURES.get(name).symmetric:
        assert take(name, b, a) == pytest.approx(REFERENCES[name](b, a), rel=1e-8)
        assert take(name, b, a) != pytest.approx(take(name, a, b), rel=1e-3)
    else:
        assert take(name, b, a) == pytest.approx(take(name, a, b), rel=1e-9)


def test_disparity_of_scipy() -> None:
    a, b = world(200, (5, 5))
    _, _, disparity = scipy_procrustes(a, b)
    assert take("procrustes", a, b) ** 2 == pytest.approx(1 - disparity, rel=1e-10)


@pytest.mark.parametrize("name", ["cka", "debiased_cka", "procrustes", "angle"])
def test_fewer_rows_than_features_are_no_trouble_where_nothing_is_whitened(name: str) -> None:
    a, b = world(12, (20, 30))
    assert take(name, a, b) == pytest.approx(REFERENCES[name](a, b), rel=1e-8)


@pytest.mark.parametrize("name", [*OF_CCA, "svcca"])
def test_correlations_that_follow_from_few_rows_are_not_called_similarity(name: str) -> None:
    """Peers give 1.0 for two spaces of noise with fewer rows than features."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(12, 20)), rng.normal(size=(12, 30))
    assert rho(*noise).min() > 1 - 1e-6
    assert math.isnan(take(name, *noise))
    barely = rng.normal(size=(12, 6)), rng.normal(size=(12, 6))  # 12 of 11 dimensions
    assert rho(*barely).max() == pytest.approx(1.0, abs=1e-12)
    assert math.isnan(take(name, *barely))
    assert math.isfinite(take(name, barely[0], barely[1][:, :5]))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_space_and_unrelated_ones(name: str) -> None:
    rng = np.random.default_rng(2)
    a, measure = rng.normal(size=(20_000, 4)) @ rng.normal(size=(4, 4)) + 3, MEASURES.get(name)
    rotation, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    turned = 7 * a @ rotation - 11
    assert take(name, a, turned) == pytest.approx(measure.same, abs=1e-6)
    other = rng.normal(size=(20_000, 4))
    assert take(name, a, other) == pytest.approx(measure.apart, abs=0.05)


@pytest.mark.parametrize("name", OF_CCA)
def test_those_that_whiten_are_unchanged_by_affine_maps_of_the_target(name: str) -> None:
    a, b = world(300, (5, 7))
    bent = b @ np.random.default_rng(3).normal(size=(7, 7)) * 1e-3 + 100
    assert take(name, a, bent) == pytest.approx(take(name, a, b), rel=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_a_constant_space_says_nothing(name: str) -> None:
    a, b = np.full((30, 3), 2.0), world(30, (3, 4))[1]
    assert math.isnan(take(name, a, b))
    assert math.isnan(take(name, b, a))
    for n in (1, 2, 3):
        value = take(name, *world(n, (3, 2)))
        assert math.isnan(value) or -1e-12 <= value <= math.pi / 2 + 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_repeated_columns_add_no_direction(name: str) -> None:
    """Of deficient rank: measures that whiten are those of the columns that differ."""
    a, b = world(300, (4, 5))
    twice = np.hstack([b, b[:, :2], np.zeros((300, 1))])
    if name in OF_CCA:
        assert take(name, a, twice) == pytest.approx(take(name, a, b), rel=1e-8)
    assert take(name, a, twice) == pytest.approx(
        REFERENCES[name](a, twice) if name not in OF_CCA else REFERENCES[name](a, b), rel=1e-8
    )


def test_the_angle_is_a_metric() -> None:
    rng = np.random.default_rng(4)
    base = rng.normal(size=(200, 6))
    spaces = [base + k * rng.normal(size=(200, 6)) for k in (0, 0.5, 1, 2)]
    for name in ("angle", "whitened_angle"):
        d = [[0.0 if x is y else take(name, x, y) for y in spaces] for x in spaces]
        for i in range(4):
            for j in range(4):
                assert all(d[i][j] <= d[i][k] + d[k][j] + 1e-12 for k in range(4))


def test_what_measures_share_is_taken_once() -> None:
    seen: list[int] = []

    class Counting(Host):
        def eigenvalues(self, matrix: Float64) -> tuple[Float64, Float64]:
            seen.append(len(matrix))
            return super().eigenvalues(matrix)

    a, b = world(100, (4, 5))
    algebra = Counting()
    spaces = Spectra(with_norms_of(a=a, b=b), algebra=algebra)
    for name in NAMES:
        measure = MEASURES.get(name)()
        assert isinstance(measure, SpaceMeasure)
        measure.value(spaces, "a", "b", algebra=algebra)
    assert sorted(seen) == [4, 5]


@pytest.mark.parametrize("name", NAMES)
def test_a_measure_is_computed_where_it_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = world(100, (4, 5))
    measure, moments, expected = MEASURES.get(name)(), with_norms_of(a=a, b=b), take(name, a, b)
    assert isinstance(measure, SpaceMeasure)
    place = not_on_the_host(monkeypatch)
    assert measure.value(moments, "a", "b", algebra=place) == expected


def test_spectra_are_principal_components() -> None:
    a, b = world(100, (4, 5))
    found = Spectra(moments_of(a=a, b=np.hstack([b, b[:, :1]]))).spectrum("b")
    pca = PCA(svd_solver="full").fit(np.hstack([b, b[:, :1]]))
    assert found.rank == 5
    np.testing.assert_allclose(found.values, pca.explained_variance_[:5] * 99, rtol=1e-10)
    along = np.abs(found.vectors.T @ pca.components_[:5].T)  # signs are free
    np.testing.assert_allclose(along, np.eye(5), atol=1e-9)
    share = np.cumsum(pca.explained_variance_ratio_)
    assert found.holding(0.9) == int(np.argmax(share >= 0.9)) + 1
    assert found.holding(1.0) == 5
