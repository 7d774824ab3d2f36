"""``mini:`` networks, from inside the package."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from samefeatures.base.errors import NetworkError
from samefeatures.networks.load import load
from samefeatures.networks.miniatures.catalogue import MINIATURES, MiniatureSpec
from samefeatures.networks.record import ImageNetwork


@pytest.mark.parametrize("spec", MINIATURES.values(), ids=MINIATURES)
def test_every_miniature_loads(spec: MiniatureSpec) -> None:
    network = load(f"mini:{spec.name}", threads=1)
    assert isinstance(network, ImageNetwork)
    assert (network.name, network.dim, network.head.classes) == (spec.name, spec.feature_dim, 10)
    assert network.split is not None
    assert network.split.error < 1e-5
    folder = files("samefeatures.networks.miniatures") / "weights" / spec.name
    meta = json.loads((folder / "meta.json").read_text())
    assert network.parameters == meta["parameters"]
    assert network.preprocessing.input_size == (3, 28, 28)
    features = network.backend.features(np.zeros((2, 3, 28, 28), np.float32))
    assert features.shape == (2, spec.feature_dim)


def test_an_unknown_miniature_names_the_nearest() -> None:
    with pytest.raises(NetworkError, match=r"no miniature 'nasnt'\. Did you mean 'nasnet'"):
        load("mini:nasnt")
    with pytest.raises(NetworkError, match=r"no miniature 'x'.*pnasnet"):
        load("mini:x")
