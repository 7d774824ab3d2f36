"""The demo: ten miniatures on Fashion-MNIST, all from inside the package."""

from __future__ import annotations

from samefeatures.networks.miniatures.catalogue import NAMES
from samefeatures.study.config import StudyConfig, parse_config

FASHION = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag",
    "ankle boot",
)  # fmt: skip
"""The classes of Fashion-MNIST, in its order."""


def demo_config() -> StudyConfig:
    """The study of ``samefeatures demo``: needs neither internet nor torch."""
    return parse_config(
        {
            "title": "Ten small CNNs on Fashion-MNIST",
            "networks": [f"mini:{name}" for name in NAMES],
            "data": {"fit": "fashion-mnist:fit", "eval": "fashion-mnist:eval"},
            # A looser end than the default's: a third of the passes, the same accuracy.
            "methods": ["ols", "ridge", "logit", "naive", {"cosine": {"tolerance": 1e-3}}],
            "measures": ["r2", "cosine", "cka", "debiased_cka", "procrustes"],
            "controls": True,
            "canonical": True,
            "ranks": True,
            "spectra": True,
            "tasks": ["brightness", "symmetry"],
            "curve": {"seeds": 1},
            "class_names": FASHION,
        },
        where="demo",
    )
