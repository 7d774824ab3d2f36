"""Spaces that lack a network each, to which it is attached: by maps made another way."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import samefeatures as sf
from array_worlds import Unread, rows_of
from canonical_worlds import WORLDS, inputs_of, loss, r2
from samefeatures.maps.canonical.stack import Stack
from samefeatures.study.canonical.inputs import CanonicalInputs
from samefeatures.study.canonical.leave_out import (
    attached_to_others,
    fit_of_others,
    left_out_k,
    median_of,
)


def stack_of(inputs: CanonicalInputs) -> Stack:
    return Stack(inputs.fit_moments, alpha=inputs.chosen.alpha)


def others_of(inputs: CanonicalInputs, k: int = 3) -> dict[str, sf.CanonicalSpace]:
    return attached_to_others(inputs, stack_of(inputs), k)


@pytest.mark.parametrize(
    ("ranks", "rows", "ks", "expected"),
    [
        ((5, 4, 3), 90, (1, 2, 4, 7, 8), 7),  # without the widest, seven are left
        ((5, 4, 3), 90, (8, 9), 0),
        ((5, 4, 3), 5, (1, 3, 4, 5), 4),
        ((50, 40, 30), 90, (16, 32, 33), 32),
        ((3, 2, 2), 90, (1, 2), 2),
        ((9, 9), 90, (1, 2), 0),
    ],
)
def test_every_such_space_has_so_many_directions(
    ranks: tuple[int, ...], rows: int, ks: tuple[int, ...], expected: int
) -> None:
    names = tuple("abc"[: len(ranks)])
    white = {n: SimpleNamespace(values=np.ones(r)) for n, r in zip(names, ranks, strict=True)}
    stack: Any = SimpleNamespace(names=names, white=white, rows=rows)
    assert left_out_k(stack, ks) == expected


def test_each_is_the_space_of_the_others_with_the_network_at_the_end(tmp_path: Path) -> None:
    inputs = inputs_of(tmp_path)
    found = others_of(inputs)
    assert list(found) == ["a", "b", "c"]
    for name, space in found.items():
        rest = {n: WORLDS[n]["fit_features"].astype(float) for n in "abc" if n != name}
        expected = sf.canonical_space(rest, k=3, alpha=0.25)
        np.testing.assert_allclose(space.shared, expected.shared)
        assert space.alpha == 0.25
        assert space.names == (*rest, name)
        assert [member.attached for member in space.members] == [False, False, True]
        assert space.member(name).fingerprint == f"print of {name}"
        attached = sf.attach(expected, name, WORLDS[name]["fit_features"])
        late = attached.member(name)
        np.testing.assert_allclose(space.member(name).encoder, late.encoder, rtol=1e-4, atol=1e-6)


def test_maps_from_and_to_it_are_judged(tmp_path: Path) -> None:
    inputs = inputs_of(tmp_path)
    for name, space in others_of(inputs).items():
        r2s, losses = fit_of_others(inputs, space, name)
        pairs = {(x, y) for x in "abc" for y in "abc" if x != y and name in (x, y)}
        assert set(r2s) == set(losses) == pairs
        for source, target in pairs:
            fitted = space.map(source, target)
            assert r2s[source, target] == pytest.approx(r2(inputs, fitted))
            assert losses[source, target] == pytest.approx(loss(inputs, fitted))


def test_nothing_is_counted_without_labels_or_heads(tmp_path: Path) -> None:
    inputs = inputs_of(tmp_path, headless="b")
    others = others_of(inputs)
    assert set(fit_of_others(inputs, others["a"], "a")[1]) == {("a", "c"), ("c", "a"), ("b", "a")}
    unread = {
        name: Unread(name=name, values=part.values, fingerprint="")
        for name, part in rows_of(WORLDS, "eval").items()
    }
    only_b = replace(inputs, evaluation={**unread, "b": inputs.evaluation["b"]})
    r2s, losses = fit_of_others(only_b, others["b"], "b")
    assert set(losses) == {("b", "a"), ("b", "c")}, "the rows of others are not read for it"
    assert len(r2s) == 4
    for labels, own in ((None, inputs.own), (inputs.labels, None), (None, None)):
        less = replace(inputs, evaluation=unread, labels=labels, own=own)
        r2s, losses = fit_of_others(less, others["a"], "a")
        assert len(r2s) == 4
        assert losses == {}


def test_medians_are_over_the_maps_from_and_to_a_network() -> None:
    values = {("a", "b"): 1.0, ("b", "a"): 4.0, ("a", "c"): 2.0, ("b", "c"): 9.0}
    assert median_of(values, "a") == 2.0
    assert median_of(values, "b") == 4.0
    assert median_of({**values, ("c", "a"): math.nan}, "a") == 2.0
    assert median_of({("a", "b"): math.nan}, "a") is None
    assert median_of(values, "z") is None
