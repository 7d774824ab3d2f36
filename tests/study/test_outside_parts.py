"""A method and measures from another package, from the study file to the report and the plan."""

from __future__ import annotations

import io
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from fake_package import install
from npz_worlds import make_worlds, write_npz
from samefeatures.base.errors import ConfigError
from samefeatures.maps import AffineMap
from samefeatures.planning.plan import make_plan
from samefeatures.report.terminal import print_tables
from samefeatures.report.write import write_report
from samefeatures.similarity import MEASURES as sf_measures
from samefeatures.study.config import parse_config
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()
(TOYS,) = (code for code in re.findall(r"```python\n(.*?)```", PAGE, re.S) if "(sf.Method)" in code)
(POINTS,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
"""The package that the docs show is installed and used."""
METHODS = ["ols", {"name": "toymean", "label": "mean", "scale": 1.0}, "naive"]
MEASURES = ["r2", "cosine", "toylength", "toycka"]


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = tomllib.loads(POINTS)["project"]["entry-points"]
    monkeypatch.delitem(sys.modules, "toys", raising=False)
    install(tmp_path / "site", "toys", {"toys": TOYS}, points)
    monkeypatch.syspath_prepend(tmp_path / "site")


def study_of(folder: Path, **keys: Any) -> Study:
    sources = [write_npz(folder, name, world) for name, world in make_worlds().items()]
    raw = {"networks": sources, "methods": METHODS, "measures": MEASURES, **keys}
    return Study(parse_config(raw), out=folder / "out", base=folder)


@pytest.fixture
def study(tmp_path: Path, toy: None) -> Study:
    return study_of(tmp_path)


def cka(a: np.ndarray, b: np.ndarray) -> float:
    """By the rows (Kornblith et al., 2019)."""
    a, b = a - a.mean(0), b - b.mean(0)
    norm = np.linalg.norm
    return float(norm(a.T @ b) ** 2 / norm(a.T @ a) / norm(b.T @ b))


def test_their_numbers_are_in_the_results(study: Study, tmp_path: Path) -> None:
    results = study.score()
    frame = pd.read_csv(study.out / "results.csv")
    columns = ["agreement", "r2", "cosine", "toylength", "toycka", "ci_low"]
    assert list(frame.columns)[12:18] == columns
    pd.testing.assert_frame_equal(frame, pd.read_parquet(study.out / "results.parquet"))
    rows = {k: np.load(tmp_path / f"{k}.npz")["eval_features"].astype(float) for k in "abc"}
    for (source, target), cell in results.table("mean").items():
        own = source == target
        assert cell.measure("toylength") == (1 if own else 0)
        if not own:
            assert abs(cell.r2) < 0.05, "the fit rows' mean, on the eval rows"
        expected = cka(rows[source], rows[target])
        assert cell.measure("toycka") == pytest.approx(expected, rel=1e-6)
        assert results.table("ols")[source, target].measure("toycka") == cell.measure("toycka")
    fitted = AffineMap.load(study.out / "maps" / "ols" / "a--b.safetensors")
    mapped = rows["a"] @ fitted.weight.T
    length = np.sqrt(mapped.var(0).sum() / rows["b"].var(0).sum())
    assert results.table("ols")["a", "b"].measure("toylength") == pytest.approx(length, rel=1e-6)
    assert StudyResults.load(study.results_path) == results


def test_a_symmetric_measure_is_taken_once_a_pair(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = sf_measures.get("toycka")
    plain, taken = measure.value, []

    def noted(self: Any, moments: Any, a: str, b: str, **keys: Any) -> Any:
        taken.append((a, b))
        return plain(self, moments, a, b, **keys)

    monkeypatch.setattr(measure, "value", noted)
    study.score()
    assert sorted(taken) == [("a", "b"), ("a", "c"), ("b", "c")]


def test_they_are_in_the_report(study: Study, tmp_path: Path) -> None:
    results = study.score()
    write_report(results, tmp_path / "report")
    page = (tmp_path / "report" / "report.html").read_text()
    tables = (tmp_path / "report" / "tables.md").read_text()
    shown = io.StringIO()
    print_tables(results, Console(file=shown, width=200))
    value = f"{results.table('mean')['a', 'b'].measure('toycka'):.3f}"
    for text in (page, tables, shown.getvalue()):
        assert "mean (scale 1)" in text
        assert "Toy length: median 0.000 (0.000 to 0.000); root of the mapped" in text
        assert text.count("Toy CKA: median") <= 1
    assert 'data-metric="toycka"' in page
    assert f'["{value}",' in page.replace(" ", "")
    assert "Toy CKA of features: " in page
    assert "mean from a, b, c: a toy" in page.replace("\n", " ")
    cka_table = tables[tables.index("## Toy CKA") :]
    assert f"| **a** | 1.000 | {value} |" in cka_table
    assert tables.count("Toy length: root of the mapped spread by the true one.") == 3
    assert "Toy CKA: median" in shown.getvalue()


def test_they_are_in_the_plan(study: Study) -> None:
    stages = {stage.name: stage for stage in make_plan(study).stages}
    assert stages["maps: mean"].note == "6 maps"
    assert stages["measure: toycka"].note == "3 values"
    assert stages["measure: toylength"].note == "6 values"
    assert "measure: r2" not in stages
    assert all(stage.seconds >= 0 for stage in stages.values())


def test_a_measure_that_comes_later_costs_no_scores(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = study_of(tmp_path, measures=["cosine"])
    first = fewer.score()
    assert "r2" not in pd.read_csv(fewer.out / "results.csv").columns
    monkeypatch.setattr(
        "samefeatures.study.scoring.score_heads", lambda *_, **__: pytest.fail("scored again")
    )
    more = study.score()
    assert [list(c.measures) for c in first.cells] == [["cosine"]] * len(first.cells)
    assert [c.measure("cosine") for c in more.cells] == [c.measure("cosine") for c in first.cells]
    monkeypatch.setattr("samefeatures.similarity.Mapped.of", lambda *_, **__: pytest.fail("again"))
    assert study_of(tmp_path).score() == more
    assert study_of(tmp_path, measures=["cosine"]).score() == first


def test_another_version_of_the_package_is_another_value(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, taken = study.map_keys, study.measuring.keys
    info = tmp_path / "site" / "toys-1.0.dist-info"
    text = (info / "METADATA").read_text().replace("Version: 1.0", "Version: 1.1")
    (info / "METADATA").write_text(text)
    info.rename(tmp_path / "site" / "toys-1.1.dist-info")
    again = study_of(tmp_path)
    new = again.map_keys
    assert old["ols"] == new["ols"]
    assert old["mean"] != new["mean"]
    assert taken["r2"] == again.measuring.keys["r2"] == "r2"
    assert taken["toycka"] == "toycka of toys 1.0"
    assert again.measuring.keys["toycka"] == "toycka of toys 1.1"


@pytest.mark.parametrize(
    ("measures", "says"),
    [
        (["r3"], r"measures: unknown measure 'r3'\. Did you mean 'r2'\? There are: angle, cca"),
        (["r2", "r2"], "the measure 'r2' stands twice"),
        ("r2", "measures: .*valid tuple"),
    ],
)
def test_measures_that_do_not_exist(measures: object, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        parse_config({"networks": ["npz:a.npz"], "measures": measures})


def test_records_of_earlier_versions_are_read(study: Study) -> None:
    results = study_of(study.base, methods=["ols", "logit", "naive"], measures=["r2", "cosine"])
    found = results.score()
    raw = json.loads(study.results_path.read_text())
    del raw["measures"], raw["sha256"]
    for method in raw["methods"]:
        del method["uses"]
    study.results_path.write_text(json.dumps(raw))
    assert StudyResults.load(study.results_path) == found
