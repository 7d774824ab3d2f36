"""Networks known by features made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from samefeatures.networks.record import FeatureFile, Head

CLASSES = 5


def feature_file(name: str, features: np.ndarray, head: Head | None = None) -> FeatureFile:
    """A network of these features, on both sides."""
    return FeatureFile(
        name=name,
        source=f"npz:{name}.npz",
        head=head,
        fingerprint=f"weights of {name}",
        fit_features=features,
        eval_features=features,
        eval_labels=None,
    )


def write_npz(folder: Path, name: str, world: dict[str, np.ndarray], **changes: Any) -> str:
    np.savez(folder / f"{name}.npz", **{**world, **changes})
    return f"npz:{name}.npz"


def make_worlds(n: int = 400, m: int = 300, noise: float = 0.05) -> dict[str, dict]:
    """Two networks whose features are affine images of one latent cause, and one unrelated."""
    rng = np.random.default_rng(0)
    centres = 3 * rng.normal(size=(CLASSES, 6))
    fit_y, eval_y = rng.integers(0, CLASSES, n), rng.integers(0, CLASSES, m)
    latent = {"fit": centres[fit_y], "eval": centres[eval_y]}
    latent = {k: v + rng.normal(size=v.shape) for k, v in latent.items()}
    worlds = {}
    for name, dim in {"a": 8, "b": 11, "c": 7}.items():
        mix, shift = rng.normal(size=(6, dim)), rng.normal(size=dim) * 5
        world = {}
        for kind, z in latent.items():
            x = z @ mix + shift + noise * rng.normal(size=(len(z), dim))
            world[f"{kind}_features"] = x.astype(np.float32)
        back = np.linalg.pinv(mix)  # (dim, 6): latent = (x - shift) @ back
        weight = (back @ centres.T).T  # (classes, dim)
        bias = -shift @ back @ centres.T - 0.5 * (centres**2).sum(1)
        world["head_weight"], world["head_bias"] = weight, bias
        world["eval_labels"] = eval_y
        worlds[name] = world
    return worlds
