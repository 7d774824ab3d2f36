"""At which numbers of rows, and by which methods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from samefeatures.base.errors import ConfigError
from samefeatures.maps import METHODS
from samefeatures.study.curve_config import FEWEST, CurveConfig
from samefeatures.study.inputs import StudyInputs
from samefeatures.study.methods import MethodConfig

COUNT = 9
"""Sizes that halve, from all rows on."""
LEAST = 16
"""Rows of the smallest of them, where there are so many."""
NEAR = 1.15
"""By so much a size may miss the features of a network and show what happens there."""
DEFAULTS = ("ols", "ridge")


def sizes_of(chosen: CurveConfig, rows: int, dims: Sequence[int]) -> tuple[int, ...]:
    """Rising numbers of rows.

    Where the study names none: all rows, half of them and so on, and as many as most networks have
    features (of several such numbers the largest), unless one of the others is near.

    Args:
        chosen: What the study says.
        rows: Of the fit set.
        dims: Features of each network.

    Raises:
        ConfigError: when a size is above the rows.
    """
    if chosen.sizes is not None:
        _check(chosen.sizes, rows)
        return chosen.sizes
    sizes = {rows >> k for k in range(COUNT)}
    sizes = {size for size in sizes if size >= min(LEAST, rows)}
    counts = Counter(dims)
    peak = max(counts, key=lambda dim: (counts[dim], dim))
    if FEWEST <= peak < rows and all(not 1 / NEAR < size / peak < NEAR for size in sizes):
        sizes.add(peak)
    return tuple(sorted(sizes))


def check_listed(chosen: CurveConfig, inputs: StudyInputs) -> None:
    """Refuse sizes that there can't be rows for, before features are taken.

    Raises:
        ConfigError: when a size is above the rows.
    """
    listed = sum(part.rows for part in inputs.fit)
    if chosen.sizes is not None and listed:
        _check(chosen.sizes, listed)


def _check(sizes: Sequence[int], rows: int) -> None:
    if max(sizes) > rows:
        raise ConfigError(
            f"curve: sizes names {max(sizes):,} rows, and the fit set has {rows:,}. Leave out what "
            "is above, or give more fit images."
        )


def methods_of(chosen: CurveConfig, methods: Sequence[MethodConfig]) -> list[MethodConfig]:
    """The methods whose maps are followed.

    Raises:
        ConfigError: when one is not of the study, when moments of images are not enough for it, or
            when none is left.
    """
    if chosen.methods is None:
        found = [entry for entry in methods if entry.name in DEFAULTS and not _lacking(entry)]
        if not found:
            raise ConfigError(
                "curve: the study has neither ols nor ridge of a given strength. Name 'methods' of "
                "the study in 'curve', or add one of them."
            )
        return found
    by_label = {entry.label: entry for entry in methods}
    for label in chosen.methods:
        if label not in by_label:
            raise ConfigError(
                f"curve: methods names '{label}', which is no method of this study; there are "
                f"{', '.join(by_label)}."
            )
        lacking = _lacking(by_label[label])
        if lacking:
            raise ConfigError(f"curve: methods names '{label}', which {lacking}. Leave it out.")
    return [by_label[label] for label in chosen.methods]


def _lacking(entry: MethodConfig) -> str:
    """Why a method can't be followed; empty where it can."""
    kind = METHODS.get(entry.name)
    if kind.uses != "images":
        return "no image decides: more of them change nothing"
    if kind.needs_rows:
        return "reads the rows themselves, not their moments"
    if entry.build().needs_folds:
        return "chooses its strength on folds of all rows"
    return ""
