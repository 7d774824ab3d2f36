"""What a source explains beyond controls, pixels among them, against ridge regressions on rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student
from test_control_spaces import small

from samefeatures.base.arrays import Float64, Int64
from samefeatures.base.progress import Silent
from samefeatures.features.rows import ArrayRows
from samefeatures.features.sample import SAMPLE, StoredSample, ranks_of
from samefeatures.joint.folded import fold_moments
from samefeatures.similarity.beyond import Explained, Explainer, Ground
from samefeatures.similarity.common import Common, Split
from samefeatures.similarity.left import Left
from samefeatures.similarity.measures.pwcca import PWCCA
from samefeatures.study import beyond
from samefeatures.study.beyond import Evidence, beyond_rows
from samefeatures.study.control_inputs import ControlInputs
from samefeatures.study.controls_config import Given
from samefeatures.study.made_spaces import MadeSpaces, make_spaces
from samefeatures.study.spaces import Spaces, given_to
from watching import not_on_the_host

LATE: tuple[Given, ...] = (("answers",), ("answers", "pixels"))
"""Pixels are taken off for all sources at once, and stand nowhere else."""
BOTH: tuple[Given, ...] = (("pixels",), ("answers", "pixels"))
"""Once they are all that is given, and once they are taken off before."""
MEASURES = ("cka", "pwcca", "mutual_knn", "debiased_cka")
SHOWN = 40


def with_pixels(inputs: ControlInputs, givens: tuple[Given, ...]) -> MadeSpaces:
    """Spaces of a world beside pixels that see some of what all networks see."""
    made, mix = make_spaces(inputs), np.random.default_rng(1).normal(size=(12, 7))

    def pixels(spaces: Spaces, seed: int) -> ArrayRows:
        seen = spaces.rows["c"].span(0, len(spaces.rows["c"]))
        noise = 6 * np.random.default_rng(seed).normal(size=(len(seen), 7))
        values = (seen @ mix + noise + 4).astype(np.float32)
        return ArrayRows(name="pixels", values=values, fingerprint=f"pixels {seed}")

    fit = replace(made.fit, pixels=pixels(made.fit, 2))
    evaluation = replace(made.evaluation, pixels=pixels(made.evaluation, 3))

    def moments(spaces: Spaces, fold_of: Int64 | None, kind: str) -> Any:
        reading = spaces.reading(givens, fold_of=fold_of)
        folder = inputs.folder / "moments"
        return fold_moments(reading, folder, kind=kind, progress=Silent(), precision="float64")

    return replace(
        made, fit=fit, evaluation=evaluation, givens=givens,
        summed=moments(fit, made.fold_of, "fit"), judged=moments(evaluation, None, "eval"),
    )  # fmt: skip


def rows_of(spaces: Spaces) -> dict[str, Float64]:
    """(n, d) of every space."""
    return {
        name: np.concatenate([np.asarray(b, np.float64) for b in rows.chunks(4096)])
        for name, rows in spaces.by_name.items()
    }


@dataclass
class Rows:
    """Both sides as arrays, and regressions on them."""

    fit: Mapping[str, Float64]
    judge: Mapping[str, Float64]

    def errors(self, strengths: Mapping[str, float], target: str) -> Float64:
        """(m, d) of the ridge regression on blocks, each with its strength: the penalty of a block
        is n · strength · the mean variance of its columns."""
        used = {block: s for block, s in strengths.items() if not math.isinf(s)}
        means = {name: self.fit[name].mean(axis=0) for name in (*used, target)}
        apart = self.judge[target] - means[target]
        if not used:
            return apart
        x, z = (np.hstack([side[b] - means[b] for b in used]) for side in (self.fit, self.judge))
        n = len(x)
        penalty = np.concatenate(
            [
                np.full(len(means[b]), n * s * self.fit[b].var(axis=0).mean())
                for b, s in used.items()
            ]
        )
        y = self.fit[target] - means[target]
        weights = np.linalg.pinv(x.T @ x + np.diag(penalty), hermitian=True) @ (x.T @ y)
        return apart - z @ weights


class Seen:
    """Second moments of errors about zero."""

    def __init__(self, errors: Mapping[str, Float64]) -> None:
        self.errors, self.n = errors, len(next(iter(errors.values())))

    def mean_of(self, name: str) -> Float64:
        return np.zeros(self.errors[name].shape[1])

    def block(self, a: str, b: str) -> Float64:
        return self.errors[a].T @ self.errors[b]

    def sum_of_squares(self, name: str) -> float:
        return float((self.errors[name] ** 2).sum())


class Spy(Explainer):
    """Notes what regressions are asked for."""

    made: list[dict[str, Any]]

    def __init__(self, ground: Ground, **options: Any) -> None:
        super().__init__(ground, **options)
        self.noted: dict[str, Any] = {**options, "explained": []}
        self.made.append(self.noted)

    def explain(self, blocks: Sequence[str], **options: Any) -> Explained:
        found = super().explain(blocks, **options)
        self.noted["explained"].append((list(blocks), options, found.strengths.by_block))
        return found


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """One entry for each source and set that is given."""
    monkeypatch.setattr(Spy, "made", [], raising=False)
    monkeypatch.setattr(beyond, "Explainer", Spy)
    return Spy.made


def jackknife(above: Float64, below: Float64, part_of: Int64) -> tuple[float, float]:
    """By leaving out one part after the other (Efron and Tibshirani 1993)."""
    count = int(part_of.max()) + 1
    found = []
    for part in range(count):
        kept = part_of != part
        found.append(1 - (above[kept] ** 2).sum() / (below[kept] ** 2).sum())
    spread = np.sqrt((count - 1) * np.var(found))
    value = 1 - (above**2).sum() / (below**2).sum()
    half = student.ppf(0.975, count - 1) * spread
    return value - half, value + half


def cka(a: Float64, b: Float64) -> float:
    """About the predictions."""
    norm = np.linalg.norm
    return float(norm(a.T @ b) ** 2 / norm(a.T @ a) / norm(b.T @ b))


@pytest.fixture(scope="module", params=[LATE, BOTH], ids=["late", "both"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> MadeSpaces:
    return with_pixels(small(tmp_path_factory.mktemp("made")), request.param)


def test_rows_by_regressions_on_rows(
    made: MadeSpaces, spied: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with the strengths that cross-validation chose; read in several chunks, and computed
    where it is asked."""
    monkeypatch.setattr(beyond, "ROWS", 32)
    place, givens = not_on_the_host(monkeypatch), made.givens
    evidence = Evidence.of(made, sample=SHOWN, algebra=place)
    rows = Rows(rows_of(made.fit), rows_of(made.evaluation))
    shown = np.argsort(ranks_of(range(90)))[:SHOWN]
    for source, nulls in (("a", ["class noise", "shuffled rows"]), ("b", ["class noise"])):
        spied.clear()
        found = list(beyond_rows(source, givens, evidence, measures=MEASURES, algebra=place))
        spaces = {"features": source} | {of: f"{of}: {source}" for of in nulls}
        targets = [name for name in "abc" if name != source]
        assert [(r.given, r.of, r.source, r.target) for r in found] == [
            (", ".join(given), of, source, target)
            for given in givens for of in spaces for target in targets
        ]  # fmt: skip
        chosen = {
            (", ".join(given), of): explained[2]
            for given, noted in zip(givens, spied, strict=True)
            for of, explained in zip(("", *spaces), noted["explained"], strict=True)
        }
        for row in found:
            controls, both = chosen[row.given, ""], chosen[row.given, row.of]
            e = rows.errors(controls, row.target)
            f = e if math.isinf(both[spaces[row.of]]) else rows.errors(both, row.target)
            assert row.r2 == pytest.approx(1 - (f**2).sum() / (e**2).sum(), abs=1e-6)
            ends = jackknife(f, e, made.part_of)
            assert (row.ci_low, row.ci_high) == pytest.approx(ends, abs=1e-5)
            if f is e:
                assert row.cosine is None
            else:
                cosine = np.vdot(e, e - f) / np.linalg.norm(e) / np.linalg.norm(e - f)
                assert row.cosine == pytest.approx(cosine, abs=1e-5)
            space = spaces[row.of]
            left = {name: rows.errors(controls, name) for name in (space, row.target)}
            assert list(row.measures) == list(MEASURES)
            assert row.measures["cka"] == pytest.approx(cka(*left.values()), abs=1e-5)
            pwcca = PWCCA().value(Seen(left), space, row.target, algebra=place)
            assert row.measures["pwcca"] == pytest.approx(pwcca, abs=1e-4)
            near = neighbours(*(part[shown] for part in left.values()))
            assert row.measures["mutual_knn"] == pytest.approx(near, abs=0.01)
    assert {row.r2 for row in found if row.of == "features"} != {0.0}


def neighbours(a: Float64, b: Float64) -> float:
    """Shared among the ten nearest by the cosine."""
    found = []
    for rows in (a, b):
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        near = unit @ unit.T
        np.fill_diagonal(near, -np.inf)
        found.append(np.argsort(-near, axis=1)[:, :10])
    return float(np.mean([len({*p} & {*q}) / 10 for p, q in zip(*found, strict=True)]))


def test_regressions_begin_where_those_before_them_ended(
    made: MadeSpaces, spied: list[dict[str, Any]]
) -> None:
    evidence = Evidence.of(made)
    list(beyond_rows("b", made.givens, evidence))
    assert evidence.pixels_start > 0
    for given, noted in zip(made.givens, spied, strict=True):
        together = set(given) == {"answers", "pixels"}
        names = ["answers: b"] if together else given_to("b", given)
        spaces = ["b", "class noise: b"]
        assert noted["common"] is (evidence.pixels if together else None)
        assert noted["blocks"] == [*names, *spaces]
        assert noted["count"] == ["a", "c"]
        (controls, *others) = noted["explained"]
        start = {"pixels": evidence.pixels_start} if together else {}
        assert controls[:2] == (names, {"start": start})
        assert [each[:2] for each in others] == [
            ([*names, space], {"start": controls[2]}) for space in spaces
        ]


def test_pixels_that_were_taken_off_for_all_are_not_taken_off_again(
    made: MadeSpaces, spied: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[str], object]] = []

    class Asked(Left):
        def __init__(self, split: Split, strengths: Any, *args: Any, **options: Any) -> None:
            super().__init__(split, strengths, *args, **options)
            asked.append((list(strengths), options["first"]))

    monkeypatch.setattr(beyond, "Left", Asked)
    evidence = Evidence.of(made)
    list(beyond_rows("b", made.givens, evidence))
    assert evidence.pixels is not None
    for given, noted, (blocks, first) in zip(made.givens, spied, asked, strict=True):
        strengths = noted["explained"][0][2]
        if set(given) == {"answers", "pixels"}:
            assert first is evidence.pixels.whole(strengths["pixels"])
            assert blocks == ["answers: b"]
        else:
            assert (blocks, first) == (given_to("b", given), None)


def test_rows_that_are_not_as_many_are_refused(
    made: MadeSpaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beyond, "ROWS", 30)
    rows = made.evaluation.rows
    few = ArrayRows(name="c", values=rows["c"].span(0, 60), fingerprint="")
    spaces = replace(made.evaluation, rows={**rows, "c": few})
    evidence = replace(Evidence.of(made), spaces=spaces)
    with pytest.raises(ValueError, match="zip"):
        list(beyond_rows("a", made.givens[:1], evidence))


def test_what_is_known_of_a_study(tmp_path: Path, made: MadeSpaces) -> None:
    evidence = Evidence.of(made)
    assert (evidence.spaces, evidence.part_of) == (made.evaluation, made.part_of)
    assert (evidence.fit.n, evidence.judge.n) == (160, 90)
    assert evidence.ground.targets == ("a", "b", "c")
    assert evidence.pixels is not None
    assert evidence.pixels_start == evidence.pixels.best(evidence.ground.sketches)
    plain = Evidence.of(replace(made, givens=(("answers",),)))
    assert (plain.pixels, plain.pixels_start) == (None, 0.0)
    plain.forget()
    no_one = Evidence.of(make_spaces(small(tmp_path)))
    assert (no_one.pixels, no_one.pixels_start) == (None, 0.0)
    taken = evidence.sampled("a")
    assert taken is evidence.sampled("a")
    np.testing.assert_array_equal(taken, StoredSample(made.evaluation.by_name, SAMPLE).rows("a"))
    assert len(Evidence.of(made, sample=7).sampled("a")) == 7


def test_what_was_taken_of_one_source_is_forgotten(
    made: MadeSpaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: list[str] = []
    monkeypatch.setattr(Ground, "forget", lambda _: gone.append("sums"))
    monkeypatch.setattr(Common, "forget", lambda _: gone.append("pixels"))
    Evidence.of(made).forget()
    assert gone == ["sums", "pixels"]


def test_what_is_left_out_by_its_strength_adds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the regression with it makes of the others."""

    class Wandering(Explainer):
        def explain(self, blocks: Sequence[str], **options: Any) -> Explained:
            found = super().explain(blocks, **options)
            if len(blocks) == 1:
                return found
            by_block = {**found.strengths.by_block, blocks[-1]: math.inf}
            errors = {name: value / 2 for name, value in found.errors.items()}
            strengths = replace(found.strengths, by_block=by_block)
            return replace(found, strengths=strengths, errors=errors)

    monkeypatch.setattr(beyond, "Explainer", Wandering)
    evidence = Evidence.of(make_spaces(small(tmp_path)))
    found = list(beyond_rows("a", [("answers",)], evidence))
    assert len(found) == 6
    assert {(row.r2, row.cosine) for row in found} == {(0.0, None)}
