"""Tar files and webdataset shards: read at offsets, indexed once, damage noticed."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import encoded, picture

from samefeatures.base.errors import ConfigError, DataError, DuplicateIdError, LabelError
from samefeatures.images import tar_index, unpacking
from samefeatures.images.imageset import ImageSet
from samefeatures.images.shards import expand
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images
from samefeatures.images.tar import open_tar

FILES = {
    "n15075141/b.png": encoded(picture(1)),
    "n02123045/a.png": encoded(picture(2)),
    "n02123045/deep/c.PNG": encoded(picture(3)),
}


def pack(
    path: Path,
    files: Mapping[str, bytes],
    *,
    kind: int = tarfile.GNU_FORMAT,
    when: int = 1_600_000_000,
) -> Path:
    with tarfile.open(path, "w", format=kind) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime = len(data), 1_500_000_000
            archive.addfile(member, io.BytesIO(data))
    os.utime(path, (when, when))
    return path


def opened(path: Path, *, labelled: bool = False, **settings: Any) -> ImageSet:
    source = ImageSource(source=path.name, **settings)
    return open_tar(source, labelled=labelled, base=path.parent)


def labels(images: ImageSet) -> list[int]:
    assert images.labels is not None
    return images.labels.tolist()


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_members_are_read_at_their_offsets_in_their_order(tmp_path: Path, kind: int) -> None:
    images = opened(pack(tmp_path / "a.tar", FILES, kind=kind), labelled=True)
    assert list(images.ids) == list(FILES)
    assert labels(images) == [999, 281, 281]
    assert [images.read(i) for i in range(3)] == list(FILES.values())


@pytest.mark.parametrize("kind", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_and_foreign_names(tmp_path: Path, kind: int) -> None:
    names = ["n02123045/" + "x" * 300 + ".png", "n02123045/été/日本 #1.jpg"]
    files = {name: encoded(picture(k)) for k, name in enumerate(names)}
    images = opened(pack(tmp_path / "a.tar", files, kind=kind))
    assert list(images.ids) == names
    assert [images.read(i) for i in range(2)] == list(files.values())


def test_directories_and_other_members_are_passed_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        folder = tarfile.TarInfo("looks/like.png")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name in ("README", "./n02123045/a.png", "n02123045/._a.png", ".git/b.png"):
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"abc"))
    images = opened(tmp_path / "a.tar", labelled=True)
    assert list(images.ids) == ["n02123045/a.png"]
    assert labels(images) == [281]


def test_subdir_is_cut_off(tmp_path: Path) -> None:
    files = {
        "train/cat/a.png": encoded(picture(1)),
        "test/cat/a.png": encoded(picture(2)),
        "test/dog/b.png": encoded(picture(3)),
        "testing/dog/b.png": encoded(picture(4)),
    }
    path = pack(tmp_path / "a.tar", files)
    images = opened(path, labelled=True, subdir="test/", class_map="sorted")
    assert list(images.ids) == ["cat/a.png", "dog/b.png"]
    assert labels(images) == [0, 1]
    assert images.read(0) == files["test/cat/a.png"]
    assert images.fingerprint != opened(path, subdir="train").fingerprint
    with pytest.raises(DataError, match="no image below 'val'"):
        opened(path, subdir="val")


def test_labels_from_a_csv(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar", {"b.png": b"b", "a.png": b"a"})
    (tmp_path / "labels.csv").write_text("id,label\na.png,4\nb.png,5\n")
    assert labels(opened(path, labelled=True, labels=str(tmp_path / "labels.csv"))) == [5, 4]


@pytest.fixture
def indexings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Archives that were gone through."""
    seen: list[str] = []
    real = tar_index.open_regular

    def remember(path: Path) -> Any:
        seen.append(path.name)
        return real(path)

    monkeypatch.setattr(tar_index, "open_regular", remember)
    return seen


def test_an_archive_is_indexed_once(tmp_path: Path, indexings: list[str]) -> None:
    path = pack(tmp_path / "a.tar", FILES)
    indexings.clear()
    first = opened(path, labelled=True)
    second = opened(path, labelled=True)
    assert indexings == ["a.tar"]
    assert first.fingerprint == second.fingerprint
    assert [second.read(i) for i in range(3)] == list(FILES.values())
    opened(path, relist=True)
    assert len(indexings) == 2
    # The same sizes and member times, other pixels: only the archive's own time tells.
    other = {name: data[:-1] + b"?" for name, data in FILES.items()}
    pack(path, other, when=1_600_000_001)
    third = opened(path, labelled=True)
    assert third.fingerprint != first.fingerprint
    assert third.read(0) == other["n15075141/b.png"]


def test_the_place_of_an_archive_does_not_count(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar", FILES)
    first = opened(path).fingerprint
    assert opened(path.rename(tmp_path / "b.tar")).fingerprint == first


def test_an_archive_rewritten_after_it_was_opened(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar", FILES)
    images = opened(path)
    pack(path, dict(reversed(FILES.items())), when=1_600_000_001)
    with pytest.raises(DataError, match="rewritten after it was indexed"):
        images.read(0)
    path.unlink()
    with pytest.raises(DataError, match=r"can't be read \(there is no such file"):
        images.read(0)


def test_many_threads_read_their_own_member(tmp_path: Path) -> None:
    files = {f"{i:03d}.png": os.urandom(50 + 37 * i) for i in range(100)}
    images = opened(pack(tmp_path / "a.tar", files))
    order = np.random.default_rng(0).integers(0, 100, 2000).tolist()
    with ThreadPoolExecutor(8) as pool:
        for i, data in zip(order, pool.map(images.read, order), strict=True):
            assert data == files[images.ids[i]]


@pytest.mark.parametrize("ending", [".tar.gz", ".tgz"])
def test_a_compressed_archive_is_unpacked_once(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    plain = pack(tmp_path / "a.tar", FILES)
    path = tmp_path / f"b{ending}"
    path.write_bytes(gzip.compress(plain.read_bytes()))
    images = opened(path, labelled=True)
    assert [images.read(i) for i in range(3)] == list(FILES.values())
    (copy,) = cache.rglob("*.tar")
    assert copy.read_bytes() == plain.read_bytes()
    monkeypatch.setattr(unpacking.gzip, "open", None)
    assert opened(path, labelled=True).fingerprint == images.fingerprint


def test_a_compressed_archive_cut_short(tmp_path: Path, cache: Path) -> None:
    plain = pack(tmp_path / "a.tar", {"a.png": os.urandom(5000)})
    packed = gzip.compress(plain.read_bytes())
    (tmp_path / "b.tar.gz").write_bytes(packed[:-3000])
    with pytest.raises(DataError, match=r"can't be unpacked.*cut short"):
        opened(tmp_path / "b.tar.gz")
    (tmp_path / "b.tar.gz").write_bytes(b"not gzip at all")
    with pytest.raises(DataError, match="can't be unpacked"):
        opened(tmp_path / "b.tar.gz")
    assert list(cache.rglob("*.tar*")) == [], "nothing half unpacked is left"


def test_a_damaged_copy_is_mended_by_relist(tmp_path: Path, cache: Path) -> None:
    plain = pack(tmp_path / "a.tar", FILES)
    (tmp_path / "b.tar.gz").write_bytes(gzip.compress(plain.read_bytes()))
    first = opened(tmp_path / "b.tar.gz")
    (copy,) = cache.rglob("*.tar")
    copy.write_bytes(copy.read_bytes()[:1500])
    with pytest.raises(DataError, match="relist: true"):
        opened(tmp_path / "b.tar.gz")
    mended = opened(tmp_path / "b.tar.gz", relist=True)
    assert mended.fingerprint == first.fingerprint
    assert mended.read(2) == FILES["n02123045/deep/c.PNG"]


def test_damage_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    whole = pack(tmp_path / "a.tar", FILES).read_bytes()
    with tarfile.open(tmp_path / "a.tar") as archive:
        headers = [member.offset for member in archive]
    for k, start in enumerate(headers):
        raw = bytearray(whole)
        raw[start + 5] ^= 0xFF  # the header's checksum no longer fits
        (tmp_path / f"flip{k}.tar").write_bytes(raw)
        with pytest.raises(DataError, match=r"damaged or cut short|not a readable tar"):
            opened(tmp_path / f"flip{k}.tar")
    for length in (*range(0, headers[-1] + 513, 256), len(whole.rstrip(b"\0"))):
        (tmp_path / f"cut{length}.tar").write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"damaged or cut short|not a readable tar"):
            opened(tmp_path / f"cut{length}.tar")


def test_what_is_no_archive_or_holds_no_image(tmp_path: Path) -> None:
    (tmp_path / "text.tar").write_text("hello " * 500)
    with pytest.raises(DataError, match="not a readable tar"):
        opened(tmp_path / "text.tar")
    with pytest.raises(DataError, match="holds no image"):
        opened(pack(tmp_path / "empty.tar", {}))
    with pytest.raises(DataError, match="holds no image"):
        opened(pack(tmp_path / "notes.tar", {"notes.txt": b"x"}))
    with pytest.raises(DataError, match="no archive at"):
        opened(tmp_path / "nothing.tar")


@pytest.mark.parametrize("kind", [tarfile.LNKTYPE, tarfile.SYMTYPE])
def test_links_are_refused_rather_than_lost(tmp_path: Path, kind: bytes) -> None:
    pack(tmp_path / "a.tar", FILES)
    with tarfile.open(tmp_path / "a.tar", "a") as archive:
        member = tarfile.TarInfo("n02123045/link.png")
        member.type, member.linkname = kind, "n02123045/a.png"
        archive.addfile(member)
    with pytest.raises(DataError, match=r"1 images or labels as links.*link\.png.*dereference"):
        opened(tmp_path / "a.tar")


def test_a_member_that_comes_twice(tmp_path: Path) -> None:
    pack(tmp_path / "a.tar", FILES)
    with tarfile.open(tmp_path / "a.tar", "a") as archive:
        member = tarfile.TarInfo("n02123045/a.png")
        archive.addfile(member)
    with pytest.raises(DuplicateIdError, match=r"n02123045/a\.png"):
        opened(tmp_path / "a.tar")


# Webdatasets


def shard(path: Path, keys: range, *, broken: str = "") -> Path:
    files: dict[str, bytes] = {}
    for k in keys:
        files[f"{k:06d}.seg.png"] = encoded(picture(k))
        files[f"{k:06d}.cls"] = f"{(k * 3) % 10}\n".encode()
        files[f"{k:06d}.json"] = b"{}"
    if broken == "no label":
        del files[f"{keys[0]:06d}.cls"]
    if broken == "no image":
        del files[f"{keys[0]:06d}.seg.png"]
    if broken in ("cat", "-1", "1.5", ""):
        files[f"{keys[0]:06d}.cls"] = broken.encode() or files[f"{keys[0]:06d}.cls"]
    return pack(path, files)


def test_webdataset_shards(tmp_path: Path) -> None:
    for k in range(12):
        shard(tmp_path / f"shard-{k:03d}.tar", range(5 * k, 5 * k + 5))
    (tmp_path / "shard-extra.txt").touch()
    for pattern in ("shard-{000..011}.tar", "shard-*.tar"):
        images = opened(tmp_path / pattern, labelled=True)
        assert list(images.ids) == [f"{k:06d}.seg.png" for k in range(60)]
        assert labels(images) == [(k * 3) % 10 for k in range(60)]
        assert images.read(37) == encoded(picture(37))
    with pytest.raises(DataError, match=r"no archive at .*shard-3\.tar"):
        opened(tmp_path / "shard-{3..4}.tar", labelled=True)
    part = opened(tmp_path / "shard-{003..004}.tar")
    assert list(part.ids) == [f"{k:06d}.seg.png" for k in range(15, 25)]
    assert part.labels is None


def test_more_shards_than_a_process_may_open(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    for k in range(60):
        pack(tmp_path / f"{k:02d}.tar", {f"{k}.png": b"x"})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(list(Path("/dev/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, hard))
    try:
        images = opened(tmp_path / "*.tar")
        assert all(images.read(i) == b"x" for i in range(60))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("no label", r"1 images have no \.cls beside them \(000000\.seg\.png\), 0 \.cls"),
        ("no image", r"0 images .*1 \.cls no image \(000000\)"),
        ("cat", "does not hold a class index"),
        ("1.5", "does not hold a class index"),
        ("-1", "the label -1"),
    ],
)
def test_webdataset_labels_that_are_wrong(tmp_path: Path, broken: str, says: str) -> None:
    path = shard(tmp_path / "a.tar", range(3), broken=broken)
    with pytest.raises(LabelError, match=says):
        opened(path, labelled=True)
    assert opened(path).labels is None, "unlabelled, no label is looked at"


def test_a_class_map_has_no_effect_on_indices(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="class_map has no effect"):
        opened(shard(tmp_path / "a.tar", range(3)), labelled=True, class_map="sorted")


def test_two_labels_for_one_key(tmp_path: Path) -> None:
    files = {"a.png": b"x", "a.cls": b"0", "a.b.cls": b"1"}
    with pytest.raises(LabelError, match="two labels for 'a'"):
        opened(pack(tmp_path / "a.tar", files), labelled=True)


def test_patterns_may_be_joined(tmp_path: Path) -> None:
    for a in "01":
        for b in ("08", "09", "10"):
            (tmp_path / f"s{a}-{b}.tar").touch()
    found = expand("s{0..1}-{08..10}.tar", tmp_path)
    assert [p.name for p in found] == [f"s{a}-{b}.tar" for a in "01" for b in ("08", "09", "10")]


# Keys that start anew, and second images


def test_keys_that_start_anew_in_each_shard_are_named_by_it(tmp_path: Path) -> None:
    files = {
        name: {f"{k:04d}.png": encoded(picture(10 * at + k)) for k in range(3)}
        for at, name in enumerate(("s-000", "s-001"))
    }
    for at, (name, images) in enumerate(files.items()):
        texts = {f"{k:04d}.cls": str(at * 5 + k).encode() for k in range(3)}
        pack(tmp_path / f"{name}.tar", images | texts)
    images = opened(tmp_path / "s-{000..001}.tar", labelled=True)
    assert list(images.ids) == [f"{name}/{short}" for name in files for short in files[name]]
    assert labels(images) == [0, 1, 2, 5, 6, 7]
    assert images.read(4) == files["s-001"]["0001.png"]


@pytest.mark.parametrize("per_class", [None, 1])
def test_class_folders_are_those_in_the_shards(tmp_path: Path, per_class: int | None) -> None:
    for name in ("a", "b"):
        files = {f"{folder}/{k}.png": b"x" for folder in ("n02123045", "n15075141") for k in (1, 2)}
        pack(tmp_path / f"{name}.tar", files)
    source = ImageSource(source="*.tar", per_class=per_class)
    images = open_images(source, labelled=True, base=tmp_path)
    assert len(images) == (2 if per_class else 8)
    for name, label in zip(images.ids, labels(images), strict=True):
        assert name.split("/")[1] == ("n02123045" if label == 281 else "n15075141")


def test_shards_in_folders_are_told_apart_by_those(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        pack(tmp_path / name / "0.tar", {"1.png": name.encode()})
    (tmp_path / "0").mkdir()
    for k in range(2):
        pack(tmp_path / f"0/{k}.tar", {"1.png": b"z"})
    assert list(opened(tmp_path / "0" / "{0..1}.tar").ids) == ["0/1.png", "1/1.png"]


def test_masks_beside_the_images_of_samples_are_passed_over(tmp_path: Path) -> None:
    files = {}
    for k in range(3):
        files |= {f"{k}.seg.png": b"mask", f"{k}.jpg": b"image", f"{k}.depth.png": b"depth"}
        files[f"{k}.cls"] = str(k).encode()
    for labelled in (True, False):
        images = opened(pack(tmp_path / "a.tar", files), labelled=labelled)
        assert list(images.ids) == ["0.jpg", "1.jpg", "2.jpg"]
        assert images.read(1) == b"image"
        assert images.listed is not None
        assert images.listed.passed == {"second images of a sample": 6}
    assert labels(opened(tmp_path / "a.tar", labelled=True)) == [0, 1, 2]


@pytest.mark.parametrize("names", [("0.jpg", "0.png"), ("0.in.png", "0.out.png")])
def test_two_images_of_a_sample_that_could_be_meant(tmp_path: Path, names: tuple[str, ...]) -> None:
    files = dict.fromkeys(names, b"x") | {"0.cls": b"1"}
    with pytest.raises(DataError, match=r"2 images for the sample '0'.*Which is meant"):
        opened(pack(tmp_path / "a.tar", files), labelled=True)


def test_masks_are_known_by_their_names_where_no_label_lies_beside(tmp_path: Path) -> None:
    files = {"0.jpg": b"x", "0.seg.png": b"m", "p.jpg": b"x", "p.1.jpg": b"y", "p.2.jpg": b"y"}
    images = opened(pack(tmp_path / "a.tar", files))
    assert list(images.ids) == ["0.jpg", "p.jpg", "p.1.jpg", "p.2.jpg"]
    assert images.listed is not None
    assert images.listed.passed == {"second images of a sample": 1}


@pytest.mark.parametrize("text", ["1_0", "0x5", "1e3", "9" * 30, "", "1 2", "x" * 100])
def test_labels_beside_images_that_are_none(tmp_path: Path, text: str) -> None:
    path = pack(tmp_path / "a.tar", {"0.jpg": b"x", "0.cls": text.encode()})
    with pytest.raises(LabelError, match=r"\.cls member"):
        opened(path, labelled=True)


def test_fingerprints_of_archives_are_those_of_earlier_versions(tmp_path: Path) -> None:
    """Features that were stored before are found again."""
    names = ("./n02123045/a.png", "n15075141/b.png", "notes.txt", "n02123045/._a.png")
    images = opened(pack(tmp_path / "a.tar", dict.fromkeys(names, b"abc")), labelled=True)
    assert images.fingerprint.startswith("327c926e1c8736aba9ea")
    assert images.labelled_fingerprint is not None
    assert images.labelled_fingerprint.startswith("0ed382552fb9513830ce")
