"""A catalogue of ten networks whose weights lie where a test says, and whose shapes are small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samefeatures.reproduce.networks import Catalogue, Weights
from samefeatures.reproduce.published import published_thesis

ARCHIVES = (
    "inception_v1",
    "inception_v2",
    "mobilenet_v2_140_224",
    "resnet_v1_152",
    "resnet_v2_152",
)


@dataclass
class FakeCatalogue(Catalogue):
    """Attributes:
    there: Names whose weights are on this machine, with where.
    fails: Raised instead of building an untrained network.
    """

    there: Mapping[str, str] = field(default_factory=dict)
    fails: Exception | None = None

    def weights(self, name: str, weights_dir: Path | None) -> Weights:
        row = published_thesis().networks[name]
        archive = name in ARCHIVES
        folder = weights_dir or Path("/cache")
        place = folder / name if archive else folder / f"{name}.safetensors"
        url = f"https://weights.example/{name}" + (".tar.gz" if archive else ".safetensors")
        return Weights(
            dim=row.feature_dim,
            found=str(place) if place.exists() else self.there.get(name, ""),
            missing=f"no weights. Download {url} to {place}.",
            url=url,
            size=int(4e6 * row.params_millions.value),
            published=archive,
            place=place,
            archive=archive,
        )

    def model(self, name: str) -> Any:
        import torch

        if self.fails is not None:
            raise self.fails
        dim = published_thesis().networks[name].feature_dim
        return torch.nn.Sequential(
            torch.nn.Conv2d(3, dim, 32, stride=32),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
            torch.nn.Linear(dim, 1000),
        )
