"""Hybrids are scored once, whatever is asked again, and what their maps are stands beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from npz_worlds import feature_file
from samefeatures.base.digests import digest
from samefeatures.features.rows import ArrayRows
from samefeatures.maps import AffineMap, LossCurve
from samefeatures.maps.note import FitNote
from samefeatures.networks.record import Head
from samefeatures.scores.heads import Score
from samefeatures.study.curves import curve_summary
from samefeatures.study.map_files import MapFiles
from samefeatures.study.results import FitSummary
from samefeatures.study.score_files import KeptScores, ScoreFile
from samefeatures.study.scoring import Scored, Scorer, fit_summary, labelled
from watching import Told, noted_place

N, CLASSES, DIMS = 50, 7, {"a": 6, "b": 5, "c": 4}
RNG = np.random.default_rng(0)
VALUES = {k: RNG.normal(size=(N, d)).astype(np.float32) for k, d in DIMS.items()}
LABELS = RNG.integers(0, CLASSES, N)
HEADS = {
    k: Head(RNG.normal(size=(CLASSES, DIMS[k])).astype("f4"), RNG.normal(size=CLASSES).astype("f4"))
    for k in "ab"
}
PAIRS = [(a, b) for a in DIMS for b in DIMS if a != b]
METHODS = {"ols": "key of the maps of ols", "near": "key of the maps of near"}
CURVE = LossCurve(unit="pass", loss=np.array([3.0, 2.0]))


def made_map(method: str, source: str, target: str, place: int) -> AffineMap:
    rng = np.random.default_rng(place)
    near = method == "near"
    return AffineMap(
        weight=rng.normal(size=(DIMS[target], DIMS[source])),
        bias=rng.normal(size=DIMS[target]),
        source=source,
        target=target,
        method=method,
        source_fingerprint=f"weights of {source}",
        target_fingerprint=f"weights of {target}",
        fit=FitNote(rank=place, steps=2 if near else None),
        curve=replace(CURVE, loss=CURVE.loss + place) if near else None,
    )


class Measures:
    """A measure of every map, and of which it was taken."""

    def __init__(self, *keys: str) -> None:
        self.keys = dict(enumerate(keys))
        self.taken: list[tuple[str, str, str]] = []

    def of(self, fitted: AffineMap) -> dict[str, float]:
        self.taken.append((fitted.method, fitted.source, fitted.target))
        return {key: float(fitted.bias[0]) for key in self.keys.values()}


class World:
    """Three networks, the last without a head, and maps between them by two methods."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.labels = folder, LABELS
        self.networks: dict[str, Any] = {
            name: feature_file(name, x, HEADS.get(name)) for name, x in VALUES.items()
        }
        self.rows = {
            name: ArrayRows(name=name, values=x, fingerprint=f"rows of network, {name}")
            for name, x in VALUES.items()
        }
        self.maps = MapFiles(folder / "maps", tuple(METHODS), tuple(DIMS))
        self.fitted = {
            (method, *pair): made_map(method, *pair, place=10 * (method == "near") + place)
            for method in METHODS
            for place, pair in enumerate(PAIRS)
        }
        for method in METHODS:
            (folder / "maps" / method).mkdir(parents=True, exist_ok=True)
        for (method, *_), fitted in self.fitted.items():
            self.maps.keep(method, fitted)
        self.measures = Measures("r2 v1")
        self.place, self.asked = noted_place()
        self.progress = Told()

    def scorer(self, **changes: Any) -> Scorer:
        given: dict[str, Any] = {
            "networks": self.networks,
            "rows": self.rows,
            "labels": self.labels,
            "maps": self.maps,
            "measuring": self.measures,
            "folder": self.folder / "scores",
            "algebra": self.place,
        }
        return Scorer(**{**given, **changes})

    def run(self, methods: Mapping[str, str] = METHODS, **changes: Any) -> Scored:
        return self.scorer(**changes).run(methods, self.progress)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "out")


def said_by(fitted: AffineMap) -> np.ndarray:
    mapped = VALUES[fitted.source] @ fitted.weight.T + fitted.bias
    head = HEADS[fitted.target]
    found: np.ndarray = mapped @ head.weight.astype(float).T + head.bias
    return found


def counts(logits: np.ndarray, labels: np.ndarray) -> tuple[list[int], int, int]:
    order = np.argsort(-logits, axis=1, kind="stable")
    hits = order == labels[:, None]
    return order[:, 0].tolist(), int(hits[:, 0].sum()), int(hits[:, :5].sum())


def kept_of(score: Score) -> tuple[list[int], int, int]:
    return score.predictions.tolist(), score.correct, score.correct_top5


def plain(found: Scored) -> Any:
    own = {name: kept_of(score) for name, score in found.own.items()}
    hybrids = {
        label: {pair: kept_of(score) for pair, score in by_pair.items()}
        for label, by_pair in found.hybrids.items()
    }
    return own, hybrids, found.facts


def test_every_number_is_that_of_the_rows_the_maps_and_the_heads(world: World) -> None:
    found = world.run()
    assert found.labels is LABELS
    assert (found.names, found.rows) == (("a", "b", "c"), N)
    own, hybrids, facts = plain(found)
    assert own == {k: counts(HEADS[k].logits(VALUES[k]), LABELS) for k in "ab"}
    ends = [pair for pair in PAIRS if pair[1] != "c"]
    assert {label: list(by_pair) for label, by_pair in hybrids.items()} == dict.fromkeys(
        METHODS, ends
    )
    for (label, *pair), fitted in world.fitted.items():
        fact = facts[label][tuple(pair)]
        assert fact.measures == {"r2 v1": float(fitted.bias[0])}
        assert fact.fit == fit_summary(label, fitted)
        assert fact.curve == curve_summary(label, fitted, fitted.curve)
        if fitted.target != "c":
            assert hybrids[label][tuple(pair)] == counts(said_by(fitted), LABELS)
    assert [fact.fit.rank for fact in found.every_fact] == [*range(6), *range(10, 16)]
    names = [f"{label}/{a}/{b}" for label in METHODS for a, b in ends]
    assert list(found.predictions) == ["own/a", "own/b", *names]
    for label in METHODS:
        of_method = found.hybrids[label]["c", "a"].predictions
        assert found.predictions[f"{label}/c/a"] is of_method
    # Own heads; then per method and source one pass with all heads, and a fold each.
    assert sorted(world.asked) == ["heads"] * (2 + 2 * 3) + ["product"] * (2 * 4)
    assert world.progress.tasks == {"score": (9, [1] * 9)}


def test_files_are_named_by_maps_and_rows_and_hold_what_else_decides_them(world: World) -> None:
    world.run()
    basis = digest("1", LABELS.tobytes(), *(f"rows of network, {name}" for name in "abc"))
    ending = "-rows of network,.npz"  # sixteen letters of each name
    places = {f"own/{name}/weights of {name}{ending}": 1 for name in "ab"}
    for method, name in product(METHODS, "abc"):
        places[f"{method}/{name}/key of the maps {ending}"] = 2 if name == "c" else 1
    found = {
        path.relative_to(world.folder / "scores").as_posix(): ScoreFile(path, basis).read()
        for path in (world.folder / "scores").rglob("*.npz")
    }
    assert {name: len(kept.scores) for name, kept in found.items() if kept} == places


def test_what_was_scored_is_read_and_nothing_done_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = plain(world.run())
    taken, asked = list(world.measures.taken), list(world.asked)
    assert len(taken) == 12
    monkeypatch.setattr(AffineMap, "load", lambda *_: pytest.fail("a map was read again"))
    assert plain(world.run()) == first
    assert (world.measures.taken, world.asked) == (taken, asked)


def test_another_measure_costs_no_score(world: World) -> None:
    world.run()
    world.asked.clear()
    world.measures.keys[1] = "cosine"
    _, _, facts = plain(world.run())
    assert world.asked == []
    assert all(
        set(fact.measures) == {"r2 v1", "cosine"} for by in facts.values() for fact in by.values()
    )
    fewer = Measures("cosine")
    _, _, kept = plain(world.run(measuring=fewer))
    assert (kept, fewer.taken) == (facts, [])


def test_facts_that_lack_a_measure_of_one_map_are_taken_anew(world: World) -> None:
    world.run()
    (path,) = (world.folder / "scores" / "ols" / "a").glob("*.npz")
    file = ScoreFile(path, world.scorer()._file("ols", "a", METHODS["ols"]).basis)
    kept = file.read()
    assert kept is not None
    for facts in ([kept.facts[0], replace(kept.facts[1], measures={})], kept.facts[:1]):
        file.write(KeptScores(kept.scores, facts))
        world.measures.taken.clear()
        world.asked.clear()
        world.run()
        assert world.measures.taken == [("ols", "a", "b"), ("ols", "a", "c")]
        assert world.asked == []


@pytest.mark.parametrize("place", ["own/a", "ols/a"])
@pytest.mark.parametrize("count", [0, 2])
def test_a_file_of_more_or_fewer_heads_is_scored_anew(world: World, place: str, count: int) -> None:
    first = plain(world.run())
    (path,) = (world.folder / "scores" / place).glob("*.npz")
    whole = path.read_bytes()
    file = ScoreFile(path, world.scorer()._file("own", "a", "").basis)
    kept = file.read()
    assert kept is not None
    score = Score(np.zeros(N, np.int32), 1, 1)
    file.write(KeptScores([score] * count, kept.facts))
    world.asked.clear()
    assert plain(world.run()) == first
    assert world.asked.count("heads") == 1
    assert path.read_bytes() == whole


@pytest.mark.parametrize("change", ["labels", "no labels", "rows of another", "maps"])
def test_whatever_decides_scores_makes_them_anew(world: World, change: str) -> None:
    world.run()
    world.asked.clear()
    before = list((world.folder / "scores").rglob("*.npz"))
    other = replace(world.rows["c"], fingerprint="other rows of c")
    every: dict[str, dict[str, Any]] = {
        "labels": {"labels": (LABELS + 1) % CLASSES},
        "no labels": {"labels": None},
        "rows of another": {"rows": {**world.rows, "c": other}},
        "maps": {},
    }
    methods = {**METHODS, "ols": "another key of ols"} if change == "maps" else METHODS
    found = world.run(methods, **every[change])
    assert world.asked.count("heads") == (3 if change == "maps" else 8)
    labels = {"labels": (LABELS + 1) % CLASSES, "no labels": np.zeros(N, int)}.get(change, LABELS)
    assert kept_of(found.own["a"]) == counts(HEADS["a"].logits(VALUES["a"]), labels)
    assert len(list((world.folder / "scores").rglob("*.npz"))) == len(before)


@pytest.mark.parametrize("count", [1, 2])
def test_of_one_network_there_is_no_hybrid_of_two_one_a_source(world: World, count: int) -> None:
    names = list("ab")[:count]
    found = world.run(networks={name: world.networks[name] for name in names})
    assert list(found.own) == names
    pairs = [(a, b) for a in names for b in names if a != b]
    assert found.hybrids.keys() == found.facts.keys() == METHODS.keys()
    for label in METHODS:
        assert list(found.hybrids[label]) == list(found.facts[label]) == pairs
    assert world.progress.tasks == {"score": (3 * count, [1] * (3 * count))}


def test_of_a_source_whose_targets_all_lack_a_head_there_are_facts_alone(world: World) -> None:
    for _ in range(2):
        found = world.run({"ols": "key"}, networks={name: world.networks[name] for name in "ac"})
        assert list(found.hybrids["ols"]) == [("c", "a")]
        assert list(found.facts["ols"]) == [("a", "c"), ("c", "a")]
    assert world.asked.count("heads") == 2  # a by itself, and c into a


def test_labels_go_with_their_rows() -> None:
    values = np.arange(2500, dtype=np.float32)[:, None]
    rows = ArrayRows(name="a", values=values, fingerprint="a")
    found = list(labelled(rows, np.arange(2500)))
    assert [len(block) for block, _ in found] == [1024, 1024, 452]
    assert all((block[:, 0] == labels).all() for block, labels in found)
    assert np.concatenate([labels for _, labels in found]).tolist() == list(range(2500))


def test_what_a_solver_says_is_summed_up() -> None:
    note = FitNote(
        rank=1,
        full_rank=2,
        condition=3.0,
        message="four",
        steps=5,
        loss=6.0,
        alpha=7.0,
        path=((8.0, 9.0),),
    )
    fitted: Any = SimpleNamespace(source="a", target="b", fit=note)
    assert fit_summary("mine", fitted) == FitSummary(
        method="mine",
        source="a",
        target="b",
        rank=1,
        full_rank=2,
        condition=3.0,
        note="four",
        steps=5,
        loss=6.0,
        alpha=7.0,
        path=((8.0, 9.0),),
    )
