"""How images are fed to a graph, and what comes out of a graph that was cut."""

from __future__ import annotations

from threading import Barrier

import numpy as np
import pytest

from preps import imagenet
from samefeatures.base.arrays import Float32
from samefeatures.base.errors import NetworkError, OutOfMemoryError, SplitError
from samefeatures.networks.graph_backend import GraphBackend, ImageLayout, Lanes
from samefeatures.networks.proof import Claim
from samefeatures.networks.record import Head

IMAGES = np.random.default_rng(0).normal(size=(5, 3, 4, 6)).astype(np.float32)


@pytest.mark.parametrize(
    ("dims", "last", "expected"),
    [
        ((None, 3, 4, 6), False, (False, None, (4, 6))),
        ((2, 3, None, 6), True, (False, 2, (None, 6))),
        ((None, 4, 6, 3), False, (True, None, (4, 6))),
        ((8, 4, 6, 3), True, (True, 8, (4, 6))),
        ((None, None, None, None), True, (True, None, (None, None))),
        ((None, None, None, None), False, (False, None, (None, None))),
        (None, True, (True, None, (None, None))),
        ((None, None, 4, 6), False, (False, None, (4, 6))),
    ],
)
def test_the_layout_of_a_shape(dims, last, expected) -> None:
    layout = ImageLayout.of(dims, source="s", last=last)
    assert (layout.channels_last, layout.batch, layout.size) == expected


@pytest.mark.parametrize(
    ("dims", "message"),
    [
        ((None, 3, 4, 3), "channels could be first or last"),
        ((None, 1, 4, 5), r"\(\?, 1, 4, 5\); it must have 3 channels"),
        ((None, 12), r"\(\?, 12\); \(b, h, w, 3\) is needed"),
    ],
)
def test_shapes_that_are_no_images(dims, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        ImageLayout.of(dims, source="s", last=True)


@pytest.mark.parametrize("batch", [None, 1, 2, 5, 8])
@pytest.mark.parametrize("last", [True, False])
def test_images_come_in_the_layout_of_the_graph(batch: int | None, last: bool) -> None:
    layout = ImageLayout(last, batch, (4, 6))
    seen: list[tuple[int, ...]] = []

    def graph(x: Float32) -> Float32:
        seen.append(x.shape)
        assert x.flags.c_contiguous
        return x * 2

    out = layout.run(graph, IMAGES, source="s")
    expected = IMAGES.transpose(0, 2, 3, 1) if last else IMAGES
    np.testing.assert_array_equal(out, expected * 2)
    assert {shape[0] for shape in seen} == {batch or 5}
    assert len(seen) == -(-5 // (batch or 5))


def test_blue_comes_first_where_the_graph_wants_it() -> None:
    out = ImageLayout(False, None, (4, 6), bgr=True).run(lambda x: x, IMAGES, source="s")
    np.testing.assert_array_equal(out, IMAGES[:, ::-1])


def test_the_size_that_is_fixed() -> None:
    assert ImageLayout(True, None, (4, 6)).fields() == {"input_size": [3, 4, 6]}
    half = ImageLayout(True, None, (4, None))
    assert half.fields() == {}
    half.check_size(4, 99, source="s")
    with pytest.raises(NetworkError, match=r"4 x any pixels.* makes 5 x 9\..*\[3, 4, 9\]"):
        half.check_size(5, 9, source="s")


@pytest.mark.parametrize(
    ("error", "kind"), [(MemoryError("all of it"), OutOfMemoryError), (OSError("no"), NetworkError)]
)
def test_errors_of_a_runtime_become_ours(error: Exception, kind: type[NetworkError]) -> None:
    def graph(x: Float32) -> Float32:
        raise error

    with pytest.raises(NetworkError, match=r"s .*on images \(5, 3, 4, 6\)") as caught:
        ImageLayout(True, None, (4, 6)).run(graph, IMAGES, source="s")
    assert type(caught.value) is kind


def cut(run) -> GraphBackend:
    rng = np.random.default_rng(1)
    head = Head(rng.normal(size=(4, 3)).astype(np.float32), np.ones(4, np.float32))
    claim = Claim("Gemm 'g'", "Relu → Gemm")
    layout = ImageLayout(False, None, (4, 6))
    return GraphBackend(runtime="hand", source="s", layout=layout, head=head, claim=claim, run=run)


def test_features_may_have_sides_of_one_but_no_others() -> None:
    pooled = cut(lambda x: x.mean(axis=(2, 3), keepdims=True))  # (b, 3, 1, 1)
    np.testing.assert_array_equal(pooled.features(IMAGES), IMAGES.mean(axis=(2, 3)))
    for run in (lambda x: x, lambda x: x.mean(axis=(0, 2, 3)), lambda x: x[:3].mean(axis=(2, 3))):
        with pytest.raises(SplitError, match=r"'Gemm 'g'' takes .* not one vector of 3.*Relu → G"):
            cut(run).features(IMAGES)


def test_only_a_graph_that_is_its_parts_becomes_a_network() -> None:
    backend = cut(lambda x: x.mean(axis=(2, 3)))
    given = {
        "name": "n",
        "preprocessing": imagenet(input_size=(3, 4, 6)),
        "fingerprint": "f",
        "parameters": 16,
    }

    def whole(x: Float32) -> Float32:
        return backend.head.logits(x.mean(axis=(2, 3)))[:, :, None, None]  # (b, 4, 1, 1)

    network = backend.proved(whole, **given)
    assert (network.name, network.source, network.parameters) == ("n", "s", 16)
    assert network.split is not None
    assert network.split.error < 1e-6
    with pytest.raises(SplitError, match="is not all that stands"):
        backend.proved(lambda x: whole(x) + 1, **given)


@pytest.mark.parametrize(("batch", "sizes"), [(None, [2, 3]), (1, [1, 1, 1, 1, 1])])
def test_lanes_run_pieces_side_by_side_and_keep_their_order(batch, sizes) -> None:
    layout, seen = ImageLayout(False, batch, (4, 6)), []
    both = Barrier(2, timeout=60)  # breaks unless two pieces are under way at once

    def graph(x: Float32) -> Float32:
        if len(seen) < 2:
            seen.append(len(x))
            both.wait()
        else:
            seen.append(len(x))
        return x * 2

    out = layout.run(graph, IMAGES, source="s", lanes=Lanes.open(2))
    assert np.array_equal(out, IMAGES * 2)
    assert sorted(seen) == sizes


def test_what_fails_in_a_lane_is_said_as_ever() -> None:
    def graph(x: Float32) -> Float32:
        if np.array_equal(x[-1], IMAGES[-1]):
            raise MemoryError
        return x

    layout = ImageLayout(False, None, (4, 6))
    with pytest.raises(OutOfMemoryError):
        layout.run(graph, IMAGES, source="s", lanes=Lanes.open(2))
