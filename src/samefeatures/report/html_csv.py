"""All numbers of a study inside its page, for a reader who has the page alone."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from samefeatures.study.results import Cell


def cells_csv(cells: Sequence[Cell]) -> str:
    """What stands in ``results.csv``: a row a cell, a column a number."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    rows = [cell.row for cell in cells]
    table.writerow(rows[0] if rows else ())
    table.writerows([*map(_written, row.values())] for row in rows)
    return text.getvalue()


def _written(value: object) -> object:
    return "NaN" if isinstance(value, float) and math.isnan(value) else value
