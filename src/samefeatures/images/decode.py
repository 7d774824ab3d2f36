"""From a file's bytes to an upright RGB image, or a short reason why not.

Formats are an explicit list, whatever a file is called: Pillow knows more, and hands PostScript to
Ghostscript. Bounds: ``MOST_BYTES`` of a file, and ``MOST_PIXELS``.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from samefeatures.base.errors import UnreadableImageError
from samefeatures.images.imageset import ImageSet, Raw

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JXL")
"""As Pillow calls them; the last two where this Pillow has them."""

MOST_BYTES = 2**30
"""Of an image file."""

MOST_PIXELS = 178_956_970
"""Of an image, width times height: Pillow's own bound, above which it sees an attack."""

_ALONE = threading.Lock()

MOST_PASSES = 12 * MOST_PIXELS
"""Pixels times passes over them: a progressive JPEG has some ten, and may be made to have
thousands, each of a few bytes."""

_PNG = b"\x89PNG\r\n\x1a\n"
_SCAN = b"\xff\xda"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
"""Chunks of a PNG that hold texts and the colour profile."""

_STRIP = 2**20
"""Pixels that are scaled at once."""

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


def decoded(images: ImageSet, i: int) -> Image.Image:
    """Image i of a set, as its source says: upright, or as it lies in the file.

    Raises:
        UnreadableImageError: see ``decode``.
        DataError: see the set's ``read``.
    """
    return decode(images.read(i), upright=images.upright)


def decode(raw: Raw, *, upright: bool = True) -> Image.Image:
    """Decode an image and make it upright RGB with 8 bits per channel. Safe in many threads.

    - Grey, palette, CMYK and YCbCr images are converted as by Pillow's ``convert("RGB")``.
    - Alpha is dropped, not composited: what timm and torchvision feed to their networks.
    - 16-bit grey is scaled, ``round(value / 257)``; Pillow's own conversion would clip it.
      32-bit integer pixels are taken as 16-bit values, floating-point pixels as 0 to 1; outside
      that range their scale is unknown and the image counts as unreadable.
    - An EXIF orientation is applied, unless ``upright`` is False (of a TIFF by Pillow itself, in
      either case). EXIF data that can't be read are ignored.
    - Of several frames the first is taken.
    - Texts and the colour profile of a PNG do not matter, however large they are.

    Args:
        raw: A file's bytes, or an image that its source decoded.
        upright: Whether an EXIF orientation is applied. The published evaluations of timm and of
            TensorFlow's networks do not apply it.

    Returns:
        A new image of mode RGB.

    Raises:
        UnreadableImageError: with a short reason: empty, cut short, of none of the formats,
            narrower or lower than 2 pixels, or beyond the bounds.
    """
    try:
        image = _loaded(raw)
        out = _to_rgb(_turned(image) if upright else image)
        return image.copy() if out is raw else out
    except (UnreadableImageError, MemoryError):
        raise
    except UnidentifiedImageError:
        names = ", ".join(known_formats())
        raise UnreadableImageError(f"not an image, or of none of the formats {names}") from None
    except Image.DecompressionBombError:
        raise UnreadableImageError(f"too many pixels; at most {MOST_PIXELS:,} are read") from None
    # Pillow's decoders let many kinds of exceptions through when bytes are damaged.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableImageError(f"damaged or cut short ({reason[:120]})") from None


def known_formats() -> list[str]:
    """Those of ``FORMATS`` that this Pillow has."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def starts_image(start: bytes) -> bool:
    """Whether the first bytes of a file (256 KiB are enough) are those of an image."""
    try:
        with Image.open(io.BytesIO(start), formats=known_formats()):
            return True
    # Whatever Pillow says of it, it knows no image here.
    except Exception:
        return False


@contextmanager
def known_formats_alone() -> Iterator[None]:
    """For libraries that open files with Pillow themselves: in the block it knows no other format.

    One thread at a time is let in.
    """
    with _ALONE:
        known, every = known_formats(), list(Image.ID)
        Image.ID[:] = known
        try:
            yield
        finally:
            Image.ID[:] = every


def _loaded(raw: Raw) -> Image.Image:
    if isinstance(raw, Image.Image):
        return _checked(raw)
    if not raw:
        raise UnreadableImageError("the file is empty (0 bytes)")
    if len(raw) > MOST_BYTES:
        raise UnreadableImageError(f"larger than {MOST_BYTES // 2**20} MiB, the most that is read")
    try:
        image = Image.open(io.BytesIO(raw), formats=known_formats())
        if image.format in ("JPEG", "MPO"):
            _check_passes(raw, image.width * image.height)
        return _checked(image)
    except ValueError:  # Pillow bounds texts, in whose place a file may hold anything
        if not raw.startswith(_PNG):
            raise
    return _checked(Image.open(io.BytesIO(_without_texts(raw)), formats=["PNG"]))


def _check_passes(jpeg: bytes, pixels: int) -> None:
    most = MOST_PASSES // pixels
    if jpeg.count(_SCAN) <= most:  # true of all but few, and fast
        return
    passes, at = 0, 2
    while at >= 0 and jpeg[at + 1 : at + 2] not in (b"", b"\xd9"):
        passes += jpeg.startswith(_SCAN, at)
        # Of markers, stuffed zeros and restarts have no length; what follows is data up to 0xff.
        alone = jpeg[at + 1] in (0x00, 0x01, 0xFF, *range(0xD0, 0xD9))
        length = 0 if alone else int.from_bytes(jpeg[at + 2 : at + 4], "big")
        at = jpeg.find(b"\xff", at + 1 if jpeg[at + 1] == 0xFF else at + 2 + length)
    if passes > most:
        raise UnreadableImageError(f"{passes} passes over its pixels; at most {most} are decoded")


def _without_texts(png: bytes) -> bytes:
    kept, at = [_PNG], len(_PNG)
    while at < len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4], "big")
        if png[at + 4 : at + 8] not in _TEXTS:
            kept.append(png[at:end])
        at = end
    return b"".join(kept)


def _checked(image: Image.Image) -> Image.Image:
    """The image with its pixels, once its size is known to be sound."""
    _check_size(image)
    image.load()
    return image


def _check_size(image: Image.Image) -> None:
    if image.width < 2 or image.height < 2:
        raise UnreadableImageError(
            f"{image.width} x {image.height} pixels; an image needs at least 2 x 2"
        )
    if image.width * image.height > MOST_PIXELS:
        raise UnreadableImageError(
            f"too many pixels, {image.width} x {image.height}; at most {MOST_PIXELS:,} are read"
        )


def _turned(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    # Damaged EXIF data say nothing about the pixels.
    except Exception:
        orientation = None
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _to_rgb(image: Image.Image) -> Image.Image:
    mode = image.mode
    if mode == "RGB":
        return image
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
    pixels = np.asarray(image)  # (height, width)
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= top):
        raise UnreadableImageError(
            f"{kind} pixels from {low:g} to {high:g}, whose scale is unknown (expected 0 to {top})"
        )
    grey = np.empty(pixels.shape, np.uint8)
    step = max(1, _STRIP // image.width)
    for row in range(0, image.height, step):
        strip = pixels[row : row + step].astype(np.float64)
        grey[row : row + step] = np.rint(strip * (255 / top))
    return Image.fromarray(grey).convert("RGB")
