"""All files of the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from samefeatures.base.errors import StoreError
from samefeatures.base.files import write_whole
from samefeatures.base.options import check_whole
from samefeatures.base.partial import alone
from samefeatures.base.paths import PathLike, as_path
from samefeatures.report import (
    beyond_figure,
    curves,
    figure,
    html,
    latex,
    markdown,
    strengths_figure,
)
from samefeatures.report.beyond import heats
from samefeatures.report.both_ways import as_csv
from samefeatures.report.drawing import as_uri
from samefeatures.report.grid import PRECISION, grids, mapped
from samefeatures.report.others import remove_others
from samefeatures.report.overlaps import fits, stale_note, view_pairs
from samefeatures.report.pictures import draw_pictures
from samefeatures.scores.overlap import Overlap, load_overlaps
from samefeatures.study.results import StudyResults

FINEST = 4
"""Digits behind the point; of more, no eval set says anything."""


def report_study(
    folder: PathLike, *, precision: int = PRECISION
) -> tuple[StudyResults, list[Path]]:
    """The results of a scored study's folder, and the files of their report, written beside them.

    Its overlaps are in the report.

    Args:
        folder: Of the study.
        precision: As of ``write_report``.

    Raises:
        ConfigError: when the precision is none.
        StoreError: when there are no results, or the report can't be written.
    """
    folder = as_path(folder)
    results = StudyResults.load(folder / "study.json")
    with alone(folder):  # or one process would take away what another has just drawn
        overlaps = load_overlaps(folder)
        report = folder / "report"
        return results, write_report(results, report, overlaps=overlaps, precision=precision)


def write_report(
    results: StudyResults,
    folder: PathLike,
    *,
    overlaps: Sequence[Overlap] = (),
    precision: int = PRECISION,
) -> list[Path]:
    """Write the tables in every medium, and the page.

    Args:
        results: The study.
        overlaps: Of pairs of its networks; the page shows them with figure and gallery. Those that
            do not fit the results (of an older scoring) are named as such.
        folder: Made if it is missing; files of an older report are replaced, or removed where this
            one has none of their name.
        precision: Digits behind the point of the percents in cells, from 0 to 4. Above 15 networks
            a cell on paper has at most one, above 25 none.

    Returns:
        ``report.html``, ``tables.md``, ``pairs.csv``, and per method ``table_METHOD.md``, ``.tex``,
        ``.png``, ``.svg`` and ``.pdf``, in this order; then ``r2_beyond_…`` of what is shared
        beyond controls (``.tex``, ``.png``, ``.svg``, ``.pdf``), ``similarity…`` of measures of two
        spaces, ``ranks`` of a sweep, ``by_rows`` of how many images, ``spectra``, ``canonical`` of
        the canonical space, the figures of the overlaps, ``curve_METHOD`` of iterative methods,
        ``strengths_METHOD`` where strengths were chosen; ``files.json``, which names them all.

    Raises:
        ConfigError: when the precision is none.
        StoreError: when the folder can't be written.
    """
    precision = check_whole("precision", precision, least=0, most=FINEST)
    folder = as_path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        views = view_pairs([o for o in overlaps if fits(o, results)], folder)
        stale = [stale_note(o) for o in overlaps if not fits(o, results)]
        drawn = [(each, curves.draw(each, folder)) for each in curves.curves_of(results)]
        chosen = strengths_figure.drawn_of(results, folder)
        pictures = draw_pictures(results, folder)
        text = html.page(
            results,
            precision=precision,
            pairs=views,
            stale=stale,
            curves=[(each, as_uri(svg)) for each, (_, svg, _) in drawn],
            strengths=[(each, as_uri(svg)) for each, (_, svg, _) in chosen],
            pictures=pictures,
        )
        paths = [
            _write(folder / "report.html", text),
            _write(folder / "tables.md", markdown.document(results, precision=precision)),
            _write(folder / "pairs.csv", as_csv(grids(results))),
        ]
        paths += _tables(results, folder, precision)
        paths += [path for picture in pictures for path in picture.files]
        paths += [path for view in views for path in view.files]
        paths += [path for _, files in (*drawn, *chosen) for path in files]
        paths.append(remove_others(folder, paths))
    except OSError as error:
        raise StoreError(
            f"The report can't be written to {folder}: {error.strerror or error}. Free some space "
            "or choose another folder with --out."
        ) from error
    return paths


def _tables(results: StudyResults, folder: Path, precision: int) -> Iterator[Path]:
    """Of every method, and of what is shared beyond controls, in every medium."""
    for grid in mapped(results, precision=precision):
        stem = f"table_{grid.slug}"
        yield _write(folder / f"{stem}.md", markdown.table(grid))
        yield _write(folder / f"{stem}.tex", latex.table(grid))
        yield from figure.draw(grid, folder, stem)
    for heat in heats(results):
        yield _write(folder / f"{heat.column}.tex", latex.heat(heat))
        yield from beyond_figure.draw(heat, folder)


def _write(path: Path, text: str) -> Path:
    write_whole(path, text.encode("utf-8", "backslashreplace"))
    return path
