"""Arrays instead of a study: the same N x N tables, in the same record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from samefeatures.algebra import Algebra, open_algebra
from samefeatures.algebra.pools import one_pool
from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.display import Display, ProgressChoice
from samefeatures.base.errors import ConfigError, FeatureError
from samefeatures.base.options import check_text
from samefeatures.base.progress import Progress
from samefeatures.features.blocks import single
from samefeatures.features.given import GivenRows, Rows
from samefeatures.maps import OLS, AffineMap, Method, Ridge, SourceProblem
from samefeatures.maps.arrays import ArraySpace
from samefeatures.networks.record import Head
from samefeatures.scores.comparisons import Pair
from samefeatures.scores.heads import Score, score_heads
from samefeatures.similarity.passing import Passing
from samefeatures.study.arrays import Sides, heads_of, labels_of, sides_of
from samefeatures.study.compare_options import labelled_methods, passing_of
from samefeatures.study.compared import Compared, record_of
from samefeatures.study.curves import curve_summary
from samefeatures.study.measuring import Measuring
from samefeatures.study.results import StudyResults
from samefeatures.study.score_files import MapFacts
from samefeatures.study.scoring import SCORE_ROWS, Scored, fit_summary
from samefeatures.study.seen import FitSide, fit_side, seen

METHODS: tuple[Method, ...] = (OLS(), Ridge())
TITLE = "Do these spaces hold the same features?"


@one_pool()
def compare(
    spaces: Mapping[str, Rows],
    *,
    eval: Mapping[str, Rows] | None = None,
    held_out: float | None = None,
    seed: int | None = None,
    heads: Mapping[str, Any] | None = None,
    labels: Any = None,
    methods: Sequence[Method] | Mapping[str, Method] = METHODS,
    measures: Sequence[str] = ("r2", "cosine", "cka"),
    sample: int | None = None,
    title: str = TITLE,
    progress: ProgressChoice = "quiet",
    device: str = "cpu",
) -> StudyResults:
    """Maps between all ordered pairs of spaces, judged on rows that they have not seen.

    The record is that of a study: ``table(method)["a", "b"].r2``, ``sf.write_report``, ``save``.
    Rows are read a block at a time: those to fit on once, and once more into memory where a method
    reads them itself; those held out once, and with heads once more for each head and for each
    source and method. Where rows are split, all are read for either side. A space without a head
    is a row of the tables and no column; without heads there are measures alone.

    Args:
        spaces: Two or more by name, (n, d) rows each as ``fit_map`` takes them; row i is the same
            sample in all of them.
        eval: Held-out rows of the same spaces, (m, d) each. Without them a share of the rows is
            held out, chosen by ``seed`` whatever the spaces are; the settings of the results say
            which way it was.
        held_out: The share, between 0 and 1; a fifth if left out. Not with ``eval``.
        seed: Of the choice; 0 if left out. Not with ``eval``.
        heads: Classifiers by space, of as many as have one: weight (classes, d) and bias
            (classes,) as a pair or a linear layer.
        labels: (m,) classes of the eval rows, or of all (n,) rows where these are split. Without
            them hybrids are compared with their targets alone.
        methods: Whose maps; by label where one of them stands twice.
        measures: Names of measures, those of other packages too.
        sample: Held-out rows that measures of rows are shown, at most; 10,000 if left out. Only
            with such a measure.
        title: Of the report.
        progress: ``"bar"``, ``"quiet"``, or a function that is told, as ``samefeatures.progress``.
        device: Of the algebra: ``cpu``, ``cuda`` or ``cuda:N``, through torch.

    Raises:
        FeatureError: when rows are no floats, not finite, not as many in all spaces, or too few.
        NetworkError: when a head is none, or of another width.
        LabelError: when labels are not those of the rows or the heads.
        ConfigError: when an option or a name is wrong.
        MapError: when a method can't fit.
    """
    check_text("title", title, ConfigError)
    chosen = labelled_methods(methods, measures, heads, spaces)
    algebra, display = open_algebra(device), Display(progress)
    sides = sides_of(spaces, eval, held_out=held_out, seed=seed)
    passed = passing_of(sides.evaluation, measures, sample)
    known = heads_of(heads, sides.fit)
    counted = labels_of(labels, sides, known)
    once = [name for name, part in sides.evaluation.items() if part.length is None]
    if known and once:
        raise FeatureError(
            f"The eval rows of {once[0]} can be read only once, and heads read them again. Give an "
            "array."
        )
    with display as shown:
        found = _found(
            sides,
            chosen,
            measures,
            passed=passed,
            heads=known,
            labels=counted,
            algebra=algebra,
            progress=shown,
        )
    where: dict[str, object] = {} if device == "cpu" else {"device": device}
    if passed.sample is not None:
        where["sample"] = passed.sample.count
    return record_of(replace(found, title=title, said={**found.said, **where}))


def _found(
    sides: Sides,
    chosen: Mapping[str, Method],
    measures: Sequence[str],
    *,
    passed: Passing,
    heads: Mapping[str, Head],
    labels: Int64 | None,
    algebra: Algebra,
    progress: Progress,
) -> Compared:
    """Moments, maps, scores and measures of both sides."""
    fit = fit_side(sides.fit, chosen.values(), algebra, progress)
    beside = [passed.update]
    judge = seen(sides.evaluation, algebra, progress, "moments of the eval rows", beside=beside)
    if not judge.moments.n:
        raise FeatureError("eval has no rows. Maps are judged on rows that they have not seen.")
    spaces = {
        name: ArraySpace(name, part.dim, head=heads.get(name)) for name, part in sides.fit.items()
    }
    measuring = Measuring(
        measures,
        lambda: judge.moments,
        norms=lambda: passed.norms.moments(judge.moments),
        sample=passed.sample,
        algebra=algebra,
    )
    own = {n: _scores(sides.evaluation[n], [head], labels, algebra)[0] for n, head in heads.items()}
    hybrids: dict[str, dict[Pair, Score]] = {label: {} for label in chosen}
    facts: dict[str, dict[Pair, MapFacts]] = {label: {} for label in chosen}
    for source, label, maps in _maps(chosen, fit, spaces, algebra, progress):
        ending = [each for each in maps if each.target in heads]
        folded = [each.fold(spaces[each.target], algebra=algebra) for each in ending]
        found = _scores(sides.evaluation[source], folded, labels, algebra)
        pairs = [(source, each.target) for each in ending]
        hybrids[label] |= zip(pairs, found, strict=True)
        facts[label] |= {(source, each.target): _facts(label, each, measuring) for each in maps}
    said = {n: f"{part.dim} features, {part.dtype.name}" for n, part in sides.fit.items()}
    return Compared(
        spaces=spaces,
        said={"spaces": said, **sides.said},
        fit=fit.seen,
        judge=judge,
        methods=chosen,
        measuring=measuring,
        scored=Scored(labels, tuple(spaces), judge.moments.n, own, hybrids, facts),
        title=TITLE,
    )


def _maps(
    methods: Mapping[str, Method],
    fit: FitSide,
    spaces: Mapping[str, ArraySpace],
    algebra: Algebra,
    progress: Progress,
) -> Iterator[tuple[str, str, list[AffineMap]]]:
    """Source, label, and the maps to all others."""
    advance = progress.task("fit maps", len(spaces) * len(methods))
    for source in spaces:
        problem = SourceProblem(
            source, spaces, fit.seen.moments, rows=fit.rows, algebra=algebra, progress=progress
        )
        for label, method in methods.items():
            given = problem.with_folds(fit.folds.get(method.needs_folds, ()))
            yield source, label, list(method.fit(given, [to for to in spaces if to != source]))
            advance(1)


def _scores(
    rows: GivenRows, heads: Sequence[Head], labels: Int64 | None, algebra: Algebra
) -> list[Score]:
    def blocks() -> Iterator[tuple[Float32, Int64]]:
        start = 0
        for block in rows.chunks(SCORE_ROWS):
            stop = start + len(block)
            known = np.zeros(len(block), np.int64) if labels is None else labels[start:stop]
            yield single(block, rows.name), known
            start = stop

    return score_heads(blocks(), heads, algebra=algebra) if heads else []


def _facts(label: str, fitted: AffineMap, measuring: Measuring) -> MapFacts:
    return MapFacts(
        measures=measuring.of(fitted),
        fit=fit_summary(label, fitted),
        curve=curve_summary(label, fitted, fitted.curve),
    )
