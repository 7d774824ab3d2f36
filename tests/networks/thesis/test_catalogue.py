"""The ten networks against Table 5.1."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from samefeatures.base.errors import NetworkError
from samefeatures.networks.slim.catalogue import DEFINITIONS
from samefeatures.networks.thesis.catalogue import NETWORKS, find_network
from samefeatures.networks.thesis.source import untrained

PRINTED = {  # dimension, millions of parameters, crop
    "inception_v1": (1024, 5, 331),
    "inception_v2": (1024, 11, 331),
    "mobilenet_v2_140_224": (1792, 7, 224),
    "resnet_v1_152": (2048, 60, 331),
    "resnet_v2_152": (2048, 60, 331),
    "inception_v3": (2048, 24, 331),
    "inception_v4": (1536, 43, 331),
    "inception_resnet_v2": (1536, 56, 331),
    "nasnet_large": (4032, 89, 331),
    "pnasnet_large": (4320, 86, 331),
}
"""Table 5.1 as printed."""
OTHERWISE = {"inception_v1": 6.6, "mobilenet_v2_140_224": 6.1}
"""Millions of parameters where the table is not the network's own number, rounded."""


def test_names_dimensions_and_crops_are_the_tables() -> None:
    assert {n.name: (n.dim, n.crop) for n in NETWORKS.values()} == {
        name: (dim, crop) for name, (dim, _, crop) in PRINTED.items()
    }
    assert list(NETWORKS) == list(PRINTED)


@pytest.mark.parametrize("name", PRINTED)
def test_every_network_has_the_stated_size(name: str) -> None:
    network = NETWORKS[name]
    model = untrained(name)
    assert sum(p.numel() for p in model.parameters()) == network.parameters
    millions = network.parameters / 1e6
    if name in OTHERWISE:
        assert abs(millions - OTHERWISE[name]) < 0.05
    else:
        assert round(millions) == PRINTED[name][1]


def test_each_runs_on_one_thing() -> None:
    for network in NETWORKS.values():
        assert (network.timm is None) != (network.slim is None)
        assert network.slim is None or DEFINITIONS[network.slim].dim == network.dim


def test_the_packaged_table_is_the_shared_one(shared_data: Path) -> None:
    with (shared_data.parent / "published" / "table_5_1.csv").open() as file:
        rows = {
            r["network"]: (int(r["feature_dim"]), int(r["params_millions"]), int(r["local_crop"]))
            for r in csv.DictReader(file)
        }
    assert rows == PRINTED


def test_unknown_name() -> None:
    with pytest.raises(NetworkError, match="Did you mean 'inception_v4'"):
        find_network("inception-v4")
