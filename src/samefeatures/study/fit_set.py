"""The maps of a study on rows that they were fitted on, and on rows of the same sets they were not.

What maps learn by heart shows in one map, fitted to all folds but one, on those folds and on that
one; rows of other sets differ in more than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from samefeatures.base.arrays import Int32, Int64
from samefeatures.joint.blocks import Blocks
from samefeatures.joint.views import Rest, Union
from samefeatures.maps import OLS, SourceProblem
from samefeatures.networks.record import Head, head_of
from samefeatures.scores.heads import score_heads
from samefeatures.scores.intervals import wilson
from samefeatures.study.control_inputs import ControlInputs
from samefeatures.study.made_spaces import MadeSpaces
from samefeatures.study.results import ControlRow
from samefeatures.study.scoring import labelled

SEEN, UNSEEN = "fit set, seen", "fit set, unseen"


def fit_set_rows(
    inputs: ControlInputs, made: MadeSpaces, heads: Sequence[Head], labels: Int64 | None
) -> Iterator[ControlRow]:
    """The OLS hybrids of the first source on the fit rows.

    Args:
        inputs: The study.
        made: Its moments, fold by fold.
        heads: Folded with the maps of all fit rows, one a target.
        labels: (n,) of the fit rows, or None: then only agreement is known.
    """
    problem = SourceProblem(
        inputs.source, inputs.networks, _without_a_fold(inputs, made), algebra=inputs.algebra
    )
    maps = OLS().fit(problem, inputs.targets)
    without = [m.fold(inputs.networks[m.target], algebra=inputs.algebra) for m in maps]
    said = _said(inputs, inputs.source, [*heads, *without])
    own = [_said(inputs, name, [head_of(inputs.networks[name])])[0] for name in inputs.targets]
    whole, count = np.ones(len(made.fold_of), bool), len(heads)
    unseen = made.fold_of == 0
    for control, answers, rows in (
        ("fit set", said[:count], whole),
        (SEEN, said[count:], ~unseen),
        (UNSEEN, said[count:], unseen),
    ):
        for name, hybrid, network in zip(inputs.targets, answers, own, strict=True):
            known = None if labels is None else labels[rows]
            yield control_row(control, (inputs.source, name), hybrid[rows], network[rows], known)


def _without_a_fold(inputs: ControlInputs, made: MadeSpaces) -> Blocks:
    """Moments of the first source with every network, of all fit rows but the first fold's."""
    folds, source = made.summed.folds, inputs.source
    rest = Rest(Union(folds), folds[0])
    return Blocks(
        n=rest.n,
        means={name: rest.mean_of(name) for name in inputs.networks},
        products={(source, name): rest.block(source, name) for name in inputs.networks},
    )


def control_row(
    control: str, pair: tuple[str, str], said: Int32, own: Int32, labels: Int64 | None
) -> ControlRow:
    """A hybrid of a control, from predictions.

    Args:
        control: Its name.
        pair: Source and target.
        said: (n,) classes, by the hybrid.
        own: (n,) by the target network.
        labels: (n,), or None where they are not known.
    """
    correct = None if labels is None else int((said == labels).sum())
    low, high = (None, None) if correct is None else wilson(correct, len(said))
    return ControlRow(
        control=control,
        source=pair[0],
        target=pair[1],
        n=len(said),
        correct=correct,
        top1=None if correct is None else 100 * correct / len(said),
        ci_low=low,
        ci_high=high,
        agreement=float(100 * np.mean(said == own)),
    )


def _said(inputs: ControlInputs, name: str, heads: Sequence[Head]) -> list[Int32]:
    """(n,) predictions of each head on the fit rows of a network."""
    rows = inputs.fit[name]
    unknown = np.zeros(len(rows), np.int64)  # predictions do not ask for labels
    scores = score_heads(labelled(rows, unknown), heads, algebra=inputs.algebra)
    return [score.predictions for score in scores]
