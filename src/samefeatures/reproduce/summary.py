"""What a comparison comes to, in a few sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from samefeatures.report.grid import number, signed
from samefeatures.reproduce.figures import WITHIN, Figure, Median, arrow
from samefeatures.reproduce.misprints import Misprint
from samefeatures.reproduce.published import Pair
from samefeatures.study.results import Cell


def thesis_summary(
    figures: Sequence[Figure],
    medians: Sequence[Median],
    misprints: Sequence[Misprint],
    logit: Mapping[Pair, Cell],
    naive: Mapping[Pair, Cell],
) -> tuple[str, ...]:
    """Cells within half a point, the largest deviation and where, gains, misprints."""
    table = [f for f in figures if (f.table, f.what) == ("5.2", "top-1")]
    lines = list(_closeness("Table 5.2", table))
    own = [f for f in figures if (f.table, f.what) == ("5.1", "local top-1")]
    lines += _closeness("Table 5.1 (a network with its own head)", own)
    lines += _gains(table)
    lines += _logit(logit)
    lines += _naive(naive, figures)
    lines += (median_sentence(median) for median in medians)
    return (*lines, *_misprints(misprints))


def paper_summary(figures: Sequence[Figure], misprints: Sequence[Misprint]) -> tuple[str, ...]:
    """The same for the paper's Table 1, and what its map fixes."""
    table = [f for f in figures if f.what == "top-1"]
    return (*_closeness("Table 1", table), *_fixed(figures), *_misprints(misprints))


def _fixed(figures: Sequence[Figure]) -> Iterator[str]:
    wrong, fixed = (
        next(f for f in figures if f.what == what)
        for what in ("mislabelled by the target", "fixed by the map")
    )
    printed = f"the paper has {fixed.published:,.0f} of {wrong.published:,.0f}"
    printed += f" ({number(100 * fixed.published / wrong.published)} %)"
    if fixed.ours is None or not wrong.ours:
        yield f"Section {fixed.table}, {_place(fixed)}: {printed}; ours is missing."
        return
    yield (
        f"Section {fixed.table}, {_place(fixed)}: the map fixes {fixed.ours:,.0f} of the "
        f"{wrong.ours:,.0f} images that {fixed.target} mislabels "
        f"({number(100 * fixed.ours / wrong.ours)} %); {printed}."
    )


def _closeness(where: str, figures: Sequence[Figure]) -> Iterator[str]:
    there = [f for f in figures if f.difference is not None]
    if not there:
        yield f"{where}: none of its {len(figures)} cells was run."
        return
    near = sum(abs(f.difference or 0.0) <= WITHIN + 1e-9 for f in there)
    missing = f"; {len(figures) - len(there)} are missing" if len(there) < len(figures) else ""
    yield (
        f"{where}: {near} of the {len(there)} cells that were run are within {WITHIN} points "
        f"of the published ones{missing}."
    )
    far = max(there, key=lambda f: abs(f.difference or 0.0))
    beyond = sum(f.differs for f in there)
    if not beyond:
        yield f"{where}: no cell differs by more than the rounding of the printed figures."
        return
    yield (
        f"{where}: largest deviation {signed(far.difference or 0.0)} points, {_place(far)} "
        f"({number(far.ours or 0.0)} against {number(far.published)})."
    )


def _place(figure: Figure) -> str:
    own = " with its own head" if figure.source == figure.target else ""
    return arrow(figure.source, figure.target) + own


def _gains(table: Sequence[Figure]) -> Iterator[str]:
    """How many hybrids beat the target's own accuracy, ours and theirs over the same cells."""
    at = {(f.source, f.target): f for f in table}
    both = [f for f in table if f.ours is not None and f.source != f.target]
    if not both:
        return
    theirs = sum(f.published > at[f.target, f.target].published for f in both)
    mine = sum((f.ours or 0.0) > (at[f.target, f.target].ours or 0.0) for f in both)
    yield (
        f"{mine} of the {len(both)} hybrids beat the target's own accuracy; "
        f"in the printed table {theirs} of the same."
    )


def _logit(cells: Mapping[Pair, Cell]) -> Iterator[str]:
    hybrids = [cell for (a, b), cell in cells.items() if a != b]
    if hybrids:
        same = sum(cell.correct == cells[cell.source, cell.source].correct for cell in hybrids)
        yield (
            f"Table 5.3: {same} of {len(hybrids)} logit maps repeat the source's own accuracy to "
            "the image; in the thesis all do."
        )


def _naive(cells: Mapping[Pair, Cell], figures: Sequence[Figure]) -> Iterator[str]:
    figure = next((f for f in figures if f.what == "best naive hybrid"), None)
    if figure is not None and figure.ours is not None:
        count = sum(a != b for a, b in cells)
        yield (
            f"Best of {count} naive hybrids: {number(figure.ours)} % ({_place(figure)}); "
            f"the thesis has {figure.printed} %."
        )


def median_sentence(median: Median) -> str:
    """A median both of the printed table and of ours, over the same cells."""
    what = f"Median {median.what} over "
    what += "the maps" if median.over == "maps" else "all cells with the diagonal"
    whole = f"printed table {signed(median.everywhere)} {median.unit} ({median.of})"
    if median.ours is None or median.published is None:
        return f"{what}: {whole}; ours is missing."
    if median.count < median.of:
        whole += f", over our {median.count} {signed(median.published)}"
    return f"{what}: ours {signed(median.ours)} {median.unit}; {whole}."


def _misprints(misprints: Sequence[Misprint]) -> Iterator[str]:
    for found in misprints:
        place = f", {arrow(found.source, found.target)}" if found.source else ""
        yield (
            f"Misprint in {found.where}{place}: {found.what} is printed as "
            f"{found.printed.replace('-', '−')}, but {found.why.replace('-', '−')}."
        )
