"""Files of a comparison: what they hold, and that they can be read by what reads such files."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from records import printed_paper_as_a_study, printed_thesis_as_a_study

from samefeatures.base.errors import StoreError
from samefeatures.report.latex import PREAMBLE
from samefeatures.reproduce.figures import Comparison
from samefeatures.reproduce.paper import compare_with_paper
from samefeatures.reproduce.sheets import sheets
from samefeatures.reproduce.thesis import compare_with_thesis
from samefeatures.reproduce.write import document, latex_table, write_comparison


@pytest.fixture(scope="module", params=["thesis", "paper", "partial"])
def comparison(request: pytest.FixtureRequest) -> Comparison:
    if request.param == "paper":
        return compare_with_paper(printed_paper_as_a_study())
    whole = printed_thesis_as_a_study()
    if request.param == "thesis":
        return compare_with_thesis(whole)
    cells = tuple(c for c in whole.cells if "nasnet_large" not in (c.source, c.target))
    return compare_with_thesis(replace(whole, cells=cells))


def test_csv_and_json_hold_every_figure(comparison: Comparison, tmp_path: Path) -> None:
    paths = {path.name: path for path in write_comparison(comparison, tmp_path / "new")}
    frame = pd.read_csv(paths["comparison.csv"], keep_default_na=False, dtype=str)
    assert list(frame["what"]) == [f.what for f in comparison.figures]
    for row, figure in zip(frame.to_dict("records"), comparison.figures, strict=True):
        assert row["printed"] == figure.printed
        assert row["ours"] == ("" if figure.ours is None else str(figure.ours))
        assert (row["status"] == "missing") == (figure.ours is None)
        assert row["misprint"] == figure.misprint
    record = json.loads(paths["comparison.json"].read_text(encoding="utf-8"))
    assert len(record["figures"]) == len(comparison.figures)
    assert record["summary"] == list(comparison.summary)
    assert [m["ours"] for m in record["medians"]] == [m.ours for m in comparison.medians]


def test_markdown_tables_are_whole(comparison: Comparison) -> None:
    text = document(comparison)
    lines = text.splitlines()
    for sheet in sheets(comparison):
        start = next(i for i, line in enumerate(lines) if line.startswith(f"| {sheet.corner} |"))
        rows = lines[start : start + 2 + len(sheet.rows)]
        counts = {row.replace("\\|", "").count("|") for row in rows}
        assert counts == {len(sheet.columns) + 2}, sheet.title
        lines = lines[start + len(rows) :]
    for line in comparison.summary:
        assert line.split(":")[0].replace("_", "\\_") in text


def test_latex_compiles(comparison: Comparison, tmp_path: Path) -> None:
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("pdflatex is not installed")
    packages = [line[1:].strip() for line in PREAMBLE.splitlines() if "usepackage" in line]
    body = [latex_table(sheet) for sheet in sheets(comparison)]
    source = [r"\documentclass{article}", *packages, r"\begin{document}", *body, r"\end{document}"]
    (tmp_path / "main.tex").write_text("\n".join(source), encoding="utf-8")
    done = subprocess.run(
        [program, "-interaction=nonstopmode", "-halt-on-error", "main.tex"],
        cwd=tmp_path, check=False, capture_output=True,
    )  # fmt: skip
    log = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, log[-2000:]
    assert "Overfull" not in log


def test_a_folder_that_cant_be_written_is_one_line(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Choose another folder with --out"):
        write_comparison(comparison, tmp_path / "file" / "below")
