"""What is shared beyond the answers, whether these suffice, and whom hybrids follow: as lists."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from samefeatures.base.shown import plain
from samefeatures.report.by_rows import by_rows_listing
from samefeatures.report.canonical import canonical_listing, left_out_listing
from samefeatures.report.findings import Beyond, beyond, given_sets, nulls, spaces_of
from samefeatures.report.follows import HEADS as FOLLOW_HEADS
from samefeatures.report.follows import NOTE, follow_lines, followed
from samefeatures.report.grid import MISSING, count, fitted, grids, number
from samefeatures.report.listing import Listing
from samefeatures.report.ranks import rank_listings
from samefeatures.report.sentences_shared import NULLS, answers_suffice, given_words, of_following
from samefeatures.report.spectra import spectra_listings
from samefeatures.study.results import AnswersRow, Similarity, StudyResults
from samefeatures.study.results.similarity import similarity_of

if TYPE_CHECKING:
    from samefeatures.report.ranking import Ranked

NULL = "null"
"""Behind what knows nothing and stands in the features' place."""


def shared_beyond(results: StudyResults) -> Listing | None:
    """R² beyond what is given, of features and of what knows nothing; None without it."""
    found = [
        each
        for given in given_sets(results)
        for each in (beyond(results, given), *nulls(results, given))
        if each is not None
    ]
    if not found:
        return None
    return Listing(
        slug="beyond",
        title="What is shared beyond the answers",
        says=(
            "Two networks that give the same answers share at least these. R² beyond them is the "
            "share of what they leave unexplained in the target's features that the source's "
            "features explain, on images that no map saw. A null knows nothing of the images "
            "beyond what is given: its R² should be about 0; by what it has above, R² overstates.",
        ),
        heads=("Given", "In the source's place", "R², median", "Range", "Intervals above 0"),
        rows=tuple(map(_beyond_row, found)),
        notes=tuple(map(plain, spaces_of(results).notes)),
        words=2,
    )


def _beyond_row(found: Beyond) -> tuple[str, ...]:
    of = f"{NULLS[found.of]} ({NULL})" if found.of in NULLS else found.of
    return (
        given_words(found.given),
        of,
        number(found.r2.median),
        f"{number(found.r2.low)} to {number(found.r2.high)}" if found.r2.count else MISSING,
        f"{found.above} of {found.judged}" if found.judged else MISSING,
    )


def answers_listing(results: StudyResults) -> Listing | None:
    """For how many answers of each source the targets' heads label their own means right."""
    rows = spaces_of(results).answers
    if not rows:
        return None
    by_source: dict[str, list[AnswersRow]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).append(row)
    return Listing(
        slug="answers",
        title="Do the answers alone suffice?",
        says=(
            answers_suffice(results),
            "Least squares from answers gives the target's mean over the images of each answer. "
            "Where the target's head labels its own mean right, the answer passes it, whatever "
            "the features are.",
        ),
        heads=(
            "Source",
            "Answers given on the fit images",
            "Means labelled right, median target",
            "Fewest, and by which target",
            "Images of an answer: fewest",
            "Median",
            "Most",
        ),
        rows=tuple(_answers_row(name, found) for name, found in by_source.items()),
    )


def _answers_row(name: str, rows: list[AnswersRow]) -> tuple[str, ...]:
    first, least = rows[0], min(rows, key=lambda row: row.labelled_right)
    middle = statistics.median_low(row.labelled_right for row in rows)
    return (
        plain(name),
        f"{count(first.seen)} of {count(first.classes)}",
        f"{count(middle)} of {count(first.seen)}",
        f"{count(least.labelled_right)} ({plain(least.target)})",
        count(first.fewest),
        count(first.typical),
        count(first.most),
    )


def following(results: StudyResults) -> Listing | None:
    """Whom the hybrids of every method follow; None where the results do not say."""
    lines = follow_lines(results)
    if not lines:
        return None
    first = fitted(grids(results))
    main = followed(first) if first else None
    return Listing(
        slug="follows",
        title="Whom the hybrids follow",
        says=(f"{main.label}: {of_following(main)}",) if main else (),
        heads=FOLLOW_HEADS,
        rows=tuple(line.row for line in lines),
        notes=(NOTE,),
    )


def similarity_listing(results: StudyResults) -> Listing | None:
    """Measures of two spaces, and how they rank the pairs; None where the study takes none."""
    found = similarity_of(results)
    if found is None:
        return None
    from samefeatures.report.ranking import RANKING_NOTE, ranking_sentence, rankings

    ranked = rankings(found)
    against = [ranked[0].against] if ranked else []
    givens = dict.fromkeys(given for m in found.measures for given in found.given(m.name))
    return Listing(
        slug="similarity",
        title="How near the spaces are",
        says=tuple(filter(None, (ranking_sentence(ranked),))),
        heads=(
            "Measure",
            "Median",
            "Range",
            *(f"Beyond {given_words(given)}, median" for given in givens),
            *(f"Spearman with {each.label}" for each in against),
        ),
        rows=tuple(_measure_row(found, m.name, tuple(givens), ranked) for m in found.measures),
        notes=(RANKING_NOTE,) if ranked else (),
    )


def _measure_row(
    found: Similarity, name: str, givens: tuple[str, ...], ranked: list[Ranked]
) -> tuple[str, ...]:
    from samefeatures.report.ranking import p_words
    from samefeatures.report.similarity import squares

    plain_one, *beyond = squares(found, name)
    medians = {table.given: number(table.median, 3) for table in beyond}
    mine = [each for each in ranked if each.measure.name == name][:1]  # of what comes first
    return (
        plain(plain_one.measure.label),
        number(plain_one.median, 3),
        plain_one.range,
        *(medians.get(given, MISSING) for given in givens),
        *(f"{number(r.found.rho)} (p {p_words(r.found.p)})" for r in mine),
    )


def listings(results: StudyResults) -> list[Listing]:
    """All that the results have, in the order in which they are read."""
    makers = (
        shared_beyond,
        similarity_listing,
        answers_listing,
        following,
        canonical_listing,
        left_out_listing,
        by_rows_listing,
    )
    found = (make(results) for make in makers)
    return [
        *(each for each in found if each is not None),
        *rank_listings(results),
        *spectra_listings(results),
    ]
