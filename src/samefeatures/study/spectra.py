"""Spectra of all spaces and maps of a study: ``spectra/KEY.json``, taken once and kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np

from samefeatures.algebra import Algebra, Precision
from samefeatures.base.digests import digest
from samefeatures.base.kept_records import keep_record, kept_record, let_others_go
from samefeatures.base.progress import Progress
from samefeatures.features.rows import Identity
from samefeatures.joint.kept import moments_key
from samefeatures.joint.record import Moments
from samefeatures.maps import AffineMap
from samefeatures.similarity.dimension import effective_dimension, mapped_second, participation
from samefeatures.similarity.spectra import Spectra
from samefeatures.study.map_files import MapFiles
from samefeatures.study.results.spectra import MapSpectrum, SpaceSpectrum, SpectraSummary

SPECTRA_VERSION = 1
"""Raised whenever a spectrum is taken in another way."""
POINTS = 100
"""Directions whose shares are kept, at most: of even steps on a logarithmic axis."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SpectraInputs:
    """What spectra are taken of.

    Attributes:
        fit: Identities of the fit rows, in the order of the study: there are more of them than of
            eval rows, and a spectrum does not judge.
        moments: Takes those of these rows.
        precision: Of their products.
        maps: Where the fitted maps lie.
        keys: Label of every method, with a key that changes whenever its maps do.
        folder: Of the study.
        algebra: Where products and factorisations run.
        progress: Shows how far it is.
    """

    fit: Mapping[str, Identity]
    moments: Callable[[], Moments]
    precision: Precision
    maps: MapFiles
    keys: Mapping[str, str]
    folder: Path
    algebra: Algebra
    progress: Progress


def kept_spectra(inputs: SpectraInputs) -> SpectraSummary:
    """From ``spectra/`` in the study's folder if they are there."""
    said = [f"{label} {key}" for label, key in inputs.keys.items()]
    rows = moments_key(list(inputs.fit.values()), inputs.precision)
    key = digest(str(SPECTRA_VERSION), rows, *said)
    folder = inputs.folder / "spectra"
    path = folder / f"{key[:16]}.json"
    kept = kept_record(SpectraSummary, path)
    if kept is not None:
        return kept
    found = _taken(inputs)
    keep_record(found, path)
    let_others_go([path], folder=folder, within=inputs.folder)
    return found


def _taken(inputs: SpectraInputs) -> SpectraSummary:
    names, moments = list(inputs.fit), inputs.moments()
    pairs = [(label, *pair) for label in inputs.keys for pair in permutations(names, 2)]
    advance = inputs.progress.task("spectra", len(names) + len(pairs))
    spectra = Spectra(moments, algebra=inputs.algebra)
    spaces = []
    for name, part in inputs.fit.items():
        spaces.append(space_spectrum(spectra, name, part.dim))
        advance(1)

    def maps() -> Iterator[MapSpectrum]:
        for label, source, target in pairs:
            fitted = inputs.maps.load(label, source, target)
            yield map_spectrum(moments, label, fitted, algebra=inputs.algebra)
            advance(1)

    return SpectraSummary(spaces=tuple(spaces), maps=tuple(maps()))


def space_spectrum(spectra: Spectra, name: str, dim: int) -> SpaceSpectrum:
    """Of one space of ``dim`` features."""
    found = spectra.spectrum(name)
    shares = found.values / found.values.sum()  # (r,)
    at = thinned(found.rank)
    return SpaceSpectrum(
        network=name,
        dim=dim,
        rank=found.rank,
        effective_dimension=_number(effective_dimension(spectra, name)),
        half=found.holding(0.5),
        ninety=found.holding(0.9),
        ninety_nine=found.holding(0.99),
        at=tuple(at),
        shares=tuple(float(f"{shares[k - 1]:.6g}") for k in at),
    )


def map_spectrum(
    moments: Moments, label: str, fitted: AffineMap, *, algebra: Algebra
) -> MapSpectrum:
    """Of one map of the method with this label."""
    second = mapped_second(moments, fitted, algebra=algebra)  # (d_B, d_B)
    gram = algebra.product(fitted.weight, fitted.weight.T)  # (d_B, d_B)
    ends = [
        _number(participation(float(np.trace(each)), float(np.linalg.norm(each)) ** 2))
        for each in (second, gram)
    ]
    return MapSpectrum(
        method=label,
        source=fitted.source,
        target=fitted.target,
        effective_dimension=ends[0],
        effective_rank=ends[1],
    )


def thinned(rank: int) -> Sequence[int]:
    """At most 100 of 1 … rank, with both ends."""
    if rank <= POINTS:
        return range(1, rank + 1)
    return [int(k) for k in np.unique(np.geomspace(1, rank, POINTS).round().astype(int))]


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
