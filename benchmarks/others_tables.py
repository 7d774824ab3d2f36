"""The tables of the docs that show what packages by others say: from ``results/others.json``."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.others_data import REASONS, Value

Row = Sequence[str]


def pairs(record: Mapping[str, Any]) -> list[Row]:
    """A row a peer: where it is ours, how nearly, and where it is apart."""
    values, letters = values_of(record), letters_of(record)
    rows: list[Row] = [("measure", "package", "call", "agrees on", "to", "apart")]
    for measure, package, call in dict.fromkeys((v.measure, v.package, v.call) for v in values):
        mine = [v for v in values if (v.measure, v.package, v.call) == (measure, package, call)]
        near = [v.difference for v in mine if v.agrees and v.difference is not None]
        note = f" ({letters[mine[0].note]})" if mine[0].note else ""
        count = sum(v.agrees for v in mine)
        reasons = dict.fromkeys(v.why for v in mine if v.why)
        rows.append((
            f"`{measure}`", package, f"`{call}`", f"{count} of {len(mine)}",
            f"{max(near):.0e}{note}" if near else "",
            "; ".join(_worst([v for v in mine if v.why == why], letters[why]) for why in reasons),
        ))  # fmt: skip
    return rows


def reasons(record: Mapping[str, Any]) -> str:
    """What the letters stand for."""
    return "\n".join(f"- ({letter}) {REASONS[why]}" for why, letter in letters_of(record).items())


def far(record: Mapping[str, Any]) -> list[Row]:
    """What becomes of debiased CKA far from zero."""
    rows: list[Row] = [
        ("package", "draws", "NaN or infinite", "beyond ±1", "0 or 1", "largest error of the rest")
    ]
    for each in record["far"]:
        counts = (str(each[name] or "") for name in ("none", "beyond", "end"))
        error = "" if each["error"] is None else f"{each['error']:.0e}"
        rows.append((each["package"], str(each["draws"]), *counts, error))
    return rows


def spaces(record: Mapping[str, Any]) -> list[Row]:
    """A row a class and what is held together; the largest difference over the kinds of data."""
    rows: list[Row] = [("package", "class", "held together", "data", "alpha", "largest difference")]
    kept = record["spaces"]
    for key in dict.fromkeys((e["package"], e["call"], e["what"], e["alpha"]) for e in kept):
        mine = [e for e in kept if (e["package"], e["call"], e["what"], e["alpha"]) == key]
        *names, alpha = key
        data = "; ".join(f"{e['data']} (k {e['k']})" for e in mine)
        worst = max(e["difference"] for e in mine)
        rows.append((*names, data, f"{alpha:g}", f"{worst:.0e}"))
    return rows


def packages(record: Mapping[str, Any]) -> str:
    """Names and versions, and when."""
    named = ", ".join(f"{name} {found}" for name, found in record["packages"].items())
    return f"Computed {record['date']} with {named}."


def values_of(record: Mapping[str, Any]) -> list[Value]:
    """What was kept of pairs."""
    return [Value(**each) for each in record["values"]]


def letters_of(record: Mapping[str, Any]) -> dict[str, str]:
    """A letter for each reason, in the order in which the table comes to it."""
    words = [word for v in values_of(record) for word in (v.note, v.why) if word]
    return dict(zip(dict.fromkeys(words), string.ascii_lowercase, strict=False))


def _worst(apart: Sequence[Value], letter: str) -> str:
    """Where they differ most, or where one says nothing."""
    worst = max(apart, key=lambda v: float("inf") if v.difference is None else v.difference)
    if worst.difference is not None and worst.difference < 5e-4:
        found = f"{worst.difference:.0e} off"
    else:
        theirs = worst.said.split(":")[0] if worst.theirs is None else _number(worst.theirs)
        mine = "empty" if worst.ours is None else _number(worst.ours)
        found = f"{theirs.replace('nan', 'NaN').replace('-', '−')}, ours {mine}"
    more = f" and {len(apart) - 1} more" if len(apart) > 1 else ""
    return f"{worst.data}: {found}{more} ({letter})"


def _number(value: float) -> str:
    return f"{value:.{5 if value > 1 else 4}f}".replace("-", "−")
