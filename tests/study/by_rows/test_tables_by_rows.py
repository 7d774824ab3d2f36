"""Tables at every number of rows, of rows in memory: what is made, kept, counted and asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from array_worlds import Unread, moments_of, networks_of, off_the_host, rows_of
from npz_worlds import make_worlds
from samefeatures.algebra import HOST
from samefeatures.features.nests import places_of
from samefeatures.joint.nested import nested_moments
from samefeatures.study.by_rows import run
from samefeatures.study.by_rows.judge import Judge
from samefeatures.study.by_rows.medians import Place
from samefeatures.study.by_rows.run import ByRowsInputs, tables_by_rows
from samefeatures.study.methods import MethodConfig
from watching import Told

N = 90
SIZES = (20, 60, N)
WORLDS = make_worlds(n=N, m=24, noise=1.0)


def method(name: str, label: str) -> MethodConfig:
    return MethodConfig(name=name, label=label, options={})


def inputs_of(folder: Path, **changes: Any) -> ByRowsInputs:
    evaluation = rows_of(WORLDS, "eval")
    inputs = ByRowsInputs(
        judge=Judge(
            networks=networks_of(WORLDS),
            rows=evaluation,
            labels=WORLDS["a"]["eval_labels"],
            moments=moments_of(evaluation),
            algebra=HOST,
        ),
        fit=rows_of(WORLDS, "fit"),
        methods=[method("ols", "ols"), method("ridge", "weak")],
        keys={"ols": "key of ols", "weak": "key of weak"},
        sizes=SIZES,
        seeds=2,
        beyond=True,
        folder=folder,
        precision="float64",
        algebra=HOST,
        progress=Told(),
    )
    return replace(inputs, **changes)


def sums_of(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Sizes of every nest that is summed from now on."""
    asked: list[tuple[int, ...]] = []
    real = nested_moments

    def summed(parts: Any, places: Any, sizes: Sequence[int], **rest: Any) -> Any:
        asked.append(tuple(sizes))
        return real(parts, places, sizes, **rest)

    monkeypatch.setattr(run, "nested_moments", summed)
    return asked


def test_every_method_size_and_order_has_a_place_all_rows_one(tmp_path: Path) -> None:
    inputs = inputs_of(tmp_path)
    assert [(place.method, place.rows, place.seed) for place in inputs.places] == [
        (label, rows, seed)
        for label in ("ols", "weak")
        for rows, seed in ((20, 0), (20, 1), (60, 0), (60, 1), (N, 0))
    ]


def test_the_order_hangs_on_ids_where_a_network_has_them(tmp_path: Path) -> None:
    inputs = inputs_of(tmp_path)
    assert inputs.ids() == N
    known = [f"{i}.png" for i in range(N)]
    fit = {**inputs.fit, "b": rows_of(WORLDS, "fit", ids=known)["b"]}
    assert replace(inputs, fit=fit).ids() == known


def test_a_table_is_of_the_first_rows_of_its_order(tmp_path: Path) -> None:
    watched = Told()
    tables = tables_by_rows(inputs_of(tmp_path, progress=watched))
    assert list(tables) == list(inputs_of(tmp_path).places)
    assert watched.tasks == {"how many images": (5 * 3, [1] * 15)}
    x, y = (WORLDS[name]["fit_features"].astype(float) for name in "ab")
    x_eval, y_eval = (WORLDS[name]["eval_features"].astype(float) for name in "ab")
    for place, maps in tables.items():
        assert [m.source + m.target for m in maps] == ["ab", "ac", "ba", "bc", "ca", "cb"]
        assert all(m.top1 is not None for m in maps)
        assert all(m.r2_beyond_answers is not None for m in maps)
        if place.method == "ols":
            mine = places_of(N, seed=place.seed) < place.rows
            mapped = LinearRegression().fit(x[mine], y[mine]).predict(x_eval)
            expected = r2_score(y_eval, mapped, multioutput="variance_weighted")
            assert maps[0].r2 == pytest.approx(expected, abs=1e-6)


def test_only_what_is_missing_is_summed_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = inputs_of(tmp_path)
    first = tables_by_rows(inputs)
    lost = Place(method="weak", rows=60, seed=1)
    kept = {path: path.read_bytes() for path in (tmp_path / "curve").iterdir()}
    (path,) = (p for p in kept if p.stem == run._key(inputs, run._basis(inputs), lost)[:16])
    path.unlink()
    asked, watched = sums_of(monkeypatch), Told()
    assert tables_by_rows(replace(inputs, progress=watched)) == first
    assert asked == [(20, 60)], "those of smaller sizes are summed too, larger ones are not"
    assert watched.tasks == {"how many images": (3, [1, 1, 1])}
    assert {path: path.read_bytes() for path in kept} == kept


def test_where_all_is_there_no_row_is_read(tmp_path: Path) -> None:
    inputs = inputs_of(tmp_path, beyond=False)
    first = tables_by_rows(inputs)
    assert all(m.r2_beyond_answers is None for maps in first.values() for m in maps)
    unread = {
        name: Unread(name=name, values=part.values, fingerprint=part.fingerprint)
        for name, part in rows_of(WORLDS, "fit").items()
    }
    watched = Told()
    assert tables_by_rows(replace(inputs, fit=unread, progress=watched)) == first
    assert watched.tasks == {}


def test_tables_of_other_settings_go_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}")
    inputs = inputs_of(tmp_path, sizes=(20,), seeds=1, beyond=False)
    tables_by_rows(inputs)
    before = set((tmp_path / "curve").iterdir())
    tables_by_rows(replace(inputs, keys={"ols": "another", "weak": "another too"}))
    after = set((tmp_path / "curve").iterdir())
    assert (len(before), len(after), before & after) == (2, 2, set())
    assert (tmp_path / "study.json").exists()


class Listed(Sequence[str]):
    """Ids that are read from somewhere: how they print says nothing of them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, at: Any) -> Any:
        return self.names[at]

    def __repr__(self) -> str:
        return "Listed()"


def _judge(inputs: ByRowsInputs, **changes: Any) -> ByRowsInputs:
    return replace(inputs, judge=replace(inputs.judge, **changes))


def _with_ids(inputs: ByRowsInputs, *names: str) -> ByRowsInputs:
    return replace(inputs, fit=rows_of(WORLDS, "fit", ids=Listed(names)))


CHANGES: dict[str, Callable[[ByRowsInputs], ByRowsInputs]] = {
    "no labels": lambda one: _judge(one, labels=None),
    "other labels": lambda one: _judge(one, labels=1 - np.asarray(one.judge.labels)),
    "other eval rows": lambda one: _judge(
        one, rows={**one.judge.rows, "b": replace(one.judge.rows["b"], fingerprint="other")}  # type: ignore[type-var]
    ),
    "ids": lambda one: _with_ids(one, "x", "y"),
    "other ids": lambda one: _with_ids(one, "x", "z"),
    "without answers": lambda one: replace(one, beyond=False),
    "another method": lambda one: replace(one, keys={**one.keys, "ols": "another"}),
}  # fmt: skip


def test_whatever_decides_a_table_is_in_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(method="ols", rows=20, seed=0)
    plain = inputs_of(tmp_path)

    def key(inputs: ByRowsInputs, place: Place = place) -> str:
        return run._key(inputs, run._basis(inputs), place)

    keys = [key(plain), *(key(change(plain)) for change in CHANGES.values())]
    keys += [key(plain, replace(place, rows=60)), key(plain, replace(place, seed=1))]
    assert key(inputs_of(tmp_path / "elsewhere")) == keys[0]
    monkeypatch.setattr(run, "VERSION", run.VERSION + 1)
    keys.append(key(plain))
    assert len(set(keys)) == len(CHANGES) + 4


def test_all_of_it_runs_where_the_study_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The eval rows are few for the widest source alone: they are mapped, or judged by moments."""
    expected = tables_by_rows(inputs_of(tmp_path / "host"))
    precisions = []
    judged = Judge.maps

    def maps(self: Judge, method: Any, problem: Any, left: Any) -> Any:
        precisions.append(problem.moments.precision)
        return judged(self, method, problem, left)

    monkeypatch.setattr(Judge, "maps", maps)
    inputs = inputs_of(tmp_path / "device", precision="float32")
    device = off_the_host(monkeypatch)
    inputs = _judge(replace(inputs, algebra=device), algebra=device)
    found = tables_by_rows(inputs)
    assert set(precisions) == {"float32"}
    for place, maps_of in expected.items():
        for one, other in zip(maps_of, found[place], strict=True):
            assert other.r2 == pytest.approx(one.r2, abs=1e-4)
            assert other.r2_beyond_answers == pytest.approx(one.r2_beyond_answers, abs=1e-3)
