"""The table of docs/ten-networks.md: our ports against Google's own definitions.

./scripts/slim-env && .venv/bin/python tests/networks/slim/proof.py IMAGE IMAGE
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from slim_run import run

from samefeatures import load
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.proof import relative
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.slim.source import inception_preprocessing

PYTHON = Path(__file__).parents[3] / ".venv-slim" / "bin" / "python"
PROVED = (
    ("inception_v1", "inception_v1", "single", 331),
    ("inception_v2", "inception_v2", "single", 224),
    ("mobilenet_v2_140_224", "mobilenet_v2_140", "bundle", 224),
    ("resnet_v1_152", "resnet_v1_152", "bundle", 224),
    ("resnet_v2_152", "resnet_v2_152", "bundle", 331),
)


def row(name: str, slim: str, form: str, size: int, photographs: list[Image.Image]) -> str:
    """One line of the table."""
    made = Preprocessing(**inception_preprocessing(size))  # type: ignore[arg-type]
    images = made.normalise(np.stack([made.pixels(image) for image in photographs]))
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/images.npy", images.transpose(0, 2, 3, 1))
        run(PYTHON, "originals.py", slim, f"{folder}/images.npy", folder, form, "1001")
        network = load(f"thesis:{name}?checkpoint={folder}/{form}.ckpt&crop={size}")
        assert isinstance(network, ImageNetwork)
        features = network.backend.features(images)
        with np.load(f"{folder}/outputs.npz") as theirs:
            apart = relative(features, theirs["features"])
            logits = relative(network.head.logits(features), theirs["logits"][:, 1:])
    return f"| `{name}` | {form} | {size} | {apart:.0e} | {logits:.0e} |"


if __name__ == "__main__":
    given = [Image.open(path).convert("RGB") for path in sys.argv[1:]]
    for entry in PROVED:
        print(row(*entry, given), flush=True)
