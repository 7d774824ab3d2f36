"""A comparison as files: Markdown, CSV, JSON and LaTeX."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from samefeatures.base.files import write_whole, writing
from samefeatures.report import latex
from samefeatures.report.markdown import escape
from samefeatures.reproduce.figures import Comparison, Figure
from samefeatures.reproduce.sheets import MARK, Entry, Sheet, sheets

COLUMNS = (
    "table", "what", "unit", "source", "target", "printed", "published", "ours", "difference",
    "status", "misprint",
)  # fmt: skip
"""Of ``comparison.csv``: one row per printed figure."""


def write_comparison(comparison: Comparison, folder: Path) -> list[Path]:
    """Write ``comparison.md``, ``.csv``, ``.json`` and one ``.tex`` per table.

    Raises:
        StoreError: when the folder can't be written.
    """
    texts = {
        "comparison.md": document(comparison),
        "comparison.csv": _csv(comparison),
        "comparison.json": _json(comparison),
    }
    texts |= {f"{sheet.slug}.tex": latex_table(sheet) for sheet in sheets(comparison)}
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            write_whole(folder / name, text.encode("utf-8"))
    return [folder / name for name in texts]


def _json(comparison: Comparison) -> str:
    return json.dumps(record(comparison), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def record(comparison: Comparison) -> dict[str, object]:
    """Everything in it as plain values; figures carry their difference and status."""
    out = asdict(comparison)
    out["figures"] = [_row(figure) for figure in comparison.figures]
    out["medians"] = [{**asdict(m), "difference": m.difference} for m in comparison.medians]
    return out


def _row(figure: Figure) -> dict[str, object]:
    status = "missing" if figure.ours is None else "differs" if figure.differs else "equal"
    values = {**asdict(figure), "difference": figure.difference, "status": status}
    return {name: values[name] for name in COLUMNS}


def _csv(comparison: Comparison) -> str:
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for figure in comparison.figures:
        rows.writerow({k: "" if v is None else v for k, v in _row(figure).items()})
    return text.getvalue()


def document(comparison: Comparison) -> str:
    """All tables, what is missing, the set-up and the summary as Markdown."""
    parts = [f"# {escape(comparison.title)}", "", "## Summary", ""]
    parts += [f"- {escape(line)}" for line in comparison.summary]
    parts += ["", "## What differs in the set-up", ""]
    parts += [f"- {escape(line)}" for line in comparison.setup]
    if comparison.missing:
        parts += ["", "## Missing", ""]
        parts += [f"- {escape(f'{name}: {why}')}" for name, why in comparison.missing.items()]
    for sheet in sheets(comparison):
        parts += ["", f"## {escape(sheet.title)}", "", *_table(sheet), "", escape(sheet.note)]
    if comparison.misprints:
        parts += ["", f"{escape(MARK)} misprint: compared with what the other figures give."]
    return "\n".join(parts) + "\n"


def _table(sheet: Sheet) -> Iterator[str]:
    yield _line([sheet.corner, *map(escape, sheet.columns)])
    yield _line(["---", *(["---:"] * len(sheet.columns))])
    for name, entries in sheet.rows:
        yield _line([f"**{escape(name)}**", *map(_cell, entries)])


def _cell(entry: Entry) -> str:
    first, *rest = (escape(line) for line in entry.lines)
    if not rest:
        return first
    return f"**{first}**<br><sub>{'<br>'.join(rest)}</sub>"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def latex_table(sheet: Sheet) -> str:
    r"""A ``table`` environment with caption and label, scaled down to the line if it is wider."""
    heads = [latex.escape(name) for name in sheet.columns]
    if sheet.square:
        heads = [rf"\rotatebox{{90}}{{{head}}}" for head in heads]
    lines = [
        latex.PREAMBLE.rstrip(),
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{latex.escape(f'{sheet.title}. {sheet.note}'.strip())}}}",
        rf"\label{{tab:reproduce-{sheet.slug.replace('_', '-')}}}",
        r"\medskip\small\setlength{\tabcolsep}{3pt}%",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{l*{{{len(heads)}}}{{r}}}}",
        r"\toprule",
        " & ".join([latex.escape(sheet.corner), *heads]) + r" \\",
        r"\midrule",
        *(
            " & ".join([latex.escape(name), *map(_latex_cell, entries)]) + r" \\"
            for name, entries in sheet.rows
        ),
        r"\bottomrule",
        r"\end{tabular}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _latex_cell(entry: Entry) -> str:
    first, *rest = (latex.escape(line) for line in entry.lines)
    if not rest:
        return first
    stacked = r"\\[-2pt]".join([first, *(rf"{{\scriptsize {line}}}" for line in rest)])
    return rf"\begin{{tabular}}{{@{{}}r@{{}}}}{stacked}\end{{tabular}}"
