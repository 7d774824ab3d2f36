"""The image itself as a network: areas averaged exactly, rules as they are measured alone."""

from __future__ import annotations

import numpy as np
import pytest

from preps import imagenet
from samefeatures.base.arrays import Float32
from samefeatures.base.errors import ConfigError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.images.questions import RULES, measure
from samefeatures.networks.pixels import (
    NO_VALUE,
    PixelMeans,
    RuleValues,
    is_grey,
    pixel_space,
    question_space,
)

PREP = Preprocessing(input_size=(3, 64, 48), mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


@pytest.fixture
def images() -> Float32:
    return np.random.default_rng(0).random((5, 3, 64, 48), np.float32)


def test_areas_are_averaged(images: Float32) -> None:
    found = PixelMeans((16, 16), PREP).features(images).reshape(5, 16, 16, 3)
    np.testing.assert_allclose(found[2, 3, 5], images[2, :, 12:16, 15:18].mean((1, 2)), 1e-6)
    np.testing.assert_allclose(found.mean((1, 2)), images.mean((2, 3)), rtol=1e-5)


def test_pixels_are_cut_where_cells_end(images: Float32) -> None:
    """A grid of 5 x 7: each pixel repeated so often that cells end between the copies."""
    found = PixelMeans((5, 7), PREP).features(images).reshape(5, 5, 7, 3)
    fine = images.repeat(5, axis=2).repeat(7, axis=3).reshape(5, 3, 5, 64, 7, 48)
    np.testing.assert_allclose(found, fine.mean((3, 5)).transpose(0, 2, 3, 1), rtol=1e-5)
    whole = PixelMeans((64, 48), PREP).features(images)
    np.testing.assert_allclose(whole, images.transpose(0, 2, 3, 1).reshape(5, -1), rtol=1e-6)


def test_rules_are_measured_and_grey_images_have_no_hue(images: Float32) -> None:
    grey = images[:, :1].repeat(3, axis=1)
    found = RuleValues(PREP).features(np.concatenate([images, grey]))
    for k, rule in enumerate(RULES):
        expected = measure(rule, images.transpose(0, 2, 3, 1))
        np.testing.assert_allclose(found[:5, k], expected, rtol=1e-5)
    assert (found[5:, list(RULES).index("hue")] == NO_VALUE).all()


def test_grey(images: Float32) -> None:
    backend = PixelMeans((16, 16), PREP)
    assert not is_grey(backend.features(images))
    grey = images[:, :1].repeat(3, axis=1)
    assert is_grey(backend.features(grey))
    like = imagenet(input_size=(3, 64, 48))
    bytes_ = np.round(255 * grey).astype(np.uint8).transpose(0, 2, 3, 1)
    assert is_grey(pixel_space(like).backend.features(like.normalise(bytes_)))


def test_levels_come_as_they_are_whatever_the_networks_normalise(images: Float32) -> None:
    like = imagenet(input_size=(3, 64, 48))
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (like.mean, like.std))
    for one, other in [
        (pixel_space(PREP), pixel_space(like)),
        (question_space(PREP), question_space(like)),
    ]:
        found = other.backend.features((images - mean) / std)
        np.testing.assert_allclose(found, one.backend.features(images), atol=1e-5)


@pytest.mark.parametrize(
    ("side", "size", "dim"), [(28, None, 2352), (32, None, 768), (224, None, 768), (224, 8, 192)]
)
def test_the_grid(side: int, size: int | None, dim: int) -> None:
    space = pixel_space(imagenet(input_size=(3, side, side)), size=size)
    assert (space.name, space.dim, space.parameters) == ("pixels", dim, 0)


def test_spaces_are_told_apart() -> None:
    found = [pixel_space(PREP), pixel_space(PREP, size=8), question_space(PREP)]
    assert len({space.fingerprint for space in found}) == 3
    with pytest.raises(ConfigError, match="a grid of 65 x 65 does not fit images of 64 x 48"):
        pixel_space(PREP, size=65)
    with pytest.raises(ConfigError, match="a grid of 0 x 0"):
        pixel_space(PREP, size=0)
