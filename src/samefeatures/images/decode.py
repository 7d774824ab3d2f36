"""From a file's bytes to an upright RGB image, or a short reason why not."""

from __future__ import annotations

import io

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from samefeatures.base.errors import UnreadableImageError
from samefeatures.images.imageset import Raw

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each EXIF orientation."""


def decode(raw: Raw) -> Image.Image:
    """Decode an image and make it upright RGB with 8 bits per channel. Safe in many threads.

    - Grey, palette, CMYK and YCbCr images are converted as by Pillow's ``convert("RGB")``.
    - Alpha is dropped, not composited: what timm and torchvision feed to their networks.
    - 16-bit grey is scaled, ``round(value / 257)``; Pillow's own conversion would clip it.
      32-bit integer pixels are taken as 16-bit values, floating-point pixels as 0 to 1; outside
      that range their scale is unknown and the image counts as unreadable.
    - An EXIF orientation is applied. EXIF data that can't be read are ignored.
    - Of several frames the first is taken.

    Args:
        raw: A file's bytes, or an image that its source decoded.

    Returns:
        A new image of mode RGB.

    Raises:
        UnreadableImageError: with a short reason: empty, cut short, not an image, narrower or
            lower than 2 pixels, or so large that it is probably an attack.
    """
    if isinstance(raw, bytes) and not raw:
        raise UnreadableImageError("the file is empty (0 bytes)")
    try:
        image = Image.open(io.BytesIO(raw)) if isinstance(raw, bytes) else raw
        _check_size(image)
        image.load()
        return _to_rgb(_upright(image))
    except (UnreadableImageError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise UnreadableImageError("not an image, or of a format that Pillow lacks") from None
    except Image.DecompressionBombError:
        raise UnreadableImageError("far too many pixels (decompression bomb)") from None
    # Pillow's decoders let many kinds of exceptions through when bytes are damaged.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableImageError(f"damaged or cut short ({reason[:120]})") from None


def _check_size(image: Image.Image) -> None:
    if image.width < 2 or image.height < 2:
        raise UnreadableImageError(
            f"{image.width} x {image.height} pixels; an image needs at least 2 x 2"
        )


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    # Damaged EXIF data say nothing about the pixels.
    except Exception:
        orientation = None
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _to_rgb(image: Image.Image) -> Image.Image:
    mode = image.mode
    if mode == "RGB":
        return image.copy()
    if mode.startswith("I"):
        return _scaled(image, 65535, "integer")
    if mode == "F":
        return _scaled(image, 1, "floating-point")
    if mode == "P" and "transparency" in image.info:  # Pillow warns unless alpha is kept at first
        image = image.convert("RGBA")
    if mode in ("RGBa", "La"):  # premultiplied alpha: Pillow converts it only by this detour
        image = image.convert("RGBA" if mode == "RGBa" else "LA")
    return image.convert("RGB")


def _scaled(image: Image.Image, top: int, kind: str) -> Image.Image:
    pixels = np.asarray(image).astype(np.float64)
    low, high = pixels.min(), pixels.max()
    if not (low >= 0 and high <= top):
        raise UnreadableImageError(
            f"{kind} pixels from {low:g} to {high:g}, whose scale is unknown (expected 0 to {top})"
        )
    grey = np.rint(pixels * (255 / top)).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")
