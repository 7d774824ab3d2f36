"""The canonical space of rows in memory: what it hangs on, and what lies in its folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from array_worlds import rows_of
from canonical_worlds import WORLDS, inputs_of
from samefeatures.base.digests import digest
from samefeatures.base.kept_records import kept_record
from samefeatures.joint.kept import moments_key
from samefeatures.study.canonical import kept
from samefeatures.study.canonical.config import CanonicalConfig
from samefeatures.study.canonical.inputs import CanonicalInputs
from samefeatures.study.canonical.kept import kept_canonical
from samefeatures.study.results.canonical import CanonicalResults

IDS = [f"{i}.png" for i in range(90)]


def _part(inputs: CanonicalInputs, side: str) -> Any:
    parts = getattr(inputs, side)
    return {side: {**parts, "b": replace(parts["b"], fingerprint="other")}}


def _net(inputs: CanonicalInputs) -> Any:
    return {"networks": {**inputs.networks, "c": replace(inputs.networks["c"], fingerprint="x")}}


CHANGES: dict[str, Callable[[CanonicalInputs], dict[str, Any]]] = {
    "k": lambda _: {"chosen": CanonicalConfig(k=(1, 3), alpha=0.25)},
    "alpha": lambda _: {"chosen": CanonicalConfig(k=(1, 3, 6), alpha=0.5)},
    "fit rows": lambda one: _part(one, "fit"),
    "eval rows": lambda one: _part(one, "evaluation"),
    "precision": lambda _: {"precision": "float32"},
    "no labels": lambda _: {"labels": None},
    "labels": lambda one: {"labels": 1 - np.asarray(one.labels)},
    "network": _net,
}


def test_whatever_decides_it_is_in_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = inputs_of(tmp_path)
    keys = [kept._key(plain)]
    keys += [kept._key(replace(plain, **change(plain))) for change in CHANGES.values()]
    assert kept._key(inputs_of(tmp_path / "elsewhere")) == keys[0]
    monkeypatch.setattr(kept, "CANONICAL_VERSION", kept.CANONICAL_VERSION + 1)
    keys.append(kept._key(plain))
    assert len(set(keys)) == len(CHANGES) + 2


def test_a_space_of_before_is_found(tmp_path: Path) -> None:
    """Answers were asked for with controls alone once: that they were stands in the key still."""
    inputs = inputs_of(tmp_path, labels=None, own=None)
    sides = [moments_key(list(part.values())) for part in (inputs.fit, inputs.evaluation)]
    prints = inputs.prints.values()
    said = inputs.chosen.model_dump_json()
    expected = digest(str(kept.CANONICAL_VERSION), said, "True", *sides, b"", *prints)
    assert kept._key(inputs) == expected


def test_results_lie_beside_the_space_of_all_others_none(tmp_path: Path) -> None:
    """In a folder that is made; what lies above it is nothing of the space's."""
    inputs = inputs_of(tmp_path / "not" / "there")
    found = kept_canonical(inputs)
    folder = inputs.folder / "canonical"
    (inputs.folder / "study.json").write_text("{}")
    path = folder / f"{kept._key(inputs)[:16]}.json"
    assert sorted(folder.iterdir()) == sorted([path, folder / "space.safetensors"])
    assert kept_record(CanonicalResults, path) == found
    other = replace(inputs, chosen=CanonicalConfig(k=(1, 2), alpha=0.25))
    assert kept_canonical(other).ks == (1, 2)
    assert not path.exists()
    assert len(list(folder.iterdir())) == 2
    assert (inputs.folder / "study.json").exists()


def test_it_is_taken_once_while_both_files_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = inputs_of(tmp_path)
    first = kept_canonical(inputs)
    taken: list[Path] = []
    real = kept.sweep  # type: ignore[attr-defined]

    def sweep(inputs: CanonicalInputs) -> Any:
        taken.append(inputs.folder)
        return real(inputs)

    monkeypatch.setattr(kept, "sweep", sweep)
    assert kept_canonical(inputs_of(tmp_path)) == first
    assert taken == []
    space = tmp_path / "canonical" / "space.safetensors"
    for path in (space, tmp_path / "canonical" / f"{kept._key(inputs)[:16]}.json"):
        path.unlink()
        assert kept_canonical(inputs_of(tmp_path)) == first
        assert path.exists()
    assert taken == [tmp_path, tmp_path]


@pytest.mark.parametrize("ids", [None, IDS])
def test_the_space_holds_the_points_of_the_fit_rows(tmp_path: Path, ids: list[str] | None) -> None:
    """With the ids of the first network that has any."""
    inputs = inputs_of(tmp_path)
    fit = {**inputs.fit, "b": rows_of(WORLDS, "fit", ids=ids)["b"]}
    kept_canonical(replace(inputs, fit=fit))
    space = sf.CanonicalSpace.load(tmp_path / "canonical" / "space.safetensors")
    assert space.anchors is not None
    assert space.anchors.ids == ids
    points = space.points(
        {n: part.values.astype(float) for n, part in rows_of(WORLDS, "fit").items()}
    )
    np.testing.assert_allclose(space.anchors.points, points, atol=1e-5)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-9)


def test_moments_are_asked_for_once_and_heads_of_those_that_have_one(tmp_path: Path) -> None:
    asked: list[str] = []
    inputs = inputs_of(tmp_path, headless="b")
    fit, evaluation = inputs.take_fit(), inputs.take_eval()
    watched = replace(
        inputs,
        take_fit=lambda: asked.append("fit") or fit,  # type: ignore[func-returns-value]
        take_eval=lambda: asked.append("eval") or evaluation,  # type: ignore[func-returns-value]
    )
    assert asked == []
    for _ in range(2):
        assert watched.fit_moments is fit
        assert watched.eval_moments is evaluation
    assert asked == ["fit", "eval"]
    assert {name: head.classes for name, head in inputs.heads.items()} == {"a": 5, "c": 5}
    assert inputs.prints == {"a": "print of a", "b": "print of b", "c": "print of c"}
