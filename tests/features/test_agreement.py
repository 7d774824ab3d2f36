"""What is left out of one network is left out of all, whenever their features were stored."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import product
from pathlib import Path

import fsspec
import numpy as np
import pytest
from worlds_images import NumpyBackend, made_images, tiny_network

from samefeatures.base.arrays import Float32
from samefeatures.base.errors import StoreError, UnreadableImageError
from samefeatures.features.agreement import agree, tell_others
from samefeatures.features.extract import ExtractOptions, extract, open_stores
from samefeatures.features.place import Root
from samefeatures.features.store import FeatureStore, images_per_chunk
from samefeatures.images.imageset import ImageSet, Raw
from samefeatures.images.views import Views

STRICT = ExtractOptions(strict=True)


def flaky(images: ImageSet, at: Collection[int]) -> ImageSet:
    """The same images on a disk that fails at some: that is no part of what the set is."""

    def read(i: int) -> Raw:
        if i in at:
            raise UnreadableImageError("it can't be opened (Input/output error)")
        return images.read(i)

    return replace(images, read=read)


@pytest.fixture(params=["folder", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Root:
    return tmp_path / "stores" if request.param == "folder" else f"memory://{uuid.uuid4()}"


def forget(store: FeatureStore, chunks: Collection[int]) -> None:
    """As if a run had been stopped before it wrote these chunks."""
    files, path = fsspec.core.url_to_fs(str(store.place))
    for k in chunks:
        files.rm(f"{path}/features/c/{k}/0")


def wait_for(event: Callable[[], bool]) -> None:
    for _ in range(60_000):
        if event():
            return
        time.sleep(0.001)
    pytest.fail("it did not come in a minute")


def test_whole_stores_of_different_runs(root: Root) -> None:
    """A read error that passes: A alone has it, B alone has not, and then both are wanted."""
    images, reads = made_images(10)
    a, b = tiny_network("a"), tiny_network("b")
    (first,) = extract([a], flaky(images, {3}), root)
    (second,) = extract([b], images, root)
    assert (len(first), len(second)) == (9, 10)
    values, before = second.span(0, 10), len(reads)
    both = extract([a, b], images, root)
    assert len(reads) == before, "nothing is computed anew"
    assert [len(rows) for rows in both] == [9, 9]
    assert both[0].ids == both[1].ids == [name for i, name in enumerate(images.ids) if i != 3]
    assert both[0].left_out == both[1].left_out == {"0003.png": next(iter(first.left_out.values()))}
    np.testing.assert_array_equal(both[1].span(0, 9), np.delete(values, 3, 0))
    assert both[0].fingerprint == first.fingerprint
    assert both[1].fingerprint != second.fingerprint, "other rows must never pass for the same"


CHUNKS = 3
STATES = list(product((None, 0, 1), repeat=2))
"""Of a network's store: the chunk that it lacks, and the chunk with an image left out."""


@pytest.mark.parametrize("views", [None, Views(count=100)])
@pytest.mark.parametrize("states", list(product(STATES, repeat=2)))
def test_any_states_of_two_stores(
    tmp_path: Path, views: Views | None, states: tuple[tuple[int | None, int | None], ...]
) -> None:
    networks = [tiny_network("a", size=4), tiny_network("b", size=3)]
    per_chunk = images_per_chunk(views)
    images, reads = made_images((CHUNKS - 1) * per_chunk + 1)
    gone: set[int] = set()  # images that stay left out
    wanted: set[int] = set()  # images that must be looked at again
    for i, (network, (lacks, bad)) in enumerate(zip(networks, states, strict=True)):
        failing = set() if bad is None else {bad * per_chunk + i}
        (rows,) = extract([network], flaky(images, failing), tmp_path, views=views)
        gone |= failing if lacks != bad else set()
        if lacks is not None:
            forget(rows.store, [lacks])
            wanted |= set(rows.store.images_in(lacks))
    reads.clear()
    if gone:
        before = tree(tmp_path)
        with pytest.raises(UnreadableImageError, match=images.ids[min(gone)]):
            extract(networks, images, tmp_path, views=views, options=STRICT)
        assert (tree(tmp_path), reads) == (before, []), "strict: refused before anything is done"
    ids = [name for i, name in enumerate(images.ids) if i not in gone]
    for _ in range(2):  # the second time nothing is to be done
        for rows in extract(networks, images, tmp_path, views=views):
            assert list(dict.fromkeys(name.split("#")[0] for name in rows.ids)) == ids
            values = rows.span(0, len(rows))
            assert len(values) == len(rows) == len(ids) * rows.store.views
            assert np.isfinite(values).all()
    assert sorted(reads) == sorted(wanted - gone)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def stores(tmp_path: Path) -> list[FeatureStore]:
    """Two networks on 1,100 images: five chunks."""
    images, _ = made_images(1100)
    rows = extract([tiny_network("a"), tiny_network("b")], images, tmp_path / "x")
    return [each.store for each in rows]


def test_reads_do_not_grow_with_chunks(
    stores: list[FeatureStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Far away a read takes as long for one chunk as for five; of whole stores none is needed."""
    images, _ = made_images(1100)
    reads: list[tuple[str, int, int | None]] = []
    read = FeatureStore.read

    def counted(
        self: FeatureStore, name: str, start: int = 0, stop: int | None = None
    ) -> np.ndarray:
        reads.append((name, start, stop))
        return read(self, name, start, stop)

    monkeypatch.setattr(FeatureStore, "read", counted)
    none: list[set[int]] = [set(), set()]
    assert agree(stores, none, images, strict=False) == {}
    assert reads == []
    for k in range(5):
        stores[0].leave_out(k, {1: "gone"})
    reads.clear()
    lacks = [set(), {0, 1, 2, 3, 4}]
    found = agree(stores, lacks, images, strict=False)
    assert found == {256 * k + 1: "gone" for k in range(5)}
    assert reads == [("problems", 0, 1100)]


def test_others_are_told_once(stores: list[FeatureStore]) -> None:
    lacks: list[set[int]] = [set(), {1}]
    tell_others(stores, lacks, 1, {5: "gone"})
    assert stores[0].problems() == {256 + 5: "gone"}
    assert stores[1].problems() == {}, "it will be written with the problem"
    tell_others(stores, lacks, 1, {5: "another reason", 6: "too"})
    assert stores[0].problems() == {256 + 5: "gone", 256 + 6: "too"}


def test_what_is_left_out_of_a_chunk_that_is_lacking_is_looked_at_again(
    stores: list[FeatureStore],
) -> None:
    """A chunk may have been stopped between its problems and its features."""
    images, _ = made_images(1100)
    stores[0].leave_out(2, {1: "gone"})
    forget(stores[0], [2])
    both = extract([tiny_network("a"), tiny_network("b")], images, stores[0].place.path.parent)  # type: ignore[attr-defined]
    assert [len(rows) for rows in both] == [1100, 1100]


def test_another_process_writes_to_the_same_stores(root: Root) -> None:
    """It could not read an image that this one could, and both write chunk after chunk."""
    images, _ = made_images(300)
    a, b = tiny_network("a"), tiny_network("b")
    (store,) = open_stores([a], images, root, views=None)

    seen = [0]

    def meanwhile(features: Float32) -> Float32:
        seen[0] += len(features)
        if seen[0] == 256:  # the end of B's first chunk, while which A's is being stored
            wait_for(lambda: store.missing() == {1})
            store.leave_out(0, {4: "gone"})
        return features

    assert isinstance(b.backend, NumpyBackend)
    b.backend.spoil = meanwhile
    both = extract([a, b], images, root)
    assert seen == [300]
    assert [len(rows) for rows in both] == [299, 299]
    assert both[0].ids == both[1].ids


def test_rows_that_another_run_leaves_out_meanwhile(tmp_path: Path) -> None:
    """Whoever has opened the rows before must not get NaN in their place."""
    images, _ = made_images(20)
    (rows,) = extract([tiny_network("a")], images, tmp_path)
    assert len(rows) == 20
    (other,) = open_stores([tiny_network("a")], images, tmp_path, views=None)
    other.leave_out(0, {4: "gone"})
    for reading in (lambda: rows.span(0, 20), lambda: list(rows.chunks(7))):
        with pytest.raises(StoreError, match=r"has lost rows.*Run the same command again"):
            reading()
    assert len(rows.span(5, 20)) == 15, "what is not concerned is there"
