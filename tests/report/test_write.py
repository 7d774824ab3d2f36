"""All files, and what happens where they can't be written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from samefeatures.base.errors import ConfigError, StoreError
from samefeatures.report.write import write_report
from samefeatures.study.results import StudyResults


def test_all_files_are_written_and_returned(good: StudyResults, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    paths = write_report(good, folder)
    assert sorted(paths) == sorted(folder.iterdir())
    names = {path.name for path in paths}
    assert {"report.html", "tables.md"} <= names
    for method in ("ols", "ridge", "logit", "naive"):
        assert {
            f"table_{method}{ending}" for ending in (".md", ".tex", ".png", ".svg", ".pdf")
        } <= names
    assert all(path.stat().st_size for path in paths)


def test_results_saved_and_loaded_give_the_same_report(good: StudyResults, tmp_path: Path) -> None:
    good.save(tmp_path / "results.json")
    again = StudyResults.load(tmp_path / "results.json")
    first = write_report(good, tmp_path / "first")
    second = write_report(again, tmp_path / "second")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_precision_is_that_of_every_cell(good: StudyResults, tmp_path: Path) -> None:
    write_report(good, tmp_path, precision=1)
    for name in ("table_ols.md", "table_ols.tex", "table_ols.svg", "tables.md", "report.html"):
        text = (tmp_path / name).read_text()
        assert re.search(r"\b91\.5\b", text), name
        cells = text.split("<script")[0].split("title=")[0] if name.endswith("html") else text
        assert not re.search(r"[^(]\b91\.50\b(?! %)", cells), name


@pytest.mark.parametrize("precision", [-1, 5, 1.0, "2", True, None])
def test_a_precision_that_is_none_is_refused(
    good: StudyResults, tmp_path: Path, precision: Any
) -> None:
    with pytest.raises(
        ConfigError, match=r"precision is .*; it must be a whole number, from 0 to 4"
    ):
        write_report(good, tmp_path / "report", precision=precision)
    assert not (tmp_path / "report").exists()


def test_a_folder_that_is_a_file(good: StudyResults, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"The report can't be written to .*file.*another folder"):
        write_report(good, tmp_path / "file")


def test_printing_tables_loads_no_picture_library() -> None:
    code = (
        "import sys, samefeatures.report.terminal, samefeatures.report.markdown;"
        "print([m for m in ('matplotlib', 'jinja2', 'numpy', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_files_of_a_method_that_was_taken_out_are_removed(
    good: StudyResults, tmp_path: Path
) -> None:
    write_report(good, tmp_path)
    (tmp_path / "table_mine.md").write_text("of the user")
    (tmp_path.parent / "victim.md").write_text("of the user")
    fewer = replace(
        good,
        methods=good.methods[:1],
        cells=tuple(cell for cell in good.cells if cell.method == good.methods[0].name),
    )
    gone = {path.name for path in write_report(good, tmp_path)}
    gone -= {path.name for path in write_report(fewer, tmp_path)}
    assert {"table_" in name for name in gone} == {True}
    left = {path.name for path in tmp_path.iterdir()}
    assert not gone & left
    assert "table_mine.md" in left


@pytest.mark.parametrize(
    "names", [["../victim.md"], ["/etc/passwd"], [".."], ["."], [""], [3], "report.html"]
)
def test_names_in_the_list_of_files_are_not_followed(
    good: StudyResults, tmp_path: Path, names: object
) -> None:
    (tmp_path / "victim.md").write_text("of the user")
    folder = tmp_path / "report"
    write_report(good, folder)
    (folder / "files.json").write_text(json.dumps({"files": names}))
    paths = write_report(good, folder)
    assert (tmp_path / "victim.md").exists()
    assert sorted(paths) == sorted(folder.iterdir())
