"""What a tar file holds: joined, nested, damaged, and made to do harm."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from pictures import encoded, picture

from samefeatures.base.errors import DataError
from samefeatures.images import tar_index
from samefeatures.images.imageset import ImageSet
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images

FILES = {f"n02123045/{k}.png": encoded(picture(k)) for k in range(3)}
OTHERS = {f"n15075141/{k}.png": encoded(picture(k + 5)) for k in range(2)}


def tarred(files: dict[str, bytes], **fields: object) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for field, value in fields.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def opened(folder: Path, raw: bytes, *, labelled: bool = False) -> ImageSet:
    (folder / "a.tar").write_bytes(raw)
    source = ImageSource(source="a.tar", relist=True)
    return open_images(source, labelled=labelled, base=folder)


def read(images: ImageSet) -> dict[str, object]:
    return {name: images.read(i) for i, name in enumerate(images.ids)}


@pytest.mark.parametrize("zeros", [0, 512, 10_240, 3 * 2**20])
def test_joined_archives_are_read_to_their_end(tmp_path: Path, zeros: int) -> None:
    images = opened(tmp_path, tarred(FILES) + bytes(zeros) + tarred(OTHERS) + bytes(zeros))
    assert read(images) == FILES | OTHERS


@pytest.mark.parametrize("more", [b"x", b"x" * 700, bytes(600) + b"PK\3\4" * 300])
def test_what_follows_an_end_mark_and_is_no_archive(tmp_path: Path, more: bytes) -> None:
    with pytest.raises(DataError, match="no tar archive behind an end mark at byte"):
        opened(tmp_path, tarred(FILES) + more)


def test_a_second_archive_that_is_cut_short(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"damaged or cut short|not a readable tar"):
        opened(tmp_path, tarred(FILES) + tarred(OTHERS)[:1500])


def test_zeros_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tar_index, "MOST_ZEROS", 2**22)
    (tmp_path / "a.tar").write_bytes(tarred(FILES))
    os.truncate(tmp_path / "a.tar", 2**40)
    with pytest.raises(DataError, match="more than 4 MiB of zeros"):
        open_images(ImageSource(source="a.tar"), labelled=False, base=tmp_path)


@pytest.mark.parametrize("below", ["", "./", "train/"])
def test_tar_files_in_a_tar_file_are_folders(tmp_path: Path, below: str) -> None:
    parts = {
        f"{below}n02123045.tar": tarred({f"./{k}.png": encoded(picture(k)) for k in range(3)}),
        f"{below}n15075141.tar": tarred({f"{k}.png": encoded(picture(k + 5)) for k in range(2)}),
        f"{below}n01440764.tar": tarred({}),
    }
    images = opened(tmp_path, tarred(parts), labelled=below != "train/")
    prefix = "" if below == "./" else below
    assert read(images) == {prefix + name: raw for name, raw in (FILES | OTHERS).items()}
    if images.labels is not None:
        assert images.labels.tolist() == [281] * 3 + [999] * 2
    sub = ImageSource(source="a.tar", subdir="train", class_map="sorted")
    if below == "train/":
        found = open_images(sub, labelled=True, base=tmp_path)
        assert found.in_order == 3
        assert found.labels is not None
        assert found.labels.tolist() == [1] * 3 + [2] * 2


def test_tar_files_are_read_two_deep_and_counted_below(tmp_path: Path) -> None:
    deep = tarred({"c.tar": tarred({"b.tar": tarred(FILES)}), "x.png": b"x"})
    images = opened(tmp_path, deep)
    assert list(images.ids) == ["x.png"]
    assert images.listed is not None
    assert images.listed.passed == {".tar": 1}


def test_a_damaged_tar_file_in_a_tar_file(tmp_path: Path) -> None:
    inner = tarred(FILES)
    for raw in (inner[:1400], b"x" * 2000, inner[: len(inner) // 1024 * 512] + b"y" * 512):
        with pytest.raises(DataError, match=r"damaged or cut short|not a readable tar"):
            opened(tmp_path, tarred({"c.tar": raw}))


def header(**fields: bytes) -> bytes:
    """A header with these raw fields."""
    member = tarfile.TarInfo("n02123045/0.png")
    member.size = 512
    raw = bytearray(member.tobuf(tarfile.USTAR_FORMAT))
    places = {"size": 124, "mtime": 136, "type": 156}
    for name, value in fields.items():
        raw[places[name] : places[name] + len(value)] = value
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw)
    return bytes(raw)


@pytest.mark.parametrize(
    "fields",
    [
        {"size": b"-0000001000\0"},
        {"size": b"-7777777777\0"},
        {"size": b"\xff" * 11 + b"\x00"},
        {"size": b"\xff" * 12},
        {"size": b"\x80" + b"\x7f" * 11},
        {"size": b"77777777777\0"},
        {"size": b"-0000001000\0", "type": b"x"},
        {"size": b"77777777777\0", "type": b"x"},
        {"size": b"77777777777\0", "type": b"L"},
        {"size": b"-0000001000\0", "type": b"L"},
        {"size": b"\x80" + b"\x7f" * 11, "type": b"g"},
        {"size": b"-0000001000\0", "type": b"5"},
        {"mtime": b"\x80" + b"\x7f" * 11},
    ],
)
def test_sizes_and_times_that_are_none(tmp_path: Path, fields: dict[str, bytes]) -> None:
    with pytest.raises(DataError, match=r"damaged or cut short|not a readable tar"):
        opened(tmp_path, header(**fields) + bytes(512) + bytes(1024))


@pytest.mark.parametrize(
    "said",
    [
        *({"mtime": text} for text in ("nan", "inf", "-inf", "1e300", "-1e300")),
        *({"size": text} for text in ("-1", "-512", "1" + "0" * 400, "99999999")),
    ],
)
def test_pax_headers_that_say_impossible_things(tmp_path: Path, said: dict[str, str]) -> None:
    raw = tarred({"n02123045/0.png": b"x" * 600}, pax_headers=said)
    with pytest.raises(DataError, match=r"damaged or cut short|not a readable tar"):
        opened(tmp_path, raw)


def test_headers_upon_headers(tmp_path: Path) -> None:
    """Each names the next; tarfile reads them by recursion."""
    long = header(size=b"00000000012\0", type=b"L") + b"a.png".ljust(512, b"\0")
    with pytest.raises(DataError, match="not a readable tar"):
        opened(tmp_path, long * 5000 + header() + bytes(512) + bytes(1024))


def test_a_name_with_nothing_in_it(tmp_path: Path) -> None:
    raw = tarred({"x": b"x"}, pax_headers={"path": "n02123045/a\0b.png"})
    with pytest.raises(DataError, match="holds a name with the character NUL"):
        opened(tmp_path, raw)


def test_members_without_an_ending_are_told_by_their_content(tmp_path: Path) -> None:
    images = opened(
        tmp_path, tarred({"a/x": encoded(picture(1)), "a/README": b"P6 no", "a/z.txt": b""})
    )
    assert list(images.ids) == ["a/x"]
    assert images.listed is not None
    assert images.listed.passed == {"without ending": 1, ".txt": 1}


def test_every_flipped_bit_of_headers_is_said_or_seen(tmp_path: Path) -> None:
    """Damage is an error, or gives another set: no other exception, and no hang."""
    whole = tarred({"n02123045/" + "x" * 120 + ".png": b"abc"}, pax_headers={"mtime": "1.5"})
    refused = list[str]()
    for k in range(0, 8 * 1536, 61):
        raw = bytearray(whole)
        raw[k // 8] ^= 1 << k % 8
        try:
            opened(tmp_path, bytes(raw))
        except DataError as error:
            refused.append(str(error))
    assert len(refused) > 50
    assert not any("\n" in said for said in refused)


def test_the_root_of_an_archive_is_no_class(tmp_path: Path) -> None:
    """As ``tar -C DIR -cf a.tar .`` packs."""
    for k in range(3):
        (tmp_path / "in" / "ab"[k % 2]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / "ab"[k % 2] / f"{k}.png").write_bytes(encoded(picture(k)))
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "in", arcname=".")
    source = ImageSource(source="a.tar", class_map="sorted")
    images = open_images(source, labelled=True, base=tmp_path)
    assert images.labels is not None
    assert dict(zip(images.ids, images.labels.tolist(), strict=True)) == {
        "a/0.png": 0,
        "a/2.png": 0,
        "b/1.png": 1,
    }
