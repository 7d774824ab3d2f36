"""The example notebooks run as they are, and are kept without what they print."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

FOLDER = Path(__file__).parents[1] / "examples" / "notebooks"
BOOKS = sorted(FOLDER.glob("*.ipynb"))
SECONDS = 170


def executed(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """All that the cells of a notebook put out, run in a kernel whose folder is ``folder``."""
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))  # nobody's own start-up files
    book = nbformat.read(FOLDER / name, as_version=4)
    place = {"metadata": {"path": str(folder)}}
    waits = {"timeout": SECONDS, "startup_timeout": SECONDS}  # a busy machine is no failure
    nbclient.NotebookClient(book, kernel_name="python3", resources=place, **waits).execute()
    found = [out for cell in book.cells for out in cell.get("outputs", [])]
    assert [out.text for out in found if out.get("name") == "stderr"] == []
    return found


def html(found: list[Any]) -> list[str]:
    return [out.data["text/html"] for out in found if "text/html" in out.get("data", {})]


def printed(found: list[Any]) -> str:
    return "".join(out.text for out in found if out.output_type == "stream")


def test_both_are_there() -> None:
    assert [book.name for book in BOOKS] == ["demo.ipynb", "your_own_networks.ipynb"]


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_they_are_valid_and_kept_without_outputs(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert len(code) > 5
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
    assert path.stat().st_size < 20_000


def test_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = executed("demo.ipynb", tmp_path, monkeypatch)
    progress, results, medians, r2 = html(found)
    assert re.fullmatch(r"<div>Done: \d+ stages in \d+:\d\d\.</div>", progress)
    assert results.count('<table class="grid">') == 2
    assert results.count(" own") >= 2 * 5
    assert "dataframe" in medians
    assert "dataframe" in r2
    plain = [out.data["text/plain"] for out in found if "text/plain" in out.get("data", {})]
    (cell,) = (text for text in plain if text.startswith("Cell("))
    top1 = float(re.findall(r"top1=([\d.]+)", cell)[0])
    assert top1 > 88
    assert "AffineMap(method='ols', source='resnet_v1', target='nasnet'" in printed(found)
    assert (tmp_path / "samefeatures-demo" / "report" / "report.html").exists()


def test_your_own_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    found = executed("your_own_networks.ipynb", tmp_path, monkeypatch)
    said = printed(found)
    assert "fit maps: 4 in " in said
    tops = [float(value) for value in re.findall(r": ([\d.]+) %, itself ([\d.]+) %", said)[0]]
    assert min(tops) > 85
    assert float(re.findall(r"([\d.]+) % of new pictures", said)[0]) > 85
    (results,) = html(found)
    assert results.count('<table class="grid">') == 2
