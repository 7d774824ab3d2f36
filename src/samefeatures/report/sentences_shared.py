"""What is shared beyond the answers, and whom the hybrids follow, in a sentence each."""

from __future__ import annotations

import math

from samefeatures.report.findings import (
    Alone,
    Beyond,
    alone,
    beyond,
    given_sets,
    null_level,
    nulls,
    spaces_of,
)
from samefeatures.report.follows import Followed
from samefeatures.report.grid import number, signed
from samefeatures.study.results import StudyResults

# Answers do as well as features where they lose at most this many percent more.
AS_WELL = 1.0
# Less than this share of what is left counts as nothing; from MOST on it is most of it.
SOME = 0.05
MOST = 0.5
# Answers suffice where a head labels this share of their means right, for the median pair.
SUFFICE = 0.98
# One network is followed where the hybrid says what it says this many times as often.
CLEARLY = 2.0

ONLY_ACCURACY = (
    "Accuracy alone can't tell networks that share features from networks that share nothing but "
    "their answers; “controls: true” in the study file measures both."
)
WORDS = {
    "answers": "the source's answers",
    "soft answers": "the source's probabilities",
    "pixels": "the pixels",
    "labels": "the true labels",
}
KNOW_ANSWERS = {
    "answers": "the source's answers alone, without its features, change",
    "class noise": "noise that knows the source's answers, and nothing else, changes",
}
NULLS = {
    "class noise": "noise that knows the answers alone",
    "shuffled rows": "features of other images",
}


def of_answers(change: float, results: StudyResults, *, kept: bool) -> str:
    """How far answers alone go.

    Args:
        change: Percent by which the maps change accuracy.
        results: The study.
        kept: Whether that keeps much of it; else there is little that answers could explain.
    """
    known = [(kind, found) for kind in KNOW_ANSWERS if (found := _changed(results, kind))]
    if not known:
        return ""
    kind, best = max(known, key=lambda pair: pair[1].change.median)
    says = f"{KNOW_ANSWERS[kind]} it by {signed(best.change.median)} %"
    if best.change.median >= change - AS_WELL:
        if not kept:
            return f"{says[0].upper()}{says[1:]}."
        return f"But {says}: accuracy does not tell shared features from shared answers."
    return f"In their place {says}: this accuracy takes more than the answers."


def _changed(results: StudyResults, kind: str) -> Alone | None:
    found = alone(results, kind)
    return found if found and found.change.count else None


def of_sharing(results: StudyResults) -> str:
    """What the features explain beyond answers and pixels, beside what the nulls do."""
    if not spaces_of(results).rows:
        return ONLY_ACCURACY
    sets = [found for given in given_sets(results) if (found := beyond(results, given))]
    sets = [found for found in sets if found.r2.count]
    if not sets:
        return "What is shared beyond the answers was not measured."
    first, *more = sets
    text = (
        f"Of what {given_words(first.given)} leave unexplained in the target's features, the "
        f"source's features explain {_share(first)}"
    )
    for found in more:
        text += f"; of what {given_words(found.given)} leave, {percent(found.r2.median)}"
    controls = nulls(results, first.given)
    parts = [text]
    if controls:
        said = ", ".join(f"{NULLS.get(null.of, null.of)} {_null(null)}" for null in controls)
        parts.append(f"In their place {said}")
    return f"{'. '.join(parts)}. {_verdict(first, controls, results)}"


def _verdict(found: Beyond, controls: list[Beyond], results: StudyResults) -> str:
    excess = found.r2.median - null_level(controls)
    shown = excess >= SOME and 2 * found.above >= found.judged
    known = _theirs(given_words(found.given).removeprefix("the source's "))
    if shown and excess >= MOST:
        return f"So these networks share most of what their features hold beyond {known}."
    if shown:
        return f"So these networks share a part of what their features hold beyond {known}."
    answers = alone(results, "answers")
    if answers and answers.r2.count and answers.r2.median < SOME:
        return "So an affine map finds hardly anything that these networks share."
    return f"So these networks share hardly more than {known}."


def _theirs(known: str) -> str:
    return f"their {known}" if known.startswith(("answers", "probabilities")) else known


def given_words(given: str) -> str:
    """``answers, pixels`` as a reader says it."""
    return " and ".join(WORDS.get(name, name) for name in given.split(", "))


def percent(share: float) -> str:
    """A share of 1 in whole percent."""
    return f"{number(100 * share, 0)} %"


def _share(found: Beyond) -> str:
    if found.r2.count == 1:
        return percent(found.r2.median)
    text = f"a median of {percent(found.r2.median)} ({percent(found.r2.low)} to "
    text += percent(found.r2.high)
    if found.judged:
        text += f"; {found.above} of {found.judged} intervals lie above 0"
    return f"{text})"


def _null(found: Beyond) -> str:
    if math.isnan(found.r2.median):
        return "is not known"
    verb = "explain" if found.of == "shuffled rows" else "explains"
    text = percent(found.r2.median)
    return f"{verb} nothing ({text})" if found.r2.median < SOME else f"{verb} {text}"


def answers_suffice(results: StudyResults) -> str:
    """Whether answers alone are enough for the heads; nothing where it was not looked at."""
    rows = spaces_of(results).answers
    seen = sorted((row for row in rows if row.seen), key=lambda row: row.labelled_right / row.seen)
    if not seen:
        return ""
    middle, least = seen[(len(seen) - 1) // 2], seen[0]
    counted = (
        f"for the median pair the target's head labels {middle.labelled_right:,} of "
        f"{middle.seen:,} means of its own features over equal answers as that answer (least: "
        f"{least.labelled_right:,} of {least.seen:,})"
    )
    if middle.labelled_right >= SUFFICE * middle.classes:
        return f"Here answers alone suffice for the heads: {counted}."
    return (
        f"Here answers alone do not suffice for the heads: {counted}, and an answer was given on "
        f"{middle.typical:,} fit images (median)."
    )


def of_following(found: Followed) -> str:
    """Whom the hybrids follow where source and target disagree."""
    source, target, neither = (
        f"{number(value, 0)} %" for value in (found.as_source, found.as_target, found.neither)
    )
    if math.isnan(found.as_source):
        return "Source and target nowhere disagree, so nothing tells whom the hybrids follow."
    over = "" if found.maps == 1 else " (medians over the maps)"
    text = (
        f"Where source and target disagree, the hybrid says what the source says on {source} of "
        f"the images, what the target says on {target}, and another class on {neither}{over}"
    )
    if found.as_source >= CLEARLY * found.as_target:
        return f"{text}: it follows the source."
    if found.as_target >= CLEARLY * found.as_source:
        return f"{text}: it follows the target, whose head it uses."
    return f"{text}: it follows neither of them clearly."
