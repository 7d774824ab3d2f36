"""Every kind of file becomes upright RGB, or says shortly why not."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from pictures import encoded, gradient, picture
from PIL import ExifTags, Image, ImageOps

from samefeatures.base.errors import UnreadableImageError
from samefeatures.images import decode as decoding
from samefeatures.images.decode import FORMATS, decode, known_formats_alone

PIXELS = gradient(24, 16)
RGB = Image.fromarray(PIXELS)


def array(raw: bytes | Image.Image) -> np.ndarray:
    image = decode(raw)
    assert image.mode == "RGB"
    return np.asarray(image)


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff", "ppm", "webp"])
def test_lossless_formats_keep_every_pixel(kind: str) -> None:
    options = {"lossless": True} if kind == "webp" else {}
    assert np.array_equal(array(encoded(RGB, kind, **options)), PIXELS)


@pytest.mark.parametrize("kind", ["jpeg", "gif", "avif"])
def test_other_formats_are_pillows_own_decoding(kind: str) -> None:
    raw = encoded(RGB, kind)
    expected = np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"))
    assert np.array_equal(array(raw), expected)
    assert np.abs(array(raw).astype(int) - PIXELS).mean() < 20


@pytest.mark.parametrize("mode", ["L", "1", "LA", "P", "PA", "CMYK", "YCbCr", "HSV"])
def test_modes_are_converted_as_timm_converts_them(mode: str) -> None:
    image = RGB.convert("L").convert("LA") if mode == "LA" else RGB.convert(mode)
    assert np.array_equal(array(image), np.asarray(image.convert("RGB")))


def test_grey_has_three_equal_channels() -> None:
    grey = PIXELS[:, :, 0]
    assert np.array_equal(array(encoded(Image.fromarray(grey))), np.stack([grey] * 3, axis=2))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_dropped_and_hides_nothing(mode: str) -> None:
    image = RGB.convert("L").convert("LA") if mode == "LA" else RGB.convert("RGBA")
    expected = np.asarray(image.convert("RGB"))
    image.putalpha(0)
    assert np.array_equal(array(encoded(image)), expected)


def test_premultiplied_alpha_is_undone_first() -> None:
    image = Image.new("RGBA", (4, 4), (200, 100, 50, 128))
    assert np.abs(array(image.convert("RGBa")).astype(int) - (200, 100, 50)).max() <= 1


def test_palette_with_transparency_in_bytes_raises_no_warning() -> None:
    image = RGB.quantize(16)
    raw = encoded(image, transparency=bytes([0, 128] + [255] * 14))
    # Pillow warns here; with the filters of this suite a warning is an error.
    with pytest.raises(UserWarning, match="Transparency"):
        Image.open(io.BytesIO(raw)).convert("RGB")
    assert np.array_equal(array(raw), np.asarray(image.convert("RGB")))


def test_cmyk_jpeg() -> None:
    """Adobe's JPEGs store CMYK inverted; red must come out red."""
    raw = encoded(Image.new("RGB", (16, 16), (220, 30, 40)).convert("CMYK"), "jpeg", quality=95)
    assert b"Adobe" in raw
    assert np.abs(array(raw).astype(int) - (220, 30, 40)).max() < 12


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_16_bit_grey_is_scaled_where_pillow_clips(kind: str) -> None:
    values = np.linspace(0, 65535, 300).astype(np.uint16).reshape(15, 20)
    raw = encoded(Image.fromarray(values), kind)
    expected = np.rint(values / 257.0)
    assert np.array_equal(array(raw)[:, :, 1], expected)
    clipped = np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"))[:, :, 1]
    assert np.abs(clipped - expected).max() > 100, "Pillow no longer clips: simplify decode"


def test_16_bit_pgm_and_big_endian() -> None:
    values = np.array([[0, 257], [51400, 65535]], np.uint16)
    pgm = b"P5 2 2 65535\n" + values.astype(">u2").tobytes()
    assert array(pgm)[:, :, 0].tolist() == [[0, 1], [200, 255]]
    big = Image.frombytes("I;16B", (2, 2), values.astype(">u2").tobytes())
    assert array(big)[:, :, 0].tolist() == [[0, 1], [200, 255]]


def test_16_bit_rgb_png() -> None:
    line = np.array([65535, 32896, 257, 0, 51400, 1028], ">u2").tobytes()
    rows = (b"\0" + line) * 2
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0))
    raw = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert array(raw)[0].tolist() == [[255, 128, 1], [0, 200, 4]]


def test_floating_point_pixels_from_0_to_1() -> None:
    values = np.array([[0, 0.5], [0.2, 1]], np.float32)
    raw = encoded(Image.fromarray(values), "tiff")
    assert array(raw)[:, :, 2].tolist() == [[0, 128], [51, 255]]


@pytest.mark.parametrize(
    "values",
    [
        np.full((3, 3), 2.5, np.float32),
        np.full((3, 3), np.nan, np.float32),
        np.full((3, 3), 70000, np.int32),
        np.full((3, 3), -1, np.int32),
    ],
    ids=["above 1", "NaN", "above 16 bits", "negative"],
)
def test_pixels_of_unknown_scale_are_not_guessed(values: np.ndarray) -> None:
    with pytest.raises(UnreadableImageError, match="scale is unknown"):
        decode(encoded(Image.fromarray(values), "tiff"))


@pytest.mark.parametrize("kind", ["png", "tiff", "webp", "jpeg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(orientation: int, kind: str) -> None:
    undo = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}  # 6 and 8 are each other's inverse
    turn = {
        **{2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180},
        **{4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE},
        **{6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE},
        8: Image.Transpose.ROTATE_90,
    }
    stored = RGB if orientation == 1 else RGB.transpose(turn[undo[orientation]])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"lossless": True} if kind == "webp" else {}
    raw = encoded(stored, kind, exif=exif, **options)
    out = array(raw)
    assert out.shape == PIXELS.shape
    assert np.abs(out.astype(int) - PIXELS).mean() < (12 if kind == "jpeg" else 1e-9)
    reference = ImageOps.exif_transpose(Image.open(io.BytesIO(raw))).convert("RGB")
    assert np.array_equal(out, np.asarray(reference))


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_may_be_ignored(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"lossless": True} if kind == "webp" else {}
    raw = encoded(RGB, kind, exif=exif, **options)
    out = np.asarray(decode(raw, upright=False))
    assert np.array_equal(out, np.asarray(Image.open(io.BytesIO(raw)).convert("RGB")))
    assert np.array_equal(decode(raw), out) == (orientation == 1)


def test_damaged_exif_says_nothing_about_the_pixels() -> None:
    raw = encoded(RGB, exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage")
    assert np.array_equal(array(raw), PIXELS)


def test_the_first_frame_is_taken() -> None:
    frames = [picture(10), picture(200)]
    raw = encoded(frames[0], "gif", save_all=True, append_images=frames[1:])
    assert np.abs(array(raw)[0, 0].astype(int) - frames[0].getpixel((0, 0))).max() < 8


def test_an_image_that_is_rgb_already_is_copied() -> None:
    image = RGB.copy()
    out = decode(image)
    out.putpixel((0, 0), (1, 2, 3))
    assert image.getpixel((0, 0)) != (1, 2, 3)


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "bmp", "tiff", "webp", "ppm"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated_files(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    raw = encoded(Image.fromarray(noise), kind)
    with pytest.raises(UnreadableImageError, match=r"cut short|not an image"):
        decode(raw[: int(len(raw) * share)])


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "empty"),
        (b"<html>404 Not Found</html>", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "not an image|cut short"),
        (bytes(1000), "not an image"),
    ],
    ids=["empty", "html", "header alone", "zeros"],
)
def test_what_is_no_image(raw: bytes, says: str) -> None:
    with pytest.raises(UnreadableImageError, match=says):
        decode(raw)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1)])
def test_one_pixel(size: tuple[int, int]) -> None:
    with pytest.raises(UnreadableImageError, match=f"{size[0]} x {size[1]} pixels"):
        decode(encoded(picture(size=size)))
    assert decode(picture(size=(2, 2))).size == (2, 2)


def test_a_decompression_bomb() -> None:
    head = b"P5 20000 20000 255\n"
    with pytest.raises(UnreadableImageError, match="too many pixels"):
        decode(head + bytes(100))


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 20 20\n%%EndComments\nshowpage\n%%EOF\n"


def foreign() -> dict[str, bytes]:
    """A picture in every format that Pillow writes and reads again and that is none of ours."""
    Image.init()
    ours = {*FORMATS, "MPO"}  # MPO is a JPEG with more behind it
    out = {}
    for kind in sorted({*Image.SAVE} & {*Image.OPEN} - ours - {"EPS", "PDF"}):
        with contextlib.suppress(Exception):
            raw = encoded(picture(size=(64, 64)), kind)
            Image.open(io.BytesIO(raw)).load()
            out[kind] = raw
    return out


FOREIGN = foreign()


@pytest.mark.parametrize("kind", FOREIGN)
def test_other_formats_are_refused_whatever_a_file_is_called(kind: str) -> None:
    assert len(FOREIGN) > 6
    with pytest.raises(UnreadableImageError, match="none of the formats JPEG, PNG"):
        decode(FOREIGN[kind])


@pytest.mark.parametrize("start", [b"", b"\xc5\xd0\xd3\xc6" + bytes(28)], ids=["ps", "dos"])
def test_postscript_reaches_no_interpreter(monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    from PIL import EpsImagePlugin

    runs: list[object] = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args, **_: runs.append(args))
    with pytest.raises(UnreadableImageError, match="none of the formats"):
        decode(start + POSTSCRIPT)
    with known_formats_alone(), pytest.raises(OSError, match="cannot identify"):
        Image.open(io.BytesIO(POSTSCRIPT))
    assert "EPS" in Image.ID, "afterwards Pillow is as it was"
    assert not runs


def chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


LARGE = 2_000_000
CHUNKS = {
    "ztxt": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(LARGE))),
    "itxt": chunk(b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(b"a" * LARGE)),
    "iccp": chunk(b"iCCP", b"icc\0\0" + zlib.compress(bytes(LARGE))),
    "many": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 1_000_000)) * 70,
}


@pytest.mark.parametrize("kind", CHUNKS)
@pytest.mark.parametrize("behind", [False, True])
def test_large_texts_say_nothing_about_the_pixels(kind: str, behind: bool) -> None:
    raw = encoded(RGB)
    at = len(raw) - 12 if behind else 33  # before the end, or behind the header
    longer = raw[:at] + CHUNKS[kind] + raw[at:]
    if not (kind == "iccp" and behind):
        with pytest.raises(ValueError, match=r"too large|Too much"):
            Image.open(io.BytesIO(longer)).load()
    assert np.array_equal(array(longer), PIXELS)
    if not behind:
        with pytest.raises(UnreadableImageError, match=r"cut short|not an image"):
            decode(longer[: at + len(CHUNKS[kind]) // 2])


def repeated(times: int, kind: str) -> bytes:
    """A JPEG whose last pass stands there again and again."""
    raw = encoded(RGB.resize((256, 256)), "jpeg", progressive=kind == "progressive")
    last = raw[raw.rfind(b"\xff\xda") : -2]
    return raw[:-2] + last * times + b"\xff\xd9"


@pytest.mark.parametrize("kind", ["progressive", "plain"])
def test_a_jpeg_of_many_passes(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """100 kB take minutes where each pass is over millions of pixels."""
    monkeypatch.setattr(decoding, "MOST_PASSES", 20 * 256 * 256)
    assert decode(repeated(0, kind)).size == (256, 256)
    with pytest.raises(UnreadableImageError, match=r"passes over its pixels; at most 20"):
        decode(repeated(30, kind))


@pytest.mark.parametrize("progressive", [False, True])
def test_what_looks_like_passes_is_none(progressive: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A film behind the picture, as phones write it, or such bytes in its notes."""
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    raw = encoded(
        Image.fromarray(noise), "jpeg", progressive=progressive, comment=b"\xff\xda" * 500
    )
    monkeypatch.setattr(decoding, "MOST_PASSES", 20 * 256 * 256)
    expected = np.asarray(Image.open(io.BytesIO(raw)).convert("RGB"))
    assert np.array_equal(array(raw + b"\xff\xda\0\x08" * 500), expected)


def test_ordinary_images_are_below_the_bound_of_passes() -> None:
    assert decoding.MOST_PASSES // decoding.MOST_PIXELS >= 10


def test_a_file_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MOST_BYTES", 2**20)
    raw = encoded(RGB, "bmp")
    assert np.array_equal(array(raw + bytes(2**20 - len(raw))), PIXELS)
    with pytest.raises(UnreadableImageError, match="larger than 1 MiB"):
        decode(raw + bytes(2**20))


def test_large_16_bit_images_are_scaled_strip_by_strip(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (37, 11)).astype(np.uint16)
    whole = array(encoded(Image.fromarray(values)))
    monkeypatch.setattr(decoding, "_STRIP", 30)
    assert np.array_equal(array(encoded(Image.fromarray(values))), whole)


def test_reasons_fit_on_one_line() -> None:
    for raw in (b"", b"x" * 5000, encoded(RGB)[:90]):
        with pytest.raises(UnreadableImageError) as caught:
            decode(raw)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 200


def test_many_threads_agree_and_leave_the_warning_filters_alone() -> None:
    noisy = RGB.quantize(16)
    files = [encoded(noisy, transparency=bytes([0] * 16)), encoded(RGB), encoded(RGB)[:100]]
    alone = [decode(raw).tobytes() for raw in files[:2]]
    before = list(warnings.filters)

    def work(k: int) -> bytes | None:
        try:
            return decode(files[k % 3]).tobytes()
        except UnreadableImageError:
            return None

    with ThreadPoolExecutor(8) as pool:
        out = list(pool.map(work, range(300)))
    assert out == [*alone, None] * 100
    assert warnings.filters == before


def test_a_users_own_filter_survives() -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        before = list(warnings.filters)
        decode(encoded(RGB))
        assert warnings.filters == before
