"""Every file of a folder is looked at in every run; what is not taken is counted."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from pictures import encoded, picture

from samefeatures.base.border import open_regular
from samefeatures.base.errors import DataError, FileError
from samefeatures.images.listing import STUDY_FILES, STUDY_FOLDERS, list_folder
from samefeatures.images.reading import read_image
from samefeatures.images.source import ImageSource
from samefeatures.images.sources import open_images


def tree(root: Path, *files: str) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_order_is_that_of_code_points_over_the_whole_path(tmp_path: Path) -> None:
    names = ["b/1.png", "B/2.png", "a-b/3.png", "a/4.png", "a/é.png", "a/z.png", "a.png", "ä.png"]
    tree(tmp_path, *names)
    assert list_folder(tmp_path).paths == sorted(names)
    assert list_folder(tmp_path).paths[:3] == ["B/2.png", "a-b/3.png", "a.png"]


def test_images_alone_and_what_else_there_was(tmp_path: Path) -> None:
    wanted = ["a.jpg", "b.JPEG", "c.Png", "d/e.webp", "d/f.tif", "g.avif", "h.x.bmp", "i.jfif"]
    others = ["notes.txt", "d/more.TXT", "jpg", "x.jpg.part", ".hidden.png", "._a.jpg", "m.heic"]
    tree(tmp_path, *wanted, *others, ".cache/k.png", "d/@eaDir/e.webp/THUMB.jpg", "e/Thumbs.db")
    found = list_folder(tmp_path)
    assert found.paths == sorted(wanted)
    assert found.folders == ["d", "e"]
    assert found.passed == {
        **{".txt": 2, "without ending": 1, ".part": 1, "hidden": 3, ".heic": 1},
        **{"@eaDir": 1, ".db": 1},
    }
    assert str(found.listed) == (
        "took 8 images; passed over 3 hidden, 2 .txt, 1 .db, 1 .heic, 1 .part, 1 @eaDir, 1 others"
    )


@pytest.mark.parametrize("folder", ["@eaDir", "#recycle", "$RECYCLE.BIN", "__MACOSX", ".Trash-0"])
def test_what_systems_keep_is_no_class(tmp_path: Path, folder: str) -> None:
    tree(tmp_path, "cat/a.png", f"{folder}/b.png", f"cat/{folder}/a.png/c.jpg")
    found = list_folder(tmp_path)
    assert found.paths == ["cat/a.png"]
    assert found.folders == ["cat"]
    assert list(found.passed.values()) == [2]


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "bmp", "tiff", "ppm", "avif"])
def test_a_file_without_an_ending_is_told_by_its_content(tmp_path: Path, kind: str) -> None:
    (tmp_path / "picture").write_bytes(encoded(picture(size=(40, 30)), kind))
    (tmp_path / "README").write_text("Python is no picture, P6 though it says.")
    (tmp_path / "script").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    found = list_folder(tmp_path)
    assert found.paths == ["picture"]
    assert found.passed == {"without ending": 2}


@pytest.mark.parametrize("name", ["x.png", "x", "x.txt"])
@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_what_is_no_regular_file_is_passed_over(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / "a.png").touch()
    if kind == "pipe":
        os.mkfifo(tmp_path / name)
    else:
        server = socket.socket(socket.AF_UNIX)
        try:
            server.bind(os.path.relpath(tmp_path / name))
        except OSError:
            pytest.skip("the path is too long for a socket")
        finally:
            server.close()
    found = list_folder(tmp_path)
    assert found.paths == ["a.png"]
    assert sum(found.passed.values()) == 1
    assert name != "x.png" or found.passed == {"pipes or devices": 1}


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    for path in (tmp_path / "x.png", Path("/dev/zero")):
        with pytest.raises(FileError, match="no regular file"):
            open_regular(path)
        with pytest.raises(DataError, match="no regular file"):
            read_image(path)


def test_a_pipe_that_came_after_the_listing_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"abc")
    images = open_images(ImageSource(source=str(tmp_path)), labelled=False)
    (tmp_path / "x.png").unlink()
    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(DataError, match="no regular file"):
        images.read(0)


@pytest.mark.parametrize("below", ["", "results/"])
@pytest.mark.parametrize("scored", [True, False])
def test_results_of_a_study_are_no_images(tmp_path: Path, below: str, scored: bool) -> None:
    """Else the set would change with every run of a study whose ``out`` lies in its images."""
    tree(tmp_path, "cat/a.png", "report/b.png")
    assert list_folder(tmp_path).paths == ["cat/a.png", "report/b.png"]
    done = STUDY_FILES if scored else ["features/net-0123.zarr/zarr.json"]
    tree(tmp_path, *(below + name for name in (*done, "results.csv")))
    tree(tmp_path, *(f"{below}{name}/table_ols.png" for name in STUDY_FOLDERS))
    found = list_folder(tmp_path)
    assert found.paths == (["cat/a.png", "report/b.png"] if below else ["cat/a.png"])
    assert found.passed == {}, "what comes and goes is not counted"


@pytest.mark.parametrize(
    "change", ["add", "remove", "rename", "add folder", "remove folder", "rewrite", "touch"]
)
def test_a_change_is_seen(tmp_path: Path, change: str) -> None:
    tree(tmp_path, "a/1.png", "a/2.png", "b/3.png", "c/deep/4.png")
    for path in (tmp_path / "a", tmp_path / "a/1.png"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
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
    elif change == "rewrite":
        (tmp_path / "a/1.png").write_bytes(b"other")
        os.utime(tmp_path / "a/1.png", (1_600_000_000, 1_600_000_000))
    elif change == "touch":
        os.utime(tmp_path / "a/1.png", (1_600_000_001, 1_600_000_001))
    else:
        (tmp_path / "b/3.png").unlink()
        (tmp_path / "b").rmdir()
    after = list_folder(tmp_path)
    found = [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.png")]
    assert after.paths == sorted(found)
    assert (after.paths == before.paths) == (change in ("rewrite", "touch"))
    assert after.fingerprint != before.fingerprint
    assert list_folder(tmp_path).fingerprint == after.fingerprint


def test_fingerprints_are_those_of_earlier_versions(tmp_path: Path) -> None:
    """Features that were stored before are found again."""
    tree(tmp_path, "n02123045/b.png", "a.jpg", "notes.txt")
    for name in ("n02123045/b.png", "a.jpg"):
        (tmp_path / name).write_bytes(b"abc")
        os.utime(tmp_path / name, ns=(10**18, 10**18 + 5))
    expected = "3c820ed6b6d8bd9e64576230259a5bcd1a3a7e92747cf5f2db6c6dabcf45ef6e"
    assert list_folder(tmp_path).fingerprint == expected


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
