"""Blocks of control spaces against joint moments of the same columns."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from samefeatures.algebra.blas import add_product, add_square
from samefeatures.base.arrays import Float64, Int64
from samefeatures.base.errors import FeatureError, StoreDamagedError
from samefeatures.joint import blocks
from samefeatures.joint.blocks import Blocks, BlockSums, Rows
from samefeatures.joint.record import Moments
from samefeatures.joint.views import Beside, Mixed, Rest, Union

DIMS = {"a": 5, "b": 3, "pixels": 4, "answers": 6}
PAIRS = [("answers", "a"), ("answers", "b"), ("pixels", "a"), ("pixels", "b")]
PAIRS += [("answers", "answers"), ("pixels", "pixels"), ("pixels", "answers")]


def world(n: int = 200) -> tuple[dict[str, Rows], dict[str, Float64]]:
    """Rows as they come, and all of them as columns."""
    rng = np.random.default_rng(0)
    classes: Int64 = np.sort(rng.integers(0, 5, n))  # sorted, and class 5 is never answered
    rows: dict[str, Rows] = {
        k: 1000 + rng.standard_normal((n, d)).astype(np.float32)
        for k, d in DIMS.items()
        if k != "answers"
    }
    rows["answers"] = classes
    columns = {k: v.astype(np.float64) for k, v in rows.items()}
    columns["answers"] = np.eye(6)[classes]
    return rows, columns


def joint(columns: dict[str, Float64]) -> Moments:
    out = Moments(list(columns), [v.shape[1] for v in columns.values()])
    out.update(*columns.values())
    return out


def summed(rows: dict[str, Rows], chunks: int) -> BlockSums:
    sums = BlockSums(DIMS, classes=["answers"], pairs=PAIRS)
    for index in np.array_split(np.arange(len(rows["answers"])), chunks):
        sums.update({k: v[index] for k, v in rows.items()})
    return sums


@pytest.mark.parametrize("chunks", [1, 7])
def test_blocks_are_those_of_the_joint_moments(chunks: int) -> None:
    rows, columns = world()
    found, expected = summed(rows, chunks).blocks(), joint(columns)
    assert found.n == 200
    for a, b in PAIRS:
        scale = np.sqrt(expected.sum_of_squares(a) * expected.sum_of_squares(b))
        np.testing.assert_allclose(found.block(a, b), expected.block(a, b), atol=1e-12 * scale)
        np.testing.assert_array_equal(found.block(b, a), found.block(a, b).T)
    for name in DIMS:
        np.testing.assert_allclose(found.mean_of(name), expected.mean_of(name), rtol=1e-12)
        np.testing.assert_allclose(found.means[name], columns[name].mean(axis=0), rtol=1e-12)
    for name in ("answers", "pixels"):
        assert found.sum_of_squares(name) == pytest.approx(expected.sum_of_squares(name))


def test_what_was_not_asked_for_is_said() -> None:
    found = summed(world()[0], 1).blocks()
    with pytest.raises(FeatureError, match="'a' with 'b' were not summed"):
        found.block("a", "b")
    with pytest.raises(FeatureError, match="no space 'c'"):
        found.mean_of("c")
    with pytest.raises(FeatureError, match="no space 'c'"):
        BlockSums(DIMS, pairs=[("a", "c")])


@pytest.mark.parametrize(
    "wrong", ["rows", "columns", "class", "nan", "one nan", "name", "another name"]
)
def test_bad_rows(wrong: str) -> None:
    rows, _ = world(10)
    bad = dict(rows)
    if wrong == "rows":
        bad["a"] = rows["a"][:9]
    if wrong == "columns":
        bad["a"] = rows["a"][:, :4]
    if wrong == "class":
        bad["answers"] = rows["answers"] + 6
    if wrong == "nan":
        bad["pixels"] = rows["pixels"] * np.nan
    if wrong == "one nan":
        bad["b"] = rows["b"].copy()
        bad["b"][3, 1] = np.nan
    if wrong == "name":
        del bad["b"]
    if wrong == "another name":
        bad["c"] = rows["b"]
    sums = BlockSums(DIMS, classes=["answers"], pairs=PAIRS)
    with pytest.raises(FeatureError):
        sums.update(bad)


def test_no_rows() -> None:
    rows, _ = world()
    sums = BlockSums(DIMS, classes=["answers"], pairs=PAIRS)
    sums.update({k: v[:0] for k, v in rows.items()})
    assert sums.blocks().n == 0
    assert not sums.blocks().block("pixels", "a").any()


def test_the_rest_is_the_moments_of_the_other_rows() -> None:
    _, columns = world()
    part = {k: v[:60] for k, v in columns.items()}
    found = Rest(joint(columns), joint(part))
    expected = joint({k: v[60:] for k, v in columns.items()})
    assert found.n == 140
    for a in DIMS:
        np.testing.assert_allclose(found.mean_of(a), expected.mean_of(a), rtol=1e-12)
        assert found.sum_of_squares(a) == pytest.approx(expected.sum_of_squares(a), rel=1e-9)
        for b in DIMS:
            np.testing.assert_allclose(found.block(a, b), expected.block(a, b), atol=1e-8)
    with pytest.raises(FeatureError, match="Nothing is left"):
        Rest(joint(part), joint(part))


def test_the_union_of_parts_is_the_moments_of_all_rows() -> None:
    _, columns = world()
    pieces = [slice(0, 60), slice(60, 61), slice(61, 61), slice(61, 200)]
    found = Union([joint({k: v[piece] for k, v in columns.items()}) for piece in pieces])
    expected = joint(columns)
    assert found.n == 200
    for a in DIMS:
        np.testing.assert_allclose(found.mean_of(a), expected.mean_of(a), rtol=1e-12)
        assert found.sum_of_squares(a) == pytest.approx(expected.sum_of_squares(a), rel=1e-9)
        for b in DIMS:
            np.testing.assert_allclose(found.block(a, b), expected.block(a, b), atol=1e-8)


def test_blocks_on_disk(tmp_path: Path) -> None:
    found, path = summed(world()[0], 2).blocks(), tmp_path / "blocks.npz"
    found.save(path)
    again = Blocks.load(path)
    assert again.n == found.n
    assert list(again.products) == PAIRS
    for pair in PAIRS:
        np.testing.assert_array_equal(again.block(*pair), found.block(*pair))
    for name in DIMS:
        np.testing.assert_array_equal(again.mean_of(name), found.mean_of(name))
    whole = path.read_bytes()
    for damaged in (whole[:-30], whole[: len(whole) // 2], b"", b"nothing"):
        path.write_bytes(damaged)
        with pytest.raises(StoreDamagedError, match="Delete it"):
            Blocks.load(path)


@pytest.mark.parametrize("mean", [np.zeros(2, np.int64), np.zeros((2, 2)), np.array(["0", "1"])])
def test_means_of_another_kind_are_refused(tmp_path: Path, mean: np.ndarray) -> None:
    path = tmp_path / "blocks.npz"
    Blocks(n=3, means={"a": np.zeros(2)}, products={}).save(path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, "mean 0": mean})
    with pytest.raises(StoreDamagedError, match="Delete it"):
        Blocks.load(path)


def test_controls_beside_networks() -> None:
    rows, columns = world()
    networks = joint({k: columns[k] for k in ("a", "b")})
    both = Beside(networks, frozenset({"a", "b"}), summed(rows, 3).blocks())
    expected = joint(columns)
    for a, b in [("a", "b"), ("a", "a"), ("answers", "a"), ("b", "pixels"), ("pixels", "answers")]:
        np.testing.assert_allclose(both.block(a, b), expected.block(a, b), atol=1e-8)
    assert both.sum_of_squares("a") == networks.sum_of_squares("a")
    np.testing.assert_allclose(both.mean_of("pixels"), expected.mean_of("pixels"))
    with pytest.raises(FeatureError, match="of 200 rows, those of controls of 100"):
        Beside(
            networks, frozenset({"a"}), summed({k: v[:100] for k, v in rows.items()}, 1).blocks()
        )


def test_a_mixture_is_a_space_of_its_own() -> None:
    _, columns = world()
    matrix = np.random.default_rng(1).standard_normal((6, 4))
    mixed = Mixed(joint(columns), {"noise": {"answers": matrix, "pixels": None}})
    columns["noise"] = columns["answers"] @ matrix + columns["pixels"]
    expected = joint(columns)
    for other in columns:
        np.testing.assert_allclose(
            mixed.block("noise", other), expected.block("noise", other), atol=1e-7
        )
        np.testing.assert_allclose(
            mixed.block(other, "noise"), expected.block(other, "noise"), atol=1e-7
        )
    np.testing.assert_allclose(mixed.mean_of("noise"), expected.mean_of("noise"))
    assert mixed.sum_of_squares("noise") == pytest.approx(expected.sum_of_squares("noise"))
    assert mixed.sum_of_squares("a") == expected.sum_of_squares("a")


def test_taken_twice_they_are_the_same_and_no_row_comes_after() -> None:
    rows, columns = world()
    sums = summed(rows, 3)
    first = {pair: sums.blocks().block(*pair).copy() for pair in PAIRS}
    for pair in PAIRS:
        np.testing.assert_array_equal(sums.blocks().block(*pair), first[pair])
    with pytest.raises(FeatureError, match="were taken already"):
        sums.update(rows)
    half = {k: v[:80] for k, v in rows.items()}
    rest = {k: v[80:] for k, v in rows.items()}
    start = BlockSums(DIMS, classes=["answers"], pairs=PAIRS)
    start.update(half)
    going_on = BlockSums(DIMS, classes=["answers"], pairs=PAIRS, start=start.blocks())
    going_on.update(rest)
    expected = joint(columns)
    for a, b in PAIRS:
        scale = np.sqrt(expected.sum_of_squares(a) * expected.sum_of_squares(b))
        found = going_on.blocks().block(a, b)
        np.testing.assert_allclose(found, expected.block(a, b), atol=1e-12 * scale)


@pytest.mark.parametrize("classes", [[-1, 0, 2], [0, -1, 5], [0, 6, 1]])
def test_classes_that_are_none_are_refused(classes: list[int]) -> None:
    sums = BlockSums(DIMS, classes=["answers"], pairs=PAIRS)
    rows, _ = world(3)
    with pytest.raises(FeatureError, match=r"there are 6, from 0"):
        sums.update({**rows, "answers": np.array(classes)})


def test_blocks_say_what_they_are_of() -> None:
    found = summed(world()[0], 1).blocks()
    assert found.names == tuple(DIMS)
    assert found.dims == tuple(DIMS.values())
    assert found.precision == "float64"
    assert repr(found) == (
        "Blocks(names=['a', 'b', 'pixels', 'answers'], dims=[5, 3, 4, 6], n=200)"
    )


@pytest.mark.parametrize(
    "damage",
    [
        {"product 0": np.zeros((5, 6))},
        {"product 0": np.zeros((6, 5), np.int64)},
        {"product 6": np.zeros((6, 5))},
    ],
)
def test_products_of_another_shape_or_kind_are_refused(
    tmp_path: Path, damage: dict[str, np.ndarray]
) -> None:
    path = tmp_path / "blocks.npz"
    summed(world()[0], 1).blocks().save(path)
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **{**arrays, **damage})
    with pytest.raises(StoreDamagedError, match="its means"):
        Blocks.load(path)


def test_means_cost_no_digits_wherever_they_are_and_whoever_goes_on() -> None:
    rng = np.random.default_rng(3)
    far = rng.normal(size=(90, 3)) + np.array([1e7, -1e7, 1e7])
    near = rng.normal(size=(90, 2)).astype(np.float32)
    answers = rng.integers(0, 2, 90)
    dims = {"far": 3, "near": 2, "answers": 2}
    pairs = [("far", "far"), ("far", "near"), ("near", "near"), ("answers", "far")]
    first, start = BlockSums(dims, classes=["answers"], pairs=pairs), None
    for rows in (slice(0, 1), slice(1, 40), slice(40, 90)):
        if start is not None:
            first = BlockSums(dims, classes=["answers"], pairs=pairs, start=start)
        first.update({"far": far[rows], "near": near[rows], "answers": answers[rows]})
        start = first.blocks()
        if start.n == 1:
            assert not any(product.any() for product in start.products.values())
            np.testing.assert_allclose(start.mean_of("far"), far[0], rtol=1e-15)
    assert start is not None
    columns = {"far": far, "near": near.astype(np.float64), "answers": np.eye(2)[answers]}
    for a, b in pairs:
        x, y = (columns[k] - columns[k].mean(axis=0) for k in (a, b))
        allowed = 1e-6 if a == "answers" else 1e-5 if a == "far" else 1e-12
        np.testing.assert_allclose(start.block(a, b), x.T @ y, atol=allowed)


@pytest.mark.parametrize(("processors", "threads"), [(64, 8), (2, 2), (None, 1)])
def test_classes_are_summed_on_as_many_processors_as_help(
    monkeypatch: pytest.MonkeyPatch, processors: int | None, threads: int
) -> None:
    asked: list[int] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers: int) -> None:
            asked.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(blocks, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(os, "cpu_count", lambda: processors)
    summed(world()[0], 1)
    assert asked == [threads]


def test_what_fails_on_another_processor_fails_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(blocks, "add_by_class", full)
    with pytest.raises(MemoryError, match="no room"):
        summed(world()[0], 1)


def test_a_space_with_itself_costs_half_a_product(monkeypatch: pytest.MonkeyPatch) -> None:
    squares: list[int] = []
    products: list[tuple[int, int]] = []

    def square(product: Float64, rows: Float64) -> None:
        squares.append(rows.shape[1])
        add_square(product, rows)

    def across(product: Float64, a: Float64, b: Float64) -> None:
        products.append((a.shape[1], b.shape[1]))
        add_product(product, a, b)

    monkeypatch.setattr(blocks, "add_square", square)
    monkeypatch.setattr(blocks, "add_product", across)
    summed(world()[0], 1)
    assert squares == [4]
    assert products == [(4, 5), (4, 3)]


def test_products_go_one_by_one_and_sums_by_class_side_by_side(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For one product BLAS takes all processors."""
    here: dict[str, set[bool]] = {"add_square": set(), "add_product": set(), "add_by_class": set()}

    def noted(name: str, plain: Callable[..., None]) -> Callable[..., None]:
        def run(*told: object) -> None:
            here[name].add(threading.current_thread() is threading.main_thread())
            plain(*told)

        return run

    for name in here:
        monkeypatch.setattr(blocks, name, noted(name, getattr(blocks, name)))
    summed(world()[0], 1)
    assert here == {"add_square": {True}, "add_product": {True}, "add_by_class": {False}}


def test_chunks_of_one_size_share_one_buffer() -> None:
    rows, _ = world()
    sums = BlockSums(DIMS, classes=["answers"], pairs=PAIRS)
    for size in (50, 50, 20):
        sums.update({k: v[:size] for k, v in rows.items()})
        if sums.n == 50:
            buffers = dict(sums._rows)
    assert all(sums._rows[name] is buffer for name, buffer in buffers.items())
    assert {len(buffer) for name, buffer in buffers.items() if name != "answers"} == {50}
