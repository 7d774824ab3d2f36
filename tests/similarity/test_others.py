"""Measures and the canonical space against values that packages by others computed.

``benchmarks/results/others.json`` was made by ``./scripts/bench others``, which installs the
packages (``benchmarks/peers.txt``) and asks them for made data; it says their versions. Here the
same data is made by the same seeds, and ours is held to what they said. Where a package is known to
say something else, its formula is written out: it gives what the package gave, and is not ours.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from benchmarks.others import PATH, ours
from benchmarks.others_data import FEW, PAIRS, REASONS, VIEWS, Value, far
from benchmarks.others_spaces import apart, space, taken
from scipy.linalg import orth, subspace_angles

Formula = Callable[[np.ndarray, np.ndarray], float]
KEPT: dict[str, Any] = json.loads(PATH.read_text())
VALUES = [Value(**each) for each in KEPT["values"]]
PEERS = list(dict.fromkeys((v.package, v.call) for v in VALUES))


@pytest.mark.parametrize("data", PAIRS)
def test_the_data_is_what_the_packages_saw(data: str) -> None:
    sums = [np.sum(x, dtype=np.float64) for x in PAIRS[data]()]
    assert sums == pytest.approx(KEPT["sums"]["pairs"][data], rel=1e-9)


@pytest.mark.parametrize("data", VIEWS)
def test_the_views_are_what_the_packages_saw(data: str) -> None:
    sums = [np.sum(x) for x in VIEWS[data]().values()]
    assert sums == pytest.approx(KEPT["sums"]["views"][data], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("package", "call"), PEERS)
def test_ours_is_what_packages_say_where_no_reason_is_known(package: str, call: str) -> None:
    for kept in (v for v in VALUES if (v.package, v.call) == (package, call)):
        found = ours(kept.measure, *PAIRS[kept.data](), both=kept.both)
        if kept.why:
            assert kept.why in REASONS
            assert kept.theirs is None or not abs(found - kept.theirs) <= kept.within
        elif kept.theirs is None:
            assert math.isnan(found), f"{kept.data}: they refuse"
        else:
            assert found == pytest.approx(kept.theirs, abs=kept.within), kept.data


def test_every_measure_of_moments_has_packages_that_agree_on_tall_square_and_small_data() -> None:
    near: dict[str, set[str]] = {}
    for value in VALUES:
        if value.agrees and value.theirs is not None and value.within == 1e-8:
            near.setdefault(value.measure, set()).add(value.data)
    assert set(near) == {"cka", "debiased_cka", "cca", "r2_cca", "svcca", "pwcca", "procrustes"}
    assert all(kinds >= {"tall", "tall, unrelated"} for kinds in near.values())
    assert all(kinds >= {"square"} for measure, kinds in near.items() if measure != "svcca")
    assert all(near[measure] >= set(FEW) for measure in ("cka", "debiased_cka", "procrustes"))


@pytest.mark.parametrize("kept", KEPT["spaces"], ids=lambda kept: f"{kept['call']}-{kept['what']}")
def test_the_canonical_space_is_that_of_cca_zoo_and_mvlearn(kept: dict[str, Any]) -> None:
    views = VIEWS[kept["data"]]()
    found = space(views, kept["k"], kept["alpha"])
    assert apart(taken(found, views, kept["what"]), kept["theirs"]) < 1e-8
    if kept["data"] == "n < d" and not kept["alpha"]:
        assert found.shared[0] == pytest.approx(3.0), "of whatever features"
        assert found.chance > found.shared[0] - 1e-4, "and so it is called chance"


def centred(x: np.ndarray) -> np.ndarray:
    x = x.astype(np.float64)
    return x - x.mean(axis=0)


def unbiased(x: np.ndarray, y: np.ndarray) -> float:
    """HSIC by Song et al. (2012), equation 5."""
    n = len(x)
    k, m = (centred(z) @ centred(z).T for z in (x, y))
    np.fill_diagonal(k, 0)
    np.fill_diagonal(m, 0)
    rest = k.sum() * m.sum() / (n - 1) / (n - 2) - 2 * (k @ m).sum() / (n - 2)
    return float(((k * m).sum() + rest) / n / (n - 3))


def biased(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.linalg.norm(centred(x).T @ centred(y)) ** 2 / (len(x) - 1) ** 2)


def ratio(a: np.ndarray, b: np.ndarray, above: Formula, below: Formula, add: float = 0) -> float:
    return above(a, b) / math.sqrt(below(a, a) * below(b, b) + add)


def centred_by_ones(x: np.ndarray, y: np.ndarray) -> float:
    """tr KHLH with H = I − 11ᵀ, which takes n means off."""
    h = np.eye(len(x)) - 1
    return float(np.trace(x @ x.T @ h @ y @ y.T @ h))


def rho(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sort(np.cos(subspace_angles(centred(a), centred(b))))[::-1]


def holding(x: np.ndarray) -> np.ndarray:
    """x along the directions that hold 99 % of its squares."""
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    kept = int(np.argmax(np.cumsum(s**2) >= 0.99 * (s**2).sum())) + 1
    return u[:, :kept] * s[:kept]


def head_of_the_mean(a: np.ndarray, b: np.ndarray) -> float:
    found = rho(a, b)
    enough = [i for i in range(len(found)) if found[:i].sum() >= 0.98 * found.sum()]
    return float(found[: enough[0] if enough else None].mean())


def directions_not_whitened(a: np.ndarray, b: np.ndarray) -> float:
    """The singular vectors are of whitened features, and meet features that are not."""
    both = np.cov(a.T, b.T)
    d = a.shape[1]
    white = []
    for block in (both[:d, :d], both[d:, d:]):
        values, vectors = np.linalg.eigh(block)
        white.append(vectors / np.sqrt(values) @ vectors.T)
    u, s, _ = np.linalg.svd(white[0] @ both[:d, d:] @ white[1])
    along, _ = np.linalg.qr(centred(a) @ u + a.mean(axis=0))
    weights = np.abs(along.T @ a).sum(axis=1)
    return float(weights @ s[:d] / weights.sum())


def whitened_first(a: np.ndarray, b: np.ndarray) -> float:
    bases = [holding(centred(orth(x))) for x in (a, b)]
    return float(rho(*bases).sum() / min(a.shape[1], b.shape[1]))


RESTATED: dict[tuple[str, str], Formula] = {
    ("zero", "debiased_cka"): lambda a, b: max(ratio(a, b, unbiased, unbiased), 0.0),
    ("epsilon", "debiased_cka"): lambda a, b: ratio(a, b, unbiased, unbiased, 1e-4),
    ("mixed", "debiased_cka"): lambda a, b: ratio(a, b, unbiased, biased),
    ("centring", "cka"): lambda a, b: ratio(a, b, centred_by_ones, centred_by_ones),
    ("width", "cca"): lambda a, b: float(rho(a, b).sum() / a.shape[1]),
    ("width", "r2_cca"): lambda a, b: float((rho(a, b) ** 2).sum() / a.shape[1]),
    ("width", "svcca"): lambda a, b: float(
        rho(holding(centred(a)), holding(centred(b))).sum() / a.shape[1]
    ),
    ("tail", "cca"): head_of_the_mean,
    ("variates", "pwcca"): directions_not_whitened,
    ("whitened", "svcca"): whitened_first,
}


@pytest.mark.parametrize(("why", "measure"), RESTATED)
def test_known_reasons_give_what_the_packages_gave(why: str, measure: str) -> None:
    """In the packages' place the formula says the same, so that the reason is the right one."""
    concerned = [v for v in VALUES if (v.why, v.measure) == (why, measure)]
    given = [v for v in concerned if v.theirs is not None]
    assert given
    for kept in given:
        a, b = PAIRS[kept.data]()
        theirs = RESTATED[why, measure](a, b)
        near = 1e-5 if why in ("epsilon", "centring") else 1e-8  # these two are in float32
        assert theirs == pytest.approx(kept.theirs, abs=near), kept.data
        assert abs(theirs - ours(measure, a, b)) > 1e-6, kept.data


def test_alignment_above_one_and_similarity_of_noise_are_what_packages_gave() -> None:
    above = [v for v in VALUES if v.why == "centring" and v.theirs is not None]
    assert len(above) == len(PAIRS)
    assert min(v.theirs for v in above if v.theirs is not None) > 1
    few = [v for v in VALUES if v.why == "few"]
    assert {v.data for v in few} == set(FEW)
    for kept in few:
        assert rho(*PAIRS[kept.data]()).min() > 1 - 1e-6
        assert kept.theirs is not None
        assert kept.theirs > 0.5
        assert math.isnan(ours(kept.measure, *PAIRS[kept.data]()))


def test_far_from_zero_debiased_cka_is_that_of_rows_about_their_mean() -> None:
    for seed in range(KEPT["far"][0]["draws"]):
        a, b = far(seed)
        assert ours("debiased_cka", a, b) == pytest.approx(
            ratio(a, b, unbiased, unbiased), abs=1e-8
        )


def test_far_from_zero_packages_are_undefined_or_off() -> None:
    """Of 40 draws in float32, each package's debiased CKA against float64 about the mean."""
    by = {each["package"]: each for each in KEPT["far"]}
    mine = by.pop("samefeatures")
    assert (mine["none"], mine["beyond"], mine["end"]) == (0, 0, 0)
    assert mine["error"] < 1e-8
    assert by["torch-cka"]["none"] > 0
    assert by["cka-pytorch"]["beyond"] > 0
    assert by["pytorch-cka"]["end"] == by["pytorch-cka"]["draws"], "0 or 1, whatever the spaces"
