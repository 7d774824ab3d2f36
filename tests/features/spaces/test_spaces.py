"""Control spaces: what is left of a network in them, however their rows are read."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from samefeatures.features.rows import ArrayRows, FeatureRows
from samefeatures.features.spaces.answers import Answers, answered
from samefeatures.features.spaces.noise import ClassNoise, Noise, centres
from samefeatures.networks.record import Head

N, D, K = 2500, 6, 4


@pytest.fixture
def rows() -> ArrayRows:
    values = np.random.default_rng(0).standard_normal((N, D)).astype(np.float32)
    ids = tuple(f"image-{i}" for i in range(N))
    return ArrayRows(name="a", values=values, fingerprint="made", ids=ids)


@pytest.fixture
def head() -> Head:
    rng = np.random.default_rng(1)
    return Head(
        rng.standard_normal((K, D)).astype(np.float32), rng.standard_normal(K).astype(np.float32)
    )


def spaces(rows: ArrayRows, head: Head) -> list[FeatureRows]:
    return [
        Answers(name="answers: a", rows=rows, head=head),
        Answers(name="soft answers: a", rows=rows, head=head, soft=True),
        Noise(length=N, seed=3),
        ClassNoise(name="class noise: a", rows=rows, head=head, seed=3),
    ]


@pytest.mark.parametrize("kind", range(4))
def test_rows_are_the_same_however_they_are_read(kind: int, rows: ArrayRows, head: Head) -> None:
    space = spaces(rows, head)[kind]
    whole = space.span(0, N)
    assert whole.shape == (N, space.dim) == (len(space), space.dim)
    assert whole.dtype == np.float32
    for step in (7, 1000, 1024, 5000):
        np.testing.assert_allclose(np.concatenate(list(space.chunks(step))), whole, atol=1e-7)
    for start, stop in [(0, 0), (3, 9), (1000, 1100), (1024, 2048), (2499, 2500)]:
        np.testing.assert_allclose(space.span(start, stop), whole[start:stop], atol=1e-7)
    assert space.labels is None
    assert space.ids in (None, rows.ids)


def test_answers_are_one_hot_of_the_predicted_class(rows: ArrayRows, head: Head) -> None:
    logits = rows.values @ head.weight.T + head.bias
    found = Answers(name="x", rows=rows, head=head).span(0, N)
    np.testing.assert_array_equal(found, np.eye(K)[logits.argmax(1)])
    np.testing.assert_array_equal(answered(rows.values, head), logits.argmax(1))


def test_soft_answers_are_probabilities(rows: ArrayRows, head: Head) -> None:
    logits = rows.values @ head.weight.T + head.bias
    found = Answers(name="x", rows=rows, head=head, soft=True).span(0, N)
    np.testing.assert_allclose(found, scipy.special.softmax(logits, axis=1), atol=1e-6)


def test_class_noise_knows_the_answer_and_nothing_else(rows: ArrayRows, head: Head) -> None:
    space = ClassNoise(name="x", rows=rows, head=head, seed=3)
    classes, values = answered(rows.values, head), space.span(0, N)
    left = values - space.centres[classes]
    np.testing.assert_allclose(left, space.noise.span(0, N), atol=1e-5)
    assert abs(left.mean()) < 0.01
    assert left.std() == pytest.approx(1, abs=0.01)
    largest = np.abs(np.corrcoef(left.T, rows.values.T)[:128, 128:]).max()
    assert largest < 5 / np.sqrt(N)  # 768 correlations of independent columns
    assert len({row.tobytes() for row in left}) == N


def test_seeds_and_sources_tell_spaces_apart(rows: ArrayRows, head: Head) -> None:
    other = Head(head.weight + 1, head.bias)
    found = [
        *spaces(rows, head),
        Answers(name="x", rows=rows, head=other),
        Noise(length=N, seed=4),
        ClassNoise(name="x", rows=rows, head=head, seed=4),
        ClassNoise(name="x", rows=rows, head=other, seed=3),
    ]
    assert len({space.fingerprint for space in found}) == len(found)
    assert not np.array_equal(centres(K, seed=3), centres(K, seed=4))
    assert not np.array_equal(
        Noise(length=9, seed=3).span(0, 9), Noise(length=9, seed=4).span(0, 9)
    )
