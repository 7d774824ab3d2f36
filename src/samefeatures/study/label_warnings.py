"""What is odd about the labels of an eval set, given what the networks say of its images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from samefeatures.base.arrays import Int64
from samefeatures.networks.record import Headed
from samefeatures.scores.heads import Score
from samefeatures.scores.permuted import agree_though_wrong, renaming

MEND = "Check the class map, and the order of the classes of the head."
REASONS = {
    1: "the head may have a background class in front, which ?background=drop leaves out, or the "
    "labels may lack the first class",
    -1: "the labels may count from 1, or the head may lack their first class",
}


def renaming_warning(
    network: Headed, score: Score, labels: Int64, *, what: str = "image"
) -> str | None:
    """That a head's classes are not those of the labels, where its answers show it.

    Args:
        network: Whose head it is.
        score: Of the network with its own head.
        labels: (n,) of the same rows.
        what: Each row is.
    """
    found = renaming(score.predictions, labels)
    if found is None or not found.suspicious:
        return None
    text = (
        f"Labels look permuted for {network.name}: as labelled it is right on "
        f"{found.as_labelled:,} of {found.n:,} {what}s, with its classes renamed one to one on "
        f"{found.renamed:,} (the renaming was found on the other {what}s)."
    )
    if found.shift is not None:
        where = "above" if found.shift > 0 else "below"
        text += f" Its classes lie {abs(found.shift)} {where} the labels"
        reason = REASONS.get(found.shift)
        text += f": {reason}." if reason else "."
    else:
        text += " Its classes are in another order, or its head was not trained for them."
    return f"{text} {MEND}"


def label_warnings(
    networks: Mapping[str, Headed],
    own: Mapping[str, Score],
    labels: Int64,
    classes: int,
    *,
    what: str = "image",
) -> Iterator[str]:
    """What makes counts of correct labels mean little, or nothing.

    Args:
        networks: By name.
        own: Scores of the networks that have heads.
        labels: (n,) of the eval rows.
        classes: Of the heads.
        what: Each row is.
    """
    yield from coverage(labels, classes, what=what)
    renamed = [
        renaming_warning(networks[name], score, labels, what=what) for name, score in own.items()
    ]
    yield from filter(None, renamed)
    alike = agree_though_wrong({n: s.predictions for n, s in own.items()}, labels, classes)
    if alike and not any(renamed):
        yield (
            f"Labels look permuted: {', '.join(alike)} are right no more often than by chance, and "
            f"yet give the same answers. {MEND}"
        )


def coverage(labels: Int64, classes: int, *, what: str = "image") -> Iterator[str]:
    """Too few rows, or a single class.

    Args:
        labels: (n,) of the eval rows.
        classes: Of the heads.
        what: Each row is.
    """
    present = np.unique(labels)
    if len(present) == 1 and classes > 1:
        yield (
            f"All {len(labels)} eval {what}s are of class {present[0]}: whatever always names this "
            "class is 100 % right. Accuracies of this study say nothing about the other "
            f"{classes - 1} classes."
        )
    elif len(labels) < classes:
        yield (
            f"The eval set has {len(labels)} {what}s for {classes} classes, so that most classes "
            f"have none. Look at the intervals, and score on more {what}s."
        )
