"""The four ways in run as they are written: the page shows the scripts, and these run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from samefeatures.study.results import StudyResults

PROJECT = Path(__file__).parents[1]
SCRIPTS = PROJECT / "examples" / "journeys"
PAGE = (PROJECT / "docs" / "journeys.md").read_text(encoding="utf-8")
SHOWN = ("paper.py", "arrays.py", "doubt.py", "terminal.sh")


def run(name: str, folder: Path) -> str:
    """What a script says, run in a folder of its own as a reader would."""
    program = ["bash"] if name.endswith(".sh") else [sys.executable, "-W", "error"]
    tools = Path(sys.executable).parent
    done = subprocess.run(
        [*program, SCRIPTS / name],
        cwd=folder,
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", SHOWN)
def test_the_page_shows_the_script(name: str) -> None:
    told = PAGE[PAGE.index(f"(../examples/journeys/{name})") :]
    found = re.search(r"^```\w+\n(.*?)^```", told, re.MULTILINE | re.DOTALL)
    assert found is not None
    assert found[1] == (SCRIPTS / name).read_text(encoding="utf-8")


def test_every_script_is_on_the_page() -> None:
    for path in SCRIPTS.iterdir():
        assert path.name == "__pycache__" or f"(../examples/journeys/{path.name})" in PAGE


def test_two_networks_to_a_papers_table(tmp_path: Path) -> None:
    said = run("paper.py", tmp_path)
    top1 = [float(value) for value in re.findall(r"([\d.]+) %", said)]
    assert len(top1) == 4
    assert min(top1) > 60
    table = (tmp_path / "paper" / "report" / "table_ols.tex").read_text()
    assert all(name in table for name in ("narrow", "wide", r"\begin{tabular}"))


def test_two_files_to_a_map_in_use(tmp_path: Path) -> None:
    run("features.py", tmp_path)
    said = run("arrays.py", tmp_path)
    x, y, new = (np.load(tmp_path / f"{name}.npy").astype(np.float64) for name in ("a", "b", "new"))
    theirs = Ridge(alpha=len(x) * 0.01 * x.var(0).mean()).fit(x, y)
    mapped = np.load(tmp_path / "mapped.npy")
    assert (mapped.dtype, mapped.shape) == (np.float32, (2000, y.shape[1]))
    np.testing.assert_allclose(mapped, theirs.predict(new), atol=1e-4 * float(np.abs(y).max()))
    # On the fifth that was held out it explains nearly what it does where it was fitted.
    (told,) = re.findall(r"^a explains ([\d.]+) % of b", said, re.MULTILINE)
    left = ((y - theirs.predict(x)) ** 2).sum() / ((y - y.mean(0)) ** 2).sum()
    assert float(told) == pytest.approx(100 * (1 - left), abs=1)
    assert (tmp_path / "arrays" / "report" / "report.html").exists()


def test_a_table_read_with_doubt(tmp_path: Path) -> None:
    said = run("doubt.py", tmp_path)
    assert re.search(r"answers alone: [\d.]+ %", said)
    assert re.search(r"beyond answers, pixels: R² 0\.\d+ \(0\.\d+ to 0\.\d+\)", said)
    assert (tmp_path / "doubt" / "report" / "report.html").exists()


def test_everything_from_the_terminal(tmp_path: Path) -> None:
    said = run("terminal.sh", tmp_path)
    assert "results/report/report.html" in said
    assert (tmp_path / "hybrid.onnx").exists()
    assert len((tmp_path / "results" / "results.csv").read_text().splitlines()) == 1 + 2 * 9
    fits = StudyResults.load(tmp_path / "results" / "study.json").fits
    chosen = [(fit.alpha, dict(fit.path)) for fit in fits if fit.method == "ridge"]
    assert len(chosen) == 6
    assert all(
        len(left) == 21 and alpha == min(left, key=left.__getitem__) for alpha, left in chosen
    )
    assert (tmp_path / "results" / "report" / "strengths_ridge.png").exists()
