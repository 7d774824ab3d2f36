"""Questions about an image that its class does not answer, and labels made of the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from samefeatures.base.arrays import Bool, Float32, Float64, Int64
from samefeatures.base.errors import ConfigError, DataError, LabelError
from samefeatures.base.options import check_known

Images = npt.NDArray[np.uint8] | Float32 | Float64
"""(…, h, w, 3) RGB, bytes or floats from 0 to 1: one image, or any number of one size."""

LUMA = (0.299, 0.587, 0.114)
"""What red, green and blue add to brightness: ITU-R 601, as in Pillow's conversion to grey."""

FLAT = 0.5 / 255
"""Standard deviation of the grey levels below which an image shows nothing: half a level."""

UNLIKE = 25.25 / 255
"""How far a pixel of the object is from the border, in its most different channel: a tenth of the
range, but never a difference that levels and half levels can have."""

COLOURLESS = 0.02
"""Mean distance of a pixel's largest and smallest channel up to which an image is grey."""

NO_ANSWER = -1
"""The label of an image that a question leaves out."""


def brightness(images: Images) -> Float64:
    """Mean grey level, from 0 (black) to 1 (white).

    Args:
        images: (…, h, w, 3).

    Returns:
        (…) one value an image; so for every rule.
    """
    return _mean(_grey(images))


def symmetry(images: Images) -> Float64:
    """Correlation of the grey levels with those of the mirror image, from −1 to 1.

    Of (…, h, w, 3). 1 for an image that equals its mirror image, left for right; brightness and
    contrast do not matter. A flat image equals its mirror image.
    """
    centred, variance = _centred(images)
    shared = _mean(centred * centred[..., ::-1])
    flat = variance < FLAT**2
    return np.where(flat, 1.0, shared / np.where(flat, 1, variance))


def extent(images: Images) -> Float64:
    """Share of the image that is unlike its border, from 0 to 1: how large the object is.

    Of (…, h, w, 3). The colour of the border is its median in each channel, over a frame of a
    sixteenth of the shorter side: an object may touch less than half of it. A pixel counts where a
    channel is more than a tenth of the range away. On a black or white ground that is the object;
    in a photograph, whatever does not have the colour of the surroundings.
    """
    levels = _levels(images)
    frame = levels[..., _frame(*levels.shape[-3:-1]), :]  # (…, pixels, 3)
    border = np.median(frame, axis=-2)[..., None, None, :]
    return _mean((np.abs(levels - border) > UNLIKE).any(axis=-1))


def hue(images: Images) -> Float64:
    """From −1 (all blue) to 1 (all red): red less blue, relative to how much colour there is.

    Of (…, h, w, 3): ``(mean R − mean B) / mean(max − min)``, the means over pixels, max and min
    over a pixel's channels. Hue itself is an angle, which has no median; this is the axis from cold
    to warm. NaN where there is no colour.
    """
    levels = _levels(images)
    colour = _mean(levels.max(axis=-1) - levels.min(axis=-1))
    warm = _mean(levels[..., 0] - levels[..., 2])
    grey = colour <= COLOURLESS
    return np.where(grey, np.nan, warm / np.where(grey, 1, colour))


def sharpness(images: Images) -> Float64:
    """How fast grey levels change from pixel to pixel, relative to how much they vary at all.

    Of (…, h, w, 3): ``sqrt((mean dx² + mean dy²) / variance)``, near 0 for slow changes, 2 for
    independent pixels. Contrast does not matter; size in pixels does. NaN for a flat image.
    """
    centred, variance = _centred(images)
    across, down = (_mean(np.square(np.diff(centred, axis=axis))) for axis in (-1, -2))
    flat = variance < FLAT**2
    return np.where(flat, np.nan, np.sqrt((across + down) / np.where(flat, 1, variance)))


RULES: Mapping[str, Callable[[Images], Float64]] = {
    "brightness": brightness,
    "symmetry": symmetry,
    "extent": extent,
    "hue": hue,
    "sharpness": sharpness,
}
"""Rules that make a number of an image, by name."""


def measure(rule: str, images: Images) -> Float64:
    """(…) the number that a rule makes of each of (…, h, w, 3) images; NaN where it has none.

    Raises:
        ConfigError: when there is no such rule.
        DataError: when the images are of another shape, or their levels not bytes or 0 to 1.
    """
    check_known(rule, RULES, "There is no question", ConfigError)
    return RULES[rule](images)


def ask(values: Float64, classes: Int64) -> Int64:
    """Labels that say nothing about the class: is the value above the median of its own class?

    In each class as many images are labelled 0 as 1. So whoever knows the class, and nothing else,
    is right on exactly half of them. Images at the median get no label; where ties leave more on
    one side, neither do those of it that are nearest to the median (of equal ones the later rows
    of the lower side, the earlier ones of the upper). With different values that is one image of
    a class of odd size, and so all of a class of one.

    Args:
        values: (n,) as measured; NaN gets no label.
        classes: (n,) any integers.

    Returns:
        (n,) 0, 1, or −1 where an image has no label.

    Raises:
        LabelError: when values and classes do not fit together, or no image gets a label.
    """
    if values.ndim != 1 or values.shape != classes.shape:
        raise LabelError(
            f"Values {values.shape} came with classes {classes.shape}; they must be (n,) both, one "
            "of each an image."
        )
    labels = np.full(len(values), NO_ANSWER, np.int64)
    rows = np.flatnonzero(~np.isnan(values))
    rows = rows[np.lexsort((values[rows], classes[rows]))]
    for of_class in np.split(rows, np.flatnonzero(np.diff(classes[rows])) + 1):
        half = _smaller_side(values[of_class])
        labels[of_class[:half]] = 0
        labels[of_class[len(of_class) - half :]] = 1
    if not (labels != NO_ANSWER).any():
        raise LabelError(
            f"None of the {len(values)} images gets a label: {int(np.isnan(values).sum())} have no "
            "value, and no class holds two that differ. Give more images, or ask something else."
        )
    return labels


def left_out(values: Float64, labels: Int64) -> str:
    """One sentence about images that got no label (n,) from ``ask``; empty where all did."""
    missing = int((labels == NO_ANSWER).sum())
    if not missing:
        return ""
    return (
        f"{missing} of {len(labels)} images have no label: {int(np.isnan(values).sum())} have no "
        "value, the others lie at the median of their class"
    )


def _smaller_side(values: Float64) -> int:
    """How many of (r,) sorted values are below their median, or above it: the smaller number."""
    if not len(values):
        return 0
    median = np.median(values)
    return min(int((values < median).sum()), int((values > median).sum()))


def _levels(images: Images) -> Float32:
    """(…, h, w, 3) float32 from 0 to 1."""
    if images.ndim < 3 or images.shape[-1] != 3 or min(images.shape[-3:-1]) < 2:
        raise DataError(
            f"Images of shape {images.shape} came; they must be (…, height, width, 3), at least "
            "2 x 2. Put the channels last: images.transpose(0, 2, 3, 1)."
        )
    if images.dtype == np.uint8:
        return images.astype(np.float32) / np.float32(255)
    if not np.issubdtype(images.dtype, np.floating) or not (
        images.min(initial=0) >= -1e-3 and images.max(initial=0) <= 1 + 1e-3
    ):
        raise DataError(
            f"Images of {images.dtype} from {images.min():g} to {images.max():g} came; they must "
            "be bytes, or floats from 0 to 1. Undo the normalisation: images * std + mean."
        )
    return images.astype(np.float32, copy=False)


def _grey(images: Images) -> Float32:
    """(…, h, w) float32 from 0 to 1."""
    levels = _levels(images)
    red, green, blue = (np.float32(share) * levels[..., c] for c, share in enumerate(LUMA))
    grey: Float32 = red + green + blue
    return grey


def _centred(images: Images) -> tuple[Float32, Float64]:
    """(…, h, w) grey levels less their mean, and their variance (…)."""
    grey = _grey(images)
    grey -= _mean(grey)[..., None, None].astype(np.float32)
    return grey, _mean(np.square(grey))


def _mean(pixels: Float32 | Bool) -> Float64:
    """(…, h, w) to (…) in float64."""
    out: Float64 = np.asarray(pixels.mean(axis=(-2, -1), dtype=np.float64))
    return out


def _frame(height: int, width: int) -> Bool:
    """(height, width) whether a pixel belongs to the border."""
    thick = max(1, min(height, width) // 16)
    inside = np.zeros((height, width), bool)
    inside[thick:-thick, thick:-thick] = True
    return ~inside
