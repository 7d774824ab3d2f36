"""``python -m benchmarks pages``: write the tables of docs/speed.md and others anew.

Every figure comes from results/*.json. Text between ``<!-- NAME -->`` and ``<!-- end -->`` is
replaced; the rest of a page is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import others_tables
from benchmarks.record import RESULTS, Line, kept
from benchmarks.scaling import JOBS, costs
from benchmarks.table import markdown
from samefeatures.planning.words import duration, size

DOCS = Path(__file__).parents[1] / "docs"
SUITES = (
    "algebra", "peers", "memory", "scoring", "extraction", "loops", "disk", "normalised", "planned",
    "arrays", "strengths", "similarity",
)  # fmt: skip
Row = Sequence[str]


def write_pages() -> list[Path]:
    """The pages and the figure; returns what was written."""
    written = [fill(DOCS / "speed.md", {"bench": bench})]
    if (RESULTS / "scaling.json").exists():
        from benchmarks.figure import draw

        record = kept("scaling")
        tables: dict[str, Callable[[], str]] = {
            "machine": lambda: machine_line(record),
            "rates": lambda: rates(record),
            "sizes": sizes,
            "costs": lambda: costs_table(record),
            "growth": lambda: growth(record),
            "further": lambda: further(record),
        }
        written += [fill(DOCS / "scaling.md", tables), draw(record, DOCS / "scaling.png")]
    if (RESULTS / "fuzz.json").exists():
        found, stopped = kept("fuzz"), kept("kills")
        tables = {
            "damage": lambda: damage(found),
            "wrong": lambda: wrong(found),
            "kills": lambda: kills(stopped),
        }
        written.append(fill(DOCS / "robustness.md", tables))
    if (RESULTS / "others.json").exists():
        record = kept("others")
        tables = {
            "others": lambda: table(others_tables.pairs(record), left=3),
            "others-reasons": lambda: others_tables.reasons(record),
            "others-far": lambda: table(others_tables.far(record)),
            "others-packages": lambda: others_tables.packages(record),
        }
        written.append(fill(DOCS / "similarity.md", tables))
        tables = {"others-spaces": lambda: table(others_tables.spaces(record), left=4)}
        written.append(fill(DOCS / "canonical-space.md", tables))
    return written


def fill(page: Path, tables: Mapping[str, Callable[[], str]]) -> Path:
    """Replace what stands between the marks of a page."""
    text = page.read_text()
    for name, made in tables.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        if not re.search(pattern, text, re.DOTALL):
            raise ValueError(f"{page} has no place for '{name}'")
        body = made()
        text = re.sub(
            pattern,
            lambda m, b=body: f"{m[1]}{b}\n{m[2]}",
            text,
            flags=re.DOTALL,  # type: ignore[misc]
        )
    page.write_text(text)
    return page


def table(rows: Sequence[Row], *, left: int = 1) -> str:
    """Markdown; the first row is the head, all columns but the first ``left`` are right-aligned."""
    head, *body = rows
    marks = [*["---"] * left, *["---:"] * (len(head) - left)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, marks, *body))


def machine_line(record: Mapping[str, Any]) -> str:
    """What was measured on, and when."""
    versions = ", ".join(
        f"{name} {record['versions'][name]}" for name in ("numpy", "onnxruntime", "torch", "zarr")
    )
    return (
        f"Measured {record['date']} on {record['machine']} with {record['memory_gb']:g} GB of "
        f"memory ({versions}). Load when the suite ended: {record['load']:g}, the benchmark's own "
        "included."
    )


def bench() -> str:
    """All suites that were run."""
    blocks = []
    for suite in SUITES:
        if not (RESULTS / f"{suite}.json").exists():
            continue
        record = kept(suite)
        lines = [Line(**line) for line in record["lines"]]
        rows = markdown(lines)
        blocks.append(f"**{suite}** ({record['machine']}, {record['date']})\n\n{rows}\n")
    return "\n" + "\n".join(blocks)


def rates(record: Mapping[str, Any]) -> str:
    """What the machine does a second."""
    found = record["rates"]
    rows: list[Row] = [("rate", "a second", "share of the bare product")]
    for name, value in found.items():
        what, unit = name.rsplit(", ", 1)
        bare = {"moments": "float64", "maps": "float64", "judging maps": "float64",
                "scores": "float32"}.get(what)  # fmt: skip
        share = ""
        if bare:
            share = f"{100 * value / found[f'{bare} products, multiply-adds/s']:.0f}%"
        unit = unit.removesuffix("/s")
        if unit == "multiply-adds":
            shown = f"{value / 1e9:,.1f} billion {unit}"
        else:
            shown = f"{size(value)}" if unit.endswith("bytes") else f"{value:,.0f} {unit}"
        rows.append((what if not unit.endswith("bytes") else f"{what}, {unit}", shown, share))
    return table(rows)


def sizes() -> str:
    """Bytes and multiply-adds of every job; nothing is measured here."""
    rows: list[Row] = [
        ("job", "features", "rows", "features on disk", "memory", "maps of one method",
         "multiply-adds of moments")
    ]  # fmt: skip
    for job in JOBS:
        rows.append(
            (
                job.name,
                f"{job.sizes.total:,}",
                f"{job.rows:,}",
                size(job.feature_bytes),
                size(job.memory_bytes),
                size(job.map_bytes),
                f"{job.moment_work:.1e}",
            )
        )
    return table(rows)


def _stages(record: Mapping[str, Any], jobs: Sequence[Any]) -> str:
    rows: list[Row] = [("stage", *(job.name for job in jobs))]
    found = [costs(job, record["rates"]) for job in jobs]
    names = {
        "decode": "decode and crop",
        "networks": "networks, each as fast as a ResNet-18",
        "store": "store features",
        "moments": "moments, reading included",
        "maps": "maps of one method",
        "scores": "scores of one method, 50,000 images",
    }
    for key, name in names.items():
        rows.append((name, *(duration(cost[key]) for cost in found)))
    rows.append(("all", *(duration(sum(cost[key] for key in names)) for cost in found)))
    return table(rows)


def costs_table(record: Mapping[str, Any]) -> str:
    """The thesis' own size, and a laptop's."""
    return _stages(record, JOBS[:2])


def further(record: Mapping[str, Any]) -> str:
    """A hundred networks, and a billion images."""
    return _stages(record, JOBS[2:])


def damage(record: Mapping[str, Any]) -> str:
    """What became of damaged files, by kind."""
    good = ("refused", "computed again", "same", "read")
    heads = ("refused", "computed again", "no change", "read as something else", "wrong")
    rows: list[Row] = [("file", "damaged", *heads)]
    counts = [
        [each["cases"], *(each["outcomes"].get(name, 0) for name in good)]
        for each in record["kinds"]
    ]
    counts = [[cases, *rest, cases - sum(rest)] for cases, *rest in counts]
    for each, numbers in zip(record["kinds"], counts, strict=True):
        rows.append((each["what"], *(f"{number:,}" if number else "" for number in numbers)))
    sums = [sum(column) for column in zip(*counts, strict=True)]
    rows.append(("**all**", *(f"{number:,}" for number in sums)))
    return table(rows)


def wrong(record: Mapping[str, Any]) -> str:
    """What was wrong, by kind of file; each text once."""
    lines = []
    for each in record["kinds"]:
        said = dict.fromkeys(f"{case['outcome']} {case['said']}".strip() for case in each["wrong"])
        lines += [f"- {each['what']}: {text}" for text in said]
    return "\n".join(lines) or "None."


def kills(record: Mapping[str, Any]) -> str:
    """What became of runs that were stopped, by how and when."""
    done = record["kills"]
    rows: list[Row] = [
        ("stopped by", "at a random", "study", "runs", "had ended before", "same bytes", "wrong")
    ]
    kinds = dict.fromkeys((each["how"], each["when"], each["study"]) for each in done)
    for kind in sorted(kinds):
        outcomes = [
            each["outcome"] for each in done if (each["how"], each["when"], each["study"]) == kind
        ]
        rows.append((*kind, *_counted(outcomes)))
    rows.append(("**all**", "", "", *_counted([each["outcome"] for each in done])))
    return table(rows, left=3)


def _counted(outcomes: Sequence[str]) -> Row:
    before, same = (outcomes.count(name) for name in ("ended before", "same"))
    numbers = (len(outcomes), before, same, len(outcomes) - before - same)
    return [str(number) if number else "" for number in numbers]


def growth(record: Mapping[str, Any]) -> str:
    """Exponents, and the seconds that they come from."""
    rows: list[Row] = [
        ("stage", "grows with", "held", "sizes", "seconds", "exponent", "of the algorithm")
    ]
    for each in record["growths"]:
        rows.append(
            (
                each["stage"],
                each["over"],
                each["held"],
                ", ".join(f"{s:,}".replace(",", " ") for s in each["sizes"]),
                ", ".join(f"{s:.3g}" for s in each["seconds"]),
                f"{each['exponent']:.2f}",
                f"{each['expected']:g}",
            )
        )
    return table(rows)
