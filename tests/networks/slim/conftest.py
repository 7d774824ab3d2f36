"""Google's own networks with random weights, run in an environment of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from slim_run import MakeOriginal, Original, run

from once import make_once
from samefeatures.images.preprocess import Preprocessing
from samefeatures.images.sources import ImageSource, open_images
from samefeatures.networks.slim.source import inception_preprocessing

PROJECT = Path(__file__).parents[3]
PYTHON = PROJECT / ".venv-slim" / "bin" / "python"


@pytest.fixture(scope="session")
def slim_python() -> Path:
    """The Python of that environment."""
    if not PYTHON.exists():
        pytest.skip("TensorFlow 2.12 and TF-Slim are not installed; run scripts/slim-env")
    return PYTHON


@pytest.fixture(scope="session")
def original(
    slim_python: Path, photographs: list[Image.Image], tmp_path_factory: pytest.TempPathFactory
) -> MakeOriginal:
    """Builds a network: ``original("inception_v1", "single", size=331)``."""

    def make(name: str, *formats: str, size: int = 224, classes: int = 1001) -> Original:
        preprocessing = Preprocessing(**inception_preprocessing(size))  # type: ignore[arg-type]
        pixels = np.stack([preprocessing.pixels(image) for image in photographs])
        images = preprocessing.normalise(pixels)  # (b, 3, h, w)

        def build(folder: Path) -> None:
            np.save(folder / "images.npy", images.transpose(0, 2, 3, 1))
            given = (str(folder / "images.npy"), str(folder), *formats, str(classes))
            run(slim_python, "originals.py", name, *given)

        slug = "-".join([name, *formats, str(size), str(classes)])
        folder = make_once(tmp_path_factory, slug, build)
        with np.load(folder / "outputs.npz") as out:
            return Original(folder, images, out["features"], out["logits"])

    return make


@pytest.fixture(scope="session")
def photographs() -> list[Image.Image]:
    """Two real images: photographs of ImageNet where they are, else of clothes, in colour."""
    folder = PROJECT.parent / "shared" / "data" / "images" / "imagenet-sample"
    found = sorted(folder.glob("*/*.JPEG"))[100:102] if folder.is_dir() else []
    if found:
        return [Image.open(path).convert("RGB") for path in found]
    images = open_images(ImageSource(source="fashion-mnist:eval"), labelled=False)
    return [images.read(i).convert("RGB").resize((400, 300)) for i in range(2)]
