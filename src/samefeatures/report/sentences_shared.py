"""What is shared beyond the answers, and whom the hybrids follow, in a sentence each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from samefeatures.report.findings import (
    Beyond,
    alone,
    beyond,
    change,
    given_sets,
    null_level,
    nulls,
    spaces_of,
)
from samefeatures.report.follows import Followed
from samefeatures.report.grid import number, signed
from samefeatures.scores.medians import median
from samefeatures.study.results import Cell, StudyResults

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


def of_answers(cells: Sequence[Cell], results: StudyResults, *, kept: bool) -> str:
    """How far answers alone go, pair by pair.

    Args:
        cells: Hybrids that can show something.
        results: The study.
        kept: Whether they keep much; else there is little that answers could explain.
    """
    changes = {(cell.source, cell.target): cell.change_vs_source_pct for cell in cells}
    known: dict[str, list[tuple[float, float]]] = {}  # changes of the space and of the hybrid
    for row in spaces_of(results).rows:
        place, value = (row.of or "", row.target), change(row, results)
        if row.kind in KNOW_ANSWERS and place in changes and value is not None:
            known.setdefault(row.kind, []).append((value, changes[place]))
    if not known:
        return ""
    medians = {kind: median(one for one, _ in pairs) for kind, pairs in known.items()}
    kind = max(medians, key=lambda kind: medians[kind])
    says = f"{KNOW_ANSWERS[kind]} it by {signed(medians[kind])} %"
    pairs = known[kind]
    well = sum(alone >= hybrid - AS_WELL for alone, hybrid in pairs)
    if 2 * well < len(pairs):
        among = f" in {len(pairs) - well} of {len(pairs)} maps" if well else ""
        return f"In their place {says}: this accuracy takes more than the answers{among}."
    if not kept:
        return f"{says[0].upper()}{says[1:]}."
    among = "" if well == len(pairs) else f" in {well} of {len(pairs)} maps"
    return f"But {says}: accuracy does not tell shared features from shared answers{among}."


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
    if shown:
        part = "most" if excess >= MOST else "a part"
        who = "these networks" if found.above == found.judged else "most pairs of these networks"
        return f"So {who} share {part} of what their features hold beyond {known}."
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
