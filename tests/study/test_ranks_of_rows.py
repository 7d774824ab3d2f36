"""Maps of every rank between rows in memory, against singular vectors; and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from array_worlds import World, moments_of, networks_of, off_the_host, rows_of
from canonical_worlds import still
from npz_worlds import CLASSES, make_worlds
from samefeatures.base.arrays import Float64, Int64
from samefeatures.joint.blocks import BlockSums
from samefeatures.joint.views import Beside
from samefeatures.scores.heads import Score
from samefeatures.study import ranks as module
from samefeatures.study.ranks import RankInputs, kept_ranks
from samefeatures.study.results.ranks import RankRow, Ranks
from samefeatures.study.spaces import answers_of
from watching import Told

N, M = 90, 60
WORLDS = make_worlds(n=N, m=M, noise=1.0)
PAIRS = [(a, b) for a in "abc" for b in "abc" if a != b]


def answers(name: str, kind: str) -> Int64:
    world = WORLDS[name]
    logits = world[f"{kind}_features"] @ world["head_weight"].T + world["head_bias"]
    return np.asarray(logits.argmax(axis=1))


def made_of() -> Any:
    """Moments of networks and their answers, as a study with controls has them."""
    sides = []
    for kind in ("fit", "eval"):
        said = {answers_of(name): answers(name, kind) for name in "abc"}
        rows = {name: WORLDS[name][f"{kind}_features"] for name in "abc"}
        dims = {name: rows[name].shape[1] for name in "abc"} | dict.fromkeys(said, CLASSES)
        pairs = [(a, b) for a in said for b in "abc"] + [(a, a) for a in said]
        sums = BlockSums(dims, classes=list(said), pairs=pairs)
        sums.update({**rows, **said})
        moments = moments_of(rows_of(WORLDS, kind))
        sides.append(Beside(moments, frozenset("abc"), sums.blocks()))
    return SimpleNamespace(total=sides[0], judge=sides[1])


def own_of(name: str, correct: int) -> Score:
    return Score(np.zeros(M, np.int32), correct, correct)


OWN = {"a": own_of("a", 50), "b": own_of("b", 40), "c": own_of("c", 0)}


def inputs_of(
    folder: Path, worlds: dict[str, World] | None = None, *, headless: Collection[str] = (),
    **changes: Any,
) -> RankInputs:  # fmt: skip
    worlds = dict(WORLDS) if worlds is None else worlds
    fit, evaluation = rows_of(worlds, "fit"), rows_of(worlds, "eval")
    inputs = RankInputs(
        networks=networks_of(worlds, headless=headless),
        fit=fit,
        evaluation=evaluation,
        labels=WORLDS["a"]["eval_labels"],
        own=OWN,
        fit_moments=lambda: moments_of(fit),
        eval_moments=lambda: moments_of(evaluation),
        made=made_of,
        chosen=(1, 3),
        precision="float64",
        folder=folder,
        progress=Told(),
    )
    return replace(inputs, **changes)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Ranks:
    return kept_ranks(inputs_of(tmp_path_factory.mktemp("ranks")))


def maps_of(source: str, target: str) -> tuple[Float64, Float64, Float64, Float64]:
    """Means of both, OLS weights (d_A, d_B), and directions (k, d_B) of the fitted target."""
    x, y = (WORLDS[name]["fit_features"].astype(float) for name in (source, target))
    x0, y0 = x.mean(axis=0), y.mean(axis=0)
    weight = np.linalg.lstsq(x - x0, y - y0, rcond=None)[0]
    directions = np.linalg.svd((x - x0) @ weight, full_matrices=False)[2]
    return x0, y0, weight, directions


def test_rows_are_of_maps_of_the_first_singular_directions(found: Ranks) -> None:
    assert list(found.pairs) == PAIRS
    for (source, target), rows in found.pairs.items():
        x0, y0, weight, directions = maps_of(source, target)
        full = min(WORLDS[name]["fit_features"].shape[1] for name in (source, target))
        assert [(row.rank, row.full_rank, row.n) for row in rows] == [
            (1, full, M), (3, full, M), (full, full, M)
        ]  # fmt: skip
        world = WORLDS[target]
        x, y = (WORLDS[name]["eval_features"].astype(float) for name in (source, target))
        for row in rows:
            u = directions[: row.rank]
            mapped = y0 + (x - x0) @ weight @ u.T @ u
            error = ((y - mapped) ** 2).sum() / ((y - y.mean(axis=0)) ** 2).sum()
            assert row.r2 == pytest.approx(1 - error, abs=1e-6)
            logits = mapped @ world["head_weight"].T + world["head_bias"]
            correct = int((logits.argmax(axis=1) == world["eval_labels"]).sum())
            assert row.correct == correct
            assert row.top1 == pytest.approx(100 * correct / M)
            mine, theirs = (100 * OWN[name].correct / M for name in (source, target))
            assert row.loss_vs_target_points == pytest.approx(theirs - 100 * correct / M)
            change = 100 * (100 * correct / M - mine) / mine if mine else None
            assert row.change_vs_source_pct == (change if change is None else pytest.approx(change))


def test_beyond_answers_the_numbers_are_regressed_together_with_them(found: Ranks) -> None:
    """By least squares on one-hot columns and the numbers that the map lets through."""
    for (source, target), rows in found.pairs.items():
        x0, y0, weight, directions = maps_of(source, target)
        sides = {}
        for kind in ("fit", "eval"):
            one_hot = np.eye(CLASSES)[answers(source, kind)]
            x = WORLDS[source][f"{kind}_features"] - x0
            numbers = x @ weight @ directions.T
            sides[kind] = one_hot, numbers, WORLDS[target][f"{kind}_features"] - y0
        centre = sides["fit"][0].mean(axis=0)

        def error(rank: int, sides: Any = sides, centre: Any = centre) -> float:
            z, z_eval = (
                np.concatenate([one_hot - centre, numbers[:, :rank]], axis=1)
                for one_hot, numbers, _ in sides.values()
            )
            effects = np.linalg.lstsq(z, sides["fit"][2], rcond=None)[0]
            return float(((sides["eval"][2] - z_eval @ effects) ** 2).sum())

        for row in rows:
            expected = 1 - error(row.rank) / error(0)
            assert row.r2_beyond_answers == pytest.approx(expected, abs=1e-5)


def test_without_controls_nothing_is_said_beyond_answers(tmp_path: Path, found: Ranks) -> None:
    alone = kept_ranks(inputs_of(tmp_path, made=None))
    assert alone.rows == tuple(replace(row, r2_beyond_answers=None) for row in found.rows)


def test_what_is_not_known_is_not_said(tmp_path: Path) -> None:
    own = {"a": OWN["a"]}
    rows = kept_ranks(inputs_of(tmp_path / "b", headless="b", own=own, made=None)).rows
    for row in rows:
        assert (row.correct is None) == (row.top1 is None) == (row.target == "b")
        known = row.top1 is not None
        assert (row.change_vs_source_pct is not None) == (known and row.source == "a")
        assert (row.loss_vs_target_points is not None) == (known and row.target == "a")
    for without in (
        inputs_of(tmp_path / "heads", headless="abc", made=None),
        inputs_of(tmp_path / "labels", labels=None, own={}, made=None),
    ):
        for row in kept_ranks(without).rows:
            said = (row.correct, row.top1, row.change_vs_source_pct, row.loss_vs_target_points)
            assert said == (None,) * 4
            assert row.r2 is not None


def test_a_network_that_does_not_vary_has_no_ranks(tmp_path: Path) -> None:
    worlds = {**WORLDS, "c": still(WORLDS["c"])}
    found = kept_ranks(inputs_of(tmp_path, worlds, made=None))
    assert list(found.pairs) == [("a", "b"), ("b", "a")]


def test_a_target_that_does_not_vary_where_it_is_judged_has_no_r2(tmp_path: Path) -> None:
    flat = {**WORLDS["c"], "eval_features": np.ones_like(WORLDS["c"]["eval_features"])}
    found = kept_ranks(inputs_of(tmp_path, {**WORLDS, "c": flat}, made=None))
    for row in found.rows:
        assert (row.r2 is None) == (row.target == "c")


def test_ranks_are_powers_of_two_unless_they_are_chosen(tmp_path: Path) -> None:
    found = kept_ranks(inputs_of(tmp_path, chosen=None, made=None))
    assert [row.rank for row in found.pairs["a", "b"]] == [1, 2, 4, 8]


def test_sources_that_are_there_are_not_taken_again(
    tmp_path: Path, found: Ranks, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = inputs_of(tmp_path)
    paths = [tmp_path / "ranks" / f"{inputs.key[:16]}.{name}.json" for name in "abc"]
    assert kept_ranks(inputs) == found
    assert sorted((tmp_path / "ranks").iterdir()) == paths
    before = paths[1].read_bytes()
    paths[1].unlink()
    taken: list[str] = []
    real = module._of_source
    monkeypatch.setattr(module, "_of_source", lambda i, s: taken.append(s) or real(i, s))  # type: ignore[func-returns-value]
    watched = Told()
    assert kept_ranks(replace(inputs, progress=watched)) == found
    assert taken == ["b"]
    assert watched.tasks == {"ranks": (3, [1, 1, 1])}
    assert paths[1].read_bytes() == before


def test_files_of_other_settings_go_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}")
    kept_ranks(inputs_of(tmp_path, made=None))
    before = set((tmp_path / "ranks").iterdir())
    kept_ranks(inputs_of(tmp_path, made=None, chosen=(2,)))
    after = set((tmp_path / "ranks").iterdir())
    assert (len(before), len(after), before & after) == (3, 3, set())
    assert (tmp_path / "study.json").exists()


def _part(inputs: RankInputs, side: str) -> dict[str, Any]:
    parts = getattr(inputs, side)
    return {side: {**parts, "b": replace(parts["b"], fingerprint="other")}}


CHANGES: dict[str, Callable[[RankInputs], dict[str, Any]]] = {
    "ranks": lambda _: {"chosen": (1, 2)},
    "powers": lambda _: {"chosen": None},
    "fit rows": lambda one: _part(one, "fit"),
    "eval rows": lambda one: _part(one, "evaluation"),
    "precision": lambda _: {"precision": "float32"},
    "no labels": lambda _: {"labels": None},
    "labels": lambda one: {"labels": 1 - np.asarray(one.labels)},
    "alone": lambda _: {"made": None},
    "network": lambda one: {
        "networks": {**one.networks, "c": replace(one.networks["c"], fingerprint="other")}
    },
}


def test_whatever_decides_it_is_in_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = inputs_of(tmp_path)
    keys = [plain.key, *(replace(plain, **change(plain)).key for change in CHANGES.values())]
    assert inputs_of(tmp_path / "elsewhere").key == keys[0]
    monkeypatch.setattr(module, "RANKS_VERSION", module.RANKS_VERSION + 1)
    keys.append(plain.key)
    assert len(set(keys)) == len(CHANGES) + 2


def test_it_runs_where_the_study_says(
    tmp_path: Path, found: Ranks, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, made = inputs_of(tmp_path), made_of()
    fit, judge = inputs.fit_moments(), inputs.eval_moments()
    elsewhere = replace(
        inputs, fit_moments=lambda: fit, eval_moments=lambda: judge, made=lambda: made
    )
    found_there = kept_ranks(replace(elsewhere, algebra=off_the_host(monkeypatch)))
    for one, other in zip(found.rows, found_there.rows, strict=True):
        assert _place(one) == _place(other)
        assert other.r2 == pytest.approx(one.r2, abs=1e-9)
        assert other.r2_beyond_answers == pytest.approx(one.r2_beyond_answers, abs=1e-9)


def _place(row: RankRow) -> tuple[str, str, int]:
    return row.source, row.target, row.rank
