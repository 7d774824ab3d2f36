"""Batches that halve, networks that take turns, and rates."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from worlds_images import NumpyBackend, made_images, tiny_network

from samefeatures.base.errors import ConfigError, OutOfMemoryError
from samefeatures.features.extract import ExtractOptions, extract
from samefeatures.features.rates import Meter
from samefeatures.features.residency import Need, Residency, choose
from samefeatures.networks.record import ImageNetwork


def values(store: object) -> np.ndarray:
    return np.concatenate(list(store.chunks(100)))  # type: ignore[attr-defined]


def limited(network: ImageNetwork, most: int) -> ImageNetwork:
    """The same network on a device that holds ``most`` images."""

    def spoil(features: np.ndarray) -> np.ndarray:
        if len(features) > most:
            raise OutOfMemoryError("no room")
        return features

    assert isinstance(network.backend, NumpyBackend)
    return replace(network, backend=NumpyBackend(network.backend.matrix, spoil))


@pytest.mark.parametrize(("most", "found"), [(5, 4), (1, 1), (16, 16)])
def test_out_of_memory_halves_the_batch_once_and_goes_on(
    tmp_path: Path, most: int, found: int
) -> None:
    images, _ = made_images(300)
    network, other = tiny_network("a"), tiny_network("b")
    said: list[str] = []
    meter = Meter(on_halved=said.append)
    options = ExtractOptions(batch_size=32)
    short = limited(network, most)
    stores = extract([short, other], images, tmp_path / "x", options=options, meter=meter)
    plain = extract([network, other], images, tmp_path / "y", options=options)
    for ours, theirs in zip(stores, plain, strict=True):
        assert np.array_equal(values(ours), values(theirs))
    assert meter.rates["a"].batch_size == found
    assert meter.rates["b"].batch_size is None
    halvings = {16: 1, 4: 3, 1: 5}[found]
    assert len(said) == halvings, "once for each size, not for each chunk"
    assert said[-1] == f"a: memory ran out; it goes on with batches of {found}."
    assert isinstance(short.backend, NumpyBackend)
    assert sum(size > most for size in short.backend.calls) == halvings
    extract([short], made_images(9, seed=4)[0], tmp_path / "x", options=options, meter=meter)
    assert len(said) == halvings, "the next set begins with what was found"


def test_memory_too_small_for_one_image_says_what_to_do(tmp_path: Path) -> None:
    images, _ = made_images(3)
    with pytest.raises(
        OutOfMemoryError, match=r"too small for a on one image of 8 x 8 pixels.*cpu"
    ):
        extract([limited(tiny_network("a"), 0)], images, tmp_path)


@dataclass
class Mover:
    """A numpy backend whose weights leave a device; it keeps what happened in ``log``."""

    name: str
    inner: NumpyBackend
    log: list[str]
    weights: int
    resident: bool = True
    free: int | None = None
    there: set[str] = field(default_factory=set)

    @property
    def runtime(self) -> str:
        return self.inner.runtime

    def features(self, images: np.ndarray) -> np.ndarray:
        assert self.resident, f"{self.name} runs while it is not on the device"
        return self.inner.features(images)

    def activations(self, batch_size: int) -> int:
        return 10 * batch_size

    def free_memory(self) -> int | None:
        return self.free

    def wake(self) -> None:
        if not self.resident:
            self.log.append(f"+{self.name}")
        self.resident = True

    def rest(self) -> None:
        if self.resident:
            self.log.append(f"-{self.name}")
        self.resident = False


def movers(log: list[str], free: int | None = None) -> list[ImageNetwork]:
    out = []
    for name, weights in (("a", 100), ("b", 300), ("c", 200)):
        net = tiny_network(name)
        assert isinstance(net.backend, NumpyBackend)
        out.append(replace(net, backend=Mover(name, net.backend, log, weights, free=free)))
    return out


@pytest.mark.parametrize(
    ("options", "free", "moved"),
    [
        ({"resident": "all"}, None, set()),
        ({}, None, set()),
        ({"resident": "one"}, None, {"a", "b", "c"}),
        ({"memory": 10_000}, None, set()),
        ({"memory": 600}, None, {"b", "c"}),
        ({"memory": 619}, None, {"b", "c"}),
        ({"memory": 620}, None, set()),
        ({}, 774, {"b", "c"}),  # of which 0.8 is counted on
        ({}, 776, set()),
        ({"memory": 5}, None, {"a", "b", "c"}),
    ],
)
def test_networks_take_turns_by_memory_and_features_stay_the_same(
    tmp_path: Path, options: dict[str, object], free: int | None, moved: set[str]
) -> None:
    images, reads = made_images(520)
    log: list[str] = []
    # Activations are 20: all three need 620; a alone beside b needs 420.
    stores = extract(
        movers(log, free),
        images,
        tmp_path / "x",
        options=ExtractOptions(batch_size=2, **options),  # type: ignore[arg-type]
    )
    assert len(reads) == 520, "each image is decoded once, whoever stays"
    woken = {entry[1:] for entry in log if log.count(entry) >= 3 and entry[0] == "+"}
    assert woken == moved, log
    plain = extract([tiny_network(n) for n in "abc"], images, tmp_path / "y")
    for ours, theirs in zip(stores, plain, strict=True):
        assert np.array_equal(values(ours), values(theirs))


def test_memory_that_runs_out_sends_the_others_away_before_a_batch_is_halved(
    tmp_path: Path,
) -> None:
    """As when another program takes memory after the networks were measured."""
    images, _ = made_images(520)
    log: list[str] = []
    networks = movers(log)
    backends: dict[str, Mover] = {}
    for network in networks:
        assert isinstance(network.backend, Mover)
        backends[network.name] = network.backend

    def crowded(name: str, inner: NumpyBackend) -> object:
        def features(x: np.ndarray) -> np.ndarray:
            if any(other.resident for key, other in backends.items() if key != name):
                raise OutOfMemoryError("The memory is full.")
            return inner.features(x)

        return SimpleNamespace(features=features, runtime=inner.runtime)

    for name, backend in backends.items():
        backend.inner = crowded(name, backend.inner)  # type: ignore[assignment]
    halved: list[str] = []
    stores = extract(
        networks,
        images,
        tmp_path / "x",
        options=ExtractOptions(batch_size=2, memory=10_000),
        meter=Meter(on_halved=halved.append),
    )
    assert not halved
    plain = extract([tiny_network(n) for n in "abc"], images, tmp_path / "y")
    for ours, theirs in zip(stores, plain, strict=True):
        assert np.array_equal(values(ours), values(theirs))


def test_weights_that_do_not_fit_beside_the_others_send_them_away() -> None:
    log: list[str] = []
    a, b, _ = movers(log)
    first, second = a.backend, b.backend
    assert isinstance(first, Mover)
    assert isinstance(second, Mover)
    residency = Residency(frozenset({"a", "b"}), {"a": first, "b": second})
    second.rest()

    def wake() -> None:
        if first.resident:
            raise OutOfMemoryError("The memory is full.")
        second.resident = True

    second.wake = wake  # type: ignore[method-assign]
    with residency.on_device(b):
        assert second.resident
        assert not first.resident
    assert not second.resident, "from now on one after another"
    first.resident = False
    second.wake = lambda: (_ for _ in ()).throw(OutOfMemoryError("Full."))  # type: ignore[method-assign]
    with pytest.raises(OutOfMemoryError, match="Full"), residency.on_device(b):
        raise AssertionError


def test_choice_leaves_room_for_the_largest_guest() -> None:
    needs = {"a": Need(100, 20), "b": Need(300, 5), "c": Need(200, 5)}
    assert choose(needs, 620) == {"a", "b", "c"}
    assert choose(needs, 619) == {"a"}, "a and c and the guest b are 600, and 20 to run"
    assert choose(needs, 420) == {"a"}
    assert choose(needs, 419) == frozenset()


def test_wrong_options_are_named() -> None:
    with pytest.raises(ConfigError, match=r"resident is 'on'. Did you mean 'one'"):
        ExtractOptions(resident="on")
    with pytest.raises(ConfigError, match="memory is 0"):
        ExtractOptions(memory=0)


def test_rates_count_rows_and_seconds_and_the_bare_pass_once(tmp_path: Path) -> None:
    images, _ = made_images(300)
    ticks = iter(range(1000))
    meter = Meter(measure_bare=True, clock=lambda: float(next(ticks)))
    network = tiny_network("a")
    extract([network], images, tmp_path, meter=meter, options=ExtractOptions(batch_size=50))
    rate = meter.rates["a"]
    assert (rate.rows, rate.seconds, rate.bare) == (300, 2.0, 50.0)
    assert (rate.speed, rate.share) == (150.0, 3.0)
    assert isinstance(network.backend, NumpyBackend)
    assert sum(network.backend.calls) == 300 + 5 * 50, "five batches more, once"
    quiet = tiny_network("q")
    extract([quiet], images, tmp_path, options=ExtractOptions(batch_size=50))
    assert isinstance(quiet.backend, NumpyBackend)
    assert sum(quiet.backend.calls) == 300


def test_the_wait_for_images_is_counted() -> None:
    """Two seconds for each item on a clock that ticks, beside three of a network."""
    ticks = iter([0.0, 2.0, 10.0, 12.0, 20.0, 22.0])
    meter = Meter(clock=lambda: next(ticks))
    assert list(meter.awaited(iter("ab"))) == ["a", "b"]
    assert meter.waited == 4.0
    meter.rate("net").rows, meter.rate("net").seconds = 60, 3.0
    assert meter.waiting == pytest.approx(4 / 7)
    assert meter.words("net") == "20 images/s, 57% waiting"
    meter.rate("net").bare = 40.0
    assert meter.words("net") == "20 images/s, 50% of bare, 57% waiting"
    assert meter.words("other") == ""
    kept = meter.as_dict()
    assert kept["seconds_waiting_for_images"] == 4.0
