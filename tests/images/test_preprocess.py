"""Preprocessing is timm's and torchvision's own, to the last bit of rounding."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from PIL import Image

from preps import imagenet
from samefeatures.base.errors import ConfigError, UnreadableImageError
from samefeatures.images import tensorflow_resize
from samefeatures.images.preprocess import FILTERS, Preprocessing
from samefeatures.images.views import Region

# Larger, smaller, odd, extreme, and already of the right size.
SIZES = [(300, 200), (201, 333), (64, 64), (17, 150), (150, 23), (256, 256), (225, 224), (3, 2)]
ROUNDING = 1e-6


def noise(width: int, height: int) -> Image.Image:
    rng = np.random.default_rng(width * 1000 + height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))


def ours(prep: Preprocessing, image: Image.Image) -> np.ndarray:
    return prep.normalise(prep.pixels(image)[None])[0]


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize(
    ("side", "crop_pct"),
    [
        *((32, 0.875), (128, 0.95), (224, 0.875), (240, 0.9), (97, 0.965), (64, 1.0)),
        *(((96, 160), 0.875), ((130, 77), 0.95), ((40, 41), 1.0)),
    ],
)
def test_agrees_with_timm(
    mode: str, interpolation: str, side: int | tuple[int, int], crop_pct: float
) -> None:
    data = pytest.importorskip("timm.data")
    height, width = side if isinstance(side, tuple) else (side, side)
    prep = Preprocessing(
        input_size=(3, height, width),
        crop_pct=crop_pct,
        interpolation=interpolation,  # type: ignore[arg-type]
        mean=(0.5, 0.4, 0.3),
        std=(0.2, 0.25, 0.3),
        crop_mode=mode,  # type: ignore[arg-type]
    )
    transform = data.create_transform(
        (3, height, width),
        is_training=False,
        crop_pct=crop_pct,
        interpolation=interpolation,
        mean=prep.mean,
        std=prep.std,
        crop_mode=mode,
    )
    for size in SIZES:
        image = noise(*size)
        expected = transform(image).numpy()
        out = ours(prep, image)
        assert out.shape == expected.shape == (3, height, width)
        assert np.abs(out - expected).max() <= ROUNDING, size


@pytest.mark.parametrize(
    ("resize", "crop", "interpolation"),
    [(232, 224, "bilinear"), (256, 224, "bilinear"), (342, 299, "bilinear"), (236, 224, "bicubic")],
)
def test_agrees_with_torchvisions_weights_transforms(
    resize: int, crop: int, interpolation: str
) -> None:
    functional = pytest.importorskip("torchvision.transforms.functional")
    presets = pytest.importorskip("torchvision.transforms._presets")
    preset = presets.ImageClassification(
        crop_size=crop,
        resize_size=resize,
        interpolation=functional.InterpolationMode(interpolation),
    )
    prep = imagenet(
        input_size=(3, crop, crop),
        crop_pct=crop / resize,
        interpolation=interpolation,  # type: ignore[arg-type]
    )
    for size in SIZES:
        image = noise(*size)
        assert np.abs(ours(prep, image) - preset(image).numpy()).max() <= ROUNDING, size


@pytest.mark.parametrize("size", SIZES)
def test_an_odd_margin_is_rounded_up_or_down(size: tuple[int, int]) -> None:
    """``center_down`` is ``center`` but for the corner, which lies at floor(margin / 2)."""
    image = noise(*size)
    prep = imagenet(input_size=(3, 64, 64), crop_pct=64 / 67, crop_mode="center_down")
    short = min(size)
    wide, tall = (67 if side == short else int(67 * side / short) for side in size)
    resized = np.asarray(image.resize((wide, tall), Image.Resampling.BILINEAR))
    left, top = (wide - 64) // 2, (tall - 64) // 2
    assert np.array_equal(prep.pixels(image), resized[top : top + 64, left : left + 64])
    nearest = imagenet(input_size=(3, 64, 64), crop_pct=64 / 67)
    # 67 - 64 = 3: half of it is 1.5, which ``center`` rounds to 2.
    assert not np.array_equal(nearest.pixels(image), prep.pixels(image))


def test_every_torchvision_crop_keeps_its_resize() -> None:
    """crop_pct is a quotient; its rounding must never cost a pixel."""
    for crop in range(32, 520):
        for resize in range(crop, crop + 130):
            assert math.floor(crop / (crop / resize) + 1e-6) == resize


def test_normalise_is_the_formula_in_float64() -> None:
    prep = Preprocessing(input_size=(3, 4, 5), mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    pixels = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    out = prep.normalise(pixels)
    expected = (pixels / 255 - np.array(prep.mean)) / np.array(prep.std)
    assert out.dtype == np.float32
    assert out.flags.c_contiguous
    assert np.abs(out - expected.transpose(0, 3, 1, 2)).max() < 1e-6


def test_a_region_is_that_part_of_the_image() -> None:
    prep = imagenet(input_size=(3, 4, 3), interpolation="nearest")
    image = noise(12, 16)
    region = Region(0.25, 0.5, 0.5, 0.75)
    expected = np.asarray(image.crop((3, 8, 6, 12)))
    assert np.array_equal(prep.pixels(image, region), expected)
    mirrored = Region(0.25, 0.5, 0.5, 0.75, flip=True)
    assert np.array_equal(prep.pixels(image, mirrored), expected[:, ::-1])


def test_the_whole_image_as_a_region_is_squashed() -> None:
    squash = imagenet(input_size=(3, 20, 30), crop_pct=1.0, crop_mode="squash")
    image = noise(41, 27)
    assert np.array_equal(squash.pixels(image, Region(0, 0, 1, 1)), squash.pixels(image))


def test_networks_share_pixels_only_where_the_geometry_is_the_same() -> None:
    base = imagenet(input_size=(3, 32, 32))
    other_mean = imagenet(input_size=(3, 32, 32), mean=(0.5, 0.5, 0.5))
    assert base.geometry == other_mean.geometry
    for change in (
        {"crop_pct": 0.9},
        {"interpolation": "bicubic"},
        {"crop_mode": "squash"},
        {"input_size": (3, 32, 33)},
    ):
        changed = imagenet(**{"input_size": (3, 32, 32), **change})  # type: ignore[arg-type]
        assert changed.geometry != base.geometry
        assert changed.as_dict() != base.as_dict()
    padded = [
        imagenet(input_size=(3, 8, 8), crop_mode="border", mean=(m, m, m)) for m in (0.2, 0.5)
    ]
    assert padded[0].geometry != padded[1].geometry, "the mean colour is the padding"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"input_size": (1, 32, 32)}, "input_size is"),
        ({"input_size": (3, 0, 32)}, "input_size is"),
        ({"crop_pct": 0}, "crop_pct is 0"),
        ({"crop_pct": 1.2}, r"crop_pct is 1\.2"),
        ({"interpolation": "cubic"}, "interpolation is 'cubic'"),
        ({"crop_mode": "centre"}, "crop_mode is 'centre'"),
        ({"std": (0.2, 0.0, 0.2)}, "must be positive"),
        ({"mean": (0.2, 0.2)}, "mean is .* three numbers"),
        ({"mean": (0.2,)}, r"For the same in all of them write \(0\.2, 0\.2, 0\.2\)"),
        ({"mean": 0.2}, r"For the same in all of them write \(0\.2, 0\.2, 0\.2\)"),
        ({"mean": "0.2"}, "mean is '0.2'"),
        ({"mean": ("0.2", 0, 0)}, "mean is"),
        ({"mean": (True, 0, 0)}, "mean is"),
        ({"std": {0.1, 0.2, 0.3}}, "std is"),
        ({"std": (58.395, 57.12, 57.375)}, r"write std: \[0\.229, 0\.224, 0\.225\]"),
        ({"input_size": 32}, "input_size is 32"),
        ({"input_size": (32, 32, 3)}, "channels come first"),
        ({"input_size": (3, 32.5, 32)}, "input_size is"),
        ({"input_size": (3, 10**6, 10**6)}, "67,108,864 pixels"),
        ({"crop_pct": "all"}, "crop_pct is 'all'"),
    ],
)
def test_settings_that_are_wrong(settings: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        imagenet(**{"input_size": (3, 32, 32), **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", ["input_size", "mean", "std"])
def test_what_the_training_decides_is_never_guessed(missing: str) -> None:
    whole = {"input_size": (3, 32, 32), "mean": (0.5, 0.5, 0.5), "std": (0.2, 0.2, 0.2)}
    fields = {key: value for key, value in whole.items() if key != missing}
    line = r"samefeatures\.Preprocessing\(input_size=\(3, .*\), mean=\(.*\), std=\(.*\)\)"
    with pytest.raises(ConfigError, match=f"lacks {missing}, .* Write {line}"):
        Preprocessing(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("side", "crop_pct"), [(32, 1.0), (95, 1.0), (96, 0.875), (224, 0.875)])
def test_the_crop_that_is_not_said_depends_on_the_size_alone(side: int, crop_pct: float) -> None:
    prep = Preprocessing(input_size=(3, side, side + 9), mean=(0.5,) * 3, std=(0.2,) * 3)
    assert (prep.crop_pct, prep.interpolation) == (crop_pct, "bicubic")


def test_lists_arrays_and_their_numbers_become_plain() -> None:
    plain = Preprocessing(input_size=(3, 8, 9), crop_pct=0.5, mean=(0.5,) * 3, std=(0.25,) * 3)
    other = Preprocessing(
        input_size=np.array([3, 8, 9]),  # type: ignore[arg-type]
        crop_pct=np.float64(0.5),
        mean=[0.5, 0.5, 0.5],  # type: ignore[arg-type]
        std=np.full(3, 0.25, np.float32),  # type: ignore[arg-type]
    )
    assert other == plain
    assert json.dumps(other.as_dict()) == json.dumps(plain.as_dict())
    whole = Preprocessing(input_size=(3, 8, 9), crop_pct=1, mean=(0, 0, 0), std=(1, 1, 1))
    assert '"mean": [0, 0, 0]' in json.dumps(whole.as_dict()), "keys of stores have them as given"


def test_every_filter_is_pillows_of_the_same_name() -> None:
    for name, resampling in FILTERS.items():
        assert resampling.name.lower() == name


def google(size: int, **fields: object) -> Preprocessing:
    made = {"crop_mode": "fraction", "interpolation": "tf_bilinear", **fields}
    return imagenet(input_size=(3, size, size), **made)  # type: ignore[arg-type]


def test_fraction_cuts_each_side_before_resizing() -> None:
    """87.5 % of 160 x 80 is 140 x 70, from (10, 5); at its own size nothing is resampled."""
    pixels = np.random.default_rng(0).integers(0, 256, (80, 160, 3), dtype=np.uint8)
    cut = imagenet(input_size=(3, 70, 140), crop_mode="fraction", interpolation="tf_bilinear")
    np.testing.assert_array_equal(cut.pixels(Image.fromarray(pixels)), pixels[5:75, 10:150])


def test_tf_bilinear_samples_from_the_corner_between_two_neighbours() -> None:
    """Twice as large: even pixels are copies, odd ones means of two, the last one of itself."""
    row = np.array([0, 100, 50, 200], np.uint8)
    pixels = np.repeat(np.tile(row, (4, 1))[..., None], 3, 2)
    out = google(8, crop_pct=1.0).pixels(Image.fromarray(pixels))
    np.testing.assert_array_equal(out[0, :, 0], [0, 50, 100, 75, 50, 125, 200, 200])
    np.testing.assert_array_equal(out, np.broadcast_to(out[:1], out.shape))


def test_tf_bilinear_does_not_smooth_what_it_makes_smaller() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[::2, ::2] = 255
    out = google(4, crop_pct=1.0).pixels(Image.fromarray(pixels))
    np.testing.assert_array_equal(out, np.full((4, 4, 3), 255))


def test_tf_bilinear_takes_regions() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    whole = Region(left=0.0, top=0.0, right=1.0, bottom=1.0, flip=True)
    out = google(40).pixels(Image.fromarray(pixels), whole)
    np.testing.assert_array_equal(out, pixels[:, ::-1])


THIN = [
    *(((w, h), "center") for w, h in ((80_000, 2), (2, 80_000), (3, 400_000))),
    *(((2, 400_000), mode) for mode in ("center_down", "squash", "fraction")),
]


@pytest.mark.parametrize(("size", "mode"), THIN)
@pytest.mark.parametrize("interpolation", [*FILTERS, "tf_bilinear"])
def test_long_and_thin_images_are_refused_before_they_take_memory(
    size: tuple[int, int], mode: str, interpolation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resize(*_: object, **__: object) -> None:
        raise AssertionError("Pillow was asked")

    image = Image.new("RGB", size)
    monkeypatch.setattr(Image.Image, "resize", resize)
    prep = imagenet(
        input_size=(3, 224, 224),
        interpolation=interpolation,  # type: ignore[arg-type]
        crop_mode=mode,  # type: ignore[arg-type]
    )
    with pytest.raises(UnreadableImageError, match=f"{size[0]} x {size[1]} pixels, so long"):
        prep.pixels(image)


@pytest.mark.parametrize("size", [(20_000, 1_000), (1_000, 20_000)])
def test_images_of_twenty_to_one_are_not(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, (10, 20, 30))
    for interpolation in ("bicubic", "tf_bilinear"):
        prep = imagenet(input_size=(3, 896, 896), interpolation=interpolation)  # type: ignore[arg-type]
        assert (prep.pixels(image) == (10, 20, 30)).all()


def test_a_thin_region_is_refused_by_its_own_height() -> None:
    prep = imagenet(input_size=(3, 224, 224))
    image = Image.new("RGB", (2, 400_000), (7, 8, 9))
    assert (prep.pixels(image, Region(0, 0, 1, 0.5)) == (7, 8, 9)).all()
    with pytest.raises(UnreadableImageError, match="so long and thin"):
        prep.pixels(image, Region(0, 0, 1, 0.9))


@pytest.mark.parametrize("size", [(400, 30), (2000, 30), (31, 333)])
def test_tf_bilinear_in_strips_of_needed_columns_is_the_plain_formula(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    image, side = noise(*size), 57
    prep = imagenet(
        input_size=(3, side, side), interpolation="tf_bilinear", crop_mode="fraction", crop_pct=1.0
    )
    pixels = np.asarray(image)
    wide, tall = size

    def between(limit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        at = np.arange(side, dtype=np.float32) * np.float32(limit / side)
        first = np.floor(at).astype(int)
        return first, np.minimum(first + 1, limit - 1), at - np.floor(at)

    (up, down, y), (left, right, x) = between(tall), between(wide)
    rows = pixels[up].astype(np.float32)
    rows += (pixels[down] - rows) * y[:, None, None]
    whole = rows[:, left]
    whole += (rows[:, right] - whole) * x[:, None]
    expected = (whole + np.float32(0.5)).astype(np.uint8)
    assert np.array_equal(prep.pixels(image), expected)
    monkeypatch.setattr(tensorflow_resize, "_STRIP", 3 * max(size))
    assert np.array_equal(prep.pixels(image), expected)
