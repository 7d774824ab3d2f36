"""Packed archives are unpacked into the cache, and no further than to the bound."""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import io
import lzma
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import IO, Any

import pyarrow as pa
import pytest
from pictures import encoded, picture

from samefeatures.base.errors import DataError, MissingExtraError
from samefeatures.images import unpacking
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images

FILES = {"n15075141/b.png": encoded(picture(1)), "n02123045/été.png": encoded(picture(2))}


def tarred(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def zipped(files: dict[str, bytes], method: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.mkdir("empty")
        for name, data in files.items():
            # A time before 1980 is none, and is often there.
            archive.writestr(zipfile.ZipInfo(name, (1980, 0, 0, 0, 0, 0)), data, method)
    return out.getvalue()


PACKED: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    ".tar.gz": lambda files: gzip.compress(tarred(files)),
    ".tgz": lambda files: gzip.compress(tarred(files)),
    ".tar.xz": lambda files: lzma.compress(tarred(files)),
    ".txz": lambda files: lzma.compress(tarred(files)),
    ".tar.bz2": lambda files: bz2.compress(tarred(files)),
    ".tbz2": lambda files: bz2.compress(tarred(files)),
    ".tar.zst": lambda files: pa.compress(tarred(files), codec="zstd", asbytes=True),
    ".tzst": lambda files: pa.compress(tarred(files), codec="zstd", asbytes=True),
    ".zip": lambda files: zipped(files, zipfile.ZIP_DEFLATED),
}


class Decompressor:
    """As zstandard's; Arrow does the work."""

    def stream_reader(self, packed: IO[bytes], *, read_across_frames: bool) -> Any:
        assert read_across_frames
        return pa.CompressedInputStream(packed, "zstd")


@pytest.fixture(autouse=True)
def zstandard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in where neither Python nor a package reads zstd."""
    if sys.version_info < (3, 14) and importlib.util.find_spec("zstandard") is None:
        module = ModuleType("zstandard")
        module.ZstdDecompressor = Decompressor  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "zstandard", module)


@pytest.mark.parametrize("ending", PACKED)
def test_every_kind_of_packing(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"set{ending}").write_bytes(PACKED[ending](FILES))
    source = ImageSource(source=f"set{ending}")
    images = open_images(source, labelled=True, base=tmp_path)
    assert images.name == "set"
    assert list(images.ids) == list(FILES)
    assert images.labels is not None
    assert images.labels.tolist() == [999, 281]
    assert [images.read(i) for i in range(2)] == list(FILES.values())
    assert open_images(source, labelled=True, base=tmp_path).fingerprint == images.fingerprint


def test_a_zip_that_is_not_compressed(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(zipped(FILES, zipfile.ZIP_STORED))
    images = open_images(ImageSource(source="set.zip"), labelled=True, base=tmp_path)
    assert [images.read(i) for i in range(2)] == list(FILES.values())


@pytest.mark.parametrize("ending", PACKED)
def test_an_archive_that_unpacks_to_far_more_than_its_size(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(unpacking, "LEAST_ROOM", 2**16)
    (tmp_path / f"set{ending}").write_bytes(PACKED[ending]({"a.png": bytes(2**23)}))
    with pytest.raises(DataError, match=r"unpacks to more than .* 20 times its size"):
        open_images(ImageSource(source=f"set{ending}"), labelled=False, base=tmp_path)
    assert list(cache.rglob("*.tar*")) == [], "nothing of it is left"


# Frames of zstd need have no checksum.
@pytest.mark.parametrize("ending", [ending for ending in PACKED if "zst" not in ending])
def test_damage_to_packed_archives(tmp_path: Path, cache: Path, ending: str) -> None:
    whole = PACKED[ending](FILES)
    path = tmp_path / f"set{ending}"
    damaged = [whole[:k] for k in range(0, len(whole), max(1, len(whole) // 17))]
    for k in range(0, len(whole), max(1, len(whole) // 40)):
        damaged.append(whole[:k] + bytes([whole[k] ^ 0x55]) + whole[k + 1 :])
    refused = list[str]()
    for raw in damaged:
        path.write_bytes(raw)
        try:
            images = open_images(ImageSource(source=path.name), labelled=False, base=tmp_path)
        except DataError as error:
            refused.append(str(error))
        else:  # bytes of headers that say nothing of the files
            assert [images.read(i) for i in range(len(images))] == list(FILES.values())
    assert len(refused) > len(damaged) / 2
    assert not any("\n" in said for said in refused)


def test_an_encrypted_zip(tmp_path: Path) -> None:
    raw = bytearray(zipped(FILES, zipfile.ZIP_STORED))
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = raw.find(mark)
        while at >= 0:
            raw[at + place] |= 1
            at = raw.find(mark, at + 4)
    (tmp_path / "set.zip").write_bytes(raw)
    with pytest.raises(DataError, match=r"can't be unpacked .*encrypted"):
        open_images(ImageSource(source="set.zip"), labelled=False, base=tmp_path)


def test_zstd_without_anything_that_reads_it(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("compression.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "set.tar.zst").write_bytes(PACKED[".tar.zst"](FILES))
    with pytest.raises(MissingExtraError, match=r"pip install zstandard$"):
        open_images(ImageSource(source="set.tar.zst"), labelled=False, base=tmp_path)
    assert list(cache.rglob("*.tar*")) == []


def test_joined_frames_of_zstd(tmp_path: Path) -> None:
    """As parallel compressors write them; a reader that stops at the first has half the images."""
    whole = tarred(FILES)
    frames = (pa.compress(part, codec="zstd", asbytes=True) for part in (whole[:700], whole[700:]))
    (tmp_path / "set.tar.zst").write_bytes(b"".join(frames))
    images = open_images(ImageSource(source="set.tar.zst"), labelled=True, base=tmp_path)
    assert [images.read(i) for i in range(2)] == list(FILES.values())
