"""The image itself in place of a network: area-averaged pixels, and answers to questions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samefeatures.base.arrays import Float32, Float64
from samefeatures.base.digests import digest
from samefeatures.base.errors import ConfigError
from samefeatures.images.preprocess import Preprocessing
from samefeatures.images.questions import RULES, measure
from samefeatures.networks.record import Head, ImageNetwork

SMALL = 28
"""Images of at most this many pixels a side are taken whole."""
LEVEL = 1 / 255
"""From one byte to the next."""
NO_VALUE = np.float32(-1e6)
"""Stands in a feature store for an image that a rule says nothing of."""


@dataclass(frozen=True, slots=True)
class PixelMeans:
    """Means of the areas that a grid of ``size`` cuts an image into, each channel from 0 to 1."""

    size: tuple[int, int]
    like: Preprocessing
    runtime: str = "numpy"

    @property
    def dim(self) -> int:
        """3 · height · width."""
        return 3 * self.size[0] * self.size[1]

    def features(self, images: Float32) -> Float32:
        """(b, 3, h, w) preprocessed images to (b, d): rows of the grid, channels last."""
        levels = _levels(images, self.like)
        down, across = (_averages(*s) for s in zip(levels.shape[2:], self.size, strict=True))
        small = np.einsum("yh,bchw,xw->byxc", down, levels, across, optimize=True)
        return np.asarray(small.reshape(len(images), -1), np.float32)


@dataclass(frozen=True, slots=True)
class RuleValues:
    """What each rule of ``images.questions`` measures on an image; ``NO_VALUE`` for NaN."""

    like: Preprocessing
    rules: tuple[str, ...] = tuple(RULES)
    runtime: str = "numpy"

    @property
    def dim(self) -> int:
        """One column a rule."""
        return len(self.rules)

    def features(self, images: Float32) -> Float32:
        """(b, 3, h, w) preprocessed images to (b, rules)."""
        batch = np.clip(_levels(images, self.like), 0, 1).transpose(0, 2, 3, 1)
        values = np.stack([measure(rule, batch) for rule in self.rules], axis=1)
        return np.where(np.isnan(values), NO_VALUE, values).astype(np.float32)


def pixel_space(like: Preprocessing, *, size: int | None = None) -> ImageNetwork:
    """A network whose features are the image, cut as ``like`` cuts it; its head means nothing.

    Args:
        like: Preprocessing of the networks that it is compared with.
        size: Side of the grid; by default 16, or the whole image where it is at most 28 x 28.

    Raises:
        ConfigError: when the grid is finer than the image.
    """
    _, height, width = like.input_size
    if size is None:
        grid = (height, width) if max(height, width) <= SMALL else (16, 16)
    else:
        grid = (size, size)
    if min(grid) < 1 or grid[0] > height or grid[1] > width:
        raise ConfigError(
            f"controls: pixels: a grid of {grid[0]} x {grid[1]} does not fit images of {height} x "
            f"{width}. Take a smaller 'size'."
        )
    return _stand_in("pixels", PixelMeans(grid, like))


def question_space(like: Preprocessing) -> ImageNetwork:
    """A network whose features are what the rules measure on the image, cut as ``like`` cuts it."""
    return _stand_in("questions", RuleValues(like))


def _stand_in(name: str, backend: PixelMeans | RuleValues) -> ImageNetwork:
    return ImageNetwork(
        name=name,
        source=f"the image itself ({name})",
        head=Head(np.zeros((1, backend.dim), np.float32), np.zeros(1, np.float32)),
        preprocessing=backend.like,
        fingerprint=digest(repr(backend)),
        parameters=0,
        backend=backend,
    )


def _levels(images: Float32, like: Preprocessing) -> Float32:
    """(b, 3, h, w) as they were before they were normalised, from 0 to 1."""
    mean, std = (np.array(each, np.float32)[:, None, None] for each in (like.mean, like.std))
    out: Float32 = images * std + mean
    return out


def _averages(side: int, cells: int) -> Float64:
    """(cells, side) share of each pixel in each cell; pixels are cut where cells end."""
    edges = np.linspace(0, side, cells + 1)
    pixel = np.arange(side)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    out: Float64 = np.clip(covered, 0, None) * cells / side
    return out


def is_grey(pixels: Float32) -> bool:
    """Whether the three channels of (r, 3·h·w) rows are equal, but for rounding."""
    channels = pixels.reshape(len(pixels), -1, 3)
    return bool((np.abs(channels - channels[..., :1]) < LEVEL / 100).all())
