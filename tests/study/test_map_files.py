"""Maps of a study on disk: what lies where, what is missing, and what decides it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samefeatures.base.digests import digest
from samefeatures.base.errors import MapError, StoreError
from samefeatures.joint.kept import moments_key
from samefeatures.maps import AffineMap, LossCurve
from samefeatures.study.config import parse_config
from samefeatures.study.map_files import MapFiles, kept_key, map_keys
from samefeatures.study.methods import MethodConfig

PAIRS = [("a", "b"), ("a", "c"), ("b", "a"), ("b", "c"), ("c", "a"), ("c", "b")]
ENTRY = MethodConfig(name="cosine", label="near", options={"passes": 3})


def fitted(source: str, target: str, value: float = 1.0) -> AffineMap:
    return AffineMap(
        weight=np.full((2, 3), float(value)),
        bias=np.zeros(2),
        source=source,
        target=target,
        method="cosine",
        source_fingerprint=source,
        target_fingerprint=target,
        curve=LossCurve(unit="pass", loss=np.array([float(value), 0.5])),
    )


@pytest.fixture
def files(tmp_path: Path) -> MapFiles:
    return MapFiles(tmp_path / "out" / "maps", ("ols", "near"), tuple("abc"))


def test_a_map_and_its_curve_lie_under_their_method_and_pair(files: MapFiles) -> None:
    assert files.missing(ENTRY, "key") == PAIRS
    for k, pair in enumerate(PAIRS[:2]):
        files.keep("near", fitted(*pair, value=k))
    folder = files.folder / "near"
    assert {path.name for path in folder.iterdir()} == {
        "key.json",
        *("a--b.safetensors", "a--b.curve.npz", "a--c.safetensors", "a--c.curve.npz"),
    }
    assert files.checkpoint_path("near", "a") == folder / "a.checkpoint.npz"
    for k, pair in enumerate(PAIRS[:2]):
        found = files.load("near", *pair)
        assert ((found.source, found.target), found.weight[0, 0]) == (pair, k)
        assert LossCurve.load(files.curve_path("near", *pair)).loss.tolist() == [k, 0.5]


def test_a_map_without_a_curve_is_kept(files: MapFiles) -> None:
    files.missing(ENTRY, "key")
    files.keep("near", replace(fitted("c", "a"), curve=None))
    assert not files.curve_path("near", "c", "a").exists()
    assert files.missing(ENTRY, "key") == [pair for pair in PAIRS if pair != ("c", "a")]


def test_what_is_there_is_kept_under_its_key_and_removed_under_another(
    files: MapFiles, caplog: pytest.LogCaptureFixture
) -> None:
    files.missing(ENTRY, "key")
    said = json.loads((files.folder / "near" / "key.json").read_text())
    said.pop("sha256")
    assert said == {"key": "key", "method": "cosine", "options": {"passes": 3}}
    files.keep("near", fitted("b", "c"))
    beside = files.folder / "near" / "notes.txt"
    beside.write_text("mine")
    checkpoint = files.checkpoint_path("near", "a")
    checkpoint.write_bytes(b"a state")
    assert files.missing(ENTRY, "key") == [pair for pair in PAIRS if pair != ("b", "c")]
    files.curve_path("near", "b", "c").write_bytes(b"damaged")
    assert files.missing(ENTRY, "key") == PAIRS
    assert "is computed again" in caplog.text
    assert checkpoint.exists()
    assert files.missing(ENTRY, "another") == PAIRS
    assert {path.name for path in beside.parent.iterdir()} == {"key.json", "notes.txt"}
    assert kept_key(beside.parent / "key.json") == "another"
    assert kept_key(beside.parent / "none.json") is None


def test_a_curve_alone_is_no_map(files: MapFiles) -> None:
    files.missing(ENTRY, "key")
    curve = fitted("a", "b").curve
    assert curve is not None
    curve.save(files.curve_path("near", "a", "b"))
    assert files.missing(ENTRY, "key") == PAIRS


def test_maps_of_another_key_are_not_removed_elsewhere(files: MapFiles, tmp_path: Path) -> None:
    """Where a folder of a method is a link that leads out of the study."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a--b.safetensors").write_bytes(b"somebody's")
    files.folder.mkdir(parents=True)
    (files.folder / "near").symlink_to(elsewhere)
    with pytest.raises(StoreError, match="nothing out there is deleted"):
        files.missing(ENTRY, "key")
    assert (elsewhere / "a--b.safetensors").exists()


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (("olz", "a", "b"), "This study has no method 'olz'. Did you mean 'ols'.* are: ols, near"),
        (("ols", "d", "b"), "This study has no source 'd'.*There are: a, b, c"),
        (("ols", "a", "d"), "This study has no target 'd'.*There are: a, b, c"),
        (("ols", "b", "b"), "There is no map from b to itself"),
    ],
)
def test_what_the_study_does_not_have_is_refused(
    files: MapFiles, cell: tuple[str, str, str], message: str
) -> None:
    for ask in (files.check_cell, files.load):
        with pytest.raises(MapError, match=message):
            ask(*cell)
    files.check_cell("near", "b", "a")


def test_keys_are_made_of_options_moments_and_networks() -> None:
    """Of several options in the order of the alphabet: studies of before stay valid."""
    raw: dict[str, Any] = {
        "networks": ["npz:a.npz", "npz:b.npz"],
        "methods": [{"name": "cosine", "label": "near", "passes": 3}, "ols"],
        "algebra": {"precision": "float32"},
    }
    fit: dict[str, Any] = {
        name: SimpleNamespace(name=name, dim=3, fingerprint=f"rows of {name}") for name in "ab"
    }
    networks: dict[str, Any] = {name: SimpleNamespace(fingerprint=f"net {name}") for name in "ab"}
    moments = moments_key(list(fit.values()), "float32")
    prints = ("net a", "net b")
    assert map_keys(parse_config(raw), fit, networks) == {
        "near": digest("1", "cosine", '{"passes": 3, "tolerance": 1e-05}', moments, *prints),
        "ols": digest("1", "ols", "{}", moments, *prints),
    }
