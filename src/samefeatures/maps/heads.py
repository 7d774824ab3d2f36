"""Pseudoinverses of heads: each is decomposed once, however many sources ask for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64
from samefeatures.maps.affine import Space
from samefeatures.maps.note import FitNote
from samefeatures.networks.record import head_of


class HeadInverses:
    """W⁺ of the heads of some networks, kept from the first time that it is asked for.

    Args:
        networks: By name.
        algebra: Where decompositions run.
    """

    def __init__(self, networks: Mapping[str, Space], *, algebra: Algebra = HOST) -> None:
        self._networks = networks
        self._algebra = algebra
        self._known: dict[str, tuple[Float64, FitNote]] = {}

    def of(self, name: str) -> tuple[Float64, FitNote]:
        """(d, classes) W⁺ of a head by SVD; rank, condition, and whether W W⁺ is the identity."""
        if name not in self._known:
            weight = head_of(self._networks[name]).weight.astype(np.float64)
            self._known[name] = _pseudoinverse(weight, self._algebra)
        return self._known[name]


def _pseudoinverse(weight: Float64, algebra: Algebra) -> tuple[Float64, FitNote]:
    u, s, vt = algebra.singular_values(weight)
    rank = int((s > max(weight.shape) * np.finfo(np.float64).eps * s[0]).sum())
    classes, dim = weight.shape
    message = ""
    if rank < classes:
        why = f"{dim} features for {classes} classes" if dim < classes else "rows are dependent"
        message = f"not lossless: the head has rank {rank} of {classes} ({why})"
    note = FitNote(
        rank=rank,
        full_rank=classes,
        condition=float(s[0] / s[rank - 1]) if rank else float("inf"),
        message=message,
    )
    return algebra.product(vt[:rank].T / s[:rank], u[:, :rank].T), note
