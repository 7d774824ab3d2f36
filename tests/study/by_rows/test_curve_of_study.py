"""``curve:`` of a whole study: against its own cells, against rows, stopped, and without heads."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

import samefeatures as sf
from npz_worlds import CLASSES, make_worlds, write_npz
from samefeatures.base.errors import ConfigError
from samefeatures.features.nests import places_of
from samefeatures.joint.nested import nested_moments
from samefeatures.study.by_rows.answers import AnswerSpaces, ClassSums
from samefeatures.study.by_rows.judge import Judge
from samefeatures.study.by_rows.run import tables_by_rows
from samefeatures.study.results import StudyResults
from samefeatures.study.study import Study

WORLDS = make_worlds(noise=1.0)
METHODS = ["ols", {"name": "ridge", "alpha": 0.1}, "naive"]
SIZES = [12, 50, 200, 400]
N = 400


def study_of(folder: Path, *, lacks: Sequence[str] = (), **keys: Any) -> Study:
    """Three networks, some arrays left out of the last."""
    folder.mkdir(exist_ok=True)
    sources = [
        write_npz(folder, name, {k: v for k, v in w.items() if name != "c" or k not in lacks})
        for name, w in WORLDS.items()
    ]
    config = sf.parse_config({"networks": sources, "methods": METHODS, **keys})
    return Study(config, out=folder / "out", base=folder)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    made = study_of(
        tmp_path_factory.mktemp("curve"),
        curve={"sizes": SIZES, "seeds": 2},
        controls={"given": ["answers"]},
    )
    made.score()
    return made


@pytest.fixture(scope="module")
def results(study: Study) -> StudyResults:
    return StudyResults.load(study.results_path)


def rows_of(study: Study) -> list[dict[str, str]]:
    with (study.out / "by_rows.csv").open() as file:
        return list(csv.DictReader(file))


def test_all_rows_give_the_cells_of_the_study(study: Study, results: StudyResults) -> None:
    last = [row for row in rows_of(study) if row["rows"] == str(N)]
    assert {row["seed"] for row in last} == {"0"}
    assert len(last) == 2 * 6
    for row in last:
        cell = results.table(row["method"])[row["source"], row["target"]]
        assert float(row["top1"]) == pytest.approx(cell.top1, abs=1e-12)
        assert float(row["change_vs_source_pct"]) == pytest.approx(cell.change_vs_source_pct)
        assert float(row["loss_vs_target_points"]) == pytest.approx(cell.loss_vs_target_points)
        assert float(row["r2"]) == pytest.approx(cell.r2, abs=1e-9)


def test_points_are_medians_of_the_tables(study: Study, results: StudyResults) -> None:
    assert results.by_rows is not None
    assert results.by_rows.methods == ("ols", "ridge")
    assert results.by_rows.seeds == 2
    assert len(results.by_rows.points) == 2 * (3 * 2 + 1)
    columns = {"change": "change_vs_source_pct", "loss": "loss_vs_target_points"}
    for point in results.by_rows.points:
        place = (point.method, str(point.rows), str(point.seed))
        mine = [r for r in rows_of(study) if (r["method"], r["rows"], r["seed"]) == place]
        for name in ("change", "loss", "r2", "r2_beyond_answers"):
            values = [float(row[columns.get(name, name)]) for row in mine]
            assert getattr(point, name) == pytest.approx(statistics.median(values))


@pytest.mark.parametrize("size", [50, 200])
def test_tables_are_those_of_scikit_learn_on_the_same_rows(study: Study, size: int) -> None:
    mine = np.flatnonzero(places_of(N, seed=1) < size)
    x, y = (WORLDS[name]["fit_features"][mine].astype(float) for name in "ab")
    x_eval, y_eval = (WORLDS[name]["eval_features"].astype(float) for name in "ab")
    shift = 0.1 * size * x.var(axis=0).mean()
    for label, model in {"ols": LinearRegression(), "ridge": Ridge(alpha=shift)}.items():
        mapped = model.fit(x, y).predict(x_eval)
        (row,) = [
            row
            for row in rows_of(study)
            if (row["method"], row["rows"], row["seed"], row["source"], row["target"])
            == (label, str(size), "1", "a", "b")
        ]
        error = ((y_eval - mapped) ** 2).sum()
        total = ((y_eval - y_eval.mean(axis=0)) ** 2).sum()
        assert float(row["r2"]) == pytest.approx(1 - error / total, abs=1e-6)
        logits = mapped @ WORLDS["b"]["head_weight"].T + WORLDS["b"]["head_bias"]
        right = (logits.argmax(axis=1) == WORLDS["b"]["eval_labels"]).mean()
        assert float(row["top1"]) == pytest.approx(100 * right)


def test_beyond_answers_is_the_joint_regression_of_rows(study: Study) -> None:
    """OLS of features and answers, the latter with a penalty, judged on the eval rows."""
    inputs = study.by_rows_inputs
    spaces = AnswerSpaces.of(inputs.judge.networks, inputs.fit, inputs.judge.rows,
                             inputs.judge.moments)  # fmt: skip
    (nest,) = nested_moments(list(inputs.fit.values()), places_of(N, seed=1), [200],
                             beside=spaces.beside)  # fmt: skip
    assert nest.beside is not None
    mine = np.flatnonzero(places_of(N, seed=1) < 200)

    def answers(kind: str) -> np.ndarray:
        a = WORLDS["a"]
        logits = a[f"{kind}_features"] @ a["head_weight"].T + a["head_bias"]
        return np.eye(CLASSES)[logits.argmax(axis=1)]

    left = spaces.left(nest, "a")
    c, c_eval = answers("fit")[mine], answers("eval")
    x, y = (WORLDS[name]["fit_features"][mine].astype(float) for name in "ab")
    x_eval, y_eval = (WORLDS[name]["eval_features"].astype(float) for name in "ab")

    def best() -> float:
        """The penalty of the answers: least error of every row by all others of its class."""
        from samefeatures.similarity.strengths import GRID

        variance = c.var(axis=0).mean()
        errors = {}
        for strength in GRID:
            shift = strength * len(c) * variance
            shares = []
            for target in "bc":
                rows = WORLDS[target]["fit_features"][mine].astype(float)
                rows -= rows.mean(axis=0)
                error = 0.0
                for i, row in enumerate(rows):
                    same = (c[i] == c).all(axis=1) & (np.arange(len(c)) != i)
                    weight = same.sum() + shift
                    error += (
                        ((row - rows[same].sum(axis=0) / weight) ** 2).sum()
                        if weight
                        else (row**2).sum()
                    )
                shares.append(error / (rows**2).sum())
            errors[shift] = np.mean(shares)
        return min(errors, key=lambda shift: errors[shift])

    def error(with_features: bool) -> float:
        shift = best()
        blocks = [c - c.mean(axis=0)] + [x - x.mean(axis=0)] * with_features
        held = [c_eval - c.mean(axis=0)] + [x_eval - x.mean(axis=0)] * with_features
        z, z_eval = np.concatenate(blocks, axis=1), np.concatenate(held, axis=1)
        penalty = np.diag([shift] * CLASSES + [0.0] * (z.shape[1] - CLASSES))
        weight = np.linalg.lstsq(z.T @ z + penalty, z.T @ (y - y.mean(axis=0)), rcond=None)[0]
        return float(((y_eval - y.mean(axis=0) - z_eval @ weight) ** 2).sum())

    (row,) = [
        row
        for row in rows_of(study)
        if (row["method"], row["rows"], row["seed"], row["source"], row["target"])
        == ("ols", "200", "1", "a", "b")
    ]
    assert left.targets == ("b", "c")
    assert left.source == "a"
    assert left.squares["b"] == pytest.approx(error(False), rel=1e-6)
    assert float(row["r2_beyond_answers"]) == pytest.approx(1 - error(True) / error(False))


def test_rows_left_out_one_by_one() -> None:
    """Against the plain loop, a class of one row and an empty class among them."""
    rng = np.random.default_rng(0)
    classes = np.array([0, 0, 0, 1, 1, 3, 0, 1])
    y = rng.normal(size=(8, 3))
    one_hot = np.eye(4)[classes]
    sums = ClassSums(
        counts=one_hot.sum(axis=0),
        totals=((one_hot.T @ y) ** 2).sum(axis=1)[None],
        squares=(one_hot.T @ (y**2).sum(axis=1))[None],
    )
    assert sums.squares.sum() == pytest.approx((y**2).sum())
    assert sums.totals[0, 2] == 0, "nobody is in this class"
    for shift in (0.0, 0.3, 2.0, np.inf):
        error = 0.0
        for i in range(8):
            others = (classes == classes[i]) & (np.arange(8) != i)
            weight = others.sum() + shift
            guess = y[others].sum(axis=0) / weight if weight else np.zeros(3)
            error += ((y[i] - guess) ** 2).sum()
        assert sums.left_out(shift)[0] == pytest.approx(error)


def test_what_is_there_is_not_taken_again(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {path: path.read_bytes() for path in (study.out / "curve").iterdir()}
    assert len(files) == 2 * (3 * 2 + 1)
    gone = sorted(files)[::3]
    for path in gone:
        path.unlink()
    taken: list[str] = []
    judged = Judge.maps

    def maps(self: Judge, *args: Any) -> Any:
        taken.append(args[1].source)
        return judged(self, *args)

    monkeypatch.setattr(Judge, "maps", maps)
    tables_by_rows(study.by_rows_inputs)
    assert len(taken) == 3 * len(gone)
    assert {path: path.read_bytes() for path in files} == files, "to the bit"
    taken.clear()
    tables_by_rows(study.by_rows_inputs)
    assert taken == []


def test_other_settings_leave_no_files_of_the_old(tmp_path: Path) -> None:
    first = study_of(tmp_path / "s", curve={"sizes": [20, 40], "seeds": 1})
    first.score()
    second = study_of(tmp_path / "s", curve={"sizes": [40], "seeds": 1, "methods": ["ridge"]})
    found = second.score()
    assert found.by_rows is not None
    assert [(p.method, p.rows) for p in found.by_rows.points] == [("ridge", 40)]
    assert all(p.r2_beyond_answers is None for p in found.by_rows.points), "without controls"
    assert len(list((second.out / "curve").iterdir())) == 1
    third = study_of(tmp_path / "s").score()
    assert third.by_rows is None
    assert "curve" not in third.settings
    assert not (tmp_path / "s" / "out" / "by_rows.csv").exists()


def test_without_a_head_there_is_r2_alone(tmp_path: Path) -> None:
    found = study_of(
        tmp_path / "s", lacks=("head_weight", "head_bias"), curve={"sizes": [100], "seeds": 1}
    )
    results = found.score()
    assert results.by_rows is not None
    assert results.by_rows.points[0].r2 is not None
    for row in rows_of(found):
        assert row["r2"]
        assert bool(row["top1"]) == (row["target"] != "c")
        assert bool(row["change_vs_source_pct"]) == ("c" not in (row["target"], row["source"]))


def test_more_rows_than_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="names 401 rows, and the fit set has 400"):
        study_of(tmp_path / "s", curve={"sizes": [401]}).score()


@pytest.mark.parametrize("n", [2, 3])
def test_two_rows_are_enough_for_something(tmp_path: Path, n: int) -> None:
    sources = [
        write_npz(tmp_path, name, {**w, "fit_features": w["fit_features"][:n]})
        for name, w in WORLDS.items()
    ]
    config = sf.parse_config({"networks": sources, "methods": ["ols"], "curve": True})
    found = Study(config, out=tmp_path / "out", base=tmp_path).score()
    assert found.by_rows is not None
    assert [p.rows for p in found.by_rows.points] == [n]
    assert all("0 sizes lie above" in f.poor for f in found.by_rows.forecasts)
