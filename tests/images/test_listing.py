"""A folder is listed once; afterwards no file is looked at."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from samefeatures.base.errors import DataError
from samefeatures.images import listing
from samefeatures.images.listing import is_image, list_folder

LONG_AGO = 1_600_000_000


def settle(root: Path) -> Path:
    """Date every directory back, as if nothing had changed for years."""
    for folder, _, _ in os.walk(root):
        os.utime(folder, (LONG_AGO, LONG_AGO))
    return root


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Directories that were scanned."""
    seen: list[str] = []
    real = os.scandir

    def scandir(path: Any) -> Any:
        seen.append(str(path))
        return real(path)

    monkeypatch.setattr(listing.os, "scandir", scandir)
    return seen


def tree(root: Path, *files: str) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return settle(root)


def test_twenty_thousand_files_are_listed_once(
    tmp_path: Path, scans: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for c in range(20):
        (tmp_path / f"class{c:02d}").mkdir()
        for i in range(1000):
            os.close(os.open(tmp_path / f"class{c:02d}" / f"{i:04d}.JPEG", os.O_CREAT, 0o644))
    settle(tmp_path)
    scans.clear()
    first = list_folder(tmp_path)
    assert len(first.paths) == 20_000
    assert len(scans) == 21

    looks: list[str] = []
    real = Path.stat

    def stat(path: Path, **kwargs: Any) -> os.stat_result:
        looks.append(str(path))
        return real(path, **kwargs)

    monkeypatch.setattr(Path, "stat", stat)
    second = list_folder(tmp_path)
    monkeypatch.undo()
    assert len(scans) == 21, "no directory was scanned again"
    assert sum(str(tmp_path) in path for path in looks) <= 25, (
        "one look per directory, none per file"
    )
    assert second.paths == first.paths
    assert second.fingerprint == first.fingerprint
    for name in ("sizes", "times", "offsets", "folder_times"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


def test_order_is_that_of_code_points_over_the_whole_path(tmp_path: Path) -> None:
    names = ["b/1.png", "B/2.png", "a-b/3.png", "a/4.png", "a/é.png", "a/z.png", "a.png", "ä.png"]
    tree(tmp_path, *names)
    assert list_folder(tmp_path).paths == sorted(names)
    assert list_folder(tmp_path).paths[:3] == ["B/2.png", "a-b/3.png", "a.png"]


def test_images_alone(tmp_path: Path) -> None:
    wanted = ["a.jpg", "b.JPEG", "c.Png", "d/e.webp", "d/f.tif", "g.avif", "h.x.bmp", "i.jp2"]
    others = ["notes.txt", "jpg", "x.jpg.part", ".hidden.png", "._a.jpg", ".cache/k.png", "m.npy"]
    tree(tmp_path, *wanted, *others)
    assert list_folder(tmp_path).paths == sorted(wanted)
    assert is_image("./a/b.png")
    assert not is_image("./.a/b.png")


@pytest.mark.parametrize("change", ["add", "remove", "rename", "add folder", "remove folder"])
def test_a_change_is_seen(tmp_path: Path, scans: list[str], change: str) -> None:
    tree(tmp_path, "a/1.png", "a/2.png", "b/3.png", "c/deep/4.png")
    before = list_folder(tmp_path)
    if change == "add":
        (tmp_path / "c/deep/5.png").touch()
    elif change == "remove":
        (tmp_path / "a/1.png").unlink()
    elif change == "rename":
        (tmp_path / "a/1.png").rename(tmp_path / "a/9.png")
    elif change == "add folder":
        (tmp_path / "b/new").mkdir()
        (tmp_path / "b/new/6.png").touch()
    else:
        (tmp_path / "b/3.png").unlink()
        (tmp_path / "b").rmdir()
    after = list_folder(tmp_path)
    found = [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.png")]
    assert after.paths == sorted(found) != before.paths
    assert after.fingerprint != before.fingerprint


def test_a_file_rewritten_in_place_needs_relist(tmp_path: Path) -> None:
    tree(tmp_path, "a/1.png")
    before = list_folder(tmp_path)
    (tmp_path / "a/1.png").write_bytes(b"other")
    assert list_folder(tmp_path).fingerprint == before.fingerprint
    after = list_folder(tmp_path, relist=True)
    assert after.fingerprint != before.fingerprint
    assert after.sizes.tolist() == [5]
    assert list_folder(tmp_path).fingerprint == after.fingerprint, "relist renews the cache"


def test_a_folder_that_changed_just_now_is_not_remembered(tmp_path: Path, scans: list[str]) -> None:
    """Two changes within one tick of the clock could not be told apart."""
    tree(tmp_path, "a/1.png")
    now = time.time_ns()
    os.utime(tmp_path / "a", ns=(now, now))
    list_folder(tmp_path)
    (tmp_path / "a/2.png").touch()
    os.utime(tmp_path / "a", ns=(now, now))
    assert list_folder(tmp_path).paths == ["a/1.png", "a/2.png"]


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "other arrays", "objects", "text"])
def test_a_damaged_cache_is_written_anew(
    tmp_path: Path, cache: Path, scans: list[str], damage: str
) -> None:
    tree(tmp_path, "a/1.png", "a/2.png")
    first = list_folder(tmp_path)
    (file,) = (cache / "listings").iterdir()
    raw = bytearray(file.read_bytes())
    whole = bytes(raw)
    if damage == "flip":
        raw[raw.index(b"a/1.png")] ^= 1
    if damage == "other arrays":
        np.savez(file, paths=np.zeros(3, np.uint8))
    elif damage == "objects":
        np.savez(file, paths=np.array([{}], object), allow_pickle=True)
    else:
        cuts = {"cut": raw[: len(raw) // 2], "flip": raw, "empty": b"", "text": b"hello"}
        file.write_bytes(cuts[damage])
    scans.clear()
    assert list_folder(tmp_path).paths == first.paths
    assert len(scans) == 2
    assert file.read_bytes() == whole
    list_folder(tmp_path)
    assert len(scans) == 2


def test_a_cache_that_cant_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path / "images", "a/1.png")
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SAMEFEATURES_CACHE", str(tmp_path / "file"))
    assert list_folder(tmp_path / "images").paths == ["a/1.png"]


def test_a_full_disk_leaves_no_half_file(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "a/1.png")

    def full(file: Any, **arrays: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert list_folder(tmp_path).paths == ["a/1.png"]
    assert list((cache / "listings").iterdir()) == []


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listing.cache_folder() == Path(os.environ["SAMEFEATURES_CACHE"])
    monkeypatch.delenv("SAMEFEATURES_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert listing.cache_folder() == Path("/somewhere/samefeatures")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert listing.cache_folder() == Path.home() / ".cache/samefeatures"


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    tree(tmp_path / "store", "x/1.png")
    (tmp_path / "images").mkdir()
    (tmp_path / "images/linked").symlink_to(tmp_path / "store/x")
    (tmp_path / "images/2.png").symlink_to(tmp_path / "store/x/1.png")
    assert list_folder(tmp_path / "images").paths == ["2.png", "linked/1.png"]
    (tmp_path / "images/loop").symlink_to(tmp_path / "images")
    with pytest.raises(DataError, match="loop leads back to a directory above it"):
        list_folder(tmp_path / "images")


def test_a_broken_link(tmp_path: Path) -> None:
    (tmp_path / "gone.png").symlink_to(tmp_path / "nothing")
    with pytest.raises(DataError, match=r"gone\.png can't be listed"):
        list_folder(tmp_path)


def test_a_name_that_is_not_unicode(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.png")).touch()
    except OSError:
        pytest.skip("this file system takes Unicode names alone")
    with pytest.raises(DataError, match=r"not UTF-8: 'caf\\udce9\.png'"):
        list_folder(tmp_path)
