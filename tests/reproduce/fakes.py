"""A catalogue of ten networks whose weights lie where a test says, and whose shapes are small."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from samefeatures.reproduce.published import published_thesis


def _networks() -> Mapping[str, Any]:
    out = {}
    for name, row in published_thesis().networks.items():
        file = SimpleNamespace(
            name=f"{name}.tar.gz",
            url=f"https://weights.example/{name}.tar.gz",
            page="https://weights.example/",
            bytes=int(4e6 * row.params_millions.value),
            sha256=None,
            note="",
        )
        out[name] = SimpleNamespace(
            name=name,
            title=name.replace("_", "-").capitalize(),
            dim=row.feature_dim,
            crop=row.local_crop,
            parameters=int(row.params_millions.value * 1e6),
            files=(file,),
        )
    return out


@dataclass
class FakeCatalogue:
    """Attributes:
    there: Names whose weights are on this machine, with where.
    """

    there: Mapping[str, str] = field(default_factory=dict)
    NETWORKS: Mapping[str, Any] = field(default_factory=_networks)

    def locate(self, name: str, weights_dir: Path | None) -> str | None:
        if weights_dir is not None and (weights_dir / f"{name}.tar.gz").exists():
            return str(weights_dir / f"{name}.tar.gz")
        return self.there.get(name)

    def missing_message(self, name: str, weights_dir: Path | None) -> str:
        return (
            f"{name}: no weights. Download {name}.tar.gz from https://weights.example/ and put it "
            f"into {weights_dir or 'the folder that --weights-dir names'}."
        )

    def untrained(self, name: str) -> Any:
        import torch

        dim = self.NETWORKS[name].dim
        return torch.nn.Sequential(
            torch.nn.Conv2d(3, dim, 32, stride=32),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
            torch.nn.Linear(dim, 1000),
        ).eval()
