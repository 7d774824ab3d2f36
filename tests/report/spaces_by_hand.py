"""Control spaces of studies made by hand."""

from __future__ import annotations

from dataclasses import replace

from samefeatures.scores.follows import Follows
from samefeatures.scores.intervals import wilson
from samefeatures.study.results import Controls, MeasureSummary, StudyResults
from samefeatures.study.results.spaces import AnswersRow, BeyondRow, SpaceFindings, SpaceRow


def with_spaces(
    results: StudyResults,
    *,
    lost: float = 0.0,
    r2: float = 0.78,
    beyond: float = 0.59,
    pixels: float = 0.44,
    null: float = -0.01,
    labelled_right: int = 10,
    follows: float = 0.75,
) -> StudyResults:
    """With control spaces in every source's place: answers lose ``lost`` percent.

    Values rise by a thousandth from pair to pair, so that every figure can be told apart.
    """
    own = {net.name: net for net in results.networks}
    pairs = [(a, b) for a in own for b in own if a != b]
    n = results.eval_data.rows
    step = {pair: 0.001 * i for i, pair in enumerate(pairs)}

    def row(kind: str, of: str | None, target: str, top1: float, r2: float) -> SpaceRow:
        low, high = wilson(round(n * top1 / 100), n)
        return SpaceRow(
            kind=kind, of=of, target=target, n=n, correct=round(n * top1 / 100), top1=top1,
            ci_low=low, ci_high=high, agreement=top1 - 1, r2=r2, rank=9, columns=10,
        )  # fmt: skip

    answers = [row("answers", a, b, own[a].top1 * (1 - lost / 100), r2) for a, b in pairs]
    noise = [row("class noise", a, b, own[a].top1 * (1 - lost / 100) - 1, 0.4) for a, b in pairs]
    random = [row("random weights", a, b, 40 + 10 * step[a, b], 0.3) for a, b in pairs]
    values = {"answers": beyond, "answers, pixels": pixels}
    found = SpaceFindings(
        rows=(*answers, *noise, *random, *(row("pixels", None, b, 30.0, 0.2) for b in own)),
        answers=tuple(
            AnswersRow(
                source=a, target=b, classes=10, seen=10, labelled_right=labelled_right,
                fewest=180, typical=201, most=222,
            )
            for a, b in pairs
        ),
        beyond=tuple(
            BeyondRow(
                given=given, of=of, source=a, target=b, r2=value, ci_low=value - 0.02,
                ci_high=value + 0.02,
            )
            for given, level in values.items()
            for of, value_of in (("features", level), ("class noise", null))
            for a, b in pairs
            for value in [value_of + step[a, b]]
        ),
        notes=("random weights: one <seed> each",),
        left_out={"soft answers": "not asked for"},
    )  # fmt: skip
    controls = results.controls or Controls(
        source=results.networks[0].name, seed=0, rows=(), logit_predictions_differing=0,
        logit_difference=0.0, left_out={},
    )  # fmt: skip
    return replace(
        _measured(_following(results, follows), found), controls=replace(controls, spaces=found)
    )


def _following(results: StudyResults, share: float) -> StudyResults:
    cells = []
    for cell in results.cells:
        own = cell.source == cell.target
        follows = Follows(
            n=cell.n, disagree=400, as_source=round(400 * share), as_target=80, mistakes=300,
            repeated=190, repeated_by_source=186, consistency=0.62, consistency_of_source=0.55,
        )  # fmt: skip
        cells.append(replace(cell, follows=None if own else follows))
    return replace(results, cells=tuple(cells))


def _measured(results: StudyResults, found: SpaceFindings) -> StudyResults:
    """R² beyond the controls as columns of the cells; 1 on the diagonal."""
    by_column = found.columns()
    measures = tuple(
        MeasureSummary(
            name=name, label=f"R² {name.removeprefix('r2_').replace('_', ' ')}",
            says="share of what controls leave that the source explains", judges="spaces",
            same=1.0, apart=0.0, asked=True,
        )
        for name in by_column
    )  # fmt: skip
    cells = tuple(
        replace(
            cell,
            measures={
                **cell.measures,
                **{name: v.get((cell.source, cell.target), 1.0) for name, v in by_column.items()},
            },
        )
        for cell in results.cells
    )
    return replace(results, measures=(*results.measures, *measures), cells=cells)
