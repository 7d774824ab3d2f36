"""The record of a map: apply, compose, fold, save, and its direction."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from worlds import World

from samefeatures.base.errors import MapError, NetworkError
from samefeatures.features.rows import ArrayRows
from samefeatures.maps import OLS, AffineMap, FitNote


def fitted(world: World, source: str, target: str) -> AffineMap:
    (out,) = OLS().fit(world.problem(source), [target])
    return out


def test_fold_is_map_then_head(noisy_world: World) -> None:
    m = fitted(noisy_world, "a", "b")
    a, target = noisy_world.features["a"], noisy_world.networks["b"]
    folded = m.fold(target).logits(a.astype(np.float32))
    stepwise = target.head.logits(m.apply(a, of=noisy_world.networks["a"]).astype(np.float32))
    np.testing.assert_allclose(folded, stepwise, rtol=1e-4, atol=1e-3)


def test_compose_is_one_after_the_other(noisy_world: World) -> None:
    ab, bc = fitted(noisy_world, "a", "b"), fitted(noisy_world, "b", "c")
    nets, a = noisy_world.networks, noisy_world.features["a"]
    both = ab.compose(bc)
    assert (both.source, both.target, both.method) == ("a", "c", "ols, ols")
    stepwise = bc.apply(ab.apply(a, of=nets["a"]), of=nets["b"])
    np.testing.assert_allclose(both.apply(a, of=nets["a"]), stepwise, rtol=1e-9, atol=1e-9)
    with pytest.raises(MapError, match="must start at b"):
        ab.compose(ab)


def test_the_wrong_direction_is_refused(noisy_world: World) -> None:
    m = fitted(noisy_world, "a", "b")
    with pytest.raises(MapError, match="takes features of a, but b came"):
        m.apply(noisy_world.features["b"], of=noisy_world.networks["b"])
    with pytest.raises(MapError, match="folds into the head of b, but a came"):
        m.fold(noisy_world.networks["a"])


def test_another_networks_head_is_refused(noisy_world: World) -> None:
    m = fitted(noisy_world, "a", "b")
    retrained = replace(noisy_world.networks["b"], fingerprint="other weights")
    with pytest.raises(MapError, match="other weights"):
        m.fold(retrained)
    with pytest.raises(MapError, match=r"\(n, 7\)"):
        m.apply(noisy_world.features["b"], of=noisy_world.networks["a"])


def test_saved_and_loaded_to_the_bit(noisy_world: World, tmp_path: Path) -> None:
    m = replace(fitted(noisy_world, "a", "b"), fit=FitNote(rank=3, full_rank=7, message="why"))
    m.save(tmp_path / "m.safetensors")
    again = AffineMap.load(tmp_path / "m.safetensors")
    assert np.array_equal(again.weight, m.weight)
    assert np.array_equal(again.bias, m.bias)
    assert str(again) == "ols: a → b"
    assert again.fit == m.fit
    assert again.source_fingerprint == m.source_fingerprint
    assert list(tmp_path.iterdir()) == [tmp_path / "m.safetensors"]


def test_damaged_missing_and_foreign_files(tmp_path: Path, noisy_world: World) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(MapError, match="no map at"):
        AffineMap.load(path)
    fitted(noisy_world, "a", "b").save(path)
    whole = path.read_bytes()
    for at in range(len(whole) - 8 * 40, len(whole), 11):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(MapError, match="not a saved map"):
            AffineMap.load(path)
    path.write_bytes(whole[:-9])
    with pytest.raises(MapError, match="not a saved map"):
        AffineMap.load(path)
    from safetensors.numpy import save_file

    save_file({"weight": np.zeros((2, 2))}, path)
    with pytest.raises(MapError, match="not a saved map"):
        AffineMap.load(path)


def test_shapes_and_values_are_checked(noisy_world: World) -> None:
    m = fitted(noisy_world, "a", "b")
    with pytest.raises(MapError, match="NaN"):
        replace(m, bias=np.full(5, np.nan))
    with pytest.raises(MapError, match="must be"):
        replace(m, bias=np.zeros(4))


with warnings.catch_warnings():
    warnings.simplefilter("ignore", PendingDeprecationWarning)  # NumPy says that of every matrix
    MATRIX = np.asmatrix(np.eye(2))
PARTS = {
    "weight": np.eye(2),
    "bias": np.zeros(2),
    "source": "a",
    "target": "b",
    "method": "m",
    "source_fingerprint": "",
    "target_fingerprint": "",
}


@pytest.mark.parametrize(
    ("what", "given"),
    [
        *(("weight", np.eye(2).astype(kind)) for kind in ("f4", "i8", ">f8", "O", "c16", "U3")),
        ("weight", [[1.0, 0.0], [0.0, 1.0]]),
        ("weight", MATRIX),
        ("weight", np.ma.masked_equal(np.eye(2), 0)),
        ("bias", np.zeros(2, np.float32)),
        ("bias", None),
        *((what, given) for what in ("source", "method") for given in (3, None, b"a", "a\ud800")),
        ("target_fingerprint", None),
        ("fit", None),
    ],
)
def test_what_could_not_be_loaded_again_is_no_map(what: str, given: Any) -> None:
    AffineMap(**PARTS)
    with pytest.raises(MapError, match=f"{what} of a map is"):
        AffineMap(**{**PARTS, what: given})


@pytest.mark.parametrize("rank", [np.int64(2), 2.5, "two"])
def test_a_note_that_could_not_be_read_is_not_written(rank: Any, tmp_path: Path) -> None:
    m = AffineMap(**PARTS, fit=FitNote(rank=rank))
    with pytest.raises(MapError, match="can't be written"):
        m.save(tmp_path / "m.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_map_of_before_has_no_seal_and_loads(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    AffineMap(**PARTS).save(path)

    def written(change: Callable[[dict[str, Any]], object]) -> None:
        with safe_open(path, framework="numpy") as file:
            raw = json.loads(file.metadata()["samefeatures.map"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        change(raw)
        save_file(tensors, path, metadata={"samefeatures.map": json.dumps(raw)})

    written(lambda raw: raw.pop("seal"))
    assert AffineMap.load(path).source == "a"
    AffineMap(**PARTS).save(path)
    written(lambda raw: raw.update(source="other"))
    with pytest.raises(MapError, match="what it says of itself is not what was written"):
        AffineMap.load(path)


def test_features_that_say_whose_they_are_are_those_of_the_source() -> None:
    m, twin = AffineMap(**PARTS), AffineMap(**{**PARTS, "target": "a"})
    rows = {k: ArrayRows(name=k, values=np.eye(2, dtype=np.float32), fingerprint="") for k in "abc"}
    for features in (rows["a"], rows["c"], np.eye(2)):
        np.testing.assert_array_equal(m.apply(features), np.eye(2))
    np.testing.assert_array_equal(twin.apply(rows["a"]), np.eye(2))
    with pytest.raises(MapError, match="takes features of a, but these are of b"):
        m.apply(rows["b"])


def test_what_is_no_map_no_network_and_no_head() -> None:
    m = AffineMap(**PARTS)
    x: Any = np.eye(2)
    for given in ("b", 3, x, {"name": "a"}):
        with pytest.raises(MapError, match=r"takes features of a, but .* has no name"):
            m.apply(x, of=given)
        with pytest.raises(MapError, match=r"folds into the head of b, but .* has no name"):
            m.fold(given)
        with pytest.raises(MapError, match="compose takes a map, not"):
            m.compose(given)
    with pytest.raises(NetworkError, match="The head of b is tuple"):
        m.fold(SimpleNamespace(name="b", fingerprint="", head=(x, x)))
    of_a_network = AffineMap(**{**PARTS, "source_fingerprint": "weights"})
    rows: Any = ArrayRows(name="a", values=x, fingerprint="rows")
    with pytest.raises(MapError, match="and rows of it came"):
        of_a_network.apply(rows, of=rows)
