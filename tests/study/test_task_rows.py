"""Which rows a task takes, with which labels, and what it says of images that stand elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from samefeatures.base.errors import LabelError
from samefeatures.features.folds import parts_of
from samefeatures.features.rows import ArrayRows, FeatureRows
from samefeatures.images.questions import RULES, ask
from samefeatures.networks.pixels import NO_VALUE
from samefeatures.study.task_images import TaskImages
from samefeatures.study.task_rows import Half, own_rows, rule_rows

RNG = np.random.default_rng(0)
NARROW = RNG.normal(size=(300, 3)).astype(np.float32)


def rows_of(at: Sequence[int] | np.ndarray, **more: Any) -> dict[str, FeatureRows]:
    """Of two networks; no row of the wide one is like another."""
    values = {"wide": RNG.normal(size=(len(at), 5)).astype(np.float32), "narrow": NARROW[list(at)]}
    return {
        name: ArrayRows(name=name, values=x, fingerprint="x", **more) for name, x in values.items()
    }


def test_a_half_takes_its_rows_and_their_ids() -> None:
    many = np.arange(2500, dtype=np.float32)[:, None]
    at, labels = np.array([2, 2400, 7]), np.array([1, 0, 1])
    plain = ArrayRows(name="a", values=many, fingerprint="a")
    known = ArrayRows(name="a", values=many, fingerprint="a", ids=[f"i{k}" for k in range(2500)])
    half = Half(rows={"a": plain}, at=at, labels=labels)
    assert half.features("a").tolist() == [[2], [2400], [7]]
    assert half.ids == ["2", "2400", "7"]
    assert Half(rows={"a": known}, at=at, labels=labels).ids == ["i2", "i2400", "i7"]


@pytest.mark.parametrize("ids", [None, [f"{k}.png" for k in range(200)]])
def test_a_rule_is_asked_in_each_half_by_itself(ids: list[str] | None) -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, len(RULES))).astype(np.float32)
    rule = list(RULES)[2]
    values[5, 2] = values[8, 2] = NO_VALUE
    values[6, 1] = NO_VALUE  # of another rule
    classes = rng.integers(0, 3, 200)
    rows = rows_of(range(200), ids=ids)
    measured = ArrayRows(name="questions", values=values, fingerprint="q")
    task = rule_rows(rule, rows, measured, classes)
    assert (task.name, task.rule, task.classes) == (rule, True, 2)
    half_of = parts_of(200 if ids is None else ids, 2, seed=0)
    notes = []
    for k, (half, use) in enumerate(
        [(task.fit, "to fit probes"), (task.evaluation, "to score them")]
    ):
        at = np.flatnonzero(half_of == k)
        numbers = values[at, 2].astype(float)
        numbers[np.isin(at, [5, 8])] = np.nan
        labels = ask(numbers, classes[at])
        assert half.rows is rows
        assert half.at.tolist() == at[labels >= 0].tolist()
        assert half.labels.tolist() == labels[labels >= 0].tolist()
        missing, nothing = int((labels < 0).sum()), int(np.isnan(numbers).sum())
        if missing:
            notes.append(
                f"{rule}: in the half {use}, {missing} of {len(at)} images have no label: {nothing}"
                " have no value, the others lie at the median of their class."
            )
    assert notes
    assert list(task.notes) == notes
    values[half_of == 1, 2] = NO_VALUE
    with pytest.raises(LabelError, match=f"tasks: {rule}: in the half to score them: "):
        rule_rows(rule, rows, measured, classes)


def test_a_rule_that_says_something_of_every_image_has_no_notes() -> None:
    values = np.tile(np.arange(80, dtype=np.float32)[:, None], (1, len(RULES)))
    rows = {"a": ArrayRows(name="a", values=values, fingerprint="a")}
    half_of = parts_of(80, 2, seed=0)
    assert {int((half_of == k).sum()) for k in (0, 1)} == {40}
    measured = ArrayRows(name="questions", values=values, fingerprint="q")
    task = rule_rows("brightness", rows, measured, np.zeros(80, np.int64))
    assert task.notes == ()
    assert len(task.fit.at) == len(task.evaluation.at) == 40


IMAGES = TaskImages(fit=("fit part",), eval=("eval part",), labels=np.array([3, 12, 700]))  # type: ignore[arg-type]


def task_of(fit: Sequence[int], evaluation: Sequence[int], study: Mapping[str, Any]) -> Any:
    labels = {"fit": np.resize([3, 12, 700], len(fit))}
    labels["eval"] = np.resize([700, 3], len(evaluation))

    def extract(parts: Sequence[Any], kind: str) -> Mapping[str, FeatureRows]:
        assert list(parts) == [f"{kind} part"]
        return rows_of({"fit": fit, "eval": evaluation}[kind], labels=labels[kind])

    return own_rows("shade", IMAGES, extract, study)


def test_images_of_its_own_have_classes_from_zero_and_no_notes() -> None:
    study = {"fit": rows_of(range(100, 200)), "eval": rows_of(range(200, 250))}
    task = task_of(range(7), range(50, 55), study)
    assert (task.name, task.rule, task.classes, task.notes) == ("shade", False, 3, ())
    assert task.fit.at.tolist() == list(range(7))
    assert task.fit.labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert task.evaluation.labels.tolist() == [2, 0, 2, 0, 2]
    np.testing.assert_array_equal(task.fit.features("narrow"), NARROW[:7])
    np.testing.assert_array_equal(task.evaluation.features("narrow"), NARROW[50:55])


def test_images_that_stand_elsewhere_are_counted() -> None:
    """Those that are asked about, once each time that they are, by the narrowest network."""
    study = {
        "fit": rows_of([50, *range(101, 200), 50, 50]),
        "eval": rows_of([0, 1, 52, *range(200, 250), 0, 0, 0]),
    }
    fit, evaluation = [*range(9)], [50, 50, 51, 52, 0, 0, 60]
    assert task_of(fit, evaluation, study).notes == (
        "shade: 2 of 7 scored images are among those that its probes are fitted on, so that these "
        "accuracies are not those of new images. Give other images.",
        "shade: 2 of 9 images that its probes are fitted on are eval images of the study.",
        "shade: 3 of 7 scored images are eval images of the study.",
        "shade: 2 of 7 scored images are fit images of the study: its maps have seen them, without "
        "labels.",
    )
