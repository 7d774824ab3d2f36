"""All files, and what happens where they can't be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from samefeatures.base.errors import StoreError
from samefeatures.report.write import write_report
from samefeatures.study.results import StudyResults


def test_all_files_are_written_and_returned(good: StudyResults, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    paths = write_report(good, folder)
    assert sorted(paths) == sorted(folder.iterdir())
    names = {path.name for path in paths}
    assert {"report.html", "tables.md"} <= names
    for method in ("ols", "ridge", "logit", "naive"):
        assert {f"table_{method}{ending}" for ending in (".md", ".tex", ".png", ".svg")} <= names
    assert all(path.stat().st_size for path in paths)


def test_results_saved_and_loaded_give_the_same_report(good: StudyResults, tmp_path: Path) -> None:
    good.save(tmp_path / "results.json")
    again = StudyResults.load(tmp_path / "results.json")
    first = write_report(good, tmp_path / "first")
    second = write_report(again, tmp_path / "second")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


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
