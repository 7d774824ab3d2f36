"""Every number of a cell against scikit-learn, on the rows and the saved maps themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score, top_k_accuracy_score

from npz_worlds import make_worlds, write_npz
from samefeatures.scores.comparisons import SAME, UNKNOWN, Comparison, compare
from samefeatures.scores.follow import follow
from samefeatures.scores.heads import Score
from samefeatures.scores.intervals import wilson
from samefeatures.study.cells import cells_of
from samefeatures.study.config import parse_config
from samefeatures.study.results import Cell, FitSummary
from samefeatures.study.score_files import MapFacts
from samefeatures.study.scoring import Scored
from samefeatures.study.study import Study

CLASSES = 9


def test_every_number_of_a_cell_is_that_of_scikit_learn(tmp_path: Path) -> None:
    """Nine classes, so that the first five are not all, and heads that know little of them."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, CLASSES, 300)
    worlds = make_worlds()
    for world in worlds.values():
        world["head_weight"] = rng.normal(size=(CLASSES, world["fit_features"].shape[1]))
        world["head_bias"] = rng.normal(size=CLASSES)
        world["eval_labels"] = labels
    sources = [write_npz(tmp_path, name, world) for name, world in worlds.items()]
    study = Study(parse_config({"networks": sources}), out=tmp_path / "out", base=tmp_path)
    results = study.score()

    def logits(name: str, features: np.ndarray) -> np.ndarray:
        return features @ worlds[name]["head_weight"].T + worlds[name]["head_bias"]

    def accuracy(said: np.ndarray, k: int) -> float:
        return float(top_k_accuracy_score(labels, said, k=k, labels=range(CLASSES)))

    own = {name: logits(name, world["eval_features"]) for name, world in worlds.items()}
    assert len(results.cells) == 4 * 9
    for cell in results.cells:
        features, said = worlds[cell.source]["eval_features"], own[cell.source]
        true, target_says = worlds[cell.target]["eval_features"], own[cell.target].argmax(1)
        if cell.source != cell.target:
            fitted = study.maps.load(cell.method, cell.source, cell.target)
            features = features @ fitted.weight.T + fitted.bias
            said = logits(cell.target, features)
        best, five = accuracy(said, 1), accuracy(said, 5)
        assert best < five < 1
        assert (cell.n, cell.correct, cell.correct_top5) == (300, 300 * best, round(300 * five))
        assert (cell.top1, cell.top5) == pytest.approx((100 * best, 100 * five))
        source, target = accuracy(own[cell.source], 1), accuracy(own[cell.target], 1)
        assert (cell.source_top1, cell.target_top1) == pytest.approx((100 * source, 100 * target))
        assert cell.change_vs_source_pct == pytest.approx(100 * (best - source) / source)
        assert cell.loss_vs_target_points == pytest.approx(100 * (target - best), abs=1e-9)
        assert cell.agreement == pytest.approx(100 * accuracy_score(target_says, said.argmax(1)))
        was, now = target_says == labels, said.argmax(1) == labels
        turned = ((now & ~was).sum(), (was & ~now).sum())
        assert cell.turned == (turned if cell.source != cell.target else (0, 0))
        r2 = r2_score(true, features, multioutput="variance_weighted")
        assert cell.r2 == pytest.approx(r2, abs=1e-5)
        cosine = np.vdot(true, features) / np.linalg.norm(true) / np.linalg.norm(features)
        assert cell.cosine == pytest.approx(cosine, abs=1e-6)
    for network in results.networks:
        found = (100 * accuracy(own[network.name], 1), 100 * accuracy(own[network.name], 5))
        assert (network.top1, network.top5) == pytest.approx(found)


LABELS = np.repeat(np.arange(6), 5)
PAIRS = [(a, b) for a in "abc" for b in "abc" if a != b]


def score(rng: np.random.Generator, right: int) -> Score:
    """The first so many images right, and five more among the first five; the others by chance."""
    wrong = (LABELS + rng.integers(1, 6, len(LABELS))) % 6
    said = np.where(np.arange(len(LABELS)) < right, LABELS, wrong)
    return Score(said.astype(np.int32), right, right + 5)


def scored(**changes: Any) -> Scored:
    """Networks a, b and c, of which c has no head; two methods, the second without facts."""
    rng = np.random.default_rng(0)
    own = {"a": score(rng, 12), "b": score(rng, 20)}
    ends = [pair for pair in PAIRS if pair[1] != "c"]
    hybrids = {
        label: {pair: score(rng, 10 + 2 * k + 3 * shift) for k, pair in enumerate(ends)}
        for shift, label in enumerate(("ols", "naive"))
    }
    facts = {
        pair: MapFacts(
            measures={"r2 v1": k / 10, "cosine": k / 20},
            fit=FitSummary(method="ols", source=pair[0], target=pair[1]),
            curve=None,
        )
        for k, pair in enumerate(PAIRS)
    }
    return replace(
        Scored(LABELS, tuple("abc"), len(LABELS), own, hybrids, {"ols": facts}), **changes
    )


def numbers(found: Scored, cell: Cell) -> dict[str, Any]:
    """What a cell must say, of the scores that it is made of."""
    source, target, labels = found.own.get(cell.source), found.own.get(cell.target), found.labels
    pair, own = (cell.source, cell.target), cell.source == cell.target
    mine = target if own else found.hybrids[cell.method].get(pair)
    right = None if labels is None else mine
    compared: Comparison = SAME if own else UNKNOWN
    if right is None:
        compared = UNKNOWN
    elif not own:
        compared = compare(found.hybrids[cell.method], found.own, LABELS)[pair]
    top1 = 100 * right.correct / 30 if right else math.nan
    ends = [
        100 * e.correct / 30 if e and labels is not None else math.nan for e in (source, target)
    ]
    follows = None
    if labels is not None and mine and source and target and not own:
        follows = follow(
            source_says=source.predictions,
            target_says=target.predictions,
            hybrid_says=mine.predictions,
            labels=labels,
        )
    alike = mine and target and 100 * np.mean(mine.predictions == target.predictions)
    low, high = wilson(right.correct, 30) if right else (math.nan, math.nan)
    return {
        "n": 30,
        "correct": right and right.correct,
        "top1": top1,
        "correct_top5": right and right.correct_top5,
        "top5": 100 * right.correct_top5 / 30 if right else math.nan,
        "source_top1": ends[0],
        "target_top1": ends[1],
        "change_vs_source_pct": 100 * (top1 - ends[0]) / ends[0] if ends[0] else math.nan,
        "loss_vs_target_points": ends[1] - top1,
        "agreement": math.nan if alike is None else alike,
        "ci_low": low,
        "ci_high": high,
        **asdict(compared),
        "follows": follows,
    }


@pytest.mark.parametrize("known", ["all", "no labels", "a source that is never right"])
def test_cells_say_what_is_known_and_nothing_else(known: str) -> None:
    found = scored()
    if known == "no labels":
        found = replace(found, labels=None)
    if known == "a source that is never right":
        never = Score(((LABELS + 1) % 6).astype(np.int32), 0, 30)
        found = replace(found, own={**found.own, "a": never})
    asked: list[tuple[str, Sequence[Mapping[str, float]]]] = []

    def itself(name: str, near: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
        asked.append((name, near))
        return {"r2": len(asked)}

    cells = list(cells_of(found, {"r2": "r2 v1", "cos": "cosine"}, itself))
    places = [(m, a, b) for m in ("ols", "naive") for a in "abc" for b in "abc"]
    assert [(cell.method, cell.source, cell.target) for cell in cells] == places
    for cell in cells:
        for name, value in numbers(found, cell).items():
            near = pytest.approx(value, nan_ok=True) if isinstance(value, float) else value
            assert getattr(cell, name) == near, name
    measures = {pair: {"r2": k / 10, "cos": k / 20} for k, pair in enumerate(PAIRS)}
    by_place = dict(zip(places, (cell.measures for cell in cells), strict=True))
    for (method, *pair), said in by_place.items():
        if pair[0] == pair[1]:
            assert said == {"r2": 1 + "abc".index(pair[0]) + 3 * (method == "naive")}
        else:
            assert said == (measures[tuple(pair)] if method == "ols" else {})  # type: ignore[index]
    into = [(name, [measures[p] for p in PAIRS if p[1] == name]) for name in "abc"]
    assert asked == [*into, *((name, []) for name in "abc")]


def test_cells_without_measures_say_none() -> None:
    assert {len(cell.measures) for cell in cells_of(scored(facts={}), {})} == {0}
