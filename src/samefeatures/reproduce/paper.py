"""A study beside the paper's Table 1: two networks, both ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samefeatures.reproduce.figures import (
    Comparison,
    Figure,
    cells_of,
    label_of,
    misprint_of,
    missing_parts,
)
from samefeatures.reproduce.misprints import Misprint, paper_misprints
from samefeatures.reproduce.published import (
    PAPER_IMAGES,
    PAPER_NETWORKS,
    Pair,
    PaperRow,
    published_paper,
    published_paper_counts,
)
from samefeatures.reproduce.setup import paper_setup
from samefeatures.reproduce.summary import paper_summary
from samefeatures.study.results import Cell, StudyResults

NORMALISED = ("cosine", "adam")
"""Methods that fit the paper's normalised loss (its Section 4.2), the nearest first."""
METHODS = (*NORMALISED, "ols")


def compare_with_paper(
    results: StudyResults,
    *,
    why: Mapping[str, str] | None = None,
    paper: Mapping[Pair, PaperRow] | None = None,
) -> Comparison:
    """Every figure of the paper's Table 1 and the counts of its section 5.2 beside the study's.

    The maps are those of the normalised loss where the study has them, else OLS; which of the two
    is said in the set-up.

    Args:
        results: A finished study with ``inception_v4`` and ``resnet_v2_152``.
        why: Reasons for missing networks, by name.
        paper: The printed figures; those that ship with the package by default.
    """
    rows = paper or published_paper()
    misprints = paper_misprints(rows)
    used = label_of(results, METHODS)
    cells = cells_of(results, METHODS)
    figures = (*_table_1(rows, misprints, cells), *_overlap(cells))
    return Comparison(
        document="paper",
        title="The paper's Table 1 beside ours",
        networks=PAPER_NETWORKS,
        figures=figures,
        medians=(),
        misprints=misprints,
        missing=missing_parts(results, PAPER_NETWORKS, {}, why or {}),
        summary=paper_summary(figures, misprints),
        setup=paper_setup(results, used=used, normalised=label_of(results, NORMALISED)),
    )


def _table_1(
    rows: Mapping[Pair, PaperRow],
    misprints: tuple[Misprint, ...],
    ours: Mapping[Pair, Cell],
) -> Iterator[Figure]:
    for pair, row in rows.items():
        cell = ours.get(pair)
        source, target = pair
        # Counts compare only between runs over equally many images.
        whole = cell is not None and cell.n == PAPER_IMAGES
        yield Figure(
            table="1",
            what="correct",
            unit="images",
            source=source,
            target=target,
            printed=str(row.correct),
            published=row.correct,
            rounding=0,
            ours=cell.correct if cell and whole else None,
        )
        # The counts are exact, so percents and losses are compared with what they give.
        yield Figure(
            table="1",
            what="top-1",
            unit="%",
            source=source,
            target=target,
            printed=row.percent.text,
            published=100 * row.correct / PAPER_IMAGES,
            rounding=0,
            ours=cell.top1 if cell else None,
            misprint=misprint_of(misprints, "top-1", *pair),
        )
        if row.loss is not None:
            own = rows[target, target].correct
            yield Figure(
                table="1",
                what="loss vs target",
                unit="points",
                source=source,
                target=target,
                printed=row.loss.text,
                published=100 * (own - row.correct) / PAPER_IMAGES,
                rounding=0,
                ours=cell.loss_vs_target_points if cell else None,
                misprint=misprint_of(misprints, "loss vs target", *pair),
            )


def _overlap(ours: Mapping[Pair, Cell]) -> Iterator[Figure]:
    """Section 5.2: images that the target mislabels, and those of them that the map fixes."""
    for said in published_paper_counts():
        cell = ours.get((said.source, said.target))
        values: dict[str, int] = {}
        if cell is not None and cell.n == PAPER_IMAGES:
            # Of the target's right ones the hybrid breaks some, of its wrong ones it fixes some.
            wrong = cell.n - (cell.correct - cell.fixed + cell.broken)
            values = {"mislabelled by the target": wrong, "fixed by the map": cell.fixed}
        yield Figure(
            table=said.section,
            what=said.what,
            unit="images",
            source=said.source,
            target=said.target,
            printed=str(said.count),
            published=said.count,
            rounding=0,
            ours=values.get(said.what),
        )
