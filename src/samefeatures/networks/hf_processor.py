"""From an image processor of transformers to ``Preprocessing``, proved on images.

The processor's numbers are read by rule, then both make pixels of the same images. Where these
differ, nothing is approximated: the processor is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from samefeatures.data.preprocess import Preprocessing
from samefeatures.errors import ConfigError
from samefeatures.networks.network import Float32
from samefeatures.networks.settings import build_preprocessing

EXACT, TENSORS = 0.02, 3.0
"""Largest difference in levels of 0 to 255: of processors that use Pillow, and of those that have
only torchvision's resize of tensors, which rounds otherwise."""

SHAPES = ((341, 257), (200, 333), (97, 64), (500, 375))
"""(width, height) of the images that a translation is proved on; odd margins among them."""

FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "hamming"}
"""Pillow's numbers."""

BILINEAR = 2
"""What transformers takes where a processor names none."""

SQUASHED_FROM = 384
"""ConvNeXT's processor crops below this size and squashes from it on."""


class Unclear(Exception):
    """Why a processor can't be said in the terms of ``Preprocessing``."""


def fields_of_processor(processor: Any) -> dict[str, object]:
    """Fields of ``Preprocessing`` by the processor's attributes.

    Raises:
        Unclear: when its steps are others than resize, centre crop, scale and normalise.
    """
    if not getattr(processor, "do_resize", False):
        raise Unclear("its image processor does not resize")
    if getattr(processor, "do_pad", False):
        raise Unclear("its image processor pads")
    if getattr(processor, "do_flip_channel_order", False):
        raise Unclear("its image processor swaps red and blue")
    given = getattr(processor, "resample", None)
    resample = BILINEAR if given is None else int(given)
    if resample not in FILTERS:
        raise Unclear(f"its image processor's resample is {resample}, which Pillow does not have")
    mean, std = _normalisation(processor)
    return {**_geometry(processor), "interpolation": FILTERS[resample], "mean": mean, "std": std}


def _geometry(processor: Any) -> dict[str, object]:
    size = _sides(processor, "size")
    edge = size.get("shortest_edge")
    squash = {"height", "width"} == set(size)
    if not squash and set(size) != {"shortest_edge"}:
        raise Unclear(f"its image processor resizes to {size or 'no size'}")
    kind = type(processor).__name__
    pct = getattr(processor, "crop_pct", None)
    if kind.startswith("ConvNext") and edge is not None:
        if edge >= SQUASHED_FROM:
            return _squashed(edge, edge)
        return _cropped(edge, edge, int(edge / pct), int(edge / pct), mode="center_down")
    tall, wide = (size["height"], size["width"]) if squash else (edge, edge)
    if kind.startswith("PoolFormer") and pct is not None:
        tall, wide, squash = int(tall / pct), int(wide / pct), False
    elif kind.startswith("Levit") and not squash:
        tall = wide = int(256 / 224 * tall)
    if getattr(processor, "do_center_crop", False):
        crop = _sides(processor, "crop_size")
        if {"height", "width"} != set(crop):
            raise Unclear(f"its image processor crops to {crop or 'no size'}")
        mode = "squash" if squash else "center_down"
        return _cropped(crop["height"], crop["width"], tall, wide, mode=mode)
    if not squash:
        raise Unclear("its image processor leaves images of different shapes")
    return _squashed(tall, wide)


def _sides(processor: Any, name: str) -> dict[str, int]:
    """The sides of ``size`` or ``crop_size`` that are said."""
    found = getattr(processor, name, None)
    if found is None:
        return {}
    keys = ("height", "width", "shortest_edge", "longest_edge", "max_height", "max_width")
    pairs = ((key, found.get(key) if hasattr(found, "get") else None) for key in keys)
    return {key: int(value) for key, value in pairs if value is not None}


def _squashed(height: int, width: int) -> dict[str, object]:
    return {"input_size": (3, height, width), "crop_pct": 1.0, "crop_mode": "squash"}


def _cropped(height: int, width: int, tall: int, wide: int, *, mode: str) -> dict[str, object]:
    """Resized to (tall, wide), or the shorter side to it; then the centre (height, width)."""
    if height > tall or width > wide:
        raise Unclear(
            f"its image processor resizes to ({tall}, {wide}) and crops ({height}, {width}), which "
            "is larger"
        )
    return {"input_size": (3, height, width), "crop_pct": height / tall, "crop_mode": mode}


def _normalisation(processor: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, std) for pixels in [0, 1], of all that follows the crop: a·pixel - b per channel."""
    scaled = bool(getattr(processor, "do_rescale", False))
    scale = float(processor.rescale_factor) if scaled else 1.0
    offset = 1.0 if scaled and getattr(processor, "rescale_offset", False) else 0.0
    mean, std = np.zeros(3), np.ones(3)
    given_std = _channels(getattr(processor, "image_std", None), 1.0)
    if getattr(processor, "do_normalize", False):
        mean, std = _channels(getattr(processor, "image_mean", None), 0.0), given_std
    if getattr(processor, "include_top", False):  # EfficientNet's divides by std once more
        std = std * given_std
    whole = 255 * scale
    return tuple(((mean + offset) / whole).tolist()), tuple((std / whole).tolist())


def _channels(value: Any, default: float) -> Any:
    numbers = default if value is None else value
    try:
        return np.broadcast_to(np.asarray(numbers, np.float64), (3,))
    except ValueError:
        raise Unclear(f"its image processor's mean or std is {value}") from None


def proved(fields: Mapping[str, object], processor: Any) -> Mapping[str, object]:
    """The same fields, if they make the processor's own pixels.

    Raises:
        Unclear: when they do not, or the processor fails.
    """
    try:
        preprocessing = build_preprocessing(fields, {}, source="image processor")
    except ConfigError as error:
        raise Unclear(f"its image processor can't be translated ({error})") from None
    allowed = EXACT if getattr(processor, "backend", "pil") == "pil" else TENSORS
    off = max(levels_apart(preprocessing, processor, image) for image in probe_pictures())
    if not off <= allowed:
        raise Unclear(
            f"its image processor {type(processor).__name__} makes pixels that differ by {off:.1f} "
            f"of 255 from those of {preprocessing.as_dict()}"
        )
    return fields


def levels_apart(preprocessing: Preprocessing, processor: Any, image: Image.Image) -> float:
    """Largest difference of an image's pixels, in levels of 0 to 255.

    Raises:
        Unclear: when the processor fails or gives another shape.
    """
    try:
        out = processor(images=[image], return_tensors="pt")["pixel_values"]
        theirs: Float32 = np.asarray(out, np.float32)[0]
    except Exception as error:  # foreign code
        raise Unclear(f"its image processor fails ({type(error).__name__}: {error})") from None
    ours = preprocessing.normalise(preprocessing.pixels(image)[None])[0]
    if theirs.shape != ours.shape:
        raise Unclear(f"its image processor makes {theirs.shape} of an image, not {ours.shape}")
    std = np.asarray(preprocessing.std, np.float32)[:, None, None]
    return float((abs(ours - theirs) * std).max() * 255)


def probe_pictures(shapes: Sequence[tuple[int, int]] = SHAPES) -> list[Image.Image]:
    """RGB images with edges and noise, the same ones every time."""
    rng = np.random.default_rng(0)
    out = []
    for width, height in shapes:
        coarse = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3))
        blocks = np.kron(coarse, np.ones((8, 8, 1)))[:height, :width]
        noisy = blocks + rng.normal(0, 20, blocks.shape)
        out.append(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))
    return out
