"""The canonical space against generalised eigenproblems, CCA, regressions and shuffled rows."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from worlds import World, make_world

from samefeatures.algebra import HOST
from samefeatures.algebra.krylov import leading
from samefeatures.base.errors import ConfigError, MapError
from samefeatures.maps import OLS, Canonical, Ridge
from samefeatures.maps.canonical import stack as stack_module
from samefeatures.maps.canonical.chance import chance_level
from samefeatures.maps.canonical.record import CanonicalSpace
from samefeatures.maps.canonical.solve import CanonicalSpaces, attached, spaces_without
from samefeatures.maps.canonical.stack import Stack
from samefeatures.maps.problem import SourceProblem

N = 400
DIMS = {"a": 9, "b": 7, "c": 5, "d": 6}


@pytest.fixture(scope="module")
def world() -> World:
    """Four spaces that share three directions, and have noise and means of their own."""
    rng = np.random.default_rng(3)
    latent = rng.normal(size=(N, 3)) * [3, 2, 1]
    return make_world(
        {
            name: latent @ rng.normal(size=(3, d))
            + rng.normal(size=(N, d))
            + 5 * rng.normal(size=d)
            for name, d in DIMS.items()
        }
    )


def prints(world: World) -> dict[str, str]:
    return {name: network.fingerprint for name, network in world.networks.items()}


def space(world: World, k: int | None, alpha: float = 0.0) -> CanonicalSpace:
    return CanonicalSpaces(world.moments, prints(world)).of(k, alpha)


def whole(world: World) -> tuple[np.ndarray, np.ndarray]:
    """S, and its blocks on the diagonal alone."""
    centred = [x - x.mean(axis=0) for x in world.features.values()]
    z = np.hstack(centred)
    return z.T @ z, scipy.linalg.block_diag(*(x.T @ x for x in centred))


def test_it_is_the_generalised_eigenproblem(world: World) -> None:
    second, blocks = whole(world)
    values, vectors = scipy.linalg.eigh(second, blocks)
    found = space(world, 5)
    np.testing.assert_allclose(found.shared, values[::-1][:5], rtol=1e-10)
    start = 0
    for name, dim in DIMS.items():
        part = vectors[start : start + dim, ::-1][:, :5]  # (d, 5)
        start += dim
        ours = found.member(name).encoder.T / np.sqrt(N * found.shared)
        signs = np.sign((ours * part).sum(axis=0))
        np.testing.assert_allclose(ours, part * signs, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("alpha", [0.0, 0.05])
def test_encoders_and_decoders_are_regressions_on_its_points(world: World, alpha: float) -> None:
    found = space(world, 4, alpha)
    points = found.points(world.features)
    np.testing.assert_allclose(points.T @ points, N * np.eye(4), atol=1e-8)
    for name, x in world.features.items():
        member, centred = found.member(name), x - x.mean(axis=0)
        shift = alpha * (centred**2).sum() / centred.shape[1]
        within = centred.T @ centred + shift * np.eye(centred.shape[1])
        encoder = np.linalg.solve(within, centred.T @ points)
        np.testing.assert_allclose(member.encoder, encoder.T, rtol=1e-8, atol=1e-10)
        decoder, *_ = np.linalg.lstsq(points, centred)
        np.testing.assert_allclose(member.decoder, decoder.T, rtol=1e-8, atol=1e-10)


def test_of_two_networks_it_is_cca() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=(200, 6))
    b = a[:, :4] @ rng.normal(size=(4, 5)) + rng.normal(size=(200, 5))
    found = space(make_world({"a": a, "b": b}), 5)
    bases = [np.linalg.svd(x - x.mean(axis=0), full_matrices=False)[0] for x in (a, b)]
    correlations = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
    np.testing.assert_allclose(found.shared, 1 + correlations, rtol=1e-10)


def test_all_directions_are_ols_and_with_a_ridge_ridge(world: World) -> None:
    rank = sum(DIMS.values())
    for method, alpha in ((OLS(), 0.0), (Ridge(alpha=0.3), 0.3)):
        for source in DIMS:
            problem = world.problem(source)
            targets = [name for name in DIMS if name != source]
            ours = Canonical(k=rank, alpha=alpha).fit(problem, targets)
            for one, other in zip(ours, method.fit(problem, targets), strict=True):
                np.testing.assert_allclose(one.weight, other.weight, rtol=1e-8, atol=1e-10)
                np.testing.assert_allclose(one.bias, other.bias, rtol=1e-8, atol=1e-8)


def test_a_few_shared_directions_are_enough(world: World) -> None:
    """Three are shared; what is above chance is these."""
    assert space(world, None).k == 3
    full, few = space(world, 27), space(world, 3)
    x, y = world.features["a"], world.features["b"]
    errors = [
        ((m.apply(x, of=world.networks["a"]) - y) ** 2).sum()
        for m in (full.map("a", "b"), few.map("a", "b"))
    ]
    assert errors[1] < 1.1 * errors[0]


def test_small_spaces_are_the_first_directions_of_large_ones(world: World) -> None:
    large, small = space(world, 6).first(2), space(world, 2)
    for ours, theirs in zip(large.members, small.members, strict=True):
        np.testing.assert_allclose(ours.encoder, theirs.encoder, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(ours.decoder, theirs.decoder, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        space(world, 6).map("a", "b", k=2).weight, small.map("a", "b").weight
    )


@pytest.fixture(scope="module")
def wide() -> World:
    """Five spaces of 1,100 features that share thirty directions, some more than others."""
    rng = np.random.default_rng(4)
    latent = rng.normal(size=(2000, 30)) * np.geomspace(3, 0.3, 30)
    dims = {"a": 150, "b": 290, "c": 240, "d": 210, "e": 210}
    return make_world(
        {
            name: latent @ rng.normal(size=(30, d)) + rng.normal(size=(2000, d))
            for name, d in dims.items()
        }
    )


@pytest.mark.parametrize("k", [9, None])
def test_lanczos_finds_what_all_eigenvectors_hold(
    wide: World, monkeypatch: pytest.MonkeyPatch, k: int | None
) -> None:
    dense = space(wide, k)
    monkeypatch.setattr(stack_module, "DENSE", 1)
    monkeypatch.setattr(stack_module, "FEW", 16)
    asked = []
    monkeypatch.setattr(
        stack_module, "leading", lambda m, count: asked.append(count) or leading(m, count)
    )
    monkeypatch.setattr(Stack, "_all_of", None)
    found = space(wide, k)
    assert asked == ([9] if k else [16, 32])
    assert k or 16 < found.k < 32
    np.testing.assert_allclose(found.shared, dense.shared, rtol=1e-12)
    for ours, theirs in zip(found.members, dense.members, strict=True):
        np.testing.assert_allclose(ours.encoder, theirs.encoder, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(ours.decoder, theirs.decoder, rtol=1e-8, atol=1e-10)


def test_lanczos_finds_the_spaces_of_all_but_one(
    wide: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together, in the matrix of all; against all eigenvectors of each matrix alone."""
    stack, known = Stack(wide.moments, alpha=0.01), prints(wide)
    dense = spaces_without(stack, wide.moments, known, k=8, alpha=0.01)
    monkeypatch.setattr(stack_module, "DENSE", 1)
    monkeypatch.setattr(Stack, "_all_of", None)
    found = spaces_without(stack, wide.moments, known, k=8, alpha=0.01)
    assert list(found) == list(dense) == list(wide.features)
    for name, theirs in dense.items():
        ours = found[name]
        assert ours.names == theirs.names == tuple(n for n in wide.features if n != name)
        assert ours.chance == theirs.chance
        np.testing.assert_allclose(ours.shared, theirs.shared, rtol=1e-12)
        for one, other in zip(ours.members, theirs.members, strict=True):
            np.testing.assert_allclose(one.encoder, other.encoder, rtol=1e-8, atol=1e-10)
            np.testing.assert_allclose(one.decoder, other.decoder, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_one_that_is_left_out_is_attached_by_regressions(world: World, alpha: float) -> None:
    names = ["a", "b", "d"]
    stack = Stack(world.moments, alpha=alpha)
    known = prints(world)
    part = spaces_without(stack, world.moments, known, k=3, alpha=alpha)["c"]
    assert part.names == ("a", "b", "d")
    points = part.points({name: world.features[name] for name in names})
    late = attached(part, stack, world.moments, "c", known["c"])
    centred = world.features["c"] - world.features["c"].mean(axis=0)
    shift = alpha * (centred**2).sum() / 5
    encoder = np.linalg.solve(centred.T @ centred + shift * np.eye(5), centred.T @ points)
    np.testing.assert_allclose(late.encoder, encoder.T, rtol=1e-8, atol=1e-11)
    decoder, *_ = np.linalg.lstsq(points, centred)
    np.testing.assert_allclose(late.decoder, decoder.T, rtol=1e-8, atol=1e-11)
    assert late.attached
    alone = make_world({name: world.features[name] for name in names})
    np.testing.assert_allclose(part.shared, space(alone, 3, alpha).shared, rtol=1e-10)


@pytest.mark.parametrize(
    ("n", "dims", "alpha"),
    [(600, (60, 90, 30, 120), 0.0), (600, (60, 90, 30, 120), 0.5), (300, (200, 180), 0.0)],
)
def test_chance_is_what_shuffled_rows_give(n: int, dims: tuple[int, ...], alpha: float) -> None:
    """Spaces that share everything, rows of each permuted: the largest eigenvalue."""
    rng = np.random.default_rng(7)
    latent = rng.normal(size=(n, 30))
    shuffled = {}
    for place, d in enumerate(dims):
        x = latent @ rng.normal(size=(30, d)) + rng.exponential(size=(n, d))
        shuffled[f"s{place}"] = x[rng.permutation(n)]
    stack = Stack(make_world(shuffled).moments, alpha=alpha)
    largest = np.linalg.eigvalsh(stack.matrix)[-1]
    assert largest == pytest.approx(stack.chance(), rel=0.03)


def test_chance_where_it_is_known() -> None:
    """Two projections of share γ: 1 + 2√(γ(1−γ)), and 2 where they must meet.

    Near the edge E the density of their sum is √(2 (E − 1) (E − x)) / (π E (2 − E)), of which the
    width of the Tracy–Widom law follows.
    """
    for rank in (10, 100, 300):
        share = rank / 1000
        edge = 1 + 2 * np.sqrt(share * (1 - share))
        slope = np.sqrt(2 * (edge - 1)) / (edge * (2 - edge))
        expected = edge + 0.9793 * (1000 * slope) ** (-2 / 3)
        assert chance_level([np.ones(rank)] * 2, 1001) == pytest.approx(expected, rel=1e-4)
    assert chance_level([np.ones(700)] * 2, 1001) == pytest.approx(2, rel=1e-5)
    assert chance_level([np.ones(3), np.zeros(0)], 101) == pytest.approx(1, rel=1e-5)
    assert chance_level([np.zeros(0)], 101) == 0


def test_every_space_is_made_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = stack_module.Stack._matrix
    monkeypatch.setattr(Stack, "_matrix", lambda self, *given: made.append(1) or real(self, *given))
    spaces = CanonicalSpaces(world.moments, prints(world))
    for source in DIMS:
        problem = SourceProblem(source, world.networks, world.moments, canonical=spaces)
        list(Canonical(k=2).fit(problem, [name for name in DIMS if name != source]))
    assert len(made) == 1


@pytest.mark.parametrize("n", [2, 3, 8])
def test_few_rows_span_few_directions(n: int) -> None:
    rng = np.random.default_rng(n)
    world = make_world({"a": rng.normal(size=(n, 9)), "b": rng.normal(size=(n, 9))})
    found = space(world, n - 1)
    np.testing.assert_allclose(found.shared, np.full(n - 1, 2.0), rtol=1e-8)
    with pytest.raises(MapError, match=f"span {n - 1} directions.*at most {n - 1}, or more rows"):
        space(world, n)
    assert space(world, None).k == 0, "all of it is chance"


def test_k_above_the_rank_is_refused(world: World) -> None:
    twice = make_world({"a": world.features["a"], "b": 2 * world.features["a"]})
    assert space(twice, 9).shared == pytest.approx(np.full(9, 2.0))
    with pytest.raises(MapError, match="k is 10, but the features of a, b span 9 directions"):
        space(twice, 10)
    with pytest.raises(MapError, match=r"span 27 directions\. Take k of at most 27\.$"):
        space(world, 28)
    with pytest.raises(MapError, match="k is 5, but this space has 4 directions"):
        space(world, 4).map("a", "b", k=5)
    for k in (0, True, 1.5, "3"):
        with pytest.raises(ConfigError, match="option k of canonical"):
            Canonical(k=k)  # type: ignore[arg-type]
    for alpha in (-0.1, float("nan"), "1"):
        with pytest.raises(ConfigError, match="option alpha of canonical"):
            Canonical(alpha=alpha)  # type: ignore[arg-type]


def test_a_map_says_why_it_is_constant(world: World) -> None:
    found = space(world, 5)
    assert found.map("a", "b", k=0).fit.message == "k is 0: the map is constant"
    assert not found.map("a", "b", k=np.int64(2)).fit.message
    rng = np.random.default_rng(4)
    apart = make_world({name: rng.normal(size=(N, 5)) for name in "ab"})
    message = space(apart, None).map("a", "b").fit.message
    assert message.startswith("no direction is shared by more than Gaussian noise")


def test_options_are_those_that_are_given() -> None:
    """So that none is shown as None, and maps of all that are shared have a key of their own."""
    assert Canonical().options == {"alpha": 0.01}
    assert Canonical(k=3, alpha=0.0).options == {"k": 3, "alpha": 0.0}


def test_networks_of_another_order_name_or_weights_are_refused(world: World) -> None:
    found = space(world, 2)
    found.check(world.networks)
    turned = dict(reversed(world.networks.items()))
    with pytest.raises(MapError, match="is of a, b, c, d, but d, c, b, a came"):
        found.check(turned)
    with pytest.raises(MapError, match=r"Points are made of .* a, b, c, d, but d, c, b, a came"):
        found.points(dict(reversed(world.features.items())))
    other = {**world.networks, "b": make_world({"b": np.ones((2, 8))}).networks["b"]}
    with pytest.raises(MapError, match="this b has print-b-8: other weights"):
        found.check(other)
    with pytest.raises(MapError, match=r"has no network 'bb'\. Did you mean 'b'"):
        found.map("a", "bb")


def test_it_runs_where_the_problem_says(world: World) -> None:
    asked = []

    class Place:
        device = "elsewhere"

        def __getattr__(self, name: str) -> object:
            asked.append(name)
            return getattr(HOST, name)

    list(Canonical(k=2).fit(world.problem("a", algebra=Place()), ["b"]))
    assert asked.count("eigenvalues") == 5
    assert set(asked) == {"eigenvalues", "product"}
