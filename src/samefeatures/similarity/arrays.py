"""What arrays say of each other and of a map: rows go in, moments and measures come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from samefeatures.algebra import Precision
from samefeatures.base.arrays import Float64
from samefeatures.base.errors import ConfigError, FeatureError, MapError, did_you_mean
from samefeatures.features.given import Rows
from samefeatures.features.given_spaces import given_spaces
from samefeatures.features.sample import SAMPLE
from samefeatures.joint.arrays import summed
from samefeatures.joint.norms import with_norms
from samefeatures.joint.record import Moments
from samefeatures.joint.views import Mixed, SecondMoments
from samefeatures.maps.affine import AffineMap, check_map
from samefeatures.similarity.dimension import effective_dimension, variances
from samefeatures.similarity.mapped import Mapped
from samefeatures.similarity.measure import MEASURES, MapMeasure, RowMeasure
from samefeatures.similarity.measures.r2 import R2
from samefeatures.similarity.passing import Passing
from samefeatures.similarity.spectra import Spectra


def r2(fitted: AffineMap, x: Rows, y: Rows) -> float:
    """The share of the target's variance that a map explains, on rows that it was not fitted on.

    The measure ``R2``: scikit-learn's ``r2_score(multioutput="variance_weighted")``. NaN where the
    target does not vary.

    Args:
        fitted: The map.
        x: (n, d_source) rows of its source; see ``given_rows``.
        y: (n, d_target) rows of its target, row i the same sample.

    Raises:
        MapError: when the first is no map, when a width is not the map's, or there is no row.
        FeatureError: when rows are no floats, not finite, not as many on both sides, or say that
            they are of the other side.
    """
    check_map(fitted, "r2 judges", "it first: r2(fitted, x, y)")
    spaces = given_spaces({fitted.source: x, fitted.target: y})
    for (name, part), width in zip(spaces.items(), reversed(fitted.weight.shape), strict=True):
        if part.dim != width:
            raise MapError(f"The map {fitted} takes {name} as (n, {width}), not (n, {part.dim}).")
    moments = summed(spaces)
    if not moments.n:
        raise MapError("There is no row to judge the map by.")
    return R2().value(Mapped.of(moments, fitted))


class SpaceMoments(Moments):
    """Joint moments that answer to every measure by its name, those of other packages too.

    Of two spaces: ``moments.cka("a", "b")``, source and target by name. Of a map between two of
    them: ``moments.r2(fitted)``; on the rows that it was fitted on, so said, it is the fit's own.
    All that ``Moments`` does they do too, and every sum, copy and file of them is ``Moments``.
    """

    _kept: tuple[int, Spectra] | None = None
    _passed: tuple[int, Passing] | None = None
    _kept_norms: tuple[int, Moments] | None = None
    _kept_rows: tuple[int, dict[tuple[str, str], Any]] | None = None

    def update(self, *blocks: npt.NDArray[np.floating], precision: Precision = "float64") -> None:
        """Add (r, d) rows of each space, as ``Moments.update``."""
        before = self._changes
        super().update(*blocks, precision=precision)
        if self._passed is not None and self._passed[0] == before:
            self._passed[1].update(*blocks)
            self._passed = self._changes, self._passed[1]

    def __getattr__(self, name: str) -> Callable[..., float]:
        if name.startswith("_") or name not in MEASURES.names:
            near = did_you_mean(name, MEASURES.names)
            raise AttributeError(
                f"Moments have no '{name}'. {near}Measures are: {', '.join(MEASURES.names)}."
            )
        measure = MEASURES.get(name)()
        if isinstance(measure, MapMeasure):

            def of_map(*given: AffineMap) -> float:
                """Of a map whose source and target are here."""
                fitted: Any = given[0] if len(given) == 1 else given
                remedy = f"it, which lies between two of these spaces: moments.{name}(fitted)"
                check_map(fitted, f"'{name}' judges", remedy)
                self._check(fitted.source, fitted.target, widths=fitted.weight.shape[::-1])
                return float(measure.value(Mapped.of(self, fitted)))

            return of_map

        def of_spaces(*given: str) -> float:
            """Of two spaces, source and target by name."""
            if len(given) != 2 or not all(isinstance(each, str) for each in given):
                kinds = ", ".join(type(each).__name__ for each in given) or "nothing"
                raise ConfigError(
                    f"'{name}' is of two spaces by name, but {kinds} came: "
                    f"moments.{name}('{self.names[0]}', '{self.names[-1]}')."
                )
            a, b = given
            self._check(a, b)
            if isinstance(measure, RowMeasure):
                return float(measure.value(*(self._of_rows(measure, space) for space in (a, b))))
            if measure.reads == "norms":
                return float(measure.value(self._with_norms(name), a, b))
            return float(measure.value(self._remembered, a, b))

        return of_spaces

    def spectrum(self, of: str | AffineMap) -> Float64:
        """(r,) variances along the principal directions, descending, as of scikit-learn's PCA.

        Args:
            of: A space by name, or a map between two of them: then of the features that it makes.

        Raises:
            FeatureError: when it is not here, or of other widths.
        """
        return variances(*self._seen_alone(of))

    def effective_dimension(self, of: str | AffineMap) -> float:
        """The participation ratio ``(Σλ)² / Σλ²`` of these variances: see ``dimension``.

        Args:
            of: As of ``spectrum``.

        Raises:
            FeatureError: as ``spectrum``.
        """
        return effective_dimension(*self._seen_alone(of))

    def _seen_alone(self, of: str | AffineMap) -> tuple[SecondMoments, str]:
        if isinstance(of, AffineMap):
            self._check(of.source, of.target, widths=of.weight.shape[::-1])
            return Mixed(self, {str(of): {of.source: of.weight.T}}), str(of)
        self._check(of)
        return self._remembered, of

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *MEASURES.names]

    @property
    def _remembered(self) -> Spectra:
        """What measures share is taken once, until rows come or go."""
        if self._kept is None or self._kept[0] != self._changes:
            self._kept = (self._changes, Spectra(self))
        return self._kept[1]

    def _with_norms(self, measure: str) -> SecondMoments:
        """These moments, and those of norms, of the same rows."""
        if self._passed is None or self._passed[0] != self._changes:
            raise FeatureError(
                f"'{measure}' needs norms of all rows, and these moments were loaded, copied or "
                "added up without them. Take them of the rows: sf.moments({…})."
            )
        if self._kept_norms is None or self._kept_norms[0] != self._changes:
            self._kept_norms = self._changes, self._passed[1].norms.moments(self)
        return with_norms(self, self._kept_norms[1])

    def _of_rows(self, measure: RowMeasure, space: str) -> Any:
        """What the measure takes of a sample of the rows, taken once."""
        sample = self._passed[1].sample if self._passed else None
        if self._passed is None or sample is None or self._passed[0] != self._changes:
            raise FeatureError(
                f"'{measure.name}' reads rows, and these moments keep none. Say how many when you "
                f"take them of the rows: sf.moments({{…}}, sample={SAMPLE})."
            )
        if self._kept_rows is None or self._kept_rows[0] != self._changes:
            self._kept_rows = self._changes, {}
        kept, place = self._kept_rows[1], (measure.name, space)
        if place not in kept:
            kept[place] = measure.of_rows(sample.rows(space))
        return kept[place]

    def _check(self, *names: str, widths: tuple[int, ...] | None = None) -> None:
        dims = dict(zip(self.names, self.dims, strict=True))
        for place, name in enumerate(names):
            if name not in dims:
                raise FeatureError(
                    f"These moments know no space '{name}'. {did_you_mean(str(name), dims)}They "
                    f"hold {', '.join(dims)}."
                )
            if widths is not None and widths[place] != dims[name]:
                raise FeatureError(
                    f"{name} has {dims[name]} features here, and {widths[place]} in that map."
                )


def moments(spaces: Mapping[str, Rows], *, sample: int | None = None) -> SpaceMoments:
    """Joint moments of several feature spaces in one pass, with every measure by its name.

    Args:
        spaces: (n, d) rows by name, as ``fit_map`` takes them; row i is the same sample in all.
        sample: Rows to keep for measures that read rows, such as ``mutual_knn``, at most; chosen by
            their ids, or by their places where they have none. None: no row is kept.

    Raises:
        ConfigError: when the number of rows to keep is none.
        FeatureError: when rows are no floats, not finite, or not as many in all spaces.
    """
    if not isinstance(spaces, Mapping) or not spaces:
        raise FeatureError("moments takes spaces by name, e.g. moments({'clip': x, 'dino': y}).")
    given = given_spaces(spaces)
    passed = Passing(given, norms=True, sample=sample)
    found = summed(given, beside=[passed.update])
    if not found.n:
        raise FeatureError("There are no rows to take moments of.")
    out = SpaceMoments.of(found.names, found.dims, n=found.n, mean=found.mean, lower=found.lower)
    out._passed = out._changes, passed
    return out
