"""Figures in the sentences of docs/: ``<!-- SET: QUERY -->…<!-- end -->`` is filled from results.

``python -m benchmarks.prose`` writes them anew. SET is a study of docs/ or a suite of
benchmarks/results. A query of a study is one of

    own NETWORK                                     its top-1
    METHOD maps|beat|better|worse|unsure            counts of hybrids against their targets' own
    METHOD [from SOURCES] [into TARGETS] COLUMN HOW
    METHOD minus METHOD COLUMN HOW                  cell by cell
    control NAME top1|agreement                     median, as tables.md has it
    follow COLUMN [minus COLUMN] HOW                of follow.csv: percent of mistakes, or images
    table                                           of all methods

SOURCES and TARGETS are NAME,NAME,…; HOW is median, mean, low, high, or above=X or below=X: how
many are. A query of a suite is ``STAGE / PEER | FIELD | FORMAT``: the first line whose stage and
peer start so (PEER may be left out), a field of it, and a format of Python's, or ``h`` for hours.

``python -m benchmarks.prose follow OUT STUDY`` writes follow.csv of a study that lies in OUT.
"""

from __future__ import annotations

import csv
import operator
import re
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from pathlib import Path

from benchmarks.record import RESULTS, kept
from samefeatures.report.grid import number, signed
from samefeatures.scores.follow import follow
from samefeatures.scores.intervals import ALPHA
from samefeatures.study.results import StudyResults
from samefeatures.study.tables import read_predictions

DOCS = Path(__file__).parents[1] / "docs"
PLACE = re.compile(r"(<!-- ([\w.-]+): ([^>\n]+) -->)(.*?)(<!-- end -->)", re.DOTALL)
HOW: Mapping[str, Callable[[Sequence[float]], float]] = {
    "median": statistics.median,
    "mean": statistics.fmean,
    "low": min,
    "high": max,
}
Row = Mapping[str, str]


def write_prose() -> list[Path]:
    """Every page that has such a place; returns what was written."""
    pages = [page for page in sorted(DOCS.glob("*.md")) if PLACE.search(page.read_text())]
    for page in pages:
        page.write_text(filled(page.read_text()))
    return pages


def filled(text: str) -> str:
    """The page with all its places filled.

    Raises:
        ValueError: when a query can't be answered, naming it.
    """

    def fill(found: re.Match[str]) -> str:
        opening, results, query, old, closing = found.groups()
        try:
            new = answer(results, query)
        except (LookupError, ValueError, OSError, StopIteration) as error:
            raise ValueError(f"'{results}: {query}' can't be answered: {error!r}") from error
        return f"{opening}\n{new}\n{closing}" if old.startswith("\n") else opening + new + closing

    return PLACE.sub(fill, text)


def answer(results: str, query: str) -> str:
    """What stands in the place of a query."""
    if (RESULTS / f"{results}.json").exists():
        return _of_suite(results, *query.split(" | "))
    rows = _read(DOCS / results / "results.csv")
    hybrids = [row for row in rows if row["source"] != row["target"]]
    match query.split():
        case ["table"]:
            text = _table(hybrids)
        case ["own", name]:
            own = next(row for row in rows if row["source"] == row["target"] == name)
            text = number(float(own["top1"]))
        case ["control", *name, ("top1" | "agreement") as column]:
            text = _control(results, " ".join(name), column)
        case ["follow", column, how]:
            pairs = _read(DOCS / results / "follow.csv")
            text = _shown([100 * int(p[column]) / int(p["mistakes"]) for p in pairs], how)
        case ["follow", column, "minus", other, how]:
            pairs = _read(DOCS / results / "follow.csv")
            text = _shown([int(p[column]) - int(p[other]) for p in pairs], how)
        case [method, ("maps" | "beat" | "better" | "worse" | "unsure") as count]:
            text = str(_counts(_of(hybrids, method))[count])
        case [method, "minus", other, column, how]:
            pairs = zip(_of(hybrids, method), _of(hybrids, other), strict=True)
            text = _shown([float(a[column]) - float(b[column]) for a, b in pairs], how, sign=True)
        case [method, *where, column, how]:
            found = _of(hybrids, method)
            for word, names in zip(where[::2], where[1::2], strict=True):
                end = {"from": "source", "into": "target"}[word]
                found = [row for row in found if row[end] in names.split(",")]
            sign = column == "change_vs_source_pct"
            text = _shown([float(row[column]) for row in found], how, sign=sign)
        case _:
            raise ValueError("it has another form")
    return text


def _of(hybrids: Sequence[Row], method: str) -> list[Row]:
    return [row for row in hybrids if row["method"] == method]


def _shown(values: Sequence[float], how: str, *, sign: bool = False) -> str:
    word, _, limit = how.partition("=")
    if word in ("above", "below"):
        beyond = operator.gt if word == "above" else operator.lt
        return str(sum(beyond(value, float(limit)) for value in values))
    return (signed if sign else number)(HOW[word](values))


def _table(hybrids: Sequence[Row]) -> str:
    """Every method in a column."""
    methods = list(dict.fromkeys(row["method"] for row in hybrids))
    columns = []
    for method in methods:
        mine = _of(hybrids, method)
        counts = _counts(mine)
        change, top1, r2 = (
            [float(row[name]) for row in mine] for name in ("change_vs_source_pct", "top1", "r2")
        )
        columns.append(
            [
                f"{signed(statistics.median(change))} %",
                f"{signed(min(change))} to {signed(max(change))} %",
                f"{number(min(top1))} to {number(max(top1))} %",
                f"{counts['beat']} of {counts['maps']}",
                *(str(counts[name]) for name in ("better", "worse", "unsure")),
                number(statistics.median(r2)),
            ]
        )
    heads = (
        "change vs source, median", "range", "top-1, range", "above the target's own",
        "significantly better", "significantly worse", "can't be told apart", "R², median",
    )  # fmt: skip
    rows = [("over the maps", *methods), ("---",) * (1 + len(methods))]
    rows += [(head, *cells) for head, *cells in zip(heads, *columns, strict=True)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _counts(hybrids: Sequence[Row]) -> dict[str, int]:
    """Hybrids against their targets' own networks, as the report counts them."""
    sure = [row for row in hybrids if float(row["p_vs_target"]) < ALPHA]
    better = sum(int(row["fixed"]) > int(row["broken"]) for row in sure)
    return {
        "maps": len(hybrids),
        "beat": sum(float(row["loss_vs_target_points"]) < 0 for row in hybrids),
        "better": better,
        "worse": len(sure) - better,
        "unsure": len(hybrids) - len(sure),
    }


def _control(study: str, name: str, column: str) -> str:
    """The median in the report's table of controls."""
    for line in (DOCS / study / "tables.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 5 and cells[0] == name:
            return cells[2 if column == "top1" else 3].split()[0]
    raise KeyError(name)


def _of_suite(suite: str, stage: str, field: str, form: str) -> str:
    stage, _, peer = stage.partition(" / ")
    lines = [line for line in kept(suite)["lines"] if line["stage"].startswith(stage)]
    value = next(line for line in lines if line["peer"].startswith(peer))[field]
    return f"{value / 3600:.1f}" if form == "h" else f"{value:{form}}"


def _read(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_follow(out: Path, study: str) -> None:
    """Keep, of every OLS hybrid, how often it and its source repeat the target's mistakes."""
    names = [network.name for network in StudyResults.load(out / "study.json").networks]
    with (DOCS / study / "follow.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["source", "target", "mistakes", "repeated", "repeated_by_source"])
        for source, target in permutations(names, 2):
            found = read_predictions(
                out / "predictions.parquet",
                ["label", f"own/{source}", f"own/{target}", f"ols/{source}/{target}"],
            )
            labels, source_says, target_says, hybrid_says = found.values()
            said = follow(
                source_says=source_says,
                target_says=target_says,
                hybrid_says=hybrid_says,
                labels=labels,
            )
            counts = (said.mistakes, said.repeated, said.repeated_by_source)
            table.writerow([source, target, *counts])


if __name__ == "__main__":
    if sys.argv[1:2] == ["follow"]:
        write_follow(Path(sys.argv[2]), sys.argv[3])
    else:
        print("\n".join(str(path) for path in write_prose()))
