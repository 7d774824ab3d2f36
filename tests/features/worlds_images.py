"""Tiny networks in numpy and images made in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from preps import imagenet
from samefeatures.base.arrays import Float32
from samefeatures.base.digests import digest
from samefeatures.images.imageset import ImageSet
from samefeatures.networks.record import Head, ImageNetwork


@dataclass
class NumpyBackend:
    """Features are a fixed matrix times the pixels, through a ReLU."""

    matrix: Float32
    spoil: Callable[[Float32], Float32] = lambda features: features
    calls: list[int] = field(default_factory=list)

    @property
    def runtime(self) -> str:
        return "numpy test"

    def features(self, images: Float32) -> Float32:
        self.calls.append(len(images))
        flat = images.reshape(len(images), -1).astype(np.float64)
        # Row by row, so that the value can't depend on the batch.
        out = np.stack([np.maximum(self.matrix @ row, 0) for row in flat])
        return self.spoil(out.astype(np.float32))


def tiny_network(name: str, dim: int = 6, *, size: int = 8, classes: int = 3) -> ImageNetwork:
    seed = int(digest(name)[:8], 16)
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(dim, 3 * size * size)).astype(np.float32)
    head = Head(rng.normal(size=(classes, dim)).astype(np.float32), np.zeros(classes, np.float32))
    return ImageNetwork(
        name=name,
        source=f"test:{name}",
        head=head,
        preprocessing=imagenet(input_size=(3, size, size), crop_pct=1.0),
        fingerprint=digest(name, str(dim)),
        parameters=matrix.size,
        backend=NumpyBackend(matrix),
    )


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "png")
    return out.getvalue()


def made_images(
    n: int, *, name: str = "made", broken: tuple[int, ...] = (), seed: int = 0
) -> tuple[ImageSet, list[int]]:
    """n random images, those in ``broken`` cut short; and the indices as they are read."""
    rng = np.random.default_rng(seed)
    files = [png(rng.integers(0, 256, size=(12, 10, 3), dtype=np.uint8)) for _ in range(n)]
    for i in broken:
        files[i] = files[i][:60]
    reads: list[int] = []

    def read(i: int) -> bytes:
        reads.append(i)
        return files[i]

    images = ImageSet(
        name=name,
        ids=[f"{i:04d}.png" for i in range(n)],
        labels=np.arange(n) % 3,
        fingerprint=digest(*files),
        read=read,
    )
    return images, reads
