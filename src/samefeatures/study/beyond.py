"""R² beyond controls of every pair of networks, with intervals and the null beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.arrays import Float64, Int64
from samefeatures.base.numbers import finite_or_none
from samefeatures.features.sample import SAMPLE, StoredSample
from samefeatures.joint.views import SecondMoments
from samefeatures.similarity.beyond import (
    Explained,
    Explainer,
    Ground,
    cosine_beyond,
    errors_of,
    r2_beyond,
)
from samefeatures.similarity.common import Common
from samefeatures.similarity.jackknife import ratio_interval
from samefeatures.similarity.left import Left
from samefeatures.study.controls_config import PIXELS, Given
from samefeatures.study.left_measures import LeftMeasures, Sampled
from samefeatures.study.made_spaces import MadeSpaces
from samefeatures.study.results.spaces import BeyondRow
from samefeatures.study.spaces import Spaces, given_to

ROWS = 4096
FEATURES = "features"
CONTROLS = "controls"
Case = tuple[Given, str]
"""What is given, and what stands in the source's place: features, a null, or nothing more."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Evidence:
    """What regressions are fitted on and judged by, control spaces among it.

    Attributes:
        ground: Moments.
        spaces: Eval rows.
        part_of: (m,) the part of each eval row, for the jackknife.
        pixels: Taken off for all sources at once; None where there are none, or none is given.
        pixels_start: Their strength for the targets when nothing else explains them.
        sampled: Gives the eval rows that measures of rows are shown, of any space; read once.
    """

    ground: Ground
    spaces: Spaces
    part_of: Int64
    pixels: Common | None = None
    pixels_start: float = 0.0
    sampled: Sampled

    @classmethod
    def of(cls, made: MadeSpaces, *, sample: int = SAMPLE, algebra: Algebra = HOST) -> Evidence:
        """All that a study's spaces know."""
        ground = Ground(
            made.total,
            [made.fit.with_class_noise(fold) for fold in made.summed.folds],
            made.judge,
            targets=list(made.fit.networks),
        )
        common = None
        if any(PIXELS in given for given in made.givens):
            common = ground.common(PIXELS, algebra=algebra)
        return cls(
            ground=ground,
            spaces=made.evaluation,
            part_of=made.part_of,
            pixels=common,
            pixels_start=common.best(ground.sketches) if common else 0.0,
            sampled=cache(StoredSample(made.evaluation.by_name, sample).rows),
        )

    def forget(self) -> None:
        """What was taken of a source and its controls alone; the next one has others."""
        self.ground.forget()
        if self.pixels is not None:
            self.pixels.forget()

    @property
    def fit(self) -> SecondMoments:
        """Of the fit rows."""
        return self.ground.whole.fit

    @property
    def judge(self) -> SecondMoments:
        """Of the eval rows."""
        return self.ground.whole.judge


def beyond_rows(
    source: str,
    givens: Sequence[Given],
    evidence: Evidence,
    *,
    measures: Sequence[str] = (),
    algebra: Algebra = HOST,
) -> Iterator[BeyondRow]:
    """What a source's features, and what knows nothing in their place, explain beyond controls.

    Args:
        source: Name of a network.
        givens: What is known already.
        evidence: Moments and rows.
        measures: Names of measures of two spaces, taken of what is left of them too.
        algebra: Where it is computed.
    """
    spaces = {FEATURES: source, **evidence.spaces.nulls(source)}
    found: dict[Case, Explained] = {}
    for given in givens:
        found |= _explained(source, given, spaces, evidence, algebra)
    sums = _sums(found, evidence, algebra)
    for given in givens:
        controls = sums[given, CONTROLS]
        left = LeftMeasures(
            measures,
            _left(found[given, CONTROLS], evidence, algebra),
            evidence.spaces.by_name,
            names=[*evidence.ground.targets, *evidence.spaces.nulls(source).values()],
            sampled=evidence.sampled,
            algebra=algebra,
        )
        for of, space in spaces.items():
            values, mine = r2_beyond(found[given, of], found[given, CONTROLS]), sums[given, of]
            for k, target in enumerate(evidence.ground.targets):
                if target == source:
                    continue
                low, high = ratio_interval(mine.squares[k], controls.squares[k])
                sums_of = (mine.squares, controls.squares, mine.shared)
                squares, unexplained, shared = (float(part[k].sum()) for part in sums_of)
                yield BeyondRow(
                    given=", ".join(given),
                    of=of,
                    source=source,
                    target=target,
                    r2=finite_or_none(values[target]),
                    ci_low=finite_or_none(low),
                    ci_high=finite_or_none(high),
                    cosine=finite_or_none(cosine_beyond(squares, unexplained, shared)),
                    measures=left.between(space, target),
                )


def _left(controls: Explained, evidence: Evidence, algebra: Algebra) -> Left:
    """What the controls leave of all spaces, on the eval rows."""
    strengths, first = dict(controls.strengths.by_block), None
    if evidence.pixels is not None and PIXELS in strengths and PIXELS not in controls.weights:
        first = evidence.pixels.whole(strengths.pop(PIXELS))
    ground = evidence.ground
    return Left(ground.whole, strengths, ground.chosen_on, first=first, algebra=algebra)


def _explained(
    source: str, given: Given, spaces: Mapping[str, str], evidence: Evidence, algebra: Algebra
) -> dict[Case, Explained]:
    """By what is given alone, and with each of the spaces beside it."""
    known = given_to(source, given)
    common = evidence.pixels if PIXELS in known and len(known) > 1 else None
    rest = [name for name in known if common is None or name != PIXELS]
    explainer = Explainer(
        evidence.ground,
        blocks=[*rest, *spaces.values()],
        count=[name for name in evidence.ground.targets if name != source],
        common=common,
        algebra=algebra,
    )
    start = {PIXELS: evidence.pixels_start} if common else {}
    controls = explainer.explain(rest, start=start)
    found = {(given, CONTROLS): controls}
    for of, space in spaces.items():
        both = explainer.explain([*rest, space], start=controls.strengths.by_block)
        # Left out by its strength, it adds nothing, and rounding is not something.
        found[given, of] = controls if math.isinf(both.strengths.by_block[space]) else both
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """(t, J) over the eval rows of each part: of squared errors, and of errors times those of the
    controls alone."""

    squares: Float64
    shared: Float64

    def add(self, errors: Float64, alone: Float64, edges: Int64, member: Float64) -> None:
        """Some rows: (r, D) errors, those of the controls, and (r, J) whose part each is."""
        for total, other in ((self.squares, errors), (self.shared, alone)):
            np.add(total, np.add.reduceat(errors * other, edges, axis=1).T @ member, out=total)


def _sums(
    found: Mapping[Case, Explained], evidence: Evidence, algebra: Algebra
) -> dict[Case, _Sums]:
    """Of every case."""
    targets = evidence.ground.targets
    names = list(dict.fromkeys([*(b for each in found.values() for b in each.weights), *targets]))
    strengths = {
        case: None if PIXELS in each.weights else each.strengths.by_block.get(PIXELS)
        for case, each in found.items()
    }
    used = {s for s in strengths.values() if s is not None}
    read = list(dict.fromkeys([*names, *([PIXELS] if used else [])]))
    means = {name: evidence.fit.mean_of(name) for name in read}
    edges = np.cumsum([0, *(len(means[name]) for name in targets[:-1])])
    by_name, parts = evidence.spaces.by_name, int(evidence.part_of.max()) + 1
    shape = (len(targets), parts)
    out, start = {case: _Sums(np.zeros(shape), np.zeros(shape)) for case in found}, 0
    for blocks in zip(*(by_name[name].chunks(ROWS) for name in read), strict=True):
        rows = {name: b - means[name] for name, b in zip(read, blocks, strict=True)}
        left: dict[float | None, dict[str, Float64]] = {None: rows}
        left |= {s: _without_pixels(rows, names, s, evidence, algebra) for s in used}
        part_of = evidence.part_of[start : start + len(blocks[0])]
        member = np.eye(parts)[part_of]  # (r, J)
        alone: dict[Given, Float64] = {}  # (r, D) errors of the controls
        for case, each in found.items():  # those of the controls come first
            errors = errors_of(each, left[strengths[case]], algebra=algebra)
            alone.setdefault(case[0], errors)
            out[case].add(errors, alone[case[0]], edges, member)
        start += len(part_of)
    return out


def _without_pixels(
    rows: Mapping[str, Float64],
    names: Sequence[str],
    strength: float,
    evidence: Evidence,
    algebra: Algebra,
) -> dict[str, Float64]:
    """(r, d) of each name, less what pixels explain of it."""
    assert evidence.pixels is not None
    off, pixels = evidence.pixels.whole(strength), rows[PIXELS]
    return {name: rows[name] - algebra.product(pixels, off.weights(name)) for name in names}
