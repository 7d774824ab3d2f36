"""The joint between ``reproduce`` and the ten networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samefeatures.base.errors import ConfigError
from samefeatures.networks.source import parse_source
from samefeatures.networks.thesis.catalogue import NETWORKS
from samefeatures.reproduce.networks import Catalogue, preprocessing, source_of


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_is_described_and_missing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    weights, network = Catalogue().weights(name, tmp_path), NETWORKS[name]
    assert weights.dim == network.dim
    assert weights.place.parent == tmp_path
    assert weights.archive == (network.slim is not None)
    assert weights.size >= 3 * network.parameters
    assert weights.found == ""
    assert str(weights.place) in weights.missing


def test_found_weights_are_said(tmp_path: Path) -> None:
    (tmp_path / "inception_v2").mkdir()
    file = tmp_path / "inception_v2" / "inception_v2.ckpt"
    file.write_bytes(b"x")
    assert Catalogue().weights("inception_v2", tmp_path).found == str(file)


def test_a_stand_in_sees_what_the_preprocessing_makes() -> None:
    network = Catalogue().stand_in("mobilenet_v2_140_224", 96, device="cpu")
    assert network.preprocessing == preprocessing(96)
    assert network.preprocessing.input_size == (3, 96, 96)
    features = network.backend.features(np.zeros((2, 3, 96, 96), np.float32))
    assert features.shape == (2, NETWORKS["mobilenet_v2_140_224"].dim)
    assert network.head.logits(features).shape == (2, 1000)


def test_sources_are_those_that_load_takes(tmp_path: Path) -> None:
    source = parse_source(source_of("inception_v4", crop=299, weights_dir=tmp_path))
    assert source.query == {"weights_dir": str(tmp_path), "crop": "299"}
    assert parse_source(source_of("inception_v4", crop=331, weights_dir=None)).rest == source.rest


def test_a_folder_that_can_not_stand_in_a_source(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has '&' in its name"):
        source_of("inception_v1", crop=331, weights_dir=tmp_path / "a&b")
