"""Similarity of all pairs of spaces from moments of eval rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import combinations

from samefeatures.algebra import HOST, Algebra
from samefeatures.base.errors import ConfigError
from samefeatures.base.progress import Progress, Silent
from samefeatures.joint.record import Moments
from samefeatures.similarity import MEASURES
from samefeatures.study.measuring import Measuring, Sample
from samefeatures.study.results import MeasureSummary, Similarity, StudyResults
from samefeatures.study.results.similarity import Pair, similarity_of


def chosen_measures(asked: Sequence[str], of_study: Sequence[str]) -> tuple[str, ...]:
    """Those asked for; else those of two spaces that the study takes, else all of the package's
    that need no row.

    Raises:
        ConfigError: when there is no such measure, it stands twice, or it judges maps.
    """
    for measure in MEASURES.each(asked):
        if measure.judges != "spaces":
            raise ConfigError(
                f"'{measure.name}' judges a map, and similarity is of two spaces. Run the study "
                f"for it, or name another: {', '.join(of_spaces(MEASURES.names))}."
            )
    ours = [name for name in of_spaces(MEASURES.ours) if MEASURES.get(name).reads != "rows"]
    return tuple(asked or of_spaces(of_study) or ours)


def of_spaces(names: Sequence[str]) -> list[str]:
    """Those that judge two spaces."""
    return [name for name in names if MEASURES.get(name).judges == "spaces"]


def measured(
    measures: Sequence[str],
    moments: Moments,
    *,
    norms: Callable[[], Moments],
    sample: Sample | None = None,
    title: str,
    results: StudyResults | None = None,
    algebra: Algebra = HOST,
    progress: Progress | None = None,
) -> Similarity:
    """Measures of all pairs from moments; what is known beyond controls comes from the results.

    Args:
        measures: Names, each of two spaces.
        moments: Of the eval rows of all networks, in the order of the study.
        norms: Takes those of the norms of these rows; called for measures that ask for them.
        sample: Of these rows, for measures that read rows.
        title: Of the study.
        results: Of the same networks, eval rows and controls; None where there are none.
        algebra: Where products run.
        progress: Shows how many pairs are done.

    Raises:
        ConfigError: when there is one network alone.
    """
    names = moments.names
    if len(names) < 2:
        raise ConfigError("Similarity is of two networks or more, and this study has one.")
    measuring = Measuring(measures, lambda: moments, norms=norms, sample=sample, algebra=algebra)
    pairs = list(combinations(names, 2))
    advance = (progress or Silent()).task("similarity", len(pairs))
    taken: dict[tuple[str, str], dict[str, float]] = {}
    for a, b in pairs:  # both ways in turn: what the pair shares is taken once
        taken[a, b], taken[b, a] = measuring.between(a, b), measuring.between(b, a)
        advance(1)
    for name in names:
        others = [taken[other, name] for other in names if other != name]
        taken[name, name] = measuring.with_itself(name, others)
    sampled = {
        name: min(moments.n, sample.count)
        for name in measures
        if sample is not None and MEASURES.get(name).reads == "rows"
    }
    known = similarity_of(results) if results else None
    beyond = _beyond(measures, known, sampled)
    return Similarity(
        title=title,
        names=tuple(names),
        n=moments.n,
        measures=tuple(MeasureSummary.of(MEASURES.get(name)) for name in measures),
        values={name: {pair: of[name] for pair, of in taken.items()} for name in measures},
        beyond=beyond,
        sampled=sampled,
        notes=tuple(_notes(measures, results, known, beyond=beyond)),
        results=results,
    )


def _beyond(
    measures: Sequence[str], known: Similarity | None, sampled: Mapping[str, int]
) -> dict[str, Mapping[str, Mapping[Pair, float]]]:
    """What is known beyond controls of the same rows."""
    found = known.beyond if known else {}
    same = [name for name in measures if known and known.sampled.get(name) == sampled.get(name)]
    return {name: found[name] for name in same if found.get(name)}


def _notes(
    measures: Sequence[str],
    results: StudyResults | None,
    known: Similarity | None,
    *,
    beyond: Collection[str],
) -> Iterator[str]:
    """Which measures are not known beyond controls, though the study has some."""
    if results is None or results.controls is None:
        return
    others = [n for n in measures if n not in beyond and known and known.beyond.get(n)]
    lacking = [name for name in measures if name not in (*beyond, *others)]
    if lacking:
        yield (
            f"Not known beyond the controls: {', '.join(lacking)}. Name them in 'measures' of the "
            "study, and run it."
        )
    if known and others:
        yield (
            f"Known beyond the controls of {known.rows(others[0])} rows alone: "
            f"{', '.join(others)}. Run the study again for as many as here."
        )
