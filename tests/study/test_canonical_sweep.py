"""The sweep over a canonical space of rows in memory: which k, what is said, and what is not."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from array_worlds import off_the_host
from canonical_worlds import WORLDS, M, inputs_of, loss, r2, still
from npz_worlds import make_worlds
from samefeatures.base.errors import MapError
from samefeatures.maps import SourceProblem
from samefeatures.study.canonical import sweep as module
from samefeatures.study.canonical.inputs import CanonicalInputs
from samefeatures.study.canonical.leave_out import attached_to_others, fit_of_others
from samefeatures.study.canonical.points import answers_of, points_of, told_by_answers
from samefeatures.study.canonical.sweep import sweep
from samefeatures.study.results.canonical import CanonicalPair, CanonicalResults
from watching import Told

PAIRS = [(a, b) for a in "abc" for b in "abc" if a != b]
Done = tuple[CanonicalInputs, sf.CanonicalSpace, CanonicalResults]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    inputs = inputs_of(tmp_path_factory.mktemp("sweep"), k=(1, 3, 6), alpha=0.25)
    return inputs, *sweep(inputs)


def of(found: CanonicalResults, source: str, target: str, k: int | None) -> CanonicalPair:
    (pair,) = (p for p in found.pairs if (p.source, p.target, p.k) == (source, target, k))
    return pair


def test_its_head_says_what_the_space_is(done: Done) -> None:
    inputs, space, found = done
    rows = {name: world["fit_features"].astype(float) for name, world in WORLDS.items()}
    expected = sf.canonical_space(rows, k=6, alpha=0.25)
    assert (found.alpha, found.ks, found.rank, found.left_out_k) == (0.25, (1, 3, 6), 26, 6)
    assert found.shared == pytest.approx(expected.shared)
    assert found.chance == pytest.approx(expected.chance)
    assert found.chance == space.chance
    assert [member.fingerprint for member in space.members] == list(inputs.prints.values())
    encoded = [(inputs.evaluation[m.name].span(0, M) - m.mean) @ m.encoder.T for m in space.members]
    shared = np.sum(encoded, axis=0).var(axis=0) / sum(each.var(axis=0) for each in encoded)
    assert found.held_out == pytest.approx(shared)


def test_pairs_are_maps_through_the_space_and_those_of_full_rank(done: Done) -> None:
    inputs, space, found = done
    assert len(found.pairs) == len(PAIRS) * 4
    for source, target in PAIRS:
        for k in (1, 3, 6):
            fitted, pair = space.map(source, target, k=k), of(found, source, target, k)
            assert pair.r2 == pytest.approx(r2(inputs, fitted))
            assert pair.loss_points == pytest.approx(loss(inputs, fitted))
        problem = SourceProblem(source, inputs.networks, inputs.fit_moments)
        (fitted,) = sf.Ridge(alpha=0.25).fit(problem, [target])
        pair = of(found, source, target, None)
        assert pair.r2 == pytest.approx(r2(inputs, fitted))
        assert pair.loss_points == pytest.approx(loss(inputs, fitted))
        assert inputs.own is not None
        assert pair.correct == inputs.own[target] - round(loss(inputs, fitted) * M / 100)


def test_networks_hold_shares_and_medians_inside_and_outside(done: Done) -> None:
    inputs, space, found = done
    stack = module.Stack(inputs.fit_moments, alpha=0.25)  # type: ignore[attr-defined]
    others = attached_to_others(inputs, stack, 6)
    points = points_of(space, inputs.fit).astype(float)
    assert [(net.name, net.dim, net.rank) for net in found.networks] == [
        ("a", 8, 8), ("b", 11, 11), ("c", 7, 7)
    ]  # fmt: skip
    for net in found.networks:
        mine = [of(found, *pair, 6) for pair in PAIRS if net.name in pair]
        assert net.r2_in == pytest.approx(statistics.median(p.r2 or 0.0 for p in mine))
        assert net.loss_in == pytest.approx(statistics.median(p.loss_points or 0.0 for p in mine))
        r2s, losses = fit_of_others(inputs, others[net.name], net.name)
        assert net.r2_out == pytest.approx(statistics.median(r2s.values()))
        assert net.loss_out == pytest.approx(statistics.median(losses.values()))
        decoder = space.member(net.name).decoder  # (d, k), of points of variance 1
        x = WORLDS[net.name]["fit_features"].astype(float)
        spread = ((x - x.mean(axis=0)) ** 2).sum()
        held = [((points[:, :k] @ decoder[:, :k].T) ** 2).sum() / spread for k in (1, 3, 6)]
        assert net.held == pytest.approx(held, rel=1e-4)


def test_answers_are_those_of_the_network_that_tells_most(done: Done) -> None:
    inputs, space, found = done
    points, judged = (points_of(space, rows) for rows in (inputs.fit, inputs.evaluation))
    told = []
    for name, head in inputs.heads.items():
        mine, theirs = (answers_of(rows[name], head) for rows in (inputs.fit, inputs.evaluation))
        told.append(told_by_answers(points, mine, judged, theirs, head.classes))
    assert found.answers == pytest.approx(np.max(told, axis=0))
    assert not np.allclose(np.max(told, axis=0), np.min(told, axis=0))


def test_every_stage_is_a_step(tmp_path: Path) -> None:
    watched = Told()
    sweep(inputs_of(tmp_path, progress=watched))
    assert watched.tasks == {"canonical space": (8, [1] * 8)}


@pytest.mark.parametrize(
    ("rows", "ks"),
    [
        (90, (1, 2, 4, 8, 16)),  # 26 features
        (17, (1, 2, 4, 8, 16)),  # 16 directions
        (16, (1, 2, 4, 8)),
        (2, (1,)),
    ],
)
def test_by_default_k_doubles_as_far_as_the_rows_go(
    tmp_path: Path, rows: int, ks: tuple[int, ...]
) -> None:
    worlds = make_worlds(n=rows, m=30, noise=0.5)
    space, found = sweep(inputs_of(tmp_path, worlds, k=None))
    assert found.ks == ks
    assert space.k == len(found.shared) == ks[-1]


def test_fewer_directions_do_unless_they_are_named(tmp_path: Path) -> None:
    """Features that hang on three causes alone."""
    exact = _of_three_numbers()
    space, found = sweep(inputs_of(tmp_path, exact, k=None, alpha=0.0))
    assert (space.k, found.ks) == (3, (1, 2))
    with pytest.raises(MapError, match="k is 5"):
        sweep(inputs_of(tmp_path, exact, k=(1, 5), alpha=0.0))


def _of_three_numbers() -> dict[str, dict[str, Any]]:
    """Rows of small whole numbers, so that float32 holds them: three columns, and these again."""
    rng = np.random.default_rng(0)
    worlds: dict[str, dict[str, Any]] = {}
    causes = {kind: rng.integers(-9, 9, (40, 3)) for kind in ("fit", "eval")}
    for name in "abc":
        mix = rng.integers(-3, 4, (3, 5))
        worlds[name] = {f"{k}_features": np.float32(z @ mix) for k, z in causes.items()}
        worlds[name] |= {"head_weight": rng.normal(size=(4, 5)), "head_bias": np.zeros(4)}
        worlds[name]["eval_labels"] = rng.integers(0, 4, 40)
    return worlds


def test_a_network_that_does_not_vary_holds_nothing(tmp_path: Path) -> None:
    worlds = {**WORLDS, "b": still(WORLDS["b"])}
    _, found = sweep(inputs_of(tmp_path, worlds, k=(1, 2), alpha=0.25))
    held = {net.name: net.held for net in found.networks}
    assert held["b"] == (0.0, 0.0)
    assert held["a"][1] > held["a"][0] > 0
    assert [net.rank for net in found.networks] == [8, 0, 7]
    assert {pair.r2 is None for pair in found.pairs if pair.target == "b"} == {True}
    assert {pair.r2 is None for pair in found.pairs if pair.target != "b"} == {False}
    assert {net.name: net.r2_in is None for net in found.networks} == dict.fromkeys("abc", False)


def test_numbers_may_be_small(tmp_path: Path) -> None:
    small = {
        name: {key: x * np.float32(1e-4) if "features" in key else x for key, x in world.items()}
        for name, world in WORLDS.items()
    }
    found = sweep(inputs_of(tmp_path, small))[1]
    for net in found.networks:
        assert 0.3 < net.held[-1] < 1


def test_where_nothing_varies_there_is_no_space(tmp_path: Path) -> None:
    worlds = {name: still(world) for name, world in WORLDS.items()}
    with pytest.raises(MapError, match="no network's features vary over the fit rows"):
        sweep(inputs_of(tmp_path, worlds, k=None))


def test_what_is_not_there_is_not_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[tuple[str, ...]] = []
    real = module.count_right  # type: ignore[attr-defined]

    def count_right(space: Any, source: str, targets: Any, **rest: Any) -> Any:
        counted.append((source, *targets))
        return real(space, source, targets, **rest)

    monkeypatch.setattr(module, "count_right", count_right)
    one = sweep(inputs_of(tmp_path, headless="ab"))[1]
    assert counted == [("a", "c"), ("b", "c")], "no hybrid starts in c"
    assert {p.correct is None for p in one.pairs if p.target == "c"} == {False}
    assert {(p.correct, p.loss_points) for p in one.pairs if p.target != "c"} == {(None, None)}
    assert [net.loss_in is None for net in one.networks] == [False] * 3
    none = sweep(inputs_of(tmp_path, headless="abc"))[1]
    assert none.answers == ()
    assert {p.correct for p in none.pairs} == {None}
    assert [(net.loss_in, net.loss_out) for net in none.networks] == [(None, None)] * 3
    unlabelled = sweep(inputs_of(tmp_path, labels=None, own=None))[1]
    assert {(p.correct, p.loss_points) for p in unlabelled.pairs} == {(None, None)}
    assert all(p.r2 is not None for p in unlabelled.pairs)
    assert len(unlabelled.answers) == 6, "heads answer without labels"
    assert len(counted) == 2


def test_two_networks_have_no_space_that_lacks_one(tmp_path: Path) -> None:
    worlds = {name: WORLDS[name] for name in "ab"}
    found = sweep(inputs_of(tmp_path, worlds))[1]
    assert found.left_out_k == 0
    for net in found.networks:
        assert (net.r2_in, net.r2_out, net.loss_in, net.loss_out) == (None,) * 4
        assert len(net.held) == 3


def test_without_a_ridge_full_rank_is_ols(tmp_path: Path) -> None:
    inputs = inputs_of(tmp_path, alpha=0.0)
    found = sweep(inputs)[1]
    problem = SourceProblem("a", inputs.networks, inputs.fit_moments)
    (fitted,) = sf.OLS().fit(problem, ["b"])
    assert of(found, "a", "b", None).r2 == pytest.approx(r2(inputs, fitted))


def test_it_runs_where_the_study_says(
    tmp_path: Path, done: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = inputs_of(tmp_path)
    fit, evaluation = inputs.fit_moments, inputs.eval_moments
    algebra = off_the_host(monkeypatch)
    found = sweep(
        inputs_of(tmp_path, take_fit=lambda: fit, take_eval=lambda: evaluation, algebra=algebra)
    )[1]
    for one, other in zip(done[2].pairs, found.pairs, strict=True):
        assert other.r2 == pytest.approx(one.r2)
