"""``npz:`` networks: features from outside."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.errors import (
    CheckpointError,
    ConfigError,
    DuplicateIdError,
    FeatureError,
    NetworkError,
)
from samefeatures.networks.load import load
from samefeatures.networks.record import FeatureFile

N, M, D, CLASSES = 7, 5, 4, 3


def arrays(**replaced):
    rng = np.random.default_rng(0)
    out = {
        "fit_features": rng.normal(size=(N, D)).astype(np.float32),
        "eval_features": rng.normal(size=(M, D)).astype(np.float32),
        "eval_labels": rng.integers(0, CLASSES, M),
        "head_weight": rng.normal(size=(CLASSES, D)).astype(np.float32),
        "head_bias": rng.normal(size=CLASSES).astype(np.float32),
    }
    return {k: v for k, v in {**out, **replaced}.items() if v is not None}


def read(folder: Path, **replaced) -> FeatureFile:
    path = folder / "mine.npz"
    np.savez(path, **arrays(**replaced))
    network = load(f"npz:{path}")
    assert isinstance(network, FeatureFile)
    return network


def test_what_is_in_the_file_comes_out(tmp_path: Path) -> None:
    network, given = read(tmp_path), arrays()
    assert (network.name, network.dim, network.head.classes) == ("mine", D, CLASSES)
    np.testing.assert_array_equal(network.fit_features, given["fit_features"])
    np.testing.assert_array_equal(network.eval_features, given["eval_features"])
    np.testing.assert_array_equal(network.eval_labels, given["eval_labels"])
    np.testing.assert_array_equal(network.head.weight, given["head_weight"])
    np.testing.assert_array_equal(network.head.bias, given["head_bias"])
    assert network.fit_ids is None


def test_head_and_labels_may_be_missing(tmp_path: Path) -> None:
    network = read(tmp_path, eval_labels=None, head_weight=None, head_bias=None)
    assert (network.head, network.eval_labels, network.dim) == (None, None, D)
    assert read(tmp_path, eval_labels=None).head.classes == CLASSES
    labelled = read(tmp_path, head_weight=None, head_bias=None)
    assert labelled.eval_labels.max() < CLASSES
    for gone, there in (("head_weight", "head_bias"), ("head_bias", "head_weight")):
        with pytest.raises(NetworkError, match=f"{there} without {gone}"):
            read(tmp_path, **{gone: None})
    bare = {"head_weight": None, "head_bias": None}
    with pytest.raises(NetworkError, match="eval_features has 3 features, but fit_features has 4"):
        read(tmp_path, eval_features=np.ones((M, 3), np.float32), **bare)
    with pytest.raises(NetworkError, match="run from -1 to -1, but they count from 0"):
        read(tmp_path, eval_labels=np.full(M, -1), **bare)
    np.savez(tmp_path / "bare.npz", **arrays(**bare))
    with pytest.raises(NetworkError, match="'background' is of heads, and this file has none"):
        load(f"npz:{tmp_path / 'bare.npz'}?background=drop")


def test_ids(tmp_path: Path) -> None:
    ids = {"fit_ids": np.array(list("abcdefg")), "eval_ids": np.array(list("hijkl"))}
    network = read(tmp_path, **ids)
    assert network.fit_ids == tuple("abcdefg")
    assert network.eval_ids == tuple("hijkl")
    with pytest.raises(DuplicateIdError, match="fit_ids has 1 ids more than once"):
        read(tmp_path, fit_ids=np.array(list("abcdeff")))


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_floats_become_float32(tmp_path: Path, dtype) -> None:
    given = arrays()["fit_features"].astype(dtype)
    network = read(tmp_path, fit_features=given)
    assert network.fit_features.dtype == np.float32
    np.testing.assert_array_equal(network.fit_features, given.astype(np.float32))


def test_the_fingerprint_changes_with_every_array(tmp_path: Path) -> None:
    seen = {read(tmp_path).fingerprint}
    assert read(tmp_path).fingerprint in seen
    for key, value in arrays().items():
        other = value.copy()
        other.flat[0] = (other.flat[0] + 1) % CLASSES
        seen.add(read(tmp_path, **{key: other}).fingerprint)
    assert len(seen) == 6


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "eval_features",
            None,
            "lacks eval_features; it has fit_features, .*It needs fit_features",
        ),
        ("extra", np.ones(3), "unknown array 'extra'"),
        ("fit_features", np.ones((N, D), np.int64), "fit_features is int64"),
        ("fit_features", np.ones(N, np.float32), r"shape \(7,\); it must be \(rows, d\)"),
        ("fit_features", np.ones((0, D), np.float32), r"shape \(0, 4\)"),
        ("fit_features", np.ones((N, D + 1), np.float32), r"5 features.*\(3, 4\) takes 4"),
        ("eval_features", np.ones((M, D - 1), np.float32), "3 features"),
        ("head_weight", np.ones(D, np.float32), r"head_weight.*\(classes, d\)"),
        ("head_bias", np.ones(CLASSES + 1, np.float32), r"weight \(3, 4\) and bias \(4,\)"),
        ("head_bias", np.full(CLASSES, np.nan, np.float32), "NaN or infinite"),
        ("eval_labels", np.ones(M, np.float32), "integers"),
        ("eval_labels", np.ones(M - 1, np.int64), r"int64 \(4,\); it must be integers \(5,\)"),
        ("eval_labels", np.full(M, CLASSES), "from 3 to 3.*3 classes"),
        ("eval_labels", np.full(M, -1), "from -1 to -1"),
        ("fit_ids", np.arange(N), "fit_ids is int64"),
        ("eval_ids", np.array(["a"]), r"it must be unicode strings \(5,\)"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path: Path, key: str, value, message: str) -> None:
    with pytest.raises(NetworkError, match=f"(?s){message}"):
        read(tmp_path, **{key: value})
    with pytest.raises(NetworkError, match=r"^[^ ]*\.npz"):  # which of several files is meant
        read(tmp_path, **{key: value})


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_rows_that_are_not_finite_are_named(tmp_path: Path, value: float) -> None:
    features = arrays()["eval_features"].astype(np.float64)
    features[[1, 3], 2] = value
    with pytest.raises(FeatureError, match=r"eval_features has NaN.*2 rows, among them 1, 3"):
        read(tmp_path, eval_features=features)


class Evil:
    """Leaves a trace if it is ever unpickled."""

    def __reduce__(self):
        return (os.mkdir, (str(self.trace),))

    def __init__(self, trace: Path) -> None:
        self.trace = trace


def test_pickled_objects_are_never_unpickled(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    with pytest.raises(NetworkError, match=r"'fit_ids' holds pickled objects"):
        read(tmp_path, fit_ids=np.array([Evil(trace)] * N, object))
    (tmp_path / "all.npz").write_bytes(pickle.dumps(Evil(trace)))
    with pytest.raises(CheckpointError, match=r"all\.npz"):
        load(f"npz:{tmp_path / 'all.npz'}")
    assert not trace.exists()


def test_damaged_and_foreign_files(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="There is no file"):
        load(f"npz:{tmp_path / 'none.npz'}")
    path = tmp_path / "mine.npz"
    read(tmp_path)
    data = path.read_bytes()
    flipped = bytearray(data)
    flipped[200] ^= 0xFF
    for part in (data[: len(data) // 2], b"", b"text", bytes(flipped)):
        path.write_bytes(part)
        with pytest.raises(CheckpointError, match="cut short"):
            load(f"npz:{path}")
    with path.open("wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(NetworkError, match="single array"):
        load(f"npz:{path}")


def test_preprocessing_has_no_effect_and_is_refused(tmp_path: Path) -> None:
    read(tmp_path)
    with pytest.raises(ConfigError, match=r"features, not images.*crop_pct.*no effect"):
        load("npz:mine.npz", preprocessing={"crop_pct": 1.0}, base=tmp_path)
