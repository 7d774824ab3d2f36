"""From an image processor of transformers to ``Preprocessing``, proved on images.

The processor's numbers are read by rule, then both make pixels of the same images. Where these
differ, nothing is approximated: the processor is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import ConfigError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.settings import build_preprocessing

EXACT = 0.02
"""Largest difference from a processor that uses Pillow, in levels of 0 to 255."""

TENSORS = 0.5
"""Mean difference from a processor that has only torchvision's resize of tensors, in levels. That
rounds between its two passes, and with bicubic filters is several levels off at hard edges."""

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
    given = getattr(processor, "resample", None)
    resample = BILINEAR if given is None else int(given)
    if resample not in FILTERS:
        raise Unclear(f"its image processor's resample is {resample}, which Pillow does not have")
    mean, std = _normalisation(processor)
    return {**_geometry(processor), "interpolation": FILTERS[resample], "mean": mean, "std": std}


def _geometry(processor: Any) -> dict[str, object]:
    """Input size, crop share and mode; classes with a resize of their own come first."""
    size = _sides(processor, "size")
    if set(size) == {"shortest_edge"}:
        tall = wide = size["shortest_edge"]
    elif set(size) == {"height", "width"}:
        tall, wide = size["height"], size["width"]
    else:
        raise Unclear(f"its image processor resizes to {size or 'no size'}")
    squash = "height" in size
    kind = type(processor).__name__
    if kind.startswith("ConvNext"):
        if tall >= SQUASHED_FROM:
            return _squashed(tall, tall)
        side = int(tall / processor.crop_pct)
        return _cropped((tall, tall), (side, side), squash=False)
    if kind.startswith("PoolFormer") and processor.crop_pct is not None:
        tall, wide, squash = int(tall / processor.crop_pct), int(wide / processor.crop_pct), False
    elif kind.startswith("Levit") and not squash:
        tall = wide = int(256 / 224 * tall)
    if getattr(processor, "do_center_crop", False):
        crop = _sides(processor, "crop_size")
        if set(crop) != {"height", "width"}:
            raise Unclear(f"its image processor crops to {crop or 'no size'}")
        return _cropped((crop["height"], crop["width"]), (tall, wide), squash=squash)
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


def _cropped(crop: tuple[int, int], resized: tuple[int, int], *, squash: bool) -> dict[str, object]:
    """(height, width) of the crop, out of an image squashed to, or with its shorter side at, a
    size."""
    if crop[0] > resized[0] or crop[1] > resized[1]:
        raise Unclear(f"its image processor crops {crop} out of {resized}, which is smaller")
    return {
        "input_size": (3, *crop),
        "crop_pct": crop[0] / resized[0],
        "crop_mode": "squash" if squash else "center_down",
    }


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
    if swaps_red_and_blue(processor) and not (_same(mean) and _same(std)):
        raise Unclear("its image processor swaps red and blue, and normalises channels apart")
    whole = 255 * scale
    return tuple(((mean + offset) / whole).tolist()), tuple((std / whole).tolist())


def _same(values: Any) -> bool:
    return bool((values == values[0]).all())


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
    pillow = getattr(processor, "backend", "pil") == "pil"
    apart = [levels_apart(preprocessing, processor, image) for image in probe_pictures()]
    off = max(float(levels.max() if pillow else levels.mean()) for levels in apart)
    if not off <= (EXACT if pillow else TENSORS):
        raise Unclear(
            f"its image processor {type(processor).__name__} makes pixels that differ by {off:.1f} "
            f"of 255 from those of {preprocessing.as_dict()}"
        )
    return fields


def levels_apart(preprocessing: Preprocessing, processor: Any, image: Image.Image) -> Float32:
    """(3, h, w) differences of an image's pixels, in levels of 0 to 255.

    Raises:
        Unclear: when the processor fails or gives another shape.
    """
    try:
        out = processor(images=[image], return_tensors="pt")["pixel_values"]
        theirs: Float32 = np.asarray(out, np.float32)[0]
    except Exception as error:  # foreign code
        raise Unclear(f"its image processor fails ({type(error).__name__}: {error})") from None
    ours = preprocessing.normalise(preprocessing.pixels(image)[None])[0]
    if swaps_red_and_blue(processor):
        theirs = theirs[::-1]
    if theirs.shape != ours.shape:
        raise Unclear(f"its image processor makes {theirs.shape} of an image, not {ours.shape}")
    std = np.asarray(preprocessing.std, np.float32)[:, None, None]
    return np.asarray(abs(ours - theirs) * std * 255, np.float32)


def swaps_red_and_blue(processor: Any) -> bool:
    """Whether the model behind it wants blue, green, red; the swap is then put into the network."""
    return bool(getattr(processor, "do_flip_channel_order", False))


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
