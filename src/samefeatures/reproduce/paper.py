"""A study beside the paper's Table 1: two networks, both ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from samefeatures.reproduce.answers import answers_figures, answers_sentence
from samefeatures.reproduce.figures import (
    Comparison,
    Figure,
    beside,
    cells_of,
    label_of,
    missing_parts,
)
from samefeatures.reproduce.misprints import Misprint, paper_misprints, percent_right, points_lost
from samefeatures.reproduce.published import (
    PAPER_NETWORKS,
    VAL_IMAGES,
    Pair,
    Paper,
    Printed,
    published_paper,
)
from samefeatures.reproduce.setup import paper_setup
from samefeatures.reproduce.summary import paper_summary
from samefeatures.study.results import Cell, StudyResults

NORMALISED = ("cosine", "adam")
"""Methods that fit the paper's normalised loss (its Section 4.2), the nearest first."""
PREFERRED = (*NORMALISED, "ols")


def compare_with_paper(
    results: StudyResults, *, why: Mapping[str, str] | None = None
) -> Comparison:
    """Every figure of the paper's Table 1 and the counts of its section 5.2 beside the study's.

    The maps are those of the normalised loss where the study has them, else OLS; which of the two
    is said in the set-up.

    Args:
        results: A finished study with ``inception_v4`` and ``resnet_v2_152``.
        why: Reasons for missing networks, by name.
    """
    paper = published_paper()
    misprints = paper_misprints(paper)
    cells = cells_of(results, PREFERRED)
    figures = (
        *_table_1(paper, misprints, cells),
        *_overlap(paper, cells),
        *answers_figures({pair: row.percent for pair, row in paper.rows.items()}, results),
    )
    return Comparison(
        document="paper",
        title="The paper's Table 1 beside ours",
        networks=PAPER_NETWORKS,
        figures=figures,
        medians=(),
        misprints=misprints,
        missing=missing_parts(results, PAPER_NETWORKS, {}, why or {}),
        summary=(*paper_summary(figures, misprints), *answers_sentence(figures)),
        setup=paper_setup(
            results, used=label_of(results, PREFERRED), normalised=label_of(results, NORMALISED)
        ),
    )


def _table_1(
    paper: Paper, misprints: Sequence[Misprint], ours: Mapping[Pair, Cell]
) -> Iterator[Figure]:
    """The counts are exact, so percents and losses are compared with what they give."""
    for pair, row in paper.rows.items():
        cell = ours.get(pair)
        # Counts compare only between runs over equally many images.
        correct = cell.correct if cell and cell.n == VAL_IMAGES else None
        yield _count("1", "correct", pair, row.correct, correct)
        top1, against = cell.top1 if cell else None, (percent_right(paper, pair), 0)
        yield beside("1", "top-1", pair, row.percent, top1, against=against, misprints=misprints)
        if row.loss is not None:
            loss = cell.loss_vs_target_points if cell else None
            yield beside(
                "1", "loss vs target", pair, row.loss, loss, unit="points",
                against=(points_lost(paper, pair), 0), misprints=misprints,
            )  # fmt: skip


def _overlap(paper: Paper, ours: Mapping[Pair, Cell]) -> Iterator[Figure]:
    """Section 5.2: images that the target mislabels, and those of them that the map fixes."""
    for said in paper.said:
        if said.where == "Section 5.2":
            found = _counts(ours.get(said.pair)).get(said.what)
            yield _count(said.place, said.what, said.pair, int(said.printed.value), found)


def _counts(cell: Cell | None) -> Mapping[str, int]:
    if cell is None or cell.n != VAL_IMAGES or cell.correct is None:
        return {}
    fixed, broken = cell.turned
    # Of the target's right ones the hybrid breaks some, of its wrong ones it fixes some.
    wrong = cell.n - (cell.correct - fixed + broken)
    return {"mislabelled by the target": wrong, "fixed by the map": fixed}


def _count(table: str, what: str, pair: Pair, count: int, ours: int | None) -> Figure:
    printed = Printed(str(count))
    return beside(table, what, pair, printed, ours, unit="images", against=(count, 0))
