"""Figures in the sentences of docs/: ``<!-- SET: QUERY -->…<!-- end -->`` is filled from results.

``python -m benchmarks.prose`` writes them anew. SET is a study of docs/ or a suite of
benchmarks/results. A query of a study is one of

    own NETWORK                                     its top-1
    METHOD maps|beat|better|worse|unsure            counts of hybrids against their targets' own
    METHOD [from SOURCES] [into TARGETS] COLUMN HOW
    METHOD minus METHOD COLUMN HOW                  cell by cell
    control NAME top1|agreement                     median, as tables.md has it
    METHOD share COLUMN of COLUMN HOW               of two counts, in percent, cell by cell
    METHOD count COLUMN above COLUMN                in how many cells
    space KIND COLUMN HOW                           of spaces.csv; change is against the source
    beyond COLUMN OF HOW                            of beyond.csv: cka_beyond_answers, or of another
                                                    measure; OF is features or a null; HOW may
                                                    be sure: how many intervals lie above 0
    beyond table                                    medians of measures, and of the null
    task NAME own|hybrids|answers HOW               top-1 of a task's OLS, or of answers alone
    space KIND beats METHOD                         in how many maps its top-1 is above METHOD's
    answers COLUMN HOW                              of answers.csv
    answers share COLUMN of COLUMN HOW              of two counts, in percent, pair by pair
    canonical|attached table|says                   of canonical.json
    ranks table|says                                of ranks.csv: medians by rank; how many suffice
    table                                           of all methods
    section TITLE                                   of the report, as tables.md has it

SOURCES and TARGETS are NAME,NAME,…; HOW is median, mean, low, high, or above=X or below=X: how
many are. A query of a suite is ``STAGE / PEER | FIELD | FORMAT``: the first line whose stage and
peer start so (PEER may be left out), a field of it, and a format of Python's, or ``h`` for hours.
``measures: table`` asks no results: it is what the measures say of themselves.
"""

from __future__ import annotations

import csv
import json
import operator
import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.measure_table import beyond_table, measure_table
from benchmarks.record import RESULTS, kept
from samefeatures.base.records import record
from samefeatures.base.sealed import read_sealed
from samefeatures.report.canonical import attached_listing, sweep_listing
from samefeatures.report.grid import number, signed
from samefeatures.report.listing import Listing
from samefeatures.report.ranks import by_rank, enough_says
from samefeatures.scores.intervals import ALPHA
from samefeatures.study.results import CanonicalResults, Ranks

DOCS = Path(__file__).parents[1] / "docs"
PLACE = re.compile(r"(<!-- ([\w.-]+): ([^>\n]+) -->)(.*?)(<!-- end -->)", re.DOTALL)
HOW: Mapping[str, Callable[[Sequence[float]], float]] = {
    "median": statistics.median,
    "mean": statistics.fmean,
    "low": min,
    "high": max,
}
Row = Mapping[str, str]
ENDS = ("source", "target")


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
            of_none = results == "measures" and query == "table"
            new = measure_table() if of_none else answer(results, query)
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
        case ["table"] | ["beyond", "table"] as words:
            text = beyond_table(DOCS / results) if words[1:] else _table(hybrids)
        case ["own", name]:
            own = next(row for row in rows if row["source"] == row["target"] == name)
            text = number(float(own["top1"]))
        case [("task" | "section" | "canonical" | "attached"), *_]:
            text = _of_the_report(results, query.split())
        case [("control" | "space" | "beyond" | "answers" | "ranks"), *_]:
            text = _of_controls(results, rows, query.split())
        case [method, "share", column, "of", whole, how]:
            pairs = [(float(row[column]), float(row[whole])) for row in _of(hybrids, method)]
            text = _shown([100 * part / count for part, count in pairs if count], how)
        case [method, "count", column, "above", other]:
            text = str(sum(float(r[column]) > float(r[other]) for r in _of(hybrids, method)))
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


def _of_controls(results: str, rows: Sequence[Row], words: Sequence[str]) -> str:
    match words:
        case ["control", *name, ("top1" | "agreement") as column]:
            return _control(results, " ".join(name), column)
        case ["space", *kind, "beats", method]:
            top1 = {(r["source"], r["target"]): float(r["top1"]) for r in _of(rows, method)}
            found = [r for r in _read(DOCS / results / "spaces.csv") if r["kind"] == " ".join(kind)]
            return str(sum(float(r["top1"]) > top1[r["of"], r["target"]] for r in found))
        case ["space", *kind, column, how]:
            return _space(results, rows, " ".join(kind), column, how)
        case ["ranks", ("table" | "says") as what]:
            return _ranks(_read(DOCS / results / "ranks.csv"), what)
        case ["answers", *of]:
            return _answers(_read(DOCS / results / "answers.csv"), of)
        case ["beyond", column, *of, how]:
            return _beyond(_read(DOCS / results / "beyond.csv"), column, " ".join(of), how)
    raise ValueError("it has another form")


def _of_the_report(results: str, words: Sequence[str]) -> str:
    match words:
        case ["task", name, ("own" | "hybrids" | "answers") as what, how]:
            return _shown(_task(results, name, what), how)
        case ["section", *title]:
            return _section((DOCS / results / "tables.md").read_text(), " ".join(title))
        case ["canonical" | "attached" as listing, what]:
            return _canonical(DOCS / results / "canonical.json", listing, what)
    raise ValueError("it has another form")


def _answers(rows: Sequence[Row], words: Sequence[str]) -> str:
    match words:
        case ["share", column, "of", whole, how]:
            return _shown([100 * float(row[column]) / float(row[whole]) for row in rows], how)
        case [column, how]:
            return _shown([float(row[column]) for row in rows], how, digits=0)
    raise ValueError("it has another form")


def _beyond(rows: Sequence[Row], column: str, of: str, how: str) -> str:
    measure, _, names = column.partition("_beyond_")
    given = names.replace("_", ", ")
    mine = [row for row in rows if (row["given"], row["of"]) == (given, of)]
    if how == "sure":
        return str(sum(float(row["ci_low"]) > 0 for row in mine if row["ci_low"]))
    return _shown([float(row[measure]) for row in mine if row[measure]], how, digits=3)


def _task(study: str, name: str, what: str) -> list[float]:
    """Top-1 of all cells of one kind."""
    method = "answers alone" if what == "answers" else "ols"
    rows = [
        r for r in _read(DOCS / study / "tasks.csv") if (r["task"], r["method"]) == (name, method)
    ]
    own = what == "own"
    return [float(r["top1"]) for r in rows if (r["source"] == r["target"]) == own]


def _ranks(rows: Sequence[Row], what: str) -> str:
    """Maps of every rank, as the report has them."""
    plain = [{k: v if k in ENDS else json.loads(v or "null") for k, v in r.items()} for r in rows]
    found = record(Ranks, {"rows": plain})
    if what == "says":
        return enough_says(found)
    listing = by_rank(found)
    return _as_table(listing)


def _canonical(path: Path, listing: str, what: str) -> str:
    """What the networks share, as the report has it."""
    found = record(CanonicalResults, read_sealed(path))
    shown = {"canonical": sweep_listing, "attached": attached_listing}[listing](found)
    return "\n\n".join(shown.says) if what == "says" else _as_table(shown)


def _as_table(listing: Listing) -> str:
    lines = [listing.heads, ("---",) * len(listing.heads), *listing.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _of(hybrids: Sequence[Row], method: str) -> list[Row]:
    return [row for row in hybrids if row["method"] == method]


def _space(study: str, rows: Sequence[Row], kind: str, column: str, how: str) -> str:
    """Of all maps out of the control spaces of one kind."""
    own = {row["source"]: float(row["top1"]) for row in rows if row["source"] == row["target"]}
    found = [row for row in _read(DOCS / study / "spaces.csv") if row["kind"] == kind]
    if column == "change":
        changes = [100 * (float(r["top1"]) - own[r["of"]]) / own[r["of"]] for r in found]
        return _shown(changes, how, sign=True)
    digits = 3 if column == "r2" else 2
    return _shown([float(row[column]) for row in found if row[column]], how, digits=digits)


def _shown(values: Sequence[float], how: str, *, sign: bool = False, digits: int = 2) -> str:
    word, _, limit = how.partition("=")
    if word in ("above", "below"):
        beyond = operator.gt if word == "above" else operator.lt
        return str(sum(beyond(value, float(limit)) for value in values))
    return (signed if sign else number)(HOW[word](values), digits)


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
    for line in _section((DOCS / study / "tables.md").read_text(), "Controls").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 5 and cells[0] == name:
            return cells[2 if column == "top1" else 3].split()[0]
    raise KeyError(name)


def _section(tables: str, title: str) -> str:
    """What stands under a heading."""
    _, text = tables.split(f"\n## {title}\n", 1)
    return re.split(r"^##? ", text, maxsplit=1, flags=re.MULTILINE)[0].strip()


def _of_suite(suite: str, stage: str, field: str, form: str) -> str:
    stage, _, peer = stage.partition(" / ")
    lines = [line for line in kept(suite)["lines"] if line["stage"].startswith(stage)]
    value = next(line for line in lines if line["peer"].startswith(peer))[field]
    return f"{value / 3600:.1f}" if form == "h" else f"{value:{form}}"


def _read(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    print("\n".join(str(path) for path in write_prose()))
