"""The store's refusals: damage, other versions, full disks, read-only folders."""

from __future__ import annotations

import errno
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from worlds_images import made_images, tiny_network

from samefeatures.base.errors import StoreDamagedError, StoreError, StoreVersionError
from samefeatures.features.extract import extract
from samefeatures.features.place import WholeFiles
from samefeatures.features.rows import ArrayRows, JoinedRows, regroup
from samefeatures.features.store import CHUNK_ROWS
from samefeatures.features.stored import StoredFeatures


@pytest.fixture
def store(tmp_path: Path) -> StoredFeatures:
    images, _ = made_images(2 * CHUNK_ROWS)
    (out,) = extract([tiny_network("a")], images, tmp_path)
    return out


def reopen(store: StoredFeatures) -> StoredFeatures:
    images, _ = made_images(2 * CHUNK_ROWS)
    (out,) = extract([tiny_network("a")], images, store.store.place.path.parent)
    return out


def test_opening_a_store_clears_what_a_killed_process_left(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from samefeatures.base.partial import building
with building(Path(sys.argv[1])) as partial:
    partial.mkdir()
    os._exit(9)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "x.zarr")], check=False)
    assert done.returncode == 9
    assert len(list(tmp_path.iterdir())) == 2
    images, _ = made_images(3)
    extract([tiny_network("a")], images, tmp_path)
    assert all(path.name.startswith("a-") for path in tmp_path.iterdir())


@pytest.mark.parametrize("array", ["features", "problems", "ids"])
def test_a_flipped_byte_is_found(store: StoredFeatures, array: str) -> None:
    store.store._group["problems"][1] = np.full(160, 65, np.uint8)  # so that a chunk is stored
    chunk = next(
        p for p in sorted((store.store.place.path / array / "c").rglob("*")) if p.is_file()
    )
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 1
    chunk.write_bytes(data)
    with pytest.raises(StoreDamagedError, match=rf"damaged chunk in '{array}'.*Delete that folder"):
        list(reopen(store).chunks(64))


def test_a_chunk_cut_short_is_found(store: StoredFeatures) -> None:
    chunk = store.store.place.path / "features" / "c" / "1" / "0"
    chunk.write_bytes(chunk.read_bytes()[:100])
    with pytest.raises(StoreDamagedError, match="rows 0 and on"):
        list(reopen(store).chunks(64))


def test_a_missing_chunk_is_said_and_then_computed(store: StoredFeatures) -> None:
    before = np.concatenate(list(store.chunks(64)))
    shutil.rmtree(store.store.place.path / "features" / "c" / "1")
    with pytest.raises(StoreDamagedError, match="lacks 1 of 2 chunks, the first is 1"):
        list(StoredFeatures(store.store, store._images).chunks(64))
    assert np.array_equal(np.concatenate(list(reopen(store).chunks(64))), before)


def test_small_stores_are_read_once_and_nobody_writes_to_their_rows(store: StoredFeatures) -> None:
    first = np.concatenate(list(store.chunks(7)))
    shutil.rmtree(store.store.place.path / "features")
    assert np.array_equal(np.concatenate(list(store.chunks(64))), first)
    assert np.array_equal(store.span(3, 20), first[3:20])
    with pytest.raises(ValueError, match="read-only"):
        next(store.chunks(7))[0] = 0


def test_metadata_cut_short(store: StoredFeatures) -> None:
    meta = store.store.place.path / "zarr.json"
    meta.write_text(meta.read_text()[:50])
    with pytest.raises(StoreDamagedError, match="not a readable feature store"):
        reopen(store)


@pytest.mark.parametrize("part", ["problems", "features", "ids", "ids/c"])
def test_a_part_that_is_gone(store: StoredFeatures, part: str) -> None:
    shutil.rmtree(store.store.place.path / part)
    with pytest.raises(StoreDamagedError, match="damaged"):
        reopen(store)


@pytest.mark.parametrize(
    "file", [f"{part}zarr.json" for part in ("", "ids/", "features/", "problems/")]
)
def test_metadata_with_a_flipped_byte_never_passes_unseen(store: StoredFeatures, file: str) -> None:
    meta = store.store.place.path / file
    whole = meta.read_bytes()
    expected = np.concatenate(list(store.chunks(64)))
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        meta.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            fresh = reopen(store)
            values = np.concatenate(list(fresh.chunks(64)))
        except StoreError:
            continue
        assert np.array_equal(values, expected)
        assert np.array_equal(fresh.labels, store.labels)
        assert list(fresh.ids) == list(store.ids)


def test_a_folder_that_lost_its_metadata(store: StoredFeatures) -> None:
    """It is not made anew over what is there, nor tried for ever."""
    (store.store.place.path / "zarr.json").unlink()
    with pytest.raises(StoreDamagedError, match="Delete that folder"):
        reopen(store)


def test_another_version(store: StoredFeatures) -> None:
    meta = store.store.place.path / "zarr.json"
    record = json.loads(meta.read_text())
    record["attributes"]["version"] = 99
    meta.write_text(json.dumps(record))
    with pytest.raises(StoreVersionError, match="version 99, this samefeatures reads"):
        reopen(store)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, "The disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "no permission"),
    ],
)
def test_the_systems_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, says: str
) -> None:
    images, _ = made_images(2 * CHUNK_ROWS)
    real = WholeFiles.set

    async def refuse(self: WholeFiles, key: str, value: Any) -> None:
        if key.startswith("features/c/1"):
            raise OSError(code, "refused")
        await real(self, key, value)

    monkeypatch.setattr(WholeFiles, "set", refuse)
    with pytest.raises(StoreError, match=says):
        extract([tiny_network("a")], images, tmp_path)
    monkeypatch.undo()
    images, reads = made_images(2 * CHUNK_ROWS)
    (store,) = extract([tiny_network("a")], images, tmp_path)
    assert len(reads) == CHUNK_ROWS, "the first chunk was kept"
    assert len(store) == len(images)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    images, _ = made_images(3)
    with pytest.raises(StoreError, match="Choose another folder"):
        extract([tiny_network("a")], images, tmp_path / "file" / "store")


@pytest.mark.parametrize("sizes", [[5], [1, 1, 1], [3, 10, 2], [4, 0, 4]])
@pytest.mark.parametrize("rows", [1, 4, 100])
def test_regroup_keeps_rows_and_order(sizes: list[int], rows: int) -> None:
    x = np.arange(2 * sum(sizes), dtype=np.float32).reshape(-1, 2)
    blocks = list(regroup(np.split(x, np.cumsum(sizes)[:-1]), rows))
    assert np.array_equal(np.concatenate(blocks), x)
    assert all(len(b) == rows for b in blocks[:-1])


def test_joined_rows_name_their_parts() -> None:
    one = ArrayRows(name="a", values=np.zeros((2, 3), np.float32), fingerprint="x", ids=["p", "q"])
    two = ArrayRows(name="a", values=np.ones((1, 3), np.float32), fingerprint="y", ids=["p"])
    joined = JoinedRows([one, two], ["first", "second"])
    assert joined.ids == ["first/p", "first/q", "second/p"]
    assert len(joined) == 3
    assert joined.labels is None
    assert joined.fingerprint != JoinedRows([two, one], ["second", "first"]).fingerprint
    assert [len(b) for b in joined.chunks(2)] == [2, 1]


@pytest.mark.parametrize("array", ["features", "problems"])
@pytest.mark.parametrize("part", ["shape", "chunks"])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("change", [-1, 1, 256])
def test_arrays_of_another_size_are_refused(
    store: StoredFeatures, array: str, part: str, axis: int, change: int
) -> None:
    path = store.store.place.path / array / "zarr.json"
    meta = json.loads(path.read_text())
    sizes = meta["shape"] if part == "shape" else meta["chunk_grid"]["configuration"]["chunk_shape"]
    sizes[axis] += change
    path.write_text(json.dumps(meta))
    with pytest.raises(StoreError):
        list(reopen(store).chunks(64))
