"""The file of a canonical space, and networks that are attached to it later."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import samefeatures as sf
from samefeatures.base.errors import ConfigError, FeatureError, MapError
from samefeatures.features.rows import ArrayRows
from samefeatures.maps.canonical.saved import read_space

N = 300


def arrays(*, seed: int = 5) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(N, 3))
    return {
        name: (latent @ rng.normal(size=(3, d)) + 0.5 * rng.normal(size=(N, d)) + 4).astype(
            np.float32
        )
        for name, d in {"a": 8, "b": 6, "c": 7, "late": 5}.items()
    }


@pytest.fixture(scope="module")
def spaces() -> dict[str, np.ndarray]:
    return arrays()


@pytest.fixture(scope="module")
def space(spaces: dict[str, np.ndarray]) -> sf.CanonicalSpace:
    return sf.canonical_space({name: spaces[name] for name in "abc"}, k=3)


def test_a_file_is_the_space_again(space: sf.CanonicalSpace, tmp_path: Path) -> None:
    space.save(tmp_path / "space.safetensors")
    again = sf.CanonicalSpace.load(tmp_path / "space.safetensors")
    assert again.names == ("a", "b", "c")
    assert (again.k, again.rows, again.alpha, again.chance) == (3, N, 0.01, space.chance)
    np.testing.assert_array_equal(again.shared, space.shared)
    np.testing.assert_array_equal(again.map("a", "c").weight, space.map("a", "c").weight)
    assert again.anchors is not None
    assert space.anchors is not None
    np.testing.assert_array_equal(again.anchors.points, space.anchors.points)
    said, _ = read_space(tmp_path / "space.safetensors")
    assert (said.anchored, said.identified) == (True, False)
    again.save(tmp_path / "again.safetensors")
    first, second = (tmp_path / f"{n}.safetensors" for n in ("space", "again"))
    assert first.read_bytes() == second.read_bytes()


def test_what_is_said_of_members_comes_back(spaces: dict[str, np.ndarray], tmp_path: Path) -> None:
    twice = {"a": np.hstack([spaces["a"], spaces["a"][:, :2]]), "b": spaces["b"]}
    found = sf.canonical_space(twice, k=2)
    a, b = found.members
    assert (a.dim, a.rank, b.dim, b.rank) == (10, 8, 6, 6)
    endless = replace(b, condition=math.inf)  # as of features of which one is all but constant
    replace(found, members=(a, endless)).save(tmp_path / "space.safetensors")
    again = sf.CanonicalSpace.load(tmp_path / "space.safetensors").members
    for before, after in zip((a, endless), again, strict=True):
        for field in ("name", "fingerprint", "dim", "rank", "condition", "spread", "attached"):
            assert getattr(after, field) == getattr(before, field)


def test_a_damaged_file_is_refused(space: sf.CanonicalSpace, tmp_path: Path) -> None:
    path = tmp_path / "space.safetensors"
    with pytest.raises(MapError, match="There is no canonical space at"):
        sf.CanonicalSpace.load(path)
    space.save(path)
    whole = path.read_bytes()
    for place in (len(whole) - 5, whole.index(b"alpha") + 12, whole.index(b'\\"k\\": 3') + 7, 30):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1
        path.write_bytes(bytes(spoilt))
        with pytest.raises(MapError, match="is not a canonical space"):
            sf.CanonicalSpace.load(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MapError, match="is not a canonical space"):
        sf.CanonicalSpace.load(path)
    sf.fit_map(np.eye(4), np.eye(4)).save(path)
    with pytest.raises(MapError, match=r"is not a canonical space .*it holds something else"):
        sf.CanonicalSpace.load(path)


def test_one_that_comes_later_has_maps_to_and_from_all(
    space: sf.CanonicalSpace, spaces: dict[str, np.ndarray], tmp_path: Path
) -> None:
    space.save(tmp_path / "space.safetensors")
    loaded = sf.CanonicalSpace.load(tmp_path / "space.safetensors")
    whole = sf.attach(loaded, "late", spaces["late"])
    assert whole.names == ("a", "b", "c", "late")
    points = space.points({name: spaces[name].astype(float) for name in "abc"})
    x = spaces["late"].astype(float)
    centred = x - x.mean(axis=0)
    shift = 0.01 * (centred**2).sum() / 5
    encoder = np.linalg.solve(centred.T @ centred + shift * np.eye(5), centred.T @ points)
    np.testing.assert_allclose(whole.member("late").encoder, encoder.T, atol=1e-6)
    decoder, *_ = np.linalg.lstsq(points, centred)
    np.testing.assert_allclose(whole.member("late").decoder, decoder.T, atol=1e-6)
    for source, target in (("late", "a"), ("a", "late")):
        direct = sf.fit_map(spaces[source], spaces[target])
        found = sf.r2(whole.map(source, target), spaces[source], spaces[target])
        assert found > sf.r2(direct, spaces[source], spaces[target]) - 0.05
    whole.save(tmp_path / "space.safetensors")
    again = sf.CanonicalSpace.load(tmp_path / "space.safetensors")
    assert [member.attached for member in again.members] == [False, False, False, True]
    assert again.first(2).anchors is not None
    np.testing.assert_array_equal(again.map("late", "a").weight, whole.map("late", "a").weight)


def test_what_can_not_be_attached(space: sf.CanonicalSpace, spaces: dict[str, np.ndarray]) -> None:
    late = spaces["late"]
    with pytest.raises(MapError, match="has a network a already"):
        sf.attach(space, "a", late)
    with pytest.raises(MapError, match="fitted on 300 rows, but late has 299"):
        sf.attach(space, "late", late[1:])
    for same in (np.full_like(late, 0.3), np.zeros_like(late)):
        with pytest.raises(MapError, match="features of late are the same for all 300 rows"):
            sf.attach(space, "late", same)
    broken = late.copy()
    broken[7, 2] = np.nan
    with pytest.raises(FeatureError, match="late"):
        sf.attach(space, "late", broken)
    moments = sf.moments({name: spaces[name] for name in "abc"})
    bare = sf.canonical_space(moments, k=3)
    np.testing.assert_allclose(bare.shared, space.shared)
    with pytest.raises(MapError, match="made of moments alone"):
        sf.attach(bare, "late", late)


def test_other_images_are_told_by_their_ids(spaces: dict[str, np.ndarray], tmp_path: Path) -> None:
    ids = [f"image {i}" for i in range(N)]
    rows = {
        name: ArrayRows(name=name, values=x, fingerprint="", ids=ids) for name, x in spaces.items()
    }
    late = rows.pop("late")
    found = sf.canonical_space(rows, k=2)
    assert sf.attach(found, "late", late).names[-1] == "late"
    turned = ArrayRows(name="late", values=late.values, fingerprint="", ids=ids[::-1])
    with pytest.raises(MapError, match="other images than the space: row 0 is 'image 299', and"):
        sf.attach(found, "late", turned)
    found.save(tmp_path / "space.safetensors")
    assert read_space(tmp_path / "space.safetensors")[0].identified
    again = sf.CanonicalSpace.load(tmp_path / "space.safetensors")
    assert sf.attach(again, "late", late).names[-1] == "late"
    with pytest.raises(MapError, match="other images than the space: row 0 is 'image 299', and"):
        sf.attach(again, "late", turned)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows(n: int) -> None:
    rng = np.random.default_rng(0)
    few = {"a": rng.normal(size=(n, 4)), "b": rng.normal(size=(n, 3))}
    if n == 1:
        with pytest.raises(MapError, match="at least 2 spaces and 2 rows, but 2 of 1 came"):
            sf.canonical_space(few)
        return
    assert sf.canonical_space(few, k=n - 1).k == n - 1
    with pytest.raises(MapError, match=f"k is {n}, but {n} rows of a, b span {n - 1}"):
        sf.canonical_space(few, k=n)


def test_what_makes_no_space(spaces: dict[str, np.ndarray]) -> None:
    with pytest.raises(MapError, match="at least 2 spaces"):
        sf.canonical_space({"a": spaces["a"]})
    with pytest.raises(FeatureError, match="spaces by name"):
        sf.canonical_space([spaces["a"]])  # type: ignore[arg-type]
    with pytest.raises(FeatureError, match="a is nan in row 0"):
        sf.canonical_space({"a": spaces["a"] * np.nan, "b": spaces["b"]})
    with pytest.raises(ConfigError, match="k is 0"):
        sf.canonical_space(spaces, k=0)
    with pytest.raises(ConfigError, match="alpha is -1"):
        sf.canonical_space(spaces, alpha=-1)


def test_rows_that_can_be_read_once_make_a_space_without_anchors(
    spaces: dict[str, np.ndarray],
) -> None:
    once = {name: iter(np.array_split(spaces[name], 3)) for name in "ab"}
    found = sf.canonical_space(once, k=2)
    assert found.anchors is None
