"""Files of the similarity of all pairs: tables and figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from samefeatures.base.errors import StoreError
from samefeatures.base.files import write_whole
from samefeatures.base.paths import PathLike, as_path
from samefeatures.report import ranking_figure, similarity_figure
from samefeatures.report.others import remove_others
from samefeatures.report.ranking import ranking_columns, rankings
from samefeatures.report.similarity import check_order
from samefeatures.study.results import Similarity


def write_similarity(found: Similarity, folder: PathLike, *, order: str = "study") -> list[Path]:
    """Write tables and figures of a similarity by themselves.

    Args:
        found: All measures.
        folder: Made if it is missing; files of an older similarity are replaced, or removed.
        order: Of the networks in the figures: ``study``, or ``dendrogram`` of each measure.

    Returns:
        As ``ranking_files``, ``similarity_MEASURE`` as figures; ``files.json``, which names all.

    Raises:
        ConfigError: when there is no such order.
        StoreError: when the folder can't be written.
    """
    folder = as_path(folder)
    check_order(order)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = ranking_files(found, folder)
        for measure in found.measures:
            paths += similarity_figure.draw(found, measure.name, folder, order=order)
        return [*paths, remove_others(folder, paths)]
    except OSError as error:
        raise StoreError(
            f"The similarity can't be written to {folder}: {error.strerror or error}. Free some "
            "space or choose another folder with --out."
        ) from error


def ranking_files(found: Similarity, folder: Path) -> list[Path]:
    """``similarity.csv``; where pairs are ranked ``similarity_ranking.csv`` and its figure."""
    paths, ranked = [_write_csv(folder / "similarity.csv", found.columns)], rankings(found)
    if ranked:
        paths.append(_write_csv(folder / "similarity_ranking.csv", ranking_columns(ranked)))
        paths += ranking_figure.draw(ranked, folder)
    return paths


def _write_csv(path: Path, columns: Mapping[str, Sequence[Any]]) -> Path:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*columns.values(), strict=True))
    write_whole(path, text.getvalue().encode("utf-8", "backslashreplace"))
    return path
