"""The loop over images: what features depend on, and what they must not depend on."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from worlds_images import NumpyBackend, made_images, tiny_network

from samefeatures.base.errors import (
    ConfigError,
    FeatureError,
    StoreDamagedError,
    UnreadableImageError,
)
from samefeatures.base.told import ProgressStep
from samefeatures.features.extract import ExtractOptions, extract
from samefeatures.features.key import feature_key
from samefeatures.features.rows import ArrayRows, JoinedRows, held, joint_chunks
from samefeatures.features.store import CHUNK_ROWS, images_per_chunk
from samefeatures.features.stored import StoredFeatures
from samefeatures.images.decode import decode
from samefeatures.images.sources import ImageSource, open_images
from samefeatures.images.views import Views
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork


def values(store: StoredFeatures) -> np.ndarray:
    return np.concatenate(list(store.chunks(100)))


def test_features_are_the_networks_on_the_preprocessed_image(tmp_path: Path) -> None:
    images, _ = made_images(5)
    network = tiny_network("a")
    (store,) = extract([network], images, tmp_path)
    for i, row in enumerate(values(store)):
        pixels = network.preprocessing.pixels(decode(images.read(i)))
        expected = network.backend.features(network.preprocessing.normalise(pixels[None]))[0]
        assert np.array_equal(row, expected)
    assert list(store.ids) == list(images.ids)
    assert store.labels is not None
    assert images.labels is not None
    assert np.array_equal(store.labels, images.labels)


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (3, 4), (500, 2)])
def test_batch_size_workers_and_companions_change_nothing(
    tmp_path: Path, batch_size: int, workers: int
) -> None:
    images, _ = made_images(CHUNK_ROWS + 20)
    a, b, c = tiny_network("a"), tiny_network("b", 4, size=5), tiny_network("c", 9)
    (alone,) = extract([a], images, tmp_path / "alone")
    options = ExtractOptions(batch_size=batch_size, workers=workers)
    together = extract([c, a, b], images, tmp_path / "together", options=options)
    assert np.array_equal(values(alone), values(together[1]))
    assert alone.fingerprint == together[1].fingerprint


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_onnx_features_are_the_same_to_the_bit_whatever_the_batch(
    tmp_path: Path, batch_size: int
) -> None:
    images = open_images(ImageSource(source="fashion-mnist:eval", limit=70), labelled=True)
    first, second = load("mini:nasnet"), load("mini:inception_v1")
    assert isinstance(first, ImageNetwork)
    assert isinstance(second, ImageNetwork)
    (alone,) = extract([first], images, tmp_path / "alone")
    options = ExtractOptions(batch_size=batch_size)
    _, together = extract([second, first], images, tmp_path / "together", options=options)
    assert np.array_equal(values(alone), values(together))


def test_each_image_is_read_once_for_all_networks(tmp_path: Path) -> None:
    images, reads = made_images(CHUNK_ROWS + 7)
    networks = [tiny_network(f"net{k}", size=4 + k) for k in range(10)]
    extract(networks, images, tmp_path)
    assert sorted(reads) == list(range(len(images)))
    extract(networks, images, tmp_path)
    assert len(reads) == len(images), "a second run must read nothing"


@pytest.mark.parametrize(("views", "last"), [(None, 3), (Views(count=2), 6)])
@pytest.mark.parametrize("gone", [None, 1, 2])
def test_progress_starts_at_the_rows_that_are_stored(
    tmp_path: Path, views: Views | None, last: int, gone: int | None
) -> None:
    """Also where the chunk that is there, or the one that lacks, is the short last one."""
    images, _ = made_images(2 * images_per_chunk(views) + 3)
    sizes = [CHUNK_ROWS, CHUNK_ROWS, last]
    networks = [tiny_network("a", size=2), tiny_network("b", size=2)]
    (first, _) = extract(networks, images, tmp_path, views=views)
    if gone is not None:
        shutil.rmtree(first.store.place.path / "features" / "c" / str(gone))
    lacking = 0 if gone is None else sizes[gone]
    told = list[tuple[str, int]]()
    extract(networks, images, tmp_path, views=views, on_rows=lambda *said: told.append(said))
    assert told[:2] == [("a", sum(sizes) - lacking), ("b", sum(sizes))]
    assert told[2:] == ([("a", lacking)] if lacking else [])


def test_extraction_tells_how_far_each_network_is(tmp_path: Path) -> None:
    images, _ = made_images(10)
    told = list[ProgressStep]()
    networks, views = [tiny_network("a"), tiny_network("b")], Views(count=2)
    extract(networks, images, tmp_path, views=views, progress=told.append)
    last = {step.stage: (step.done, step.total) for step in told}
    assert last == {"features: a": (20, 20), "features: b": (20, 20)}
    assert told[-1].rate.endswith("waiting")


def test_a_network_added_later_leaves_the_others_alone(tmp_path: Path) -> None:
    images, _ = made_images(10)
    a, b = tiny_network("a"), tiny_network("b")
    extract([a], images, tmp_path)
    assert isinstance(a.backend, NumpyBackend)
    before = list(a.backend.calls)
    extract([a, b], images, tmp_path)
    assert a.backend.calls == before


def test_views_are_the_same_region_for_every_network(tmp_path: Path) -> None:
    images, reads = made_images(6)
    a = tiny_network("a")
    twin = replace(a, name="twin", fingerprint="other")
    views = Views(count=3, seed=5)
    first, second = extract([a, twin], images, tmp_path, views=views)
    assert len(reads) == 6
    assert len(first) == 18
    assert list(first.ids)[:4] == ["0000.png#0", "0000.png#1", "0000.png#2", "0001.png#0"]
    assert np.array_equal(values(first), values(second))
    rows = values(first)
    assert not np.array_equal(rows[0], rows[1]), "views of one image must differ"
    (other,) = extract([a], images, tmp_path, views=Views(count=3, seed=6))
    assert not np.array_equal(values(other), rows)


def test_unreadable_images_are_left_out_for_all(tmp_path: Path) -> None:
    images, _ = made_images(CHUNK_ROWS + 10, broken=(3, CHUNK_ROWS + 1))
    whole, _ = made_images(CHUNK_ROWS + 10)
    networks = [tiny_network("a"), tiny_network("b")]
    stores = extract(networks, images, tmp_path / "broken")
    (complete, _) = extract(networks, whole, tmp_path / "whole")
    keep = np.ones(len(images), bool)
    keep[[3, CHUNK_ROWS + 1]] = False
    for store in stores:
        assert set(store.left_out) == {"0003.png", f"{CHUNK_ROWS + 1:04d}.png"}
        assert all(store.left_out.values()), "a reason is given"
        assert len(store) == len(images) - 2
        assert "0003.png" not in store.ids
    assert np.array_equal(values(stores[0]), values(complete)[keep])
    assert stores[0].labels is not None
    assert complete.labels is not None
    assert np.array_equal(stores[0].labels, complete.labels[keep])


def test_a_chunk_of_nothing_but_broken_images_is_done_too(tmp_path: Path) -> None:
    images, reads = made_images(4, broken=(0, 1, 2, 3))
    (store,) = extract([tiny_network("a")], images, tmp_path)
    assert store.store.missing() == set()
    assert len(store) == 0
    extract([tiny_network("a")], images, tmp_path)
    assert len(reads) == 4


def test_strict_stops_and_names_the_image(tmp_path: Path) -> None:
    images, _ = made_images(5, broken=(2,))
    with pytest.raises(UnreadableImageError, match=r"0002\.png can't be read"):
        extract([tiny_network("a")], images, tmp_path, options=ExtractOptions(strict=True))


def test_strict_also_finds_what_an_earlier_run_left_out(tmp_path: Path) -> None:
    images, _ = made_images(5, broken=(2,))
    extract([tiny_network("a")], images, tmp_path)
    with pytest.raises(UnreadableImageError, match=r"0002\.png can't be read"):
        extract([tiny_network("a")], images, tmp_path, options=ExtractOptions(strict=True))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite(tmp_path: Path, value: float) -> None:
    images, _ = made_images(5)
    network = tiny_network("a")

    def spoil(features: np.ndarray) -> np.ndarray:
        features[-1, 0] = value
        return features

    assert isinstance(network.backend, NumpyBackend)
    network.backend.spoil = spoil
    with pytest.raises(FeatureError, match=r"^a returned NaN or infinite.*0004\.png"):
        extract([network], images, tmp_path)


def test_a_backend_of_another_dimension(tmp_path: Path) -> None:
    images, _ = made_images(3)
    network = replace(tiny_network("a", 6), backend=tiny_network("b", 7).backend)
    with pytest.raises(FeatureError, match="its head takes 6"):
        extract([network], images, tmp_path)


def test_the_key_names_all_that_changes_a_value() -> None:
    images, _ = made_images(3)
    network = tiny_network("a")
    plain = feature_key(network, images, None).digest
    prep = replace(network.preprocessing, crop_pct=0.9)
    changed = [
        feature_key(replace(network, fingerprint="x"), images, None),
        feature_key(replace(network, preprocessing=prep), images, None),
        feature_key(network, replace(images, fingerprint="x"), None),
        feature_key(network, images, Views(count=1)),
        feature_key(network, images, Views(count=1, seed=1)),
        replace(feature_key(network, images, None), runtime="other"),
        replace(feature_key(network, images, None), decoder="other"),
        replace(feature_key(network, images, None), extractor=0),
        replace(feature_key(network, images, None), dtype="float16"),
    ]
    assert len({plain, *(key.digest for key in changed)}) == 1 + len(changed)
    assert feature_key(network, images, None).digest == plain


def test_rows_of_different_images_are_refused(tmp_path: Path) -> None:
    a, b = tiny_network("a"), tiny_network("b")
    first, _ = made_images(5)
    second = replace(first, ids=["other.png", *first.ids[1:]], fingerprint="x")
    (rows_a,) = extract([a], first, tmp_path)
    (rows_b,) = extract([b], second, tmp_path)
    with pytest.raises(FeatureError, match=r"Row 0 is '0000\.png' in a and 'other\.png' in b"):
        list(joint_chunks([rows_a, rows_b], 10))
    shorter, _ = made_images(4)
    (rows_c,) = extract([b], shorter, tmp_path)
    with pytest.raises(FeatureError, match=r"b has features of 4 images, a of 5"):
        list(joint_chunks([rows_a, rows_c], 10))


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"workers": 0}])
def test_options_without_sense(options: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        ExtractOptions(**options)


RUNNER = """
import sys
sys.path[:0] = {folders!r}
from pathlib import Path
from worlds_images import made_images, tiny_network
from samefeatures.features.extract import extract
images, _ = made_images({n}, broken=(5,))
networks = [tiny_network("a"), tiny_network("b", size=5)]
out, wanted = Path({out!r}), [{chunks}]

def hold(features):
    if wanted and len(list(out.glob("a-*.zarr/features/c/*"))) >= wanted[0]:
        wanted.clear()
        print("held", flush=True)
        sys.stdin.readline()
    return features

for net in networks:
    net.backend.spoil = hold
extract(networks, images, out)
"""


def start(out: Path, n: int, *, chunks: int) -> subprocess.Popen[str]:
    """Extract in another process, which stops with so many chunks until it is told to go on."""
    folders = [str(folder) for folder in Path(__file__).parents[:2]]
    code = RUNNER.format(folders=folders, n=n, chunks=chunks, out=str(out))
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def tree_bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_killed_and_resumed_ends_bit_identical(tmp_path: Path) -> None:
    n = 6 * CHUNK_ROWS + 9
    broken = tmp_path / "killed"
    for chunks in (1, 3):
        with start(broken, n, chunks=chunks) as process:
            process.kill()
        assert process.returncode == -signal.SIGKILL
    done = len(list(broken.glob("*.zarr/features/c/*")))
    assert 0 < done < 14, "the kill must have come in the middle"
    images, reads = made_images(n, broken=(5,))
    networks = [tiny_network("a"), tiny_network("b", size=5)]
    extract(networks, images, broken)
    assert len(reads) < n, "what was stored must not be read again"
    extract(networks, images, tmp_path / "whole")
    leftovers = [p for p in tree_bytes(broken) if p.endswith(".partial")]
    resumed = {k: v for k, v in tree_bytes(broken).items() if k not in leftovers}
    assert resumed == tree_bytes(tmp_path / "whole")


def test_two_processes_on_one_store(tmp_path: Path) -> None:
    n = 3 * CHUNK_ROWS
    both = tmp_path / "both"
    processes = [start(both, n, chunks=0) for _ in range(2)]
    for process in processes:  # both are at their first batch
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    images, _ = made_images(n, broken=(5,))
    extract([tiny_network("a"), tiny_network("b", size=5)], images, tmp_path / "one")
    assert tree_bytes(both) == tree_bytes(tmp_path / "one")


def test_a_span_is_the_rows_between(tmp_path: Path) -> None:
    """With images left out, and over the border of two parts."""
    images, _ = made_images(CHUNK_ROWS + 10, broken=(3, CHUNK_ROWS + 1))
    (store,) = extract([tiny_network("a")], images, tmp_path)
    rows = values(store)
    n = len(rows)
    for start, stop in ((0, n), (0, 5), (2, 4), (100, n - 1), (n - 1, n), (7, 7), (n, n + 5)):
        np.testing.assert_array_equal(store.span(start, stop), rows[start:stop])
    joined = JoinedRows([store, store], ["one", "two"])
    twice = np.concatenate([rows, rows])
    for start, stop in ((0, 2 * n), (n - 3, n + 2), (n, n + 1), (5, 6), (4, 4)):
        np.testing.assert_array_equal(joined.span(start, stop), twice[start:stop])


def test_a_span_of_an_unfinished_store_is_refused(tmp_path: Path) -> None:
    images, _ = made_images(CHUNK_ROWS + 10)
    (store,) = extract([tiny_network("a")], images, tmp_path)
    shutil.rmtree(store.store.place.path / "features" / "c" / "1")
    with pytest.raises(StoreDamagedError, match="lacks 1 of 2 chunks"):
        store.span(0, 4)


def test_rows_are_held_up_to_a_limit(tmp_path: Path) -> None:
    images, _ = made_images(20)
    parts = {"a": extract([tiny_network("a")], images, tmp_path)[0]}
    size = 4 * 20 * parts["a"].dim
    assert held(parts, size - 1)["a"] is parts["a"]
    inside = held(parts, size)["a"]
    assert isinstance(inside, ArrayRows)
    np.testing.assert_array_equal(inside.values, values(parts["a"]))
    assert (inside.fingerprint, list(inside.ids or ())) == (
        parts["a"].fingerprint,
        list(parts["a"].ids),
    )


def test_an_image_too_thin_for_one_network_is_left_out_for_all(tmp_path: Path) -> None:
    images, _ = made_images(3)
    strip = Image.new("RGB", (2, 30_000))
    thin = replace(images, read=lambda i: strip if i == 1 else images.read(i))
    small, large = tiny_network("small"), tiny_network("large")
    large = replace(large, preprocessing=replace(large.preprocessing, crop_pct=0.01))
    first, second = extract([small, large], thin, tmp_path)
    for store in (first, second):
        assert "2 x 30000 pixels, so long and thin" in store.left_out[images.ids[1]]
        assert list(store.ids) == [images.ids[0], images.ids[2]]


def test_a_file_that_was_mended_is_left_out_no_more(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / "set" / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (9, 9), (7, 8, 9)).save(tmp_path / "set" / name)
    whole = (tmp_path / "set/a.png").read_bytes()
    (tmp_path / "set/a.png").write_bytes(whole[:50])
    source, networks = ImageSource(source=str(tmp_path / "set")), [tiny_network("a")]
    (first,) = extract(networks, open_images(source, labelled=False), tmp_path / "out")
    assert list(first.ids) == ["b.png"]
    (tmp_path / "set/a.png").write_bytes(whole)
    (second,) = extract(networks, open_images(source, labelled=False), tmp_path / "out")
    assert list(second.ids) == ["a.png", "b.png"]
    Image.new("RGB", (9, 9), (99, 8, 9)).save(tmp_path / "set/b.png")
    (third,) = extract(networks, open_images(source, labelled=False), tmp_path / "out")
    assert not np.array_equal(values(third)[1], values(second)[1])
