"""TensorFlow 1's bilinear scaling, in strips: memory stays that of the image and the result."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Box = tuple[float, float, float, float]
"""Left, upper, right and lower edge, in pixels."""

_STRIP = 2**18
"""Pixels that TensorFlow's scaling makes at once."""


def resize_like_tensorflow(image: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """``resize_bilinear`` of TensorFlow 1 without ``align_corners``, rounded to whole levels.

    Output pixel i reads position i * (input side / output side), between its two neighbours.
    """
    left, top, right, bottom = box
    pixels = np.asarray(image)
    upper, lower, down = _between(top, bottom, size[1], image.height)
    first, second, along = _between(left, right, size[0], image.width)
    used = np.arange(image.width)
    if image.width > 4 * size[0]:  # most columns are between no two output pixels
        used, places = np.unique(np.concatenate([first, second]), return_inverse=True)
        first, second = places[: size[0]], places[size[0] :]
    out = np.empty((size[1], size[0], 3), np.uint8)
    step = max(1, _STRIP // max(size[0], image.width))
    for row in range(0, size[1], step):
        part = slice(row, row + step)
        above, below = pixels[upper[part]], pixels[lower[part]]  # (rows, image width, 3)
        if len(used) < image.width:
            above, below = above[:, used], below[:, used]
        blended = _blended(above, below, down[part, None, None])
        out[part] = _blended(blended[:, first], blended[:, second], along[:, None]) + np.float32(
            0.5
        )
    return Image.fromarray(out)


def _blended(
    start: npt.NDArray[Any], end: npt.NDArray[Any], share: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """(rows, columns, 3) between two, ``share`` of the way; over ``start`` where that is float."""
    out = start.astype(np.float32, copy=False)
    out += (end - out) * share
    return out


def _between(
    start: float, end: float, count: int, limit: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """For each output pixel: the two input pixels, and the share of the second."""
    scale = np.float32((end - start) / count)
    whole = math.floor(start)  # added last: float32 has few digits to spare
    at = np.arange(count, dtype=np.float32) * scale + np.float32(start - whole)
    floor = np.floor(at)
    first, last = floor.astype(np.intp) + whole, min(math.ceil(end), limit) - 1
    return np.minimum(first, last), np.minimum(first + 1, last), at - floor
