"""From a decoded image to a network's input tensor, as timm and torchvision do it on PIL images.

A long and thin image becomes huge when its shorter side is scaled: ``MOST_SCALED`` is the bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from samefeatures.base.errors import ConfigError, UnreadableImageError
from samefeatures.base.options import check_known
from samefeatures.images.input_values import (
    MOST_SCALED,
    REQUIRED,
    SMALL,
    checked_channels,
    checked_number,
    checked_size,
    to_write,
)
from samefeatures.images.tensorflow_resize import Box, resize_like_tensorflow
from samefeatures.images.views import Region

Interpolation = Literal[
    "nearest", "bilinear", "bicubic", "lanczos", "box", "hamming", "tf_bilinear"
]
CropMode = Literal["center", "center_down", "squash", "border", "fraction"]

FILTERS: dict[str, Image.Resampling] = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessing:
    """Resize, centre crop, scale to [0, 1], normalise; names and meaning as in timm.

    The shorter side is resized to ``floor(size / crop_pct)``, the centre ``size`` cut out, and
    each channel becomes ``(pixel / 255 - mean) / std``. Size, mean and std are those that the
    network was trained with; they are never guessed.

    Attributes:
        input_size: (3, height, width) of the network's input.
        crop_pct: Share of the resized image that the crop keeps, in (0, 1]; by default 0.875 for
            inputs of 96 pixels or more, 1.0 below.
        interpolation: Pillow filter, antialiased as in Pillow; or ``tf_bilinear``, TensorFlow 1's
            bilinear: four neighbours, no antialiasing, sampled from the upper left corner.
        mean: Per channel, for pixels in [0, 1].
        std: Per channel, for pixels in [0, 1].
        crop_mode: ``center`` rounds the crop's corner to the nearest pixel, as timm and torchvision
            do; ``center_down`` rounds it down, as transformers does; ``squash`` resizes both sides
            without regard to the aspect ratio; ``border`` fits the longer side and pads with the
            mean colour; ``fraction`` cuts out the centre first, ``crop_pct`` of each side, and
            resizes it to the input size without regard to the aspect ratio, as Google's networks
            were evaluated.

    Raises:
        ConfigError: when size, mean or std is missing, or a value makes no sense.
    """

    if TYPE_CHECKING:
        input_size: tuple[int, int, int]
        crop_pct: float = 0.875
        interpolation: Interpolation = "bicubic"
        mean: tuple[float, float, float]
        std: tuple[float, float, float]
    else:  # what is missing is said with what to write
        input_size: tuple[int, int, int] = None
        crop_pct: float = None
        interpolation: Interpolation = "bicubic"
        mean: tuple[float, float, float] = None
        std: tuple[float, float, float] = None
    crop_mode: CropMode = "center"

    def __post_init__(self) -> None:
        given = {key: value for key in REQUIRED if (value := getattr(self, key)) is not None}
        if len(given) < len(REQUIRED):
            missing = ", ".join(key for key in REQUIRED if key not in given)
            raise ConfigError(
                f"Preprocessing lacks {missing}, which are those of the training and are never "
                f"guessed. Write samefeatures.Preprocessing({to_write(given, form='{}={}')})."
            )
        size, crop_pct = checked_size(self.input_size), self.crop_pct
        if crop_pct is None:
            crop_pct = 0.875 if min(size[1:]) >= SMALL else 1.0
        plain: dict[str, object] = {
            "input_size": size,
            "crop_pct": checked_number("crop_pct", crop_pct),
            "mean": checked_channels("mean", self.mean),
            "std": checked_channels("std", self.std),
        }
        for key, value in plain.items():
            object.__setattr__(self, key, value)
        if not 0 < self.crop_pct <= 1:
            raise ConfigError(f"crop_pct is {self.crop_pct}; it must be above 0 and at most 1.")
        check_known(self.interpolation, get_args(Interpolation), "interpolation is", ConfigError)
        check_known(self.crop_mode, get_args(CropMode), "crop_mode is", ConfigError)

    def as_dict(self) -> dict[str, object]:
        """Plain values, for cache keys, metadata and reports."""
        return asdict(self)

    @property
    def geometry(self) -> tuple[object, ...]:
        """What decides the cropped pixels; networks that agree here share them."""
        return (self.input_size, self.crop_pct, self.interpolation, self.crop_mode, self._padding)

    @property
    def _padding(self) -> tuple[int, ...] | None:
        return tuple(round(255 * m) for m in self.mean) if self.crop_mode == "border" else None

    def pixels(self, image: Image.Image, region: Region | None = None) -> npt.NDArray[np.uint8]:
        """Resized and cropped pixels (height, width, 3) of an upright RGB image.

        Without a region: the evaluation crop. With one: that part of the image, resized to the
        input size whatever its shape, and mirrored if the region says so.

        Raises:
            UnreadableImageError: when it is so long and thin that scaling would take too much
                memory.
        """
        _, height, width = self.input_size
        if region is not None:
            box = region.box(image.width, image.height)
            out = self._resize(image, (width, height), box)
            if region.flip:
                out = out.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
            return np.asarray(out)
        if self.crop_mode == "fraction":
            box = _central(image.width, image.height, self.crop_pct)
            return np.asarray(self._resize(image, (width, height), box))
        # The tiny term undoes the rounding of quotients such as 224 / (224 / 232).
        tall, wide = (math.floor(side / self.crop_pct + 1e-6) for side in (height, width))
        if self.crop_mode == "squash":
            resized = self._resize(image, (wide, tall))
        else:
            ratios = (image.width / wide, image.height / tall)
            if self.crop_mode == "border":
                new = _divided(image.size, max(ratios))
            elif tall != wide:
                new = _divided(image.size, min(ratios))
            else:
                new = _shorter_side(image.size, tall)
            resized = self._resize(image, new)
        return _centre_crop(
            resized,
            width,
            height,
            fill=self._padding or (0, 0, 0),
            corner=math.floor if self.crop_mode == "center_down" else round,
        )

    def _resize(
        self, image: Image.Image, size: tuple[int, int], box: Box | None = None
    ) -> Image.Image:
        """Resize a part of an image, by default the whole, to (width, height)."""
        tallest = max(size[1], image.height if box is None else math.ceil(box[3] - box[1]))
        if size[0] * tallest > MOST_SCALED:
            raise UnreadableImageError(
                f"{image.width} x {image.height} pixels, so long and thin that scaling "
                f"to {size[0]} x {size[1]} would take more than {MOST_SCALED:,} pixels"
            )
        if self.interpolation == "tf_bilinear":
            return resize_like_tensorflow(image, size, box or (0, 0, image.width, image.height))
        return image.resize(size, FILTERS[self.interpolation], box=box)

    def levels(self) -> npt.NDArray[np.float32]:
        """(256, 3) float32: what ``normalise`` makes of each byte, by channel."""
        mean = np.asarray(self.mean, np.float32)
        std = np.asarray(self.std, np.float32)
        # A table of 256 values per channel is exact, and faster than arithmetic on every pixel.
        return ((np.arange(256, dtype=np.float32) / np.float32(255))[:, None] - mean) / std

    def normalise(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """(b, h, w, 3) bytes to (b, 3, h, w) float32, contiguous."""
        table = self.levels()
        out = np.empty((len(pixels), 3, *pixels.shape[1:3]), np.float32)  # (b, 3, h, w)
        for channel in range(3):
            np.take(table[:, channel], pixels[..., channel], out=out[:, channel])
        return out


def _central(width: int, height: int, fraction: float) -> Box:
    """The centre of an image, ``fraction`` of each side; margins are cut to whole pixels."""
    left, top = int((width - width * fraction) / 2), int((height - height * fraction) / 2)
    return left, top, width - left, height - top


def _divided(size: tuple[int, int], ratio: float) -> tuple[int, int]:
    """New (width, height), rounded as timm rounds them."""
    return max(1, round(size[0] / ratio)), max(1, round(size[1] / ratio))


def _shorter_side(size: tuple[int, int], side: int) -> tuple[int, int]:
    """New (width, height) with the shorter side equal to ``side``, cut as torchvision cuts them."""
    width, height = size
    if width <= height:
        return side, max(1, int(side * height / width))
    return max(1, int(side * width / height)), side


def _centre_crop(
    image: Image.Image,
    width: int,
    height: int,
    *,
    fill: tuple[int, ...],
    corner: Callable[[float], int],
) -> npt.NDArray[np.uint8]:
    """The centre of an image, padded where the image is smaller."""
    if image.width < width or image.height < height:
        canvas = Image.new("RGB", (max(width, image.width), max(height, image.height)), fill)
        canvas.paste(
            image, ((canvas.width - image.width) // 2, (canvas.height - image.height) // 2)
        )
        image = canvas
    left = corner((image.width - width) / 2)
    top = corner((image.height - height) / 2)
    return np.asarray(image.crop((left, top, left + width, top + height)))
