"""Whether labels look permuted: a network that is wrong, and wrong in one and the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from samefeatures.base.arrays import Bool, Int32, Int64
from samefeatures.scores.intervals import wilson

LEAST_ROWS = 20
"""Rows of each half below which nothing is concluded."""
SHIFTED = 0.9
"""Share of the classes that must be off by one and the same number to speak of a shift."""
ALIKE = 0.2
"""Cohen's κ of two networks' answers above which they tell images apart in the same way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """Classes of a head renamed one to one, found on half of the rows and judged on the others.

    Attributes:
        n: Rows that judge.
        as_labelled: Of them, how many predictions are the label.
        renamed: How many are what the renaming makes of the label.
        shift: By how much nearly every class of the head is above its label; None where there is
            no such number.
    """

    n: int
    as_labelled: int
    renamed: int
    shift: int | None

    @property
    def suspicious(self) -> bool:
        """Whether the renaming is right at least twice as often, beyond both 95 % intervals."""
        apart = wilson(self.renamed, self.n)[0] > wilson(self.as_labelled, self.n)[1]
        return apart and self.renamed >= 2 * self.as_labelled


def renaming(predictions: Int32, labels: Int64) -> Renaming | None:
    """The best one-to-one renaming of a head's classes.

    None where there are too few rows, and where the head is right on more than half of them: no
    renaming can be right twice as often.

    Of every label, every other row goes into the half on which the renaming is found: one found
    on the rows that judge it would fit any network where classes have few images.

    Args:
        predictions: (n,) class indices.
        labels: (n,) class indices.
    """
    from scipy.optimize import linear_sum_assignment

    if 2 * int((predictions == labels).sum()) > len(labels):
        return None
    finds = _every_other(labels)
    n = int((~finds).sum())
    if min(n, len(labels) - n) < LEAST_ROWS:
        return None
    classes, of_label = np.unique(labels[finds], return_inverse=True)
    said, of_prediction = np.unique(predictions[finds], return_inverse=True)
    counts = np.zeros((len(classes), len(said)), np.int32)
    np.add.at(counts, (of_label, of_prediction), 1)
    rows, columns = linear_sum_assignment(counts, maximize=True)
    seen = counts[rows, columns] > 0
    name = dict(zip(classes[rows[seen]].tolist(), said[columns[seen]].tolist(), strict=True))
    judged_labels, judged = labels[~finds], predictions[~finds]
    expected = np.array([name.get(label, -1) for label in judged_labels.tolist()])
    return Renaming(
        n=n,
        as_labelled=int((judged == judged_labels).sum()),
        renamed=int((judged == expected).sum()),
        shift=_shift(name),
    )


def _every_other(labels: Int64) -> Bool:
    """(n,) True for the first, third, … row of every label."""
    order = np.argsort(labels, kind="stable")
    ranks = np.empty(len(labels), np.int64)
    ranks[order] = np.arange(len(labels))
    starts = np.searchsorted(labels[order], labels)  # where the rows of each row's label begin
    out: Bool = (ranks - starts) % 2 == 0
    return out


def _shift(name: Mapping[int, int]) -> int | None:
    differences = np.array([head - label for label, head in name.items()], np.int64)
    values, counts = np.unique(differences, return_counts=True)
    if not len(values) or counts.max() < SHIFTED * len(differences):
        return None
    return int(values[counts.argmax()]) or None


def agree_though_wrong(own: Mapping[str, Int32], labels: Int64, classes: int) -> tuple[str, ...]:
    """Networks that are right no more often than by chance, but answer alike.

    Answers are alike where Cohen's κ of two networks' answers is above 0.2, which constant answers
    do not reach. A network is no better than chance where its 95 % interval reaches down to it.

    Args:
        own: (n,) predictions of each network with its own head.
        labels: (n,).
        classes: Of the heads.
    """
    n = len(labels)
    lost = [
        name
        for name, said in own.items()
        if wilson(int((said == labels).sum()), n)[0] <= 100 / classes
    ]
    alike = [pair for pair in combinations(lost, 2) if _kappa(own[pair[0]], own[pair[1]]) > ALIKE]
    return tuple(name for name in lost if any(name in pair for pair in alike))


def _kappa(first: Int32, second: Int32) -> float:
    """Cohen's κ; 0 where both are constant."""
    size = int(max(first.max(), second.max())) + 1
    share = [np.bincount(said, minlength=size) / len(said) for said in (first, second)]
    expected = float(share[0] @ share[1])
    return (float((first == second).mean()) - expected) / (1 - expected) if expected < 1 else 0.0
