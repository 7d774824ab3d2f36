"""The proof of a split can fail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax

from preps import imagenet
from samefeatures.base.arrays import Float32
from samefeatures.base.errors import SplitError
from samefeatures.networks.proof import (
    HALF_TOLERANCE,
    TOLERANCE,
    Claim,
    MixedImages,
    activate,
    probe_images,
    prove,
    relative,
)
from samefeatures.networks.record import Head

PREP = imagenet(input_size=(3, 8, 8))
PROBE = probe_images(PREP)
RNG = np.random.default_rng(0)
HEAD = Head(RNG.normal(size=(4, 6)).astype(np.float32), RNG.normal(size=4).astype(np.float32))
MIX = RNG.normal(size=(3 * 64, 6)).astype(np.float32)
CLAIM = Claim("fc", "Relu → fc")


def features(images: Float32) -> Float32:
    return np.tanh(images.reshape(len(images), -1) @ MIX)


def test_probe_is_seeded_and_plausible() -> None:
    assert PROBE.shape == (3, 3, 8, 8)
    assert PROBE.dtype == np.float32
    assert np.array_equal(PROBE, probe_images(PREP))
    assert not np.array_equal(PROBE, probe_images(PREP, seed=1))
    assert abs(PROBE).max() < 3


def test_a_true_split_passes_with_its_error() -> None:
    proof = prove(CLAIM, HEAD, features, lambda x: HEAD.logits(features(x)), PROBE, source="s")
    assert (proof.layer, proof.error, proof.after) == ("fc", 0.0, None)


@pytest.mark.parametrize("size", [1e-2, 3e-4])
def test_a_small_deviation_is_refused(size: float) -> None:
    def model(images: Float32) -> Float32:
        return HEAD.logits(features(images)) + np.float32(size)

    with pytest.raises(SplitError, match=r"s: 'fc' is not all.*allowed is 1e-05.*Relu → fc"):
        prove(CLAIM, HEAD, features, model, PROBE, source="s")


def test_rounding_is_allowed() -> None:
    def model(images: Float32) -> Float32:
        logits = HEAD.logits(features(images))
        return logits * np.float32(1 + 3e-6)

    assert 0 < prove(CLAIM, HEAD, features, model, PROBE, source="s").error < 1e-5


def test_an_output_that_depends_on_the_batch_is_refused() -> None:
    def model(images: Float32) -> Float32:
        return HEAD.logits(features(images - images.mean()))

    with pytest.raises(SplitError, match="depends on the other images"):
        prove(CLAIM, HEAD, features, model, PROBE, source="s")


@pytest.mark.parametrize("after", ["softmax", "sigmoid"])
def test_logits_that_depend_on_the_batch_are_seen_behind_an_activation(after: str) -> None:
    """The output is 0 or 1 whatever the batch does."""

    def mixed(images: Float32) -> Float32:
        return features(images) * np.float32(1e5 if len(images) > 1 else 2e5)

    def model(images: Float32) -> Float32:
        return activate(after, HEAD.logits(mixed(images)))

    assert relative(model(PROBE[:1]), model(PROBE)[:1]) < 1e-6
    with pytest.raises(MixedImages, match="the logits for an image depend on the other images"):
        prove(Claim("fc", "fc", after=after), HEAD, mixed, model, PROBE, source="s")


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(SplitError, match="NaN or infinite"):
        prove(CLAIM, HEAD, features, lambda x: np.full((len(x), 4), np.nan), PROBE, source="s")


def test_relative_error() -> None:
    a = np.array([[1.0, -4.0]])
    assert relative(a, a) == 0
    assert relative(a + 0.4, a) == pytest.approx(0.1)
    assert relative(a, a[:, :1]) == np.inf
    assert relative(a * np.nan, a) == np.inf


def test_activations_agree_with_scipy() -> None:
    logits = RNG.normal(size=(5, 7)).astype(np.float32) * 30
    np.testing.assert_allclose(activate("softmax", logits), softmax(logits, axis=1), atol=1e-6)
    np.testing.assert_allclose(activate("logsoftmax", logits), log_softmax(logits, axis=1), 1e-5)
    np.testing.assert_allclose(activate("sigmoid", logits * 10), expit(logits * 10), atol=1e-6)
    assert activate(None, logits) is logits


@pytest.mark.parametrize("after", ["softmax", "logsoftmax", "sigmoid"])
def test_rounding_of_large_logits_in_front_of_an_activation_is_allowed(after: str) -> None:
    """Two classes that are nearly as large, of logits around 3000: float32 rounds these by 1e-4."""
    head = Head(HEAD.weight * 1000, HEAD.bias)
    head.weight[1] = head.weight[0] * np.float32(1 + 1e-6)

    def model(images: Float32) -> Float32:
        exact = features(images).astype(np.float64) @ head.weight.T.astype(np.float64)
        return activate(after, (exact * (1 + 3e-7) + head.bias).astype(np.float32))

    claim = Claim("fc", "fc", after)
    assert prove(claim, head, features, model, PROBE, source="s").error < 1e-5

    def wrong(images: Float32) -> Float32:
        shifted = head.logits(features(images)) + np.float32([2, -2, 1, -1])
        return activate(after, shifted)

    with pytest.raises(SplitError, match="allowed is 1e-05"):
        prove(claim, HEAD, features, wrong, PROBE, source="s")


@pytest.mark.parametrize("tolerance", [TOLERANCE, HALF_TOLERANCE])
@pytest.mark.parametrize("after", ["softmax", "logsoftmax", "sigmoid"])
@pytest.mark.parametrize("size", [1e2, 1e4, 1e6])
def test_other_classes_are_no_rounding(after: str, size: float, tolerance: float) -> None:
    """However large logits are in front of an activation."""
    head = Head(HEAD.weight * np.float32(size), HEAD.bias)
    turned = Head(-head.weight, head.bias)
    claim = Claim("fc", "fc", after, tolerance)
    with pytest.raises(SplitError, match="allowed is"):
        prove(
            claim,
            head,
            features,
            lambda x: activate(after, turned.logits(features(x))),
            PROBE,
            source="s",
        )


def test_a_claim_in_half_precision_allows_its_rounding() -> None:
    def model(images: Float32) -> Float32:
        return HEAD.logits(features(images)).astype(np.float16).astype(np.float32)

    half = Claim("fc", "fc", tolerance=HALF_TOLERANCE)
    assert 1e-5 < prove(half, HEAD, features, model, PROBE, source="s").error < HALF_TOLERANCE
    with pytest.raises(SplitError, match="allowed is 1e-05"):
        prove(CLAIM, HEAD, features, model, PROBE, source="s")
    with pytest.raises(SplitError, match="allowed is 2e-03"):
        prove(half, HEAD, features, lambda x: model(x) * np.float32(1.01), PROBE, source="s")
