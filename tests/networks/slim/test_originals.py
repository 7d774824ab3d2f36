"""The five ports against Google's own definitions, run by TensorFlow on real photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from slim_run import MakeOriginal, run

from samefeatures import load
from samefeatures.images.preprocess import Preprocessing
from samefeatures.networks.proof import relative
from samefeatures.networks.record import ImageNetwork
from samefeatures.networks.slim.source import inception_preprocessing
from samefeatures.networks.thesis.catalogue import NETWORKS

pytestmark = pytest.mark.originals


def loaded(source: str, **options: object) -> ImageNetwork:
    network = load(source, **options)  # type: ignore[arg-type]
    assert isinstance(network, ImageNetwork)
    return network


@pytest.mark.parametrize(
    ("name", "slim", "form", "size"),
    [
        ("inception_v1", "inception_v1", "single", 331),
        ("inception_v2", "inception_v2", "single", 224),
        ("mobilenet_v2_140_224", "mobilenet_v2_140", "bundle", 224),
        ("resnet_v1_152", "resnet_v1_152", "bundle", 224),
        ("resnet_v2_152", "resnet_v2_152", "bundle", 331),
    ],
)
def test_features_and_logits_are_tensorflows(
    original: MakeOriginal, name: str, slim: str, form: str, size: int
) -> None:
    made = original(slim, form, size=size)
    network = loaded(f"thesis:{name}?checkpoint={made.folder / form}.ckpt&crop={size}")
    features = network.backend.features(made.images)
    assert network.preprocessing.input_size == (3, size, size)
    assert relative(features, made.features) < 1e-4
    # TensorFlow's logits have 1001 classes; the first, background, is dropped.
    assert relative(network.head.logits(features), made.logits[:, 1:]) < 1e-4
    assert network.dim == NETWORKS[name].dim
    assert network.parameters == NETWORKS[name].parameters


@pytest.mark.parametrize(
    "file", ["single.ckpt", "bundle.ckpt", "bundle.ckpt.index", "hub1", "hub2"]
)
def test_every_published_format_gives_the_same_network(original: MakeOriginal, file: str) -> None:
    made = original("mobilenet_v2_035", "single", "bundle", "averages", "hub1", "hub2")
    network = loaded(f"slim:mobilenet_v2_035?checkpoint={made.folder / file}&background=keep")
    logits = network.head.logits(network.backend.features(made.images))
    assert logits.shape == (2, 1001)
    assert relative(logits, made.logits) < 1e-4


def test_moving_averages_are_taken_before_the_weights_they_average(original: MakeOriginal) -> None:
    made = original("mobilenet_v2_035", "single", "bundle", "averages", "hub1", "hub2")
    network = loaded(f"slim:mobilenet_v2_035?checkpoint={made.folder / 'averages.ckpt'}")
    logits = network.head.logits(network.backend.features(made.images))
    assert relative(logits, made.logits[:, 1:]) < 1e-4


@pytest.mark.parametrize("name", ["resnet_v1_50", "resnet_v2_50"])
def test_converted_weights_keep_their_1000_classes(original: MakeOriginal, name: str) -> None:
    made = original(name, "bundle", size=224, classes=1000)
    path = made.folder / "bundle.ckpt"
    network = loaded(f"slim:{name}?checkpoint={path}", preprocessing={"input_size": [3, 224, 224]})
    assert relative(network.head.logits(network.backend.features(made.images)), made.logits) < 1e-4
    caffe = network.preprocessing.std == (1 / 255,) * 3
    assert caffe == (name == "resnet_v1_50")


def test_images_are_prepared_as_google_prepares_them(
    slim_python: Path, photographs: list, tmp_path: Path
) -> None:

    images = {str(i): np.asarray(image) for i, image in enumerate(photographs)}
    images["odd"] = images["0"][:201, :333]
    images["small"] = images["1"][:97, :40]
    np.savez(tmp_path / "pixels.npz", **images)
    sizes = (331, 224, 32)
    run(
        slim_python,
        "preprocessing.py",
        *(str(tmp_path / "pixels.npz"), str(tmp_path / "out.npz")),
        *map(str, sizes),
    )
    with np.load(tmp_path / "out.npz") as theirs:
        for name, pixels in images.items():
            for size in sizes:
                preprocessing = Preprocessing(**inception_preprocessing(size))  # type: ignore[arg-type]
                ours = preprocessing.normalise(preprocessing.pixels(Image.fromarray(pixels))[None])[
                    0
                ].transpose(1, 2, 0)
                # Ours are rounded to whole levels, of which there are 255 over the range of 2.
                np.testing.assert_allclose(ours, theirs[f"{name}-{size}"], atol=1.01 / 255)
