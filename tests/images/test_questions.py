"""Rules on images whose answer is known; labels that say nothing about the class."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from samefeatures.base.errors import ConfigError, DataError, LabelError
from samefeatures.images.questions import (
    RULES,
    ask,
    brightness,
    extent,
    hue,
    left_out,
    measure,
    sharpness,
    symmetry,
)

BLACK, GREY, WHITE = (0, 0, 0), (128, 128, 128), (255, 255, 255)
RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)
SIDE = 32


def plain(colour: tuple[int, int, int]) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), colour, np.uint8)


def box(ground: tuple, colour: tuple, rows: slice, columns: slice) -> np.ndarray:
    image = plain(ground)
    image[rows, columns] = colour
    return image


@pytest.fixture
def noise() -> np.ndarray:
    """(6, 32, 32, 3) bytes."""
    return np.random.default_rng(0).integers(0, 256, (6, SIDE, SIDE, 3), np.uint8)


def grey(image: np.ndarray) -> np.ndarray:
    return image.astype(float) @ [0.299, 0.587, 0.114] / 255


@pytest.mark.parametrize("rule", RULES)
def test_a_batch_equals_its_images_and_bytes_equal_floats(rule: str, noise: np.ndarray) -> None:
    values = measure(rule, noise)
    assert values.shape == (6,)
    assert values.dtype == np.float64
    assert np.array_equal(values, [float(measure(rule, image)) for image in noise])
    assert np.array_equal(measure(rule, noise.reshape(2, 3, SIDE, SIDE, 3)), values.reshape(2, 3))
    np.testing.assert_allclose(measure(rule, noise / 255), values, rtol=1e-6)
    np.testing.assert_allclose(measure(rule, (noise / 255).astype(np.float32)), values, rtol=1e-6)
    assert len(np.unique(values)) > 3


@pytest.mark.parametrize("rule", RULES)
def test_images_stay_as_they_are(rule: str, noise: np.ndarray) -> None:
    images = (noise / 255).astype(np.float32)
    before = images.copy()
    measure(rule, images)
    assert np.array_equal(images, before)


def test_brightness_is_that_of_pillow(noise: np.ndarray) -> None:
    expected = [np.asarray(Image.fromarray(image).convert("L")).mean() / 255 for image in noise]
    np.testing.assert_allclose(brightness(noise), expected, atol=0.5 / 255)
    levels = [brightness(plain(colour)) for colour in (BLACK, GREY, WHITE)]
    assert levels == pytest.approx([0, 128 / 255, 1], abs=1e-6)


def test_symmetry_is_a_correlation_with_the_mirror_image(noise: np.ndarray) -> None:
    expected = [
        np.corrcoef(grey(image).ravel(), grey(image)[:, ::-1].ravel())[0, 1] for image in noise
    ]
    np.testing.assert_allclose(symmetry(noise), expected, atol=1e-6)
    np.testing.assert_allclose(symmetry(noise[:, :, ::-1]), expected, atol=1e-6)
    faint = 0.3 + 0.2 * noise / 255
    np.testing.assert_allclose(symmetry(faint), expected, atol=1e-5)


def test_symmetry_where_it_is_known(noise: np.ndarray) -> None:
    left = noise[0, :, : SIDE // 2]
    assert symmetry(np.concatenate([left, left[:, ::-1]], axis=1)) == pytest.approx(1, abs=1e-6)
    assert symmetry(np.concatenate([left, 255 - left[:, ::-1]], axis=1)) == pytest.approx(
        -1, abs=1e-5
    )
    top = noise[0, : SIDE // 2]
    assert abs(symmetry(np.concatenate([top, top[::-1]], axis=0))) < 0.2  # top to bottom: no
    assert symmetry(plain(GREY)) == 1


@pytest.mark.parametrize("ground", [BLACK, WHITE, GREEN])
def test_extent_is_the_share_of_the_object(ground: tuple) -> None:
    image = box(ground, BLUE, slice(4, 20), slice(10, 22))
    assert extent(image) == pytest.approx(16 * 12 / SIDE**2)
    assert extent(plain(ground)) == 0


def test_extent_of_an_object_that_runs_out_of_the_image() -> None:
    """It touches two sides of four, on a third of each: the border keeps the colour of the rest."""
    image = box(BLACK, WHITE, slice(0, SIDE), slice(10, 20))
    assert extent(image) == pytest.approx(10 / SIDE)


def test_extent_sees_colour_and_not_noise() -> None:
    ground, red = (100, 100, 100), (160, 69, 100)
    assert grey(np.array(red)) == pytest.approx(grey(np.array(ground)), abs=2e-3)
    image = box(ground, red, slice(8, 16), slice(8, 16)).astype(int)
    image += np.random.default_rng(1).integers(-10, 11, image.shape)
    assert extent(image.astype(np.uint8)) == pytest.approx(64 / SIDE**2)


@pytest.mark.parametrize(
    ("colour", "value"),
    [(RED, 1), (BLUE, -1), (GREEN, 0), ((255, 128, 128), 1), ((255, 255, 0), 1), ((80, 60, 40), 1)],
)
def test_hue_runs_from_blue_to_red(colour: tuple, value: float) -> None:
    assert hue(plain(colour)) == pytest.approx(value, abs=1e-6)


def test_hue_is_weighed_by_colour_and_grey_has_none() -> None:
    assert hue(box(GREY, RED, slice(0, 8), slice(0, SIDE))) == pytest.approx(1, abs=1e-6)
    assert hue(box(BLUE, RED, slice(0, 8), slice(0, SIDE))) == pytest.approx(-0.5, abs=1e-6)
    tinted = (130, 128, 127)  # what JPEG makes of grey
    assert np.isnan(hue(np.stack([plain(c) for c in (BLACK, GREY, WHITE, tinted)]))).all()


def test_sharpness_is_slope_over_spread(noise: np.ndarray) -> None:
    expected = [
        np.sqrt(((np.diff(g, axis=1) ** 2).mean() + (np.diff(g, axis=0) ** 2).mean()) / g.var())
        for g in map(grey, noise)
    ]
    np.testing.assert_allclose(sharpness(noise), expected, rtol=1e-5)
    np.testing.assert_allclose(sharpness(0.3 + 0.2 * noise / 255), expected, rtol=1e-4)
    assert sharpness(noise).mean() == pytest.approx(2, abs=0.1)


def test_sharpness_falls_with_blur_and_flat_images_have_none(noise: np.ndarray) -> None:
    image = Image.fromarray(noise[0])
    small = (SIDE // 4, SIDE // 4)
    blurred = np.asarray(image.resize(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    assert sharpness(blurred) < 0.5 * sharpness(noise[0])
    chequered = np.indices((SIDE, SIDE)).sum(axis=0) % 2
    assert sharpness(np.stack([chequered] * 3, axis=-1).astype(float)) == pytest.approx(8**0.5)
    assert np.isnan(sharpness(plain(GREY)))


def test_a_question_that_there_is_not(noise: np.ndarray) -> None:
    with pytest.raises(ConfigError, match=r"no question 'simmetry'. Did you mean 'symmetry'\?"):
        measure("simmetry", noise)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 3, 28, 28), np.uint8), r"\(2, 3, 28, 28\) came.*Put the channels last"),
        (np.zeros((28, 28), np.uint8), r"\(28, 28\) came"),
        (np.zeros((1, 28, 3), np.uint8), "at least 2 x 2"),
        (np.full((4, 4, 3), -2.1), "float64 from -2.1 to -2.1 came.*Undo the normalisation"),
        (np.full((4, 4, 3), 255.0, np.float32), "float32 from 255 to 255"),
        (np.full((4, 4, 3), np.nan), "from nan to nan"),
        (np.zeros((4, 4, 3), np.int64), "int64 from 0 to 0"),
    ],
)
@pytest.mark.parametrize("rule", RULES)
def test_images_that_are_refused(rule: str, images: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        measure(rule, images)


def check_halves(labels: np.ndarray, values: np.ndarray, classes: np.ndarray) -> None:
    """Both halves of each class are as large, and the upper one is above the lower one."""
    for c in np.unique(classes):
        lower, upper = (values[(classes == c) & (labels == side)] for side in (0, 1))
        assert len(lower) == len(upper)
        assert not len(lower) or lower.max() < np.median(values[classes == c]) < upper.min()


def test_labels_split_each_class_in_half() -> None:
    rng = np.random.default_rng(2)
    classes = np.repeat([7, 0, 3], [500, 1000, 42])
    values = rng.normal(size=len(classes)) + 10 * classes  # the class decides the value
    order = rng.permutation(len(classes))
    values, classes = values[order], classes[order]
    labels = ask(values, classes)
    assert labels.dtype == np.int64
    check_halves(labels, values, classes)
    assert (labels >= 0).all()
    assert left_out(values, labels) == ""
    for c in np.unique(classes):
        mine = classes == c
        assert np.array_equal(labels[mine], values[mine] > np.median(values[mine]))


def test_the_middle_one_of_an_odd_class_gets_no_label() -> None:
    values, classes = np.array([3.0, 1, 2, 9, 8, 5]), np.array([0, 0, 0, 1, 1, 2])
    labels = ask(values, classes)
    assert labels.tolist() == [1, 0, -1, 1, 0, -1]
    assert left_out(values, labels) == (
        "2 of 6 images have no label: 0 have no value, the others lie at the median of their class"
    )


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([1, 2, 2, 3], [0, -1, -1, 1]),
        ([1, 2, 2, 2, 3, 4], [0, -1, -1, -1, -1, 1]),
        ([0, 0, 0, 1], [-1, -1, -1, -1]),
        ([1, 1, 2, 3], [0, 0, 1, 1]),
        ([1, 1, 2, 3, 4], [0, 0, -1, 1, 1]),
        ([1, 1, 1, 5, 6, 7], [0, 0, 0, 1, 1, 1]),
        ([float("nan"), 1, 2, float("nan")], [-1, 0, 1, -1]),
    ],
)
def test_ties_never_tilt_a_class(values: list[float], labels: list[int]) -> None:
    """A second class keeps a label somewhere."""
    got = ask(np.array([*values, 0.0, 1.0]), np.array([4] * len(values) + [5, 5]))
    assert got.tolist() == [*labels, 0, 1]


def test_labels_of_coarse_values_are_balanced() -> None:
    rng = np.random.default_rng(3)
    classes, values = rng.integers(0, 20, 2000), rng.integers(0, 9, 2000).astype(float)
    labels = ask(values, classes)
    check_halves(labels, values, classes)
    assert np.mean(labels >= 0) > 0.7
    assert f"{(labels < 0).sum()} of 2000 images have no label" in left_out(values, labels)


@pytest.mark.parametrize(
    ("values", "classes", "message"),
    [
        ([1.0, 2.0], [0], r"Values \(2,\) came with classes \(1,\)"),
        ([1.0, 2.0], [0, 1], "None of the 2 images gets a label: 0 have no value"),
        ([float("nan")] * 3, [0, 0, 0], "None of the 3 images gets a label: 3 have no value"),
        ([], [], "None of the 0 images"),
        ([1.0, 1.0], [0, 0], "no class holds two that differ"),
    ],
)
def test_questions_without_an_answer(values: list, classes: list, message: str) -> None:
    with pytest.raises(LabelError, match=message):
        ask(np.array(values, float), np.array(classes, np.int64))


def test_labels_of_real_rules_say_nothing_about_the_class(noise: np.ndarray) -> None:
    """Whoever knows the class is right on exactly half of the images."""
    rng = np.random.default_rng(4)
    classes = rng.integers(0, 3, 300)
    images = rng.integers(0, 256, (300, 8, 8, 3)) * (classes[:, None, None, None] + 1) // 3
    for rule in RULES:
        labels = ask(measure(rule, images.astype(np.uint8)), classes)
        for c in range(3):
            mine = labels[(classes == c) & (labels >= 0)]
            assert len(mine) > 20
            assert mine.mean() == 0.5
