"""Packed archives are unpacked into the cache, and no further than to the bound."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pictures import encoded, picture

from samefeatures.base.errors import DataError
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
    ".zip": lambda files: zipped(files, zipfile.ZIP_DEFLATED),
}


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


@pytest.mark.parametrize("ending", PACKED)
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
