"""Similarity of a scored study from its folder alone: no network and no image is looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from samefeatures.base.border import border, kept_or_none
from samefeatures.base.errors import FileError, StoreError
from samefeatures.base.paths import PathLike, as_path
from samefeatures.base.progress import Progress
from samefeatures.joint.kept import load_moments
from samefeatures.joint.record import Moments
from samefeatures.maps import AffineMap
from samefeatures.networks.record import Network
from samefeatures.similarity import MEASURES
from samefeatures.study.measuring import Measuring
from samefeatures.study.results import DataSummary, MeasureSummary, Similarity, StudyResults
from samefeatures.study.results.similarity import similarity_of
from samefeatures.study.similarity import chosen_measures, measured

WHAT = "Give the study file, and they are summed: samefeatures similarity STUDY.yaml"
CLOSE = 1e-6
"""Difference that rounding may make of a measure that is taken twice of the same moments."""


def kept_similarity(
    folder: PathLike, *, measures: tuple[str, ...] = (), progress: Progress | None = None
) -> Similarity:
    """Measures of all pairs from the moments of eval rows that a study left in its folder; those
    that moments do not tell are taken from its results.

    Args:
        folder: Of a scored study.
        measures: Names; see ``chosen_measures``.
        progress: Shows how many pairs are done.

    Raises:
        ConfigError: when there is no such measure.
        StoreError: when results or moments are not there, or not of each other.
    """
    folder = as_path(folder)
    results = StudyResults.load(folder / "study.json")
    of_study = [m.name for m in results.measures if m.name in MEASURES.names]
    chosen = chosen_measures(measures, of_study)
    path, moments = _kept_moments(folder, results)
    norms = path.with_name(f"norms-{path.name}")
    absent = {"rows"} if norms.exists() else {"rows", "norms"}
    known = similarity_of(results)
    lacking = [name for name in chosen if MEASURES.get(name).reads in absent]
    held = {name: known.values[name] for name in lacking if known and name in known.values}
    beyond = {n: known.beyond[n] for n in held if known and known.beyond.get(n)}
    by_rows = [n for n in measures if n not in held and MEASURES.get(n).reads == "rows"]
    if by_rows:
        raise StoreError(f"{by_rows[0]} {_NEEDS['rows']}")
    without = [name for name in lacking if name not in held and not measures]
    found = measured(
        [name for name in chosen if name not in (*held, *without)],
        moments,
        norms=lambda: _kept_norms(norms),
        title=results.title,
        results=results,
        progress=progress,
    )
    shown = [MeasureSummary.of(MEASURES.get(name)) for name in chosen if name not in without]
    return replace(
        found,
        measures=tuple(shown),
        values={**found.values, **held},
        beyond={**found.beyond, **beyond},
        sampled=known.sampled if known else {},
        notes=(*found.notes, *(f"{n} {_NEEDS[MEASURES.get(n).reads]}" for n in without)),
    )


_NEEDS = {
    "norms": f"needs norms of rows, which are not there. {WHAT}",
    "rows": "needs rows of features, and the results do not hold it. Give the study file, and rows "
    "are read: samefeatures similarity STUDY.yaml",
}


def results_of(
    path: Path,
    settings: Mapping[str, Any],
    networks: Mapping[str, Network],
    evaluation: DataSummary,
    *,
    fit: str | None,
) -> StudyResults | None:
    """What a study has found before, if it was of these networks, images and controls.

    Args:
        path: Of ``study.json``.
        settings: Of the study as it is now.
        networks: By name.
        evaluation: Its eval rows.
        fit: Fingerprint of its fit images; None where features come from files, whose networks
            have others then.
    """
    found = kept_or_none(StudyResults.load, path) if path.exists() else None
    if found is None:
        return None
    weights = [(network.name, network.fingerprint) for network in networks.values()]
    same = (
        weights == [(network.name, network.fingerprint) for network in found.networks]
        and evaluation.fingerprint == found.eval_data.fingerprint
        and fit in (None, found.fit_data.fingerprint)
        and _decisive(settings) == _decisive(found.settings)
    )
    return found if same else None


def _decisive(settings: Mapping[str, Any]) -> tuple[object, ...]:
    """What decides, beside measures and networks, what is known beyond controls."""
    algebra = settings.get("algebra") or {}
    return settings.get("data"), settings.get("controls"), algebra.get("precision")


def _kept_norms(path: Path) -> Moments:
    """Those of the same rows, which have the same key."""
    found = load_moments(path)
    if found is None:
        raise StoreError(f"There are no norms of eval rows at {path}. {WHAT}")
    return found


def _kept_moments(folder: Path, results: StudyResults) -> tuple[Path, Moments]:
    """Those of the eval rows that the results are of, told by their sizes and by one map."""
    place = folder / "moments"
    # A checkpoint of a run that was stopped has another ending.
    paths = [path for path in place.glob("eval-*.npz") if path.name.count(".") == 1]
    if not paths:
        raise StoreError(f"There are no moments of eval rows in {place}. {WHAT}")
    try:
        with border():
            moments = Moments.load(paths[0])
    except FileError as error:
        raise StoreError(f"{paths[0]} can't be read: {error}. {WHAT}") from None
    sizes = [(network.name, network.feature_dim) for network in results.networks]
    alike = list(zip(moments.names, moments.dims, strict=True)) == sizes
    if len(paths) > 1 or not alike or moments.n != results.eval_data.rows:
        raise StoreError(f"The moments in {place} are not those of the results. {WHAT}")
    _check_a_map(folder, results, moments)
    return paths[0], moments


def _check_a_map(folder: Path, results: StudyResults, moments: Moments) -> None:
    """Take a measure of one map again: networks of other weights have the same sizes."""
    for cell in results.cells:
        path = folder / "maps" / cell.method / f"{cell.source}--{cell.target}.safetensors"
        known = {
            n: v for n in ("r2", "cosine") if math.isfinite(v := cell.measures.get(n, math.nan))
        }
        if cell.source == cell.target or not known or not path.exists():
            continue
        taken = Measuring(list(known), lambda: moments, norms=lambda: moments).of(
            AffineMap.load(path)
        )
        for name, value in known.items():
            if not math.isclose(taken[name], value, rel_tol=CLOSE, abs_tol=CLOSE):
                raise StoreError(
                    f"{name} of {cell.method}, {cell.source} → {cell.target}, is {value:.6f} in "
                    f"the results and {taken[name]:.6f} by the moments in {folder / 'moments'}: "
                    f"one of them is of another run. {WHAT}"
                )
        return
    raise StoreError(
        f"No map in {folder / 'maps'} tells whether the moments are those of the results. {WHAT}"
    )
