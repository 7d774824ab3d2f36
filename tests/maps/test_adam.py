"""The paper's fit against torch.optim.Adam written out, and what may go wrong in hours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from rows import Kill, KillAfter, float32_world, normalised_loss
from worlds import World, make_world

from samefeatures.base.errors import ConfigError, MapError, MissingExtraError
from samefeatures.features.shuffle import Shuffle
from samefeatures.maps import Adam, AffineMap, Cosine
from samefeatures.maps import checkpoint as checkpoints

SMALL = {"iterations": 350, "batch": 64, "pool": 256, "seed": 4}


def fit(world: World, targets: list[str], **options: object) -> list[AffineMap]:
    method = Adam(**{**SMALL, **options})  # type: ignore[arg-type]
    return list(method.fit(world.problem("a"), targets))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small products take longer on many."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def world(noisy_world: World) -> World:
    """300 rows in pools of 256: an epoch is two pools."""
    return float32_world(noisy_world)


def plain(world: World, target: str, method: Adam) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """The same start and batches through nn.Linear, autograd and torch.optim.Adam."""
    x = torch.tensor(world.features["a"], dtype=torch.float32)
    y = torch.tensor(world.features[target], dtype=torch.float32)
    n, d_a = x.shape
    d_b = y.shape[1]
    layer = torch.nn.Linear(d_a, d_b)
    limit = np.sqrt(6 / (d_a + d_b))
    start = np.random.default_rng([method.seed, d_b, d_a]).uniform(-limit, limit, (d_b, d_a))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(start))
        layer.bias.zero_()
    adam = torch.optim.Adam(layer.parameters(), lr=0.1, betas=(0.9, 0.999), eps=1e-8)
    decay = torch.optim.lr_scheduler.ExponentialLR(adam, 1 - 1e-5)
    numbers = np.arange(n)[:, None].astype(np.float32)
    dealt: list[int] = []
    stream = Shuffle(rows=n, pool=method.pool, seed=method.seed).stream(
        lambda i, j: numbers[i:j], start=0
    )
    while len(dealt) < method.iterations * method.batch:
        pool, order = next(stream)
        dealt += pool[order, 0].astype(int).tolist()
    losses = []
    for step in range(method.iterations):
        rows = dealt[step * method.batch : (step + 1) * method.batch]
        p, t = layer(x[rows]), y[rows]
        unit = torch.nn.functional.normalize
        loss = ((unit(p) - unit(t)) ** 2).sum(dim=1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        decay.step()
        losses.append(loss.item())
    return layer.weight.detach().numpy(), layer.bias.detach().numpy(), losses


def test_it_is_torchs_adam_written_out(world: World) -> None:
    for fitted in fit(world, ["b", "c"]):
        weight, bias, losses = plain(world, fitted.target, Adam(**SMALL))  # type: ignore[arg-type]
        assert fitted.curve is not None
        assert fitted.curve.unit == "batch"
        np.testing.assert_allclose(fitted.curve.loss[:50], losses[:50], rtol=2e-4)
        np.testing.assert_allclose(fitted.curve.loss, losses, atol=5e-3)
        np.testing.assert_allclose(fitted.weight, weight, atol=0.02 * np.abs(weight).max())
        np.testing.assert_allclose(fitted.bias, bias, atol=0.02 * np.abs(weight).max())


def test_it_comes_near_the_least_loss() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(2000, 6))
    b = a @ rng.normal(size=(6, 5)) + 2 + 0.5 * rng.normal(size=(2000, 5))
    world = float32_world(make_world({"a": a, "b": b}))
    (fitted,) = fit(world, ["b"], batch=500, rate=0.01, iterations=1500, pool=4096)
    (best,) = Cosine(tolerance=1e-9).fit(world.problem("a"), ["b"])
    assert best.fit.loss is not None
    assert best.fit.loss <= normalised_loss(world, fitted) < 1.02 * best.fit.loss
    assert fitted.fit.loss == pytest.approx(normalised_loss(world, fitted), rel=0.02)
    assert fitted.fit.steps == 1500


@pytest.mark.parametrize("calls", [1, 2, 4])
def test_a_killed_fit_goes_on_to_the_same_bits(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    whole = fit(world, ["b", "c"])
    path = tmp_path / "a.npz"
    method = Adam(**SMALL)  # type: ignore[arg-type]
    problem = world.problem("a", progress=KillAfter(calls)).keeping(path)
    with pytest.raises(Kill):
        list(method.fit(problem, ["b", "c"]))
    assert path.exists() == (calls > 1)
    done = []

    class Seen:
        def task(self, description: str, total: int):  # type: ignore[no-untyped-def]
            return done.append

    resumed = list(method.fit(world.problem("a", progress=Seen()).keeping(path), ["b", "c"]))
    # The first call of ``advance`` says where the fit begins; the one that raised came before
    # its window was saved.
    assert done[0] == 100 * (calls - 1)
    assert sum(done) == 350
    for one, other in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)
        np.testing.assert_array_equal(one.bias, other.bias)
        np.testing.assert_array_equal(one.curve.loss, other.curve.loss)  # type: ignore[union-attr]
    assert not path.exists()


def test_a_target_that_was_kept_before_the_kill_is_left_alone(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "SECONDS", 0.0)
    whole = fit(world, ["b", "c"])
    path = tmp_path / "a.npz"
    method = Adam(**SMALL)  # type: ignore[arg-type]
    problem = world.problem("a").keeping(path)
    next(method.fit(problem, ["b", "c"]))
    (rest,) = method.fit(problem, ["c"])
    np.testing.assert_array_equal(rest.weight, whole[1].weight)


def test_a_rate_that_diverges_is_stopped_and_the_best_is_kept(world: World) -> None:
    sane, mad = (fit(world, ["b"], rate=rate)[0] for rate in (0.1, 1e25))
    assert not sane.fit.message
    assert "Adam into b diverged and was stopped after 100 batches" in mad.fit.message
    assert np.isfinite(mad.weight).all()
    assert mad.curve is not None
    assert len(mad.curve.loss) == mad.fit.steps == 100


def test_a_loss_that_rises_is_stopped_and_its_neighbour_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from samefeatures.maps.normalised import adam_loop

    plain_loss, calls = adam_loop._loss, 0

    def rising(p: torch.Tensor, units: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        loss = plain_loss(p, units)
        calls += 1
        return loss + (1.0 if p.shape[1] == 5 and calls > 2 * 200 else 0.0)

    monkeypatch.setattr(adam_loop, "_loss", rising)
    b, c = fit(world, ["b", "c"])
    assert "stopped after 300 batches; the map is that after its best 100 batches" in b.fit.message
    assert b.fit.loss is not None
    assert b.fit.loss < 0.5
    assert not c.fit.message
    assert c.fit.steps == 350
    monkeypatch.setattr(adam_loop, "_loss", plain_loss)
    (good,) = fit(world, ["b"], iterations=200)
    np.testing.assert_allclose(b.weight, good.weight, rtol=1e-4, atol=1e-5)


def test_zero_vectors_do_not_move_the_map(world: World) -> None:
    b = world.features["b"].copy()
    b[::3] = 0
    (fitted,) = fit(World(world.networks, {**world.features, "b": b}), ["b"])
    assert "100 of 300 fit rows of b are zero vectors" in fitted.fit.message
    assert fitted.curve is not None
    assert fitted.curve.loss[-1] == pytest.approx(1 / 3, abs=0.15)
    with pytest.raises(MapError, match="All 300 fit rows of b"):
        fit(World(world.networks, {**world.features, "b": 0 * b}), ["b"])


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util
    import sys

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'samefeatures\[torch\]'"):
        Adam()


def test_a_device_that_is_not_there(world: World) -> None:
    with pytest.raises(ConfigError, match="device 'cuda:7' of adam is not there"):
        fit(world, ["b"], device="cuda:7")


@pytest.mark.parametrize(
    "options",
    [
        {"iterations": 0},
        {"batch": 2.5},
        {"pool": 10},
        {"seed": -1},
        {"rate": 0},
        {"decay": 1},
        {"beta1": -0.1},
        {"beta2": 1.0},
        {"epsilon": "1e-8"},
        {"max_rise": float("nan")},
    ],
)
def test_options_that_mean_nothing(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"option {next(iter(options))} of adam"):
        Adam(**options)  # type: ignore[arg-type]


def test_the_defaults_are_the_papers() -> None:
    paper = {"iterations": 100_000, "batch": 2048, "rate": 0.1, "decay": 1e-5}
    tensorflow = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
    assert {**paper, **tensorflow}.items() <= Adam().options.items()
