"""Extraction of one network against the bare forward loop over preloaded batches."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.record import Line, alternately, within
from samefeatures.features.extract import extract
from samefeatures.images.imageset import ImageSet
from samefeatures.networks.load import load
from samefeatures.networks.record import ImageNetwork

BATCH = 32


def made_images(n: int, size: int) -> ImageSet:
    """Decoded images in memory: no file is read, no JPEG decoded."""
    pixels = np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    return ImageSet(
        name="made",
        ids=[str(i) for i in range(n)],
        labels=None,
        fingerprint="made",
        read=lambda i: Image.fromarray(pixels[i]),
    )


def share(network: ImageNetwork, n: int) -> tuple[float, float]:
    """Images per second of the whole extraction, and of the bare forward loop."""
    size = network.preprocessing.input_size[1]
    images = made_images(n, size)
    prep = network.preprocessing
    pixels = np.stack([np.asarray(images.read(i)) for i in range(n)])
    batches = [prep.normalise(pixels[i : i + BATCH]) for i in range(0, n, BATCH)]

    def bare() -> None:
        for batch in batches:
            network.backend.features(batch)

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            extract([network], images, Path(folder))

    ours_s, bare_s = alternately(ours, bare)
    return n / ours_s, n / bare_s


def run() -> list[Line]:
    """A miniature at 28 pixels, where our own steps weigh most, and a ResNet-18 at 224."""
    from benchmarks import resnet18

    resnet18.write_onnx(path := Path(tempfile.mkdtemp()) / "model.onnx")
    cases = [
        ("mini:inception_v4, 28 px", "mini:inception_v4", None, 4096),
        (
            "ResNet-18 (ONNX), 224 px",
            f"onnx:{path}",
            {"input_size": (3, 224, 224), "crop_pct": 1.0},
            512,
        ),
    ]
    lines = []
    for stage, source, prep, n in cases:
        overrides = prep and {
            **prep,
            "interpolation": "bilinear",
            "mean": (0.5,) * 3,
            "std": (0.5,) * 3,
        }
        network = load(source, preprocessing=overrides)
        if not isinstance(network, ImageNetwork):
            raise TypeError(f"{source} has no images")
        ours, bare = share(network, n)
        line = Line(
            stage=f"extraction: {stage}",
            ours=ours,
            peer="bare forward loop",
            theirs=bare,
            ratio=ours / bare,
            goal="at least 0.9 of it",
            met=ours >= 0.9 * bare,
            unit="images/s",
        )
        lines.append(within(line, bare, "bare forward loop"))
    return lines
