"""Control spaces of worlds whose answer is known: what is shared, and what only looks shared."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from statsmodels.stats.proportion import proportion_confint

from samefeatures.algebra import HOST
from samefeatures.base.arrays import Bool, Float32, Int64
from samefeatures.base.progress import Silent
from samefeatures.base.records import record
from samefeatures.features.rows import ArrayRows
from samefeatures.maps.inverse import pseudoinverse
from samefeatures.networks.record import FeatureFile, Head
from samefeatures.scores.heads import Score, score_heads
from samefeatures.study import control_spaces
from samefeatures.study.beyond import Evidence, beyond_rows
from samefeatures.study.beyond_columns import column_summaries
from samefeatures.study.control_inputs import SEED, ControlInputs
from samefeatures.study.control_rows import _map, answers_rows, space_rows
from samefeatures.study.control_spaces import _sources, find_spaces
from samefeatures.study.controls_config import ControlsConfig
from samefeatures.study.made_spaces import make_spaces
from samefeatures.study.results.spaces import BeyondRow, SpaceFindings
from samefeatures.study.spaces import Spaces, answers_of
from watching import Told, not_on_the_host

CLASSES, DIM = 5, 12
FIT, EVAL = 3000, 1200


def features(name: str, classes: Int64, latent: Float32, *, shared: bool, seed: int) -> Float32:
    """Class means, and directions beyond the class: everybody's, or this network's alone."""
    fixed = np.random.default_rng(sum(map(ord, name)))
    own = np.random.default_rng([seed, *map(ord, name)])
    beyond = latent if shared else own.standard_normal(latent.shape)
    values = 4 * fixed.standard_normal((CLASSES, DIM))[classes]
    values += beyond @ fixed.standard_normal((latent.shape[1], DIM))
    return (values + 0.1 * own.standard_normal(values.shape)).astype(np.float32)


def own(inputs: ControlInputs) -> dict[str, Score]:
    """Scores of the networks themselves."""
    return {
        name: score_heads([(net.eval_features, inputs.labels)], [net.head])[0]
        for name, net in inputs.networks.items()
        if isinstance(net, FeatureFile)
    }


def find(inputs: ControlInputs) -> SpaceFindings:
    return find_spaces(inputs, make_spaces(inputs), own(inputs))


def world(folder: Path, *, shared: bool, rows_of: tuple[int, int] = (FIT, EVAL)) -> ControlInputs:
    """Three networks known by their features; heads are those of nearest class means."""
    rng = np.random.default_rng(0)
    sides = zip(("fit", "eval"), rows_of, strict=True)
    labels = {side: rng.integers(0, CLASSES, n) for side, n in sides}
    latent = {s: rng.standard_normal((len(v), 4)).astype(np.float32) for s, v in labels.items()}
    networks, rows = {}, {"fit": {}, "eval": {}}
    for name in ("a", "b", "c"):
        made = {
            side: features(name, labels[side], latent[side], shared=shared, seed=k)
            for k, side in enumerate(labels)
        }
        means = np.array([made["fit"][labels["fit"] == k].mean(axis=0) for k in range(CLASSES)])
        networks[name] = FeatureFile(
            name=name,
            source=f"npz:{name}",
            head=Head(means, -0.5 * (means**2).sum(axis=1)),
            fingerprint=f"made {name}",
            fit_features=made["fit"],
            eval_features=made["eval"],
            eval_labels=labels["eval"],
        )
        for side, values in made.items():
            rows[side][name] = ArrayRows(name=name, values=values, fingerprint=f"{side} {name}")
    return ControlInputs(
        networks=networks,
        fit=rows["fit"],
        evaluation=rows["eval"],
        labels=labels["eval"],
        fit_labels=lambda: labels["fit"],
        chosen=ControlsConfig(),
        precision="float64",
        folder=folder,
        extract=lambda _: ({}, {}),
        algebra=HOST,
        progress=Silent(),
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[ControlInputs, SpaceFindings]:
    inputs = world(tmp_path_factory.mktemp("shared"), shared=True)
    return inputs, find(inputs)


def answers(inputs: ControlInputs, name: str, side: str) -> Float32:
    rows = inputs.fit if side == "fit" else inputs.evaluation
    logits = inputs.networks[name].head.logits(rows[name].span(0, len(rows[name])))
    return np.eye(CLASSES)[logits.argmax(axis=1)]


def values(rows: dict[str, ArrayRows], name: str) -> Float32:
    return rows[name].span(0, len(rows[name]))


def test_rows_of_answers_are_regressions_on_one_hot_columns(
    shared: tuple[ControlInputs, SpaceFindings],
) -> None:
    inputs, found = shared
    rows = [row for row in found.rows if row.kind == "answers"]
    assert [(row.of, row.target) for row in rows] == [
        (a, b) for a in "abc" for b in "abc" if a != b
    ]
    for row in rows:
        x, y = answers(inputs, row.of, "fit"), values(inputs.fit, row.target).astype(np.float64)
        mapped = LinearRegression().fit(x, y).predict(answers(inputs, row.of, "eval"))
        truth = values(inputs.evaluation, row.target).astype(np.float64)
        expected = r2_score(truth, mapped, multioutput="variance_weighted")
        assert row.r2 == pytest.approx(expected, abs=1e-9)
        said = inputs.networks[row.target].head.logits(mapped.astype(np.float32)).argmax(axis=1)
        assert row.correct == int((said == inputs.labels).sum())
        assert row.top1 == 100 * row.correct / row.n
        assert row.agreement == pytest.approx(
            100 * (said == own(inputs)[row.target].predictions).mean()
        )
        assert row.ci_low < row.top1 <= row.ci_high
        assert (row.rank, row.columns) == (CLASSES - 1, CLASSES)


def test_answers_alone_are_as_right_as_their_network(
    shared: tuple[ControlInputs, SpaceFindings],
) -> None:
    inputs, found = shared
    for row in found.rows:
        if row.kind == "answers":
            assert row.top1 == own(inputs)[row.of].top1
    for row in found.answers:
        counts = answers(inputs, row.source, "fit").sum(axis=0)
        assert (row.classes, row.seen, row.labelled_right) == (CLASSES, CLASSES, CLASSES)
        assert (row.fewest, row.typical, row.most) == (
            counts.min(),
            np.median(counts),
            counts.max(),
        )


def test_what_is_shared_beyond_the_answers_is_found(
    shared: tuple[ControlInputs, SpaceFindings],
) -> None:
    _, found = shared
    assert {row.given for row in found.beyond} == {"answers"}  # there are no images
    for row in found.beyond:
        assert row.r2 is not None
        if row.of == "features":
            assert row.ci_low < row.r2 < row.ci_high
            assert row.r2 > 0.9
            assert row.cosine == pytest.approx(np.sqrt(row.r2), abs=0.01)  # as of any good fit
        else:
            assert row.ci_low <= row.r2 <= row.ci_high
            assert abs(row.r2) < 0.02
    nulls = {(row.source, row.of) for row in found.beyond if row.of != "features"}
    assert nulls == {("a", "shuffled rows"), *((name, "class noise") for name in "abc")}


def test_networks_that_share_answers_alone(tmp_path: Path) -> None:
    inputs = world(tmp_path, shared=False)
    found = find(inputs)
    for row in found.rows:
        if row.kind == "answers":  # no accuracy tells this world from the other
            assert row.top1 == own(inputs)[row.of].top1
    assert all(row.r2 is not None and abs(row.r2) < 0.02 for row in found.beyond)


def test_spaces_that_can_not_be_made_are_named(shared: tuple[ControlInputs, SpaceFindings]) -> None:
    _, found = shared
    assert set(found.left_out) == {"pixels", *(f"random weights of {name}" for name in "abc")}
    assert {row.kind for row in found.rows} == {"answers", "class noise"}


def test_findings_go_through_json(shared: tuple[ControlInputs, SpaceFindings]) -> None:
    _, found = shared
    assert record(SpaceFindings, json.loads(json.dumps(asdict(found)))) == found


def half_of(inputs: ControlInputs, chosen: Bool) -> ControlInputs:
    """With some of the eval rows alone."""
    evaluation = {
        name: ArrayRows(name=name, values=rows.span(0, EVAL)[chosen], fingerprint=f"{chosen.sum()}")
        for name, rows in inputs.evaluation.items()
    }
    folder = inputs.folder / f"half {int(np.flatnonzero(chosen)[0])}"
    return replace(inputs, evaluation=evaluation, labels=inputs.labels[chosen], folder=folder)


def test_intervals_are_of_the_parts_of_the_eval_rows(tmp_path: Path) -> None:
    """All eval rows in two parts: the jackknife of two numbers, from errors of the rows alone."""
    inputs = world(tmp_path, shared=True)
    made = make_spaces(inputs)
    part_of = (np.arange(EVAL) >= EVAL // 2).astype(np.int64)
    halves = [half_of(inputs, part_of == k) for k in range(2)]
    evidence = replace(Evidence.of(made), part_of=part_of)
    features = [row for row in beyond_rows("a", [("answers",)], evidence) if row.of == "features"]
    whole, parts = features, []
    for half in halves:
        judged = replace(Evidence.of(make_spaces(half)), part_of=np.zeros(EVAL // 2, np.int64))
        rows = beyond_rows("a", [("answers",)], judged)
        parts.append([row.r2 for row in rows if row.of == "features"])
    assert evidence.judge.n == EVAL
    for k, row in enumerate(whole):
        low, high = sorted((parts[0][k], parts[1][k]))
        assert row.ci_low < low <= row.r2 <= high < row.ci_high
        # two parts: the halves are the values without the other; t with one degree of freedom
        half_width = 12.706 * np.sqrt(0.5) * np.sqrt(2) * (high - low) / 2
        assert (row.ci_high - row.ci_low) / 2 == pytest.approx(half_width, rel=1e-3)


def test_measures_of_what_the_answers_leave(tmp_path: Path) -> None:
    """Nothing is left of networks that share only answers, and the null is not fooled."""
    names = ("cka", "procrustes", "angle", "debiased_cka", "mutual_knn")
    medians = {}
    for kind in (True, False):
        inputs = replace(world(tmp_path / str(kind), shared=kind), measures=names, sample=200)
        found = find(inputs)
        for of in ("features", "class noise"):
            rows = [row for row in found.beyond if (row.of, row.given) == (of, "answers")]
            assert len(rows) == 6
            for name in names:
                medians[kind, of, name] = np.median([row.measures[name] for row in rows])
        columns = found.columns()
        assert {"r2_beyond_answers", "cka_beyond_answers", "angle_beyond_answers"} <= set(columns)
        summaries = {each.name: each for each in column_summaries(found)}
        assert summaries["cka_beyond_answers"].label == "CKA beyond answers"
        assert (summaries["angle_beyond_answers"].same, summaries["cka_beyond_answers"].same) == (
            0.0,
            1.0,
        )
        assert record(SpaceFindings, json.loads(json.dumps(asdict(found)))) == found
    for name in ("cka", "procrustes"):
        assert medians[True, "features", name] > 0.5
        assert medians[False, "features", name] < 0.15
        assert medians[True, "class noise", name] < 0.15
    by_chance = 10 / 199  # of 200 images
    for name, chance in (("debiased_cka", 0.0), ("mutual_knn", by_chance)):
        assert medians[True, "features", name] > chance + 0.2
        assert medians[False, "features", name] == pytest.approx(chance, abs=0.03)
        assert medians[True, "class noise", name] == pytest.approx(chance, abs=0.03)
    assert medians[True, "features", "angle"] < 1.0 < medians[True, "class noise", "angle"]


def small(folder: Path, **changes: object) -> ControlInputs:
    """Few rows, so that answers go wrong, and class noise of few columns."""
    inputs = world(folder, shared=True, rows_of=(160, 90))
    return replace(inputs, chosen=ControlsConfig(class_noise=6), **changes)


def test_what_is_asked_of_the_inputs(tmp_path: Path) -> None:
    inputs = small(tmp_path)
    assert (inputs.source, inputs.targets, inputs.counts) == ("a", ["b", "c"], (160, 90))


def test_rows_of_a_space_by_hand(tmp_path: Path) -> None:
    """Heads that are often wrong, so that no two numbers of a row are the same."""
    inputs = small(tmp_path)
    networks = dict(inputs.networks)
    for name, seed in (("a", 4), ("b", 5), ("c", 6)):
        weight = np.random.default_rng(seed).standard_normal((CLASSES, DIM))
        networks[name] = replace(networks[name], head=Head(weight, np.zeros(CLASSES)))
    inputs = replace(inputs, networks=networks)
    made, mine = make_spaces(inputs), own(inputs)
    space = made.evaluation.by_name["class noise: a"]
    found = list(
        space_rows(
            space, kind="a kind", of="c", networks=networks, fit=made.total, judge=made.judge,
            own=mine, labels=inputs.labels, seed=8,
        )
    )  # fmt: skip
    assert [(row.kind, row.of, row.target, row.seed) for row in found] == [
        ("a kind", "c", "a", 8),
        ("a kind", "c", "b", 8),
    ]
    x = np.concatenate(list(made.fit.by_name["class noise: a"].chunks(50)))
    z = np.concatenate(list(space.chunks(50)))
    assert (x.shape, z.shape) == ((160, 6), (90, 6))
    for row in found:
        mapped = LinearRegression().fit(x, values(inputs.fit, row.target)).predict(z)
        said = networks[row.target].head.logits(mapped.astype(np.float32)).argmax(axis=1)
        right = int((said == inputs.labels).sum())
        assert (row.n, row.correct, row.rank, row.columns) == (90, right, 6, 6)
        assert row.top1 == pytest.approx(100 * right / 90)
        ends = proportion_confint(right, 90, method="wilson")
        assert (row.ci_low, row.ci_high) == pytest.approx([100 * end for end in ends])
        same = (said == mine[row.target].predictions).mean()
        assert row.agreement == pytest.approx(100 * same)
        truth = values(inputs.evaluation, row.target)
        expected = r2_score(truth, mapped, multioutput="variance_weighted")
        assert row.r2 == pytest.approx(expected, abs=1e-5)
        assert len({row.correct, row.n, row.top1, row.ci_low, row.ci_high, row.agreement}) == 6


def test_the_map_of_a_space_says_what_it_is(tmp_path: Path) -> None:
    inputs = small(tmp_path)
    made = make_spaces(inputs)
    space = made.evaluation.by_name["class noise: a"]
    inverse = pseudoinverse(made.total.block(space.name, space.name))
    fitted = _map(space, inputs.networks["b"], made.total, inverse, HOST)
    assert (fitted.source, fitted.target, fitted.method) == (space.name, "b", "ols")
    assert (fitted.source_fingerprint, fitted.target_fingerprint) == (space.fingerprint, "made b")
    x = np.concatenate(list(made.fit.by_name[space.name].chunks(50)))
    model = LinearRegression().fit(x, values(inputs.fit, "b"))
    np.testing.assert_allclose(fitted.weight, model.coef_, atol=1e-4)
    np.testing.assert_allclose(fitted.bias, model.intercept_, atol=1e-4)


def test_answers_that_were_given_are_counted_one_by_one(tmp_path: Path) -> None:
    """One answer is never given, and another head knows three of the classes."""
    inputs = small(tmp_path)
    networks = dict(inputs.networks)
    a, b = (networks[name].head for name in "ab")
    never, blind = np.zeros(CLASSES), np.zeros(CLASSES)
    never[4] = blind[0] = -1e9
    networks["a"] = replace(networks["a"], head=Head(a.weight, a.bias + never))
    networks["b"] = replace(networks["b"], head=Head(b.weight, b.bias + blind))
    rng = np.random.default_rng(131)  # by means of other lengths it would say others
    networks["c"] = replace(
        networks["c"], head=Head(rng.normal(size=(CLASSES, DIM)), 9 * rng.normal(size=CLASSES))
    )
    inputs = replace(inputs, networks=networks)
    fit = make_spaces(inputs).total
    rows = list(answers_rows("a", answers_of("a"), networks, fit))
    said = answers(inputs, "a", "fit")
    counts = said.sum(axis=0)
    assert [(row.source, row.target) for row in rows] == [("a", "b"), ("a", "c")]
    for row in rows:
        means = said.T[counts > 0] @ values(inputs.fit, row.target) / counts[counts > 0, None]
        labels = networks[row.target].head.logits(means.astype(np.float32)).argmax(axis=1)
        right = int((labels == np.flatnonzero(counts)).sum())
        assert (row.classes, row.seen, row.labelled_right) == (5, 4, right)
        assert (row.fewest, row.typical, row.most) == (0, int(np.median(counts)), counts.max())
        assert right < 4


def test_sources_are_told_apart_by_kind_network_and_seed(tmp_path: Path) -> None:
    inputs = small(tmp_path)
    rows = inputs.evaluation
    others = {name: replace(rows["a"], name=name) for name in ("pixels", "a.random", "a.random-1")}
    spaces = Spaces(
        networks=inputs.networks,
        rows=rows,
        pixels=others["pixels"],
        random={("a", 0): others["a.random"], ("a", 1): others["a.random-1"]},
        soft=True,
        columns=4,
    )
    found = [(kind, of, seed, space.name) for kind, of, seed, space in _sources(spaces)]
    each = ("answers", "soft answers", "class noise")
    assert found == [
        *((kind, name, SEED, f"{kind}: {name}") for kind in each for name in "abc"),
        ("random weights", "a", 0, "a.random"),
        ("random weights", "a", 1, "a.random-1"),
        ("pixels", None, SEED, "pixels"),
    ]
    plain = Spaces(networks=inputs.networks, rows=rows, columns=0)
    assert [kind for kind, *_ in _sources(plain)] == ["answers"] * 3


def test_all_spaces_are_scored_elsewhere_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was taken of one source goes before the next."""
    inputs = small(tmp_path, measures=("cka", "mutual_knn"), sample=40)
    made, mine = make_spaces(inputs), own(inputs)
    steps: list[str] = []
    monkeypatch.setattr(control_spaces, "give_back", lambda: steps.append("give back"))
    forget = Evidence.forget
    monkeypatch.setattr(Evidence, "forget", lambda self: steps.append("forget") or forget(self))
    plain = find_spaces(inputs, made, mine)
    more = find_spaces(replace(inputs, sample=60), made, mine)
    assert more.beyond[0].measures["mutual_knn"] != plain.beyond[0].measures["mutual_knn"]

    def keep(name: str, take: Callable[[], Iterable[BeyondRow]]) -> Sequence[BeyondRow]:
        steps.append(name)
        return tuple(take())[:1]

    steps.clear()
    told, place, asked, of = Told(), not_on_the_host(monkeypatch), [], Evidence.of
    monkeypatch.setattr(
        Evidence, "of", lambda made, **options: asked.append(options) or of(made, **options)
    )
    away = replace(inputs, progress=told, algebra=place)
    found = find_spaces(away, made, mine, kept=keep)
    assert asked == [{"sample": 40, "algebra": place}]
    assert steps == [step for name in "abc" for step in (name, "forget", "give back")]
    assert told.tasks == {"control spaces": (6, [1] * 6), "shared beyond them": (3, [1] * 3)}
    assert (found.rows, found.answers, found.notes) == (plain.rows, plain.answers, plain.notes)
    assert (len(found.rows), found.left_out) == (12, made.left_out)
    pairs = [(a, b) for a in "abc" for b in "abc" if a != b]
    assert [(row.source, row.target) for row in found.answers] == pairs
    firsts = [next(row for row in plain.beyond if row.source == name) for name in "abc"]
    for one, other in zip(found.beyond, firsts, strict=True):
        assert (one.source, one.target, one.of) == (other.source, other.target, other.of)
        assert one.measures == pytest.approx(other.measures)
        assert list(one.measures) == ["cka", "mutual_knn"]


def test_seeds_of_random_weights_stand_in_their_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = small(tmp_path)
    made = make_spaces(inputs)
    drawn = [("random weights", "b", seed, made.evaluation.answers["b"]) for seed in (0, 3)]
    monkeypatch.setattr(control_spaces, "_sources", lambda _: drawn)
    monkeypatch.setattr(control_spaces, "give_back", lambda: None)
    found = find_spaces(inputs, made, own(inputs)).rows
    assert [(row.of, row.target, row.seed) for row in found] == [
        ("b", target, seed) for seed in (0, 3) for target in "ac"
    ]
