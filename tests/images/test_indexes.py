"""Indexes of archives are kept while the archive is the same; damage is no error."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from samefeatures.images import indexes, tar_index
from samefeatures.images.archive import open_archive


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    (tmp_path / "files/a").mkdir(parents=True)
    for name in ("a/1.png", "a/2.png", "notes.txt"):
        (tmp_path / "files" / name).write_bytes(b"abc")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.add(tmp_path / "files", "files")
    return tmp_path / "x.tar"


@pytest.fixture
def indexings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Archives that were gone through."""
    seen: list[Path] = []
    real = tar_index.index_of
    monkeypatch.setattr(
        "samefeatures.images.archive.index_of", lambda path: seen.append(path) or real(path)
    )
    return seen


def test_what_is_kept_is_what_was_found(packed: Path, indexings: list[Path]) -> None:
    first, second = (open_archive(packed, relist=False) for _ in range(2))
    assert first == second
    assert first.folders == ["files", "files/a"]
    assert first.listed.passed == {".txt": 1}
    assert len(indexings) == 1


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "other arrays", "objects", "text"])
def test_a_damaged_index_is_made_anew(
    packed: Path, cache: Path, indexings: list[Path], damage: str
) -> None:
    first = open_archive(packed, relist=False)
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
    assert open_archive(packed, relist=False) == first
    assert len(indexings) == 2
    assert file.read_bytes() == whole


def test_every_flipped_bit_of_an_index_is_noticed_or_harmless(packed: Path, cache: Path) -> None:
    first = open_archive(packed, relist=False)
    (file,) = (cache / "listings").iterdir()
    whole = file.read_bytes()
    for k in range(0, 8 * len(whole), 37):
        raw = bytearray(whole)
        raw[k // 8] ^= 1 << k % 8
        file.write_bytes(raw)
        assert open_archive(packed, relist=False) == first


def test_a_cache_that_cant_be_written_is_no_error(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SAMEFEATURES_CACHE", str(tmp_path / "file"))
    assert len(open_archive(packed, relist=False).members) == 2


def test_a_full_disk_leaves_no_half_index(
    packed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Any, **arrays: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert len(open_archive(packed, relist=False).members) == 2
    assert list((cache / "listings").iterdir()) == []


def test_where_the_cache_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert indexes.cache_folder() == Path(os.environ["SAMEFEATURES_CACHE"])
    monkeypatch.delenv("SAMEFEATURES_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert indexes.cache_folder() == Path("/somewhere/samefeatures")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert indexes.cache_folder() == Path.home() / ".cache/samefeatures"
