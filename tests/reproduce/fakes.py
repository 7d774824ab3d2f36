"""A catalogue of ten networks whose weights lie where a test says, and whose shapes are small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samefeatures.images.preprocess import Preprocessing
from samefeatures.reproduce.networks import Weights
from samefeatures.reproduce.published import published_thesis

ARCHIVES = (
    "inception_v1",
    "inception_v2",
    "mobilenet_v2_140_224",
    "resnet_v1_152",
    "resnet_v2_152",
)


@dataclass
class FakeCatalogue:
    """Attributes:
    there: Names whose weights are on this machine, with where.
    untrained_fails: Raised instead of building an untrained network.
    """

    there: Mapping[str, str] = field(default_factory=dict)
    untrained_fails: Exception | None = None

    def weights(self, name: str, weights_dir: Path | None) -> Weights:
        row = published_thesis().networks[name]
        archive = name in ARCHIVES
        folder = weights_dir or Path("/cache")
        return Weights(
            name=name,
            title=name.replace("_", "-").capitalize(),
            dim=row.feature_dim,
            parameters=int(row.params_millions.value * 1e6),
            url=f"https://weights.example/{name}" + (".tar.gz" if archive else ".safetensors"),
            page="https://weights.example/",
            bytes=int(4e6 * row.params_millions.value) if archive else None,
            digest=None,
            trained="never",
            place=folder / name if archive else folder / f"{name}.safetensors",
            archive=archive,
        )

    def locate(self, name: str, weights_dir: Path | None) -> str | None:
        place = self.weights(name, weights_dir).place
        return str(place) if place.exists() else self.there.get(name)

    def missing_message(self, name: str, weights_dir: Path | None) -> str:
        found = self.weights(name, weights_dir)
        return f"no weights. Download {found.url} to {found.place}."

    def preprocessing(self, crop: int) -> Preprocessing:
        return Preprocessing(input_size=(3, crop, crop), mean=(0.5,) * 3, std=(0.5,) * 3)

    def untrained(self, name: str) -> Any:
        import torch

        if self.untrained_fails is not None:
            raise self.untrained_fails
        dim = published_thesis().networks[name].feature_dim
        return torch.nn.Sequential(
            torch.nn.Conv2d(3, dim, 32, stride=32),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
            torch.nn.Linear(dim, 1000),
        ).eval()
