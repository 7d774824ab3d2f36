"""Control spaces of worlds whose answer is known: what is shared, and what only looks shared."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from samefeatures.algebra import HOST
from samefeatures.base.arrays import Float32, Int64
from samefeatures.base.progress import Silent
from samefeatures.base.records import record
from samefeatures.features.rows import ArrayRows
from samefeatures.moments.folded import fold_moments
from samefeatures.networks.record import FeatureFile, Head
from samefeatures.scores.heads import score_heads
from samefeatures.study.beyond import Evidence, beyond_rows
from samefeatures.study.control_spaces import find_spaces, random_of
from samefeatures.study.results.spaces import SpaceFindings
from samefeatures.study.space_inputs import SpaceInputs
from samefeatures.study.spaces import Spaces

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


def world(folder: Path, *, shared: bool) -> SpaceInputs:
    """Three networks known by their features; heads are those of nearest class means."""
    rng = np.random.default_rng(0)
    labels = {side: rng.integers(0, CLASSES, n) for side, n in (("fit", FIT), ("eval", EVAL))}
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
    return SpaceInputs(
        networks=networks,
        fit=rows["fit"],
        evaluation=rows["eval"],
        labels=labels["eval"],
        own={
            name: score_heads([(net.eval_features, labels["eval"])], [net.head])[0]
            for name, net in networks.items()
        },
        folder=folder,
        extract=lambda _: ({}, {}),
        algebra=HOST,
        progress=Silent(),
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[SpaceInputs, SpaceFindings]:
    inputs = world(tmp_path_factory.mktemp("shared"), shared=True)
    return inputs, find_spaces(inputs)


def answers(inputs: SpaceInputs, name: str, side: str) -> Float32:
    rows = inputs.fit if side == "fit" else inputs.evaluation
    logits = inputs.networks[name].head.logits(rows[name].span(0, len(rows[name])))
    return np.eye(CLASSES)[logits.argmax(axis=1)]


def values(rows: dict[str, ArrayRows], name: str) -> Float32:
    return rows[name].span(0, len(rows[name]))


def test_rows_of_answers_are_regressions_on_one_hot_columns(
    shared: tuple[SpaceInputs, SpaceFindings],
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
            100 * (said == inputs.own[row.target].predictions).mean()
        )
        assert row.ci_low < row.top1 <= row.ci_high
        assert (row.rank, row.columns) == (CLASSES - 1, CLASSES)


def test_answers_alone_are_as_right_as_their_network(
    shared: tuple[SpaceInputs, SpaceFindings],
) -> None:
    inputs, found = shared
    for row in found.rows:
        if row.kind == "answers":
            assert row.top1 == inputs.own[row.of].top1
    for row in found.answers:
        counts = answers(inputs, row.source, "fit").sum(axis=0)
        assert (row.classes, row.seen, row.labelled_right) == (CLASSES, CLASSES, CLASSES)
        assert (row.fewest, row.typical, row.most) == (
            counts.min(),
            np.median(counts),
            counts.max(),
        )


def test_what_is_shared_beyond_the_answers_is_found(
    shared: tuple[SpaceInputs, SpaceFindings],
) -> None:
    _, found = shared
    assert {row.given for row in found.beyond} == {"answers"}  # there are no images
    for row in found.beyond:
        assert row.r2 is not None
        assert row.ci_low < row.r2 < row.ci_high
        if row.of == "features":
            assert row.r2 > 0.9
        else:
            assert abs(row.r2) < 0.02


def test_networks_that_share_answers_alone(tmp_path: Path) -> None:
    inputs = world(tmp_path, shared=False)
    found = find_spaces(inputs)
    for row in found.rows:
        if row.kind == "answers":  # no accuracy tells this world from the other
            assert row.top1 == inputs.own[row.of].top1
    assert all(abs(row.r2 or 1) < 0.02 for row in found.beyond)


def test_spaces_that_can_not_be_made_are_named(shared: tuple[SpaceInputs, SpaceFindings]) -> None:
    _, found = shared
    assert set(found.left_out) == {"pixels", *(random_of(name) for name in "abc")}
    assert {row.kind for row in found.rows} == {"answers", "class noise"}


def test_findings_go_through_json(shared: tuple[SpaceInputs, SpaceFindings]) -> None:
    _, found = shared
    assert record(SpaceFindings, json.loads(json.dumps(asdict(found)))) == found


def test_intervals_are_of_the_parts_of_the_eval_rows(tmp_path: Path) -> None:
    """All eval rows in two parts: the jackknife of two numbers, from errors of the rows alone."""
    inputs = world(tmp_path, shared=True)
    spaces = Spaces(networks=inputs.networks, rows=inputs.fit)
    judged = Spaces(networks=inputs.networks, rows=inputs.evaluation)
    fold_of, part_of = np.arange(FIT) % 3, (np.arange(EVAL) >= EVAL // 2).astype(np.int64)
    fits = fold_moments(spaces.reading(fold_of), tmp_path, kind="fit", progress=Silent())
    eval_ = fold_moments(judged.reading(part_of), tmp_path, kind="eval", progress=Silent())
    evidence = Evidence(
        fit=spaces.with_class_noise(fits.total),
        folds=[spaces.with_class_noise(fold) for fold in fits.folds],
        judge=judged.with_class_noise(eval_.total),
        rows=judged.by_name,
        part_of=part_of,
    )
    every = {name: values(judged.by_name, name) for name in judged.by_name}
    halves = [
        replace(
            evidence,
            judge=judged.with_class_noise(fold),
            rows={
                name: ArrayRows(name=name, values=rows[evidence.part_of == k], fingerprint="")
                for name, rows in every.items()
            },
            part_of=np.zeros(EVAL // 2, np.int64),
        )
        for k, fold in enumerate(eval_.folds)
    ]
    whole = [row for row in beyond_rows("a", list("abc"), evidence) if row.of == "features"]
    parts = [
        [row.r2 for row in beyond_rows("a", list("abc"), half) if row.of == "features"]
        for half in halves
    ]
    assert evidence.judge.n == EVAL
    for k, row in enumerate(whole):
        low, high = sorted((parts[0][k], parts[1][k]))
        assert row.ci_low < low <= row.r2 <= high < row.ci_high
        # two parts: the halves are the values without the other; t with one degree of freedom
        half_width = 12.706 * np.sqrt(0.5) * np.sqrt(2) * (high - low) / 2
        assert (row.ci_high - row.ci_low) / 2 == pytest.approx(half_width, rel=1e-3)
