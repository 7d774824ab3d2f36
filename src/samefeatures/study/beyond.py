"""R² beyond controls of every pair of networks, with intervals and the null beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64, Int64
from samefeatures.features.rows import FeatureRows
from samefeatures.moments.views import SecondMoments
from samefeatures.similarity.beyond import Explained, Explainer, r2_beyond, squared_errors
from samefeatures.similarity.jackknife import ratio_interval
from samefeatures.study.results.spaces import BeyondRow
from samefeatures.study.spaces import PIXELS, answers_of, noise_of

ROWS = 4096
NULL = "class noise"
FEATURES = "features"
CONTROLS = "controls"
Case = tuple[str, str]
"""What is given, and what stands in the source's place: features, the null, or nothing more."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Evidence:
    """What regressions are fitted on and judged by, control spaces among it.

    Attributes:
        fit: Moments of the fit rows.
        folds: Of each fold of them.
        judge: Of the eval rows.
        rows: (m, d) eval rows by the name of the space.
        part_of: (m,) the part of each row, for the jackknife.
    """

    fit: SecondMoments
    folds: Sequence[SecondMoments]
    judge: SecondMoments
    rows: Mapping[str, FeatureRows]
    part_of: Int64


def beyond_rows(
    source: str, names: Sequence[str], evidence: Evidence, *, algebra: Algebra = HOST
) -> Iterator[BeyondRow]:
    """What a source's features, and class noise in their place, explain beyond controls.

    Args:
        source: Name of a network.
        names: Of all networks: the targets.
        evidence: Moments and rows.
        algebra: Where it is computed.
    """
    answers, noise = answers_of(source), noise_of(source)
    pixels = [PIXELS] if PIXELS in evidence.rows else []
    explainer = Explainer(
        evidence.fit,
        evidence.folds,
        evidence.judge,
        blocks=[*pixels, answers, source, noise],
        targets=names,
        count=[name for name in names if name != source],
        algebra=algebra,
    )
    givens = {"answers": [answers], **({"answers, pixels": [PIXELS, answers]} if pixels else {})}
    found: dict[Case, Explained] = {}
    for said, given in givens.items():
        controls = found[said, CONTROLS] = explainer.explain(given)
        start = controls.strengths.by_block
        for of, space in ((FEATURES, source), (NULL, noise)):
            found[said, of] = explainer.explain([*given, space], start=start)
    errors = _errors(found, evidence, algebra)
    for said in givens:
        for of in (FEATURES, NULL):
            values = r2_beyond(found[said, of], found[said, CONTROLS])
            for k, target in enumerate(names):
                if target == source:
                    continue
                low, high = ratio_interval(errors[said, of][k], errors[said, CONTROLS][k])
                yield BeyondRow(
                    given=said,
                    of=of,
                    source=source,
                    target=target,
                    r2=_number(values[target]),
                    ci_low=_number(low),
                    ci_high=_number(high),
                )


def _errors(
    found: Mapping[Case, Explained], evidence: Evidence, algebra: Algebra
) -> dict[Case, Float64]:
    """(t, J) squared errors on the eval rows, summed over each part of them, by case."""
    targets = list(next(iter(found.values())).errors)
    names = list(dict.fromkeys([*(b for each in found.values() for b in each.weights), *targets]))
    means = {name: evidence.fit.mean_of(name) for name in names}
    parts = int(evidence.part_of.max()) + 1
    out, start = {case: np.zeros((len(targets), parts)) for case in found}, 0
    for blocks in zip(*(evidence.rows[name].chunks(ROWS) for name in names), strict=True):
        rows = dict(zip(names, blocks, strict=True))
        part_of = evidence.part_of[start : start + len(blocks[0])]
        member = np.eye(parts)[part_of]  # (r, J)
        for case, explained in found.items():
            out[case] += squared_errors(explained, means, rows, algebra=algebra) @ member
        start += len(part_of)
    return out


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
