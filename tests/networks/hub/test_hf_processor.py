"""Our pixels are those of the image processors of transformers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from PIL import Image

from samefeatures.networks.hub.processor import (
    Unclear,
    fields_of_processor,
    levels_apart,
    probe_pictures,
    proved,
)
from samefeatures.networks.settings import build_preprocessing

SIDE = {"height": 224, "width": 224}
# Class, settings as models on the Hub have them, and (crop_mode, input side) that must come out.
CASES: list[tuple[str, dict[str, Any], tuple[str, int]]] = [
    ("ViTImageProcessor", {}, ("squash", 224)),
    ("ViTImageProcessor", {"size": {"height": 384, "width": 384}}, ("squash", 384)),
    ("ViTImageProcessor", {"resample": 3}, ("squash", 224)),
    ("ViTImageProcessor", {"resample": 1}, ("squash", 224)),
    ("ViTImageProcessor", {"resample": 0}, ("squash", 224)),
    ("ViTImageProcessor", {"do_normalize": False}, ("squash", 224)),
    ("ViTImageProcessor", {"do_rescale": False}, ("squash", 224)),
    ("ViTImageProcessor", {"rescale_factor": 1 / 127.5}, ("squash", 224)),
    ("ViTImageProcessor", {"image_mean": 0.4, "image_std": 0.2}, ("squash", 224)),
    ("ConvNextImageProcessor", {}, ("squash", 384)),
    ("ConvNextImageProcessor", {"size": {"shortest_edge": 224}}, ("center_down", 224)),
    (
        "ConvNextImageProcessor",
        {"size": {"shortest_edge": 224}, "crop_pct": 0.95},
        ("center_down", 224),
    ),
    (
        "ConvNextImageProcessor",
        {"size": {"shortest_edge": 224}, "crop_pct": 224 / 232},
        ("center_down", 224),
    ),
    ("MobileNetV1ImageProcessor", {}, ("center_down", 224)),
    ("MobileNetV2ImageProcessor", {}, ("center_down", 224)),
    (
        "MobileNetV2ImageProcessor",
        {"size": {"shortest_edge": 192}, "crop_size": {"height": 160, "width": 160}},
        ("center_down", 160),
    ),
    ("BeitImageProcessor", {}, ("squash", 224)),
    (
        "BeitImageProcessor",
        {"size": {"height": 256, "width": 256}, "do_center_crop": True},
        ("squash", 224),
    ),
    ("BitImageProcessor", {"size": {"shortest_edge": 256}}, ("center_down", 224)),
    ("DeiTImageProcessor", {}, ("squash", 224)),
    ("LevitImageProcessor", {}, ("center_down", 224)),
    ("PoolFormerImageProcessor", {}, ("center_down", 224)),
    ("PvtImageProcessor", {}, ("squash", 224)),
    ("EfficientNetImageProcessor", {}, ("squash", 346)),
    (
        "EfficientNetImageProcessor",
        {"rescale_offset": True, "rescale_factor": 1 / 127.5},
        ("squash", 346),
    ),
    (
        "MobileViTImageProcessor",
        {"size": {"shortest_edge": 288}, "crop_size": {"height": 256, "width": 256}},
        ("center_down", 256),
    ),
    ("CLIPImageProcessor", {}, ("center_down", 224)),
    ("SiglipImageProcessor", {}, ("squash", 224)),
]


def made(kind: str, backend: str, settings: dict[str, Any]) -> Any:
    return getattr(transformers, kind + backend)(**settings)


def differences(processor: Any, pictures: list[Image.Image]) -> list[np.ndarray]:
    prep = build_preprocessing(proved(fields_of_processor(processor), processor), {}, source="x")
    return [levels_apart(prep, processor, picture) for picture in pictures]


@pytest.fixture(scope="session")
def pictures() -> list[Image.Image]:
    # Other shapes than those of the proof itself: odd margins, and smaller than the input.
    return probe_pictures([(300, 225), (233, 350), (50, 31), (224, 224), (640, 427)])


@pytest.fixture(scope="session")
def photographs(shared_data: Path) -> list[Image.Image]:
    paths = sorted((shared_data / "images" / "imagenet-sample").glob("*/*"))[::40][:6]
    assert len(paths) == 6
    return [Image.open(path).convert("RGB") for path in paths]


@pytest.mark.parametrize(("kind", "settings", "expected"), CASES)
def test_pixels_are_the_processors(
    kind: str, settings: dict[str, Any], expected: tuple[str, int], pictures: list[Image.Image]
) -> None:
    processor = made(kind, "Pil", settings)
    fields = fields_of_processor(processor)
    assert (fields["crop_mode"], fields["input_size"]) == (expected[0], (3, *[expected[1]] * 2))
    assert max(d.max() for d in differences(processor, pictures)) < 1e-3


@pytest.mark.parametrize(("kind", "settings", "expected"), CASES)
def test_pixels_of_photographs(
    kind: str, settings: dict[str, Any], expected: object, photographs: list[Image.Image]
) -> None:
    assert max(d.max() for d in differences(made(kind, "Pil", settings), photographs)) < 1e-3


@pytest.mark.parametrize(
    ("kind", "settings"), [case[:2] for case in CASES if case[1].get("resample") != 0]
)
def test_the_processors_on_tensors_are_near(
    kind: str, settings: dict[str, Any], photographs: list[Image.Image]
) -> None:
    """Torchvision's resize of bytes rounds twice: 0.25 levels of 255 on average at most."""
    assert max(d.mean() for d in differences(made(kind, "", settings), photographs)) < 0.25


@pytest.mark.parametrize(
    ("kind", "settings", "why"),
    [
        ("ViTImageProcessor", {"do_resize": False}, "does not resize"),
        ("ViTImageProcessor", {"do_pad": True}, "pads"),
        ("ViTImageProcessor", {"size": {"shortest_edge": 224}}, "different shapes"),
        (
            "ViTImageProcessor",
            {"size": {"shortest_edge": 224, "longest_edge": 400}},
            "resizes to .*longest_edge",
        ),
        ("ViTImageProcessor", {"resample": 9}, "resample is 9"),
        ("ViTImageProcessor", {"image_mean": [0.5, 0.5]}, "mean or std"),
        ("PerceiverImageProcessor", {}, "crops .* which is smaller"),
        (
            "MobileViTImageProcessor",
            {"size": SIDE, "crop_size": SIDE, "do_normalize": True, "image_mean": [0.1, 0.2, 0.3]},
            "normalises channels apart",
        ),
    ],
)
def test_what_can_not_be_said_is_refused(kind: str, settings: dict[str, Any], why: str) -> None:
    processor = made(kind, "Pil", settings)
    for name, value in settings.items():
        if not hasattr(processor, name):
            setattr(processor, name, value)
    with pytest.raises(Unclear, match=why):
        proved(fields_of_processor(processor), processor)


def test_the_nearest_pixel_of_tensors_is_another() -> None:
    processor = made("ViTImageProcessor", "", {"resample": 0})
    with pytest.raises(Unclear, match="makes pixels that differ by"):
        proved(fields_of_processor(processor), processor)


def test_steps_that_the_attributes_do_not_show_are_found() -> None:
    class Sharper(transformers.ViTImageProcessorPil):
        def normalize(self, image, mean, std, **more):  # type: ignore[no-untyped-def]
            return super().normalize(image, mean, std, **more) * 1.01

    class Shifted(transformers.BitImageProcessorPil):
        def center_crop(self, image, size, **more):  # type: ignore[no-untyped-def]
            return super().center_crop(np.roll(image, 1, axis=-1), size, **more)

    for processor in (Sharper(), Shifted(size={"shortest_edge": 256})):
        with pytest.raises(Unclear, match="makes pixels that differ by"):
            proved(fields_of_processor(processor), processor)


def test_a_processor_that_fails() -> None:
    class Broken(transformers.ViTImageProcessorPil):
        def rescale(self, image, scale, **more):  # type: ignore[no-untyped-def]
            raise RuntimeError("no")

    with pytest.raises(Unclear, match=r"fails \(RuntimeError: no\)"):
        proved(fields_of_processor(Broken()), Broken())
